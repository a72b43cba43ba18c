!> What every module of the wrapper shares: how a call reports its outcome, numbers of either kind, names and texts.
module espalier_support
  use, intrinsic :: ieee_arithmetic, only: ieee_is_finite
  use, intrinsic :: iso_c_binding, only: c_associated, c_char, c_f_pointer, c_int, c_null_char, c_ptr, c_size_t
  use, intrinsic :: iso_fortran_env, only: int64, real32, real64
  use :: espalier_c, only: espalier_error_invalid_argument, espalier_error_unknown_name, espalier_last_error, espalier_ok
  implicit none
  private
  public :: check_extent, conclude, finish, message_length, named, refuse, terminated, text_at, text_of, to_real64

  integer, parameter :: message_length = 512
    !! Of the variables in which messages wait for the end of a call.

  interface text_of
    module procedure text_of_default
    module procedure text_of_int64
  end interface

  interface
    integer(c_size_t) function c_strlen(text) bind(c, name="strlen")
      import :: c_ptr, c_size_t
      type(c_ptr), value :: text
    end function
  end interface

contains

  subroutine conclude(status, stat, errmsg)
    !! End a wrapper's call with the status of the C function: a failure ends the program with the library's message
    !! unless `stat` is present. As with `allocate`, `errmsg` is of any length and changes only in a failure. (It is not
    !! allocatable: gfortran 12 loses the length of an optional allocatable text that is passed on.)
    integer(c_int), intent(in) :: status
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    if (present(stat)) stat = status
    if (status == espalier_ok) return
    call refuse(status, text_at(espalier_last_error()), stat, errmsg)
  end subroutine

  subroutine refuse(status, message, stat, errmsg)
    !! The same for a failure that the wrapper finds itself.
    integer(c_int), intent(in) :: status
    character(*), intent(in) :: message
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    if (present(stat)) stat = status
    if (present(errmsg)) errmsg = message
    if (.not. present(stat)) error stop message(:len_trim(message))
  end subroutine

  subroutine finish(status, message, stat, errmsg)
    !! End a call of several steps with the outcome of the last one done.
    integer, intent(in) :: status
    character(*), intent(in) :: message
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    if (status == espalier_ok) then
      if (present(stat)) stat = status
    else
      call refuse(status, message, stat, errmsg)
    end if
  end subroutine

  logical function check_extent(where, what, actual, meaning, expected, stat, errmsg) result(equal)
    !! Whether an extent is what it must be; a message naming both otherwise.
    character(*), intent(in) :: where, what, meaning
    integer(int64), intent(in) :: actual, expected
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    equal = actual == expected
    if (.not. equal) then
      call refuse(espalier_error_invalid_argument, where // ": " // what // " must be " // text_of(expected) // " (" // &
                  meaning // "), got " // text_of(actual), stat, errmsg)
    end if
  end function

  subroutine named(name, names, what, position, stat, errmsg)
    !! The position of a name in a list, from 0: the library's enumerators start there.
    character(*), intent(in) :: name, names(0:), what
    integer(c_int), intent(out) :: position
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    character(:), allocatable :: known
    integer :: i
    if (present(stat)) stat = espalier_ok
    do i = 0, ubound(names, 1)
      position = int(i, c_int)
      if (name == names(i)) return
    end do
    position = -1
    known = trim(names(0))
    do i = 1, ubound(names, 1)
      known = known // ", " // trim(names(i))
    end do
    call refuse(espalier_error_unknown_name, what // ' "' // trim(name) // '" is not one of ' // known, stat, errmsg)
  end subroutine

  subroutine to_real64(value, number, known)
    !! A number of any of the kinds that literals have, in double precision. A single-precision number stands for the
    !! shortest decimal that rounds to it, so that `0.1` means one tenth whichever kind it is written in, and counts of
    !! connections come out the same: dropping 0.899999976 of 10,000 connections is not dropping 0.9 of them.
    class(*), intent(in) :: value
    real(real64), intent(out) :: number
    logical, intent(out) :: known
    known = .true.
    number = 0
    select type (value)
    type is (real(real64))
      number = value
    type is (real(real32))
      number = shortest_decimal(value)
    type is (integer)
      number = real(value, real64)
    type is (integer(int64))
      number = real(value, real64)
    class default
      known = .false.
    end select
  end subroutine

  real(real64) function shortest_decimal(value) result(number)
    real(real32), intent(in) :: value
    character(24) :: text, form
    real(real32) :: back
    integer :: digits
    number = real(value, real64)
    ! NaN and infinities have no decimal; the library refuses them by name.
    if (.not. ieee_is_finite(value)) return
    ! Nine significant digits always identify a single-precision number.
    do digits = 1, 9
      write (form, "(a, i0, a)") "(es20.", digits - 1, ")"
      write (text, form) value
      read (text, *) back
      if (abs(back - value) <= 0) exit
    end do
    read (text, *) number
  end function

  function terminated(text) result(c_text)
    !! The text as C wants it.
    character(*), intent(in) :: text
    character(len_trim(text) + 1, c_char) :: c_text
    c_text = trim(text) // c_null_char
  end function

  function text_at(address) result(text)
    !! A copy of a NUL-terminated text.
    type(c_ptr), intent(in) :: address
    character(:), allocatable :: text
    character(kind=c_char), pointer :: characters(:)
    integer :: i
    if (.not. c_associated(address)) then
      text = ""
      return
    end if
    call c_f_pointer(address, characters, [c_strlen(address)])
    allocate (character(size(characters)) :: text)
    do i = 1, size(characters)
      text(i:i) = characters(i)
    end do
  end function

  function text_of_default(number) result(text)
    integer, intent(in) :: number
    character(:), allocatable :: text
    text = text_of_int64(int(number, int64))
  end function

  function text_of_int64(number) result(text)
    integer(int64), intent(in) :: number
    character(:), allocatable :: text
    character(20) :: buffer
    write (buffer, "(i0)") number
    text = trim(buffer)
  end function

end module espalier_support
