!> Stencils on grids and meshes, as a layer's description holds them, and how they become the pattern of a linear layer. The
!> constructors are in espalier_stencil_layers.
module espalier_stencils
  use, intrinsic :: iso_c_binding, only: c_int, c_int64_t, c_ptr
  use, intrinsic :: iso_fortran_env, only: int32, int64
  use :: espalier_c, only: espalier_error_invalid_argument, espalier_layer_set_pattern_grid, &
    espalier_layer_set_pattern_mesh_i32, espalier_layer_set_pattern_mesh_i64, espalier_ok
  use :: espalier_support, only: check_extent, conclude, refuse, text_of
  implicit none
  private
  public :: grid_stencil, set_stencil, stencil

  integer, parameter :: most_dimensions = 3

  !> The cells around each cell. It owns nothing: lists of neighbours are pointed to.
  type :: stencil
    integer :: dimensions = 0
      !! Of a grid; 0: there is none.
    integer :: kernel_count = 0, periodic_count = 0
      !! Elements that the caller gave.
    integer(c_int64_t) :: lengths(most_dimensions) = 1
      !! As the library has them, the slowest dimension first.
    integer(c_int64_t) :: kernel(most_dimensions) = 1
    integer(c_int) :: periodic(most_dimensions) = 0
    integer(int32), pointer, contiguous :: row_start_i32(:) => null(), columns_i32(:) => null()
    integer(int64), pointer, contiguous :: row_start_i64(:) => null(), columns_i64(:) => null()
    integer :: hops = 1
    integer :: base = 1
  end type

contains

  type(stencil) function grid_stencil(grid, kernel, periodic) result(made)
    !! Lengths, and kernels and truth values of each dimension or one for all, in the order of an array's dimensions.
    integer, intent(in) :: grid(:), kernel(:)
    logical, intent(in), optional :: periodic(:)
    integer :: i, place
    made%dimensions = size(grid)
    made%kernel_count = size(kernel)
    made%periodic_count = 1
    if (present(periodic)) made%periodic_count = size(periodic)
    if (.not. fits(made)) return
    do i = 1, size(grid)
      place = size(grid) + 1 - i
      made%lengths(place) = grid(i)
      made%kernel(place) = kernel(min(i, size(kernel)))
      if (present(periodic)) made%periodic(place) = merge(1_c_int, 0_c_int, periodic(min(i, size(periodic))))
    end do
  end function

  logical function fits(given)
    !! Whether the numbers of elements agree. A grid of no dimension, or of too many, is refused by the library.
    type(stencil), intent(in) :: given
    fits = given%dimensions >= 1 .and. given%dimensions <= most_dimensions .and. &
           any(given%kernel_count == [1, given%dimensions]) .and. any(given%periodic_count == [1, given%dimensions])
  end function

  subroutine set_stencil(network, position, given, where, stat, errmsg)
    !! Give a layer the pattern of the stencil, if there is one.
    type(c_ptr), intent(in) :: network
    integer(int64), intent(in) :: position
    type(stencil), intent(in) :: given
    character(*), intent(in) :: where
      !! For messages.
    integer, intent(out) :: stat
    character(*), intent(inout) :: errmsg
    integer(c_int64_t) :: cells, hops
    integer(c_int) :: base
    stat = espalier_ok
    hops = given%hops
    base = int(given%base, c_int)
    if (given%kernel_count > 0 .or. given%dimensions > 0) then
      if (fits(given)) then
        call conclude(espalier_layer_set_pattern_grid(network, position, int(given%dimensions, c_int64_t), given%lengths, &
                                                      given%kernel, given%periodic), stat, errmsg)
      else
        call refuse(espalier_error_invalid_argument, where // ": grid must have 1 to 3 elements, kernel and periodic 1 or " // &
                    "as many, got " // text_of(given%dimensions) // ", " // text_of(given%kernel_count) // " and " // &
                    text_of(given%periodic_count), stat, errmsg)
      end if
    else if (associated(given%row_start_i32) .and. associated(given%columns_i32)) then
      cells = size(given%row_start_i32, kind=int64) - 1
      if (cells >= 1) then
        if (.not. check_extent(where, "last row_start - base", int(given%row_start_i32(cells + 1), int64) - given%base, &
                               "size(columns)", size(given%columns_i32, kind=int64), stat, errmsg)) return
      end if
      call conclude(espalier_layer_set_pattern_mesh_i32(network, position, cells, given%row_start_i32, given%columns_i32, &
                                                        hops, base), stat, errmsg)
    else if (associated(given%row_start_i64) .and. associated(given%columns_i64)) then
      cells = size(given%row_start_i64, kind=int64) - 1
      if (cells >= 1) then
        if (.not. check_extent(where, "last row_start - base", given%row_start_i64(cells + 1) - given%base, &
                               "size(columns)", size(given%columns_i64, kind=int64), stat, errmsg)) return
      end if
      call conclude(espalier_layer_set_pattern_mesh_i64(network, position, cells, given%row_start_i64, given%columns_i64, &
                                                        hops, base), stat, errmsg)
    end if
  end subroutine

end module espalier_stencils
