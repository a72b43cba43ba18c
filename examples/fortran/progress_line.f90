!> What long work shows: one line that rewrites itself on a terminal, one line an epoch anywhere else.
module progress_line
  use, intrinsic :: iso_c_binding, only: c_int
  use, intrinsic :: iso_fortran_env, only: int64, output_unit, real64
  implicit none
  private
  public :: progress, seconds_now

  type :: progress
    private
    integer :: epochs = 0
    integer :: samples = 0
    real(real64) :: start = 0
    real(real64) :: shown = -1
    logical :: rewrites = .false.
  contains
    procedure :: begin
    procedure :: show
  end type

  interface
    integer(c_int) function isatty(descriptor) bind(c)
      import :: c_int
      integer(c_int), value :: descriptor
    end function
  end interface

contains

  subroutine begin(self, epochs, samples)
    class(progress), intent(out) :: self
    integer, intent(in) :: epochs, samples
      !! How many epochs there will be, of how many samples.
    integer(c_int), parameter :: standard_output = 1
    self%epochs = epochs
    self%samples = samples
    self%start = seconds_now()
    self%rewrites = isatty(standard_output) == 1
  end subroutine

  subroutine show(self, epoch, done, loss, accuracy, connections)
    !! Tell how far the work is. Within an epoch it shows on a terminal only, at most ten times a second.
    class(progress), intent(inout) :: self
    integer, intent(in) :: epoch, done
      !! Samples of this epoch that are done; all of them: the epoch is over.
    real(real64), intent(in) :: loss, accuracy
    integer(int64), intent(in) :: connections
    character(*), parameter :: form = "('epoch ', i0, '/', i0, '  loss ', f6.4, '  accuracy ', f6.4, '  ', " // &
      "i0, ' samples/s  ', i0, ' connections  ', i0, ':', i2.2, ' left')"
    character(132) :: line
    real(real64) :: now, rate, total
    integer :: left
    now = seconds_now()
    if (done < self%samples .and. (.not. self%rewrites .or. now - self%shown < 0.1_real64)) return
    self%shown = now
    total = real(epoch - 1, real64) * self%samples + done
    rate = total / max(now - self%start, 1.0e-9_real64)
    left = nint((real(self%epochs, real64) * self%samples - total) / rate)
    write (line, form) epoch, self%epochs, min(loss, 9.9999_real64), accuracy, nint(rate), connections, left / 60, &
      mod(left, 60)
    if (.not. self%rewrites) then
      write (output_unit, "(A)") trim(line)
    else
      ! Back to the line's beginning; the escape sequence clears what a longer line has left.
      write (output_unit, "(A)", advance="no") achar(13) // trim(line) // achar(27) // "[K"
      if (epoch == self%epochs .and. done >= self%samples) write (output_unit, "()")
    end if
    flush (output_unit)
  end subroutine

  real(real64) function seconds_now()
    integer(int64) :: count, rate
    call system_clock(count, rate)
    seconds_now = real(count, real64) / real(rate, real64)
  end function

end module progress_line
