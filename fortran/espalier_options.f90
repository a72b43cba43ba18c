!> A list of named numbers: the hyperparameters of an optimizer, the options of a topology method. A plain value, so that
!> descriptions may be copied, put into arrays and passed on without any handle behind them.
module espalier_options
  use, intrinsic :: iso_c_binding, only: c_int
  use, intrinsic :: iso_fortran_env, only: real64
  use :: espalier_c, only: espalier_error_invalid_argument, espalier_error_unknown_name, espalier_ok
  use :: espalier_support, only: message_length, named, refuse, to_real64
  implicit none
  private
  public :: option_list

  integer, parameter :: capacity = 48
  integer, parameter :: name_length = 32

  type :: option_list
    integer :: count = 0
    character(name_length) :: names(capacity) = ""
    real(real64) :: values(capacity) = 0
    integer(c_int) :: status = espalier_ok
      !! Of the first option that could not be understood; told when the list is used.
    character(message_length) :: message = ""
  contains
    procedure :: add
    procedure :: add_flag
    procedure :: add_name
    procedure :: check
    procedure :: put
    procedure :: spoil
  end type

contains

  subroutine put(self, name, value)
    !! Set an option that is known to be one, new or once more.
    class(option_list), intent(inout) :: self
    character(*), intent(in) :: name
    real(real64), intent(in) :: value
    integer :: i
    do i = 1, self%count
      if (self%names(i) == name) exit
    end do
    if (i > capacity) then
      call self%spoil(espalier_error_invalid_argument, "more options than there are; " // trim(name) // " is one too many")
      return
    end if
    self%count = max(self%count, i)
    self%names(i) = name
    self%values(i) = value
  end subroutine

  subroutine add(self, name, value)
    !! Add an option when it is present. Its value is a real or an integer of any usual kind.
    class(option_list), intent(inout) :: self
    character(*), intent(in) :: name
    class(*), intent(in), optional :: value
    real(real64) :: number
    logical :: is_number
    if (.not. present(value)) return
    call to_real64(value, number, is_number)
    if (is_number) then
      call self%put(name, number)
    else
      call self%spoil(espalier_error_invalid_argument, name // " must be a real or an integer of a usual kind")
    end if
  end subroutine

  subroutine add_flag(self, name, value)
    !! Add a logical option when it is present.
    class(option_list), intent(inout) :: self
    character(*), intent(in) :: name
    logical, intent(in), optional :: value
    if (present(value)) call self%put(name, merge(1.0_real64, 0.0_real64, value))
  end subroutine

  subroutine add_name(self, name, value, choices)
    !! Add an option whose values have names, when it is present.
    class(option_list), intent(inout) :: self
    character(*), intent(in) :: name
    character(*), intent(in), optional :: value
    character(*), intent(in) :: choices(0:)
    integer(c_int) :: position
    integer :: status
    character(message_length) :: message
    if (.not. present(value)) return
    call named(value, choices, name, position, status, message)
    if (status == espalier_ok) then
      call self%put(name, real(position, real64))
    else
      call self%spoil(espalier_error_unknown_name, message)
    end if
  end subroutine

  subroutine spoil(self, status, message)
    !! Keep what is wrong with the list, for `check`; what was wrong first counts.
    class(option_list), intent(inout) :: self
    integer(c_int), intent(in) :: status
    character(*), intent(in) :: message
    if (self%status /= espalier_ok) return
    self%status = status
    self%message = message
  end subroutine

  subroutine check(self, owner, stat, errmsg)
    !! Report what could not be understood when the list was made.
    class(option_list), intent(in) :: self
    character(*), intent(in) :: owner
    integer, intent(out) :: stat
    character(*), intent(inout) :: errmsg
    stat = espalier_ok
    if (self%status /= espalier_ok) call refuse(self%status, owner // ": " // trim(self%message), stat, errmsg)
  end subroutine

end module espalier_options
