!> What every module of the wrapper shares: how a call reports its outcome, numbers of either kind, names and texts.
!>
!> Kinds are written out wherever the library is called and wherever two specifics of a generic name differ by them, so that
!> the modules may be compiled with default integers and reals of 8 bytes; what the caller sees as `integer` is its default.
!> Allocatables are allocated before they are assigned to, so that -fno-realloc-lhs changes nothing. Letters of formats are
!> capitals: gfortran's library does not know an "i" in the locales of Turkey.
module espalier_support
  use, intrinsic :: iso_c_binding, only: c_associated, c_char, c_f_pointer, c_int, c_null_char, c_ptr, c_size_t
  use, intrinsic :: iso_fortran_env, only: int8, int16, int32, int64, real32, real64
  use :: espalier_c, only: espalier_decimal_f32, espalier_error_invalid_argument, &
    espalier_error_unknown_name, espalier_last_error, espalier_ok
  implicit none
  private
  public :: check_extent, conclude, finish, message_length, named, refuse, terminated, text_at, text_of, to_real64

  integer, parameter :: message_length = 512
    !! Of the variables in which messages wait for the end of a call.

  interface text_of
    module procedure text_of_int32
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
      call refuse(int(status, c_int), message, stat, errmsg)
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
    character(message_length) :: known
    integer :: i
    if (present(stat)) stat = espalier_ok
    do i = 0, ubound(names, 1)
      position = int(i, c_int)
      if (name == names(i)) return
    end do
    position = -1
    known = names(0)
    do i = 1, ubound(names, 1)
      if (names(i) /= "") known = trim(known) // ", " // names(i)
    end do
    call refuse(espalier_error_unknown_name, what // ' "' // trim(name) // '" is not one of ' // trim(known), stat, errmsg)
  end subroutine

  subroutine to_real64(value, number, known)
    !! A number of any of the kinds that literals have, in double precision. A single-precision number stands for the
    !! shortest decimal that rounds to it, so that `0.1` means one tenth whichever kind it is written in, and counts of
    !! connections come out the same: dropping 0.899999976 of 10,000 connections is not dropping 0.9 of them. Raises no
    !! floating-point exception and does not depend on the rounding mode.
    class(*), intent(in) :: value
    real(real64), intent(out) :: number
    logical, intent(out) :: known
    integer(c_int) :: ignored
    known = .true.
    number = 0
    select type (value)
    type is (real(real64))
      number = value
    type is (real(real32))
      ignored = espalier_decimal_f32(value, number)
    type is (integer(int8))
      number = real(value, real64)
    type is (integer(int16))
      number = real(value, real64)
    type is (integer(int32))
      number = real(value, real64)
    type is (integer(int64))
      number = nearest_real64(value)
    class default
      known = .false.
    end select
  end subroutine

  real(real64) function nearest_real64(value) result(number)
    !! The nearest number to an integer, of two the one whose last bit is 0. In integers, so that nothing is rounded by the
    !! processor: that would be inexact, and as the caller's rounding mode has it.
    integer(int64), intent(in) :: value
    integer(int64) :: head, rest, unit
    unit = 1
    head = value
    do while (head > 2_int64**53 .or. head < -2_int64**53)
      unit = 2 * unit
      head = value / unit
    end do
    rest = 2 * abs(value - head * unit)
    if (rest > unit .or. (rest == unit .and. mod(head, 2_int64) /= 0)) head = head + sign(1_int64, value)
    number = real(head, real64) * real(unit, real64)
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
      allocate (character(0) :: text)
      return
    end if
    call c_f_pointer(address, characters, [c_strlen(address)])
    allocate (character(size(characters)) :: text)
    do i = 1, size(characters)
      text(i:i) = characters(i)
    end do
  end function

  pure function text_of_int32(number) result(text)
    integer(int32), intent(in) :: number
    character(:), allocatable :: text
    allocate (text, source=text_of_int64(int(number, int64)))
  end function

  pure function text_of_int64(number) result(text)
    integer(int64), intent(in) :: number
    character(:), allocatable :: text
    character(20) :: buffer
    write (buffer, "(I0)") number
    allocate (character(len_trim(buffer)) :: text)
    text(:) = buffer
  end function

end module espalier_support
