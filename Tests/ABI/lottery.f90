! Weights that are remembered and gone back to, on the connections that are left; in both precisions.
program lottery
  use, intrinsic :: iso_fortran_env, only: real32, real64
  use espalier
  use testing, only: check, check_failure, done, points, same_bits
  implicit none
  call rewinding_f32
  call rewinding_f64
  call moving_f32
  call done("lottery")

contains

  subroutine rewinding_f32
    type(network) :: net
    real(real32) :: x(8, 16)
    real(real32), allocatable, target :: w(:), dw(:)
    real(real32), allocatable :: start(:), trained(:)
    integer :: stat, round
    character(200) :: errmsg
    call points(x)
    net = network([input(8), linear(12, density=0.4, activation="tanh"), linear(3)], seed=9, precision=real32, max_batch=16)
    call net%set_optimizer(adam(learning_rate=0.01))
    allocate (w(net%parameter_count()), dw(net%parameter_count()))
    call net%bind(w, dw)
    call net%rewind(stat, errmsg)
    call check_failure(stat, errmsg, espalier_error_invalid_state, "rewind: nothing is remembered")
    start = w
    call net%remember(stat, errmsg)
    call check(stat == 0, "remember")
    do round = 1, 2
      call train_f32(net, x)
      if (round == 1) trained = w
      call check(same_bits(w, trained) .and. .not. same_bits(w, start), "training begins again")
      call net%rewind()
      call check(same_bits(w, start) .and. maxval(abs(dw)) <= 0, "back to the start")
      call check(nint(net%option("steps")) == 0, "steps count anew")
    end do
    call net%destroy()
    call net%remember(stat, errmsg)
    call check_failure(stat, errmsg, espalier_error_invalid_handle, "remember")
    call net%rewind(stat, errmsg)
    call check_failure(stat, errmsg, espalier_error_invalid_handle, "rewind")
  end subroutine

  subroutine train_f32(net, x)
    type(network), intent(inout) :: net
    real(real32), intent(in) :: x(:, :)
    real(real64) :: loss
    integer :: step
    do step = 1, 7
      call net%train_step(x, x(1:3, :), loss)
    end do
  end subroutine

  subroutine rewinding_f64
    type(network) :: net
    real(real64) :: x(8, 16), loss
    real(real64), pointer, contiguous :: w(:)
    real(real64), allocatable :: start(:)
    call points(x)
    net = network([input(8), linear(12, density=0.4), linear(3)], seed=9, precision=real64, max_batch=16)
    call net%set_optimizer(sgd(learning_rate=0.1, momentum=0.9))
    call net%train_step(x, x(1:3, :), loss)
    call net%remember()
    call net%parameters(w)
    start = w
    call net%train_step(x, x(1:3, :), loss)
    call check(.not. same_bits(w, start), "a step")
    call net%rewind()
    call check(same_bits(w, start), "back to what was remembered after a step")
  end subroutine

  subroutine moving_f32
    !! Connections that have come since start again from 0, the others from what they were.
    type(network) :: net
    real(real32) :: x(8, 16)
    real(real32), pointer, contiguous :: w(:)
    real(real32) :: before(12, 8), after(12, 8)
    integer, allocatable :: rows(:), columns(:)
    integer :: i
    call points(x)
    net = network([input(8), linear(12, density=0.4, activation="tanh"), linear(3)], seed=9, precision=real32, max_batch=16)
    call net%set_optimizer(adam(learning_rate=0.01))
    call net%set_topology(set(every=1000))
    call net%parameters(w)
    call net%layer_pattern(1, rows=rows, columns=columns)
    before = 0
    do i = 1, size(rows)
      before(rows(i), columns(i)) = w(i)
    end do
    call net%remember()
    call train_f32(net, x)
    call net%evolve(layer=1, drop_fraction=0.5)
    call net%rewind()
    call net%parameters(w)
    call net%layer_pattern(1, rows=rows, columns=columns)
    after = 0
    do i = 1, size(rows)
      after(rows(i), columns(i)) = w(i)
    end do
    call check(count(abs(after) > 0) >= count(abs(before) > 0) / 2, "half of them stayed at least")
    call check(count(abs(after) > 0) < count(abs(before) > 0), "some have moved")
    call check(all(abs(after) <= 0 .or. abs(after - before) <= 0), "those that stayed are what they were")
  end subroutine

end program lottery
