!> What the Fortran tests share.
module testing
  use, intrinsic :: iso_fortran_env, only: error_unit, int32, real32, real64
  implicit none
  private
  public :: check, check_close, check_failure, check_ok, done, points, same_bits

  interface same_bits
    module procedure same_bits_f32, same_bits_f64
  end interface

  !> Reproducible numbers in -1 .. 1, the same in every compiler.
  interface points
    module procedure points_f32, points_f64
  end interface

  integer :: checks = 0

contains

  subroutine check(holds, what)
    logical, intent(in) :: holds
    character(*), intent(in) :: what
    checks = checks + 1
    if (holds) return
    write (error_unit, "(A)") "failed: " // what
    error stop 1
  end subroutine

  subroutine check_close(actual, expected, tolerance, what)
    real(real64), intent(in) :: actual, expected, tolerance
    character(*), intent(in) :: what
    checks = checks + 1
    if (abs(actual - expected) <= tolerance) return
    write (error_unit, *) "failed: ", what, ": ", actual, " is not ", expected
    error stop 1
  end subroutine

  subroutine check_ok(stat, errmsg, what)
    integer, intent(in) :: stat
    character(*), intent(in) :: errmsg
    character(*), intent(in) :: what
    checks = checks + 1
    if (stat == 0) return
    write (error_unit, "(A)") "failed: " // what // ": " // trim(errmsg)
    error stop 1
  end subroutine

  subroutine check_failure(stat, errmsg, expected, fragment)
    !! The call before failed with this status and a message that contains the fragment; both are reset.
    integer, intent(inout) :: stat
    character(*), intent(inout) :: errmsg
    integer(int32), intent(in) :: expected
    character(*), intent(in) :: fragment
    checks = checks + 1
    if (stat /= expected .or. index(errmsg, fragment) == 0) then
      write (error_unit, "(A, I0, A, I0, A)") "failed: status ", stat, " for ", expected, ", '" // trim(errmsg) // "' for '..." // &
        fragment // "...'"
      error stop 1
    end if
    stat = -1
    errmsg = ""
  end subroutine

  subroutine done(name)
    character(*), intent(in) :: name
    print "(A, I0, A)", name // ": ", checks, " checks passed"
  end subroutine

  logical function same_bits_f32(a, b)
    real(real32), intent(in) :: a(:), b(:)
    same_bits_f32 = size(a) == size(b)
    if (same_bits_f32) same_bits_f32 = all(transfer(a, [0]) == transfer(b, [0]))
  end function

  logical function same_bits_f64(a, b)
    real(real64), intent(in) :: a(:), b(:)
    same_bits_f64 = size(a) == size(b)
    if (same_bits_f64) same_bits_f64 = all(transfer(a, [0]) == transfer(b, [0]))
  end function

  subroutine points_f32(x)
    real(real32), intent(out) :: x(:, :)
    real(real64) :: wide(size(x, 1), size(x, 2))
    call points_f64(wide)
    x = real(wide, real32)
  end subroutine

  subroutine points_f64(x)
    real(real64), intent(out) :: x(:, :)
    integer :: i, j
    do j = 1, size(x, 2)
      do i = 1, size(x, 1)
        x(i, j) = sin(12.9898_real64 * i + 78.233_real64 * j + 0.5_real64 * i * j)
      end do
    end do
  end subroutine

end module testing
