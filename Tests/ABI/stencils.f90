! Layers that see the places around their own: locally connected ones, and linear layers with the pattern of a stencil.
program stencils
  use, intrinsic :: iso_fortran_env, only: int32, int64, real32, real64
  use espalier
  use testing, only: check, check_close, check_failure, done
  implicit none
  integer, parameter :: w = 5, h = 3, c = 2, batch = 3
  real(real64) :: x(w, h, c, batch)
  integer :: i
  x = reshape([(mod(7 * i, 23) - 11.0_real64, i = 1, size(x))], [w, h, c, batch])
  call local
  call patterns_of_rows
  call grids
  call meshes
  call failures
  call done("stencils")

contains

  subroutine local
    ! Weights w(kernel x, kernel y, channel, place x, place y, filter), and a bias at each place and filter.
    type(network) :: net
    integer, parameter :: filters = 2, count = 3 * 2 * c * w * 2 * filters + w * 2 * filters
    real(real64), target :: p(count), dp(count)
    real(real64), pointer, contiguous :: weights(:, :, :, :, :, :), bias(:, :, :)
    real(real64) :: y(w * 2 * filters, batch), want(w, 2, filters, batch)
    integer :: f, n, j
    net = network([input([w, h, c]), locally_connected(filters, [3, 2], padding=[1, 1, 0, 0], &
                   padding_mode=[character(8) :: "periodic", "zeros"])], precision=real64, seed=3)
    call check(net%parameter_count() == count, "parameters of a locally connected layer")
    call net%bind(p, dp)
    p = [(0.01_real64 * (mod(13 * i, 41) - 20), i = 1, count)]
    weights(1:3, 1:2, 1:c, 1:w, 1:2, 1:filters) => p(:3 * 2 * c * w * 2 * filters)
    bias(1:w, 1:2, 1:filters) => p(3 * 2 * c * w * 2 * filters + 1:)
    do n = 1, batch
      do f = 1, filters
        do j = 1, 2
          do i = 1, w
            want(i, j, f, n) = bias(i, j, f) + &
                               sum(weights(:, :, :, i, j, f) * x([modulo(i - 2, w), i - 1, modulo(i, w)] + 1, j:j + 1, :, n))
          end do
        end do
      end do
    end do
    call net%predict(reshape(x, [w * h * c, batch]), y)
    call check_close(maxval(abs(y - reshape(want, shape(y)))), 0.0_real64, 1e-12_real64, "a locally connected layer")
    net = network([input([w, h, c]), locally_connected(filters, [3, 2], density=0.25, activation="tanh"), linear(2)], seed=3)
    call check(net%connections(1) == 3 * 2 * c * 3 * 2 * filters / 4, "a share of the positions within reach")
    call net%destroy()
  end subroutine

  subroutine patterns_of_rows
    ! Rows of other layers than linear ones: outputs, and channels that are given.
    type(network) :: net
    integer(int64), target :: row_start(5) = [1, 2, 3, 3, 4]
    integer(int32), target :: columns(3) = [2, 1, 3]
    integer(int32), allocatable :: found(:)
    integer(int64), pointer, contiguous :: starts(:)
    integer(int32), pointer, contiguous :: numbers(:)
    starts => row_start
    numbers => columns
    net = network([input([3, 2]), locally_connected(2, [2], columns=numbers, row_start=starts)])
    call net%layer_pattern(1, columns=found)
    call check(all(found == columns), "compressed rows of a locally connected layer")
    starts => row_start(:3)
    numbers => columns(:2)
    net = network([input([3, 2]), transposed_convolution(3, [2], columns=numbers, row_start=starts)])
    call net%layer_pattern(1, columns=found)
    call check(all(found == columns(:2)), "compressed rows of a transposed convolution")
    call net%destroy()
  end subroutine

  subroutine grids
    type(network) :: net
    integer(int32), allocatable :: rows(:), columns(:)
    logical :: joined(w, h, c, w, h, 1), want(w, h, c, w, h, 1)
    integer :: j, k
    want = .false.
    do j = 1, h
      do i = 1, w
        want([modulo(i - 2, w), i - 1, modulo(i, w)] + 1, max(1, j - 1):min(h, j + 1), :, i, j, 1) = .true.
      end do
    end do
    net = network([input([w, h, c]), grid_linear(1, [w, h], [3], periodic=[.true., .false.], activation="relu"), &
                   reshape_to([w, h, 1]), grid_linear(2, [w, h], [1, h]), linear(1)], precision=real64, seed=1)
    call net%layer_pattern(1, rows, columns)
    joined = .false.
    do k = 1, size(rows)
      call connect(joined, rows(k), columns(k), w * h * c)
    end do
    call check(all(joined .eqv. want) .and. size(rows) == count(want), "neighbours on a grid, around the globe")
    call check(net%connections(3) == 2 * w * (2 + 3 + 2), "a column of the grid")
    call net%destroy()
  end subroutine

  subroutine connect(joined, row, column, columns)
    logical, intent(inout) :: joined(*)
    integer, intent(in) :: row, column, columns
    joined((row - 1) * columns + column) = .true.
  end subroutine

  subroutine meshes
    ! A strip of triangles: cell i touches i - 1 and i + 1.
    integer, parameter :: cells = 6
    type(network) :: net, wide
    integer(int32), target :: row_start(cells + 1), columns(2 * cells - 2)
    integer(int64), target :: row_start_i64(cells + 1), columns_i64(2 * cells - 2)
    integer(int32), pointer, contiguous :: starts(:), numbers(:)
    integer(int64), pointer, contiguous :: starts_i64(:), numbers_i64(:)
    integer(int32), allocatable :: found(:), again(:)
    integer(int64), allocatable :: first(:)
    integer :: cell, n
    n = 0
    do cell = 1, cells
      row_start(cell) = n + 1
      if (cell > 1) then
        n = n + 1
        columns(n) = cell - 1
      end if
      if (cell < cells) then
        n = n + 1
        columns(n) = cell + 1
      end if
    end do
    row_start(cells + 1) = n + 1
    row_start_i64 = row_start - 1
    columns_i64 = columns - 1
    starts => row_start
    numbers => columns
    starts_i64 => row_start_i64
    numbers_i64 => columns_i64
    net = network([input(2 * cells), mesh_linear(3, starts, numbers, hops=2, activation="tanh"), linear(1)], seed=1)
    call net%layer_pattern(1, columns=found, row_start=first)
    call check(all(found(first(1):first(2) - 1) == [1, 2, 3, 7, 8, 9]), "two hops from the first cell, in both channels")
    call check(all(found(first(cells + 4):first(cells + 5) - 1) == [2, 3, 4, 5, 6, 8, 9, 10, 11, 12]), "two hops from the fourth")
    wide = network([input(2 * cells), mesh_linear(3, starts_i64, numbers_i64, hops=2, base=0, activation="tanh"), linear(1)], &
                   seed=1)
    call wide%layer_pattern(1, columns=again)
    call check(size(found) == size(again), "as many connections with 64-bit integers")
    call check(all(found == again), "the same with 64-bit integers")
    call net%destroy()
    call wide%destroy()
  end subroutine

  subroutine failures
    type(network) :: net
    integer(int32), target :: row_start(4) = [1, 2, 3, 9], columns(3) = [2, 1, 3]
    integer(int32), pointer, contiguous :: starts(:), numbers(:)
    integer :: stat
    character(300) :: errmsg
    starts => row_start
    numbers => columns
    net = network([input(6), grid_linear(1, [2, 2], [3])], stat=stat, errmsg=errmsg)
    call check_failure(stat, errmsg, espalier_error_invalid_argument, "its 6 inputs must be channels of the 4 cells")
    net = network([input(6), grid_linear(1, [2, 3], [3, 3, 3])], stat=stat, errmsg=errmsg)
    call check_failure(stat, errmsg, espalier_error_invalid_argument, "layer 1: grid must have 1 to 3 elements, kernel")
    net = network([input(6), grid_linear(1, [2, 3], [3], [.true., .true., .true.])], stat=stat, errmsg=errmsg)
    call check_failure(stat, errmsg, espalier_error_invalid_argument, "got 2, 1 and 3")
    net = network([input(6), grid_linear(1, [1, 1, 2, 3], [3])], stat=stat, errmsg=errmsg)
    call check_failure(stat, errmsg, espalier_error_invalid_argument, "got 4, 1 and 1")
    net = network([input(6), grid_linear(1, [2, 3], [0])], stat=stat, errmsg=errmsg)
    call check_failure(stat, errmsg, espalier_error_invalid_argument, "kernel[0]")
    net = network([input(6), mesh_linear(1, starts, numbers)], stat=stat, errmsg=errmsg)
    call check_failure(stat, errmsg, espalier_error_invalid_argument, "last row_start - base")
    row_start(4) = 4
    net = network([input(6), mesh_linear(1, starts, numbers, hops=-1)], stat=stat, errmsg=errmsg)
    call check_failure(stat, errmsg, espalier_error_invalid_argument, "hops")
    columns(3) = 4
    net = network([input(6), mesh_linear(1, starts, numbers)], stat=stat, errmsg=errmsg)
    call check_failure(stat, errmsg, espalier_error_invalid_argument, "columns[3] must be in 1 .. 3, got 4")
    net = network([input(6), locally_connected(2, [3])], stat=stat, errmsg=errmsg)
    call check_failure(stat, errmsg, espalier_error_invalid_argument, "it takes a field")
    net = network([input([6, 1]), locally_connected(2, [7])], stat=stat, errmsg=errmsg)
    call check_failure(stat, errmsg, espalier_error_invalid_argument, "locally_connected layer 1")
  end subroutine

end program stencils
