!> The list of everything that has options: for tables, for programs that read options from a file, and for other bindings.
module espalier_catalogue
  use, intrinsic :: iso_c_binding, only: c_char, c_int, c_int64_t, c_null_char
  use, intrinsic :: iso_fortran_env, only: real64
  use :: espalier_c, only: espalier_kind_at, espalier_kind_count, espalier_kind_info, espalier_ok, espalier_option_at, &
    espalier_option_info
  use :: espalier_support, only: conclude, finish, message_length, named
  implicit none
  private
  public :: list_kinds, list_options, option_description

  integer, parameter :: name_length = 32

  character(*), parameter :: owners(0:4) = [character(name_length) :: "network", "layer", "optimizer", "topology", "pruning"]
  character(*), parameter :: types(0:3) = [character(8) :: "flag", "choice", "integer", "real"]

  !> What there is to know of an option. A value is in its range when it is in [least, greatest] and no end that the range
  !> leaves out.
  type :: option_description
    character(name_length) :: name = ""
    character(8) :: type = ""
      !! "flag" (0 or 1), "choice" (one of names, which count from 0), "integer" or "real".
    real(real64) :: initial = 0
      !! Its default.
    real(real64) :: least = 0, greatest = 0
      !! `greatest` is infinite when every finite number from `least` on is in the range.
    logical :: includes_least = .true., includes_greatest = .true.
      !! Whether the ends are in the range themselves.
    logical :: live = .true.
      !! Whether it may be set at any time; otherwise only before a network is built, or an optimizer takes its first step.
  end type

  !> The options of every network, or of a kind of layer, optimizer, topology method or pruning, with their defaults:
  !> `call list_options("topology", "rigl", options)`.
  interface list_options
    module procedure list_network_options
    module procedure list_kind_options
  end interface

contains

  subroutine list_kinds(owner, names, stat, errmsg)
    !! The names of all kinds of layers, optimizers, topology methods or prunings.
    character(*), intent(in) :: owner
      !! "network", "layer", "optimizer", "topology" or "pruning".
    character(*), intent(out), allocatable :: names(:)
      !! No name has more than 31 characters. Of no elements after a failure.
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    integer(c_int) :: number
    integer :: status
    character(message_length) :: message
    character(name_length), allocatable :: found(:)
    call named(owner, owners, "owner", number, status, message)
    call find_kinds(number, found, status, message)
    allocate (names(size(found)))
    names(:) = found
    call finish(status, message, stat, errmsg)
  end subroutine

  subroutine list_network_options(options, stat, errmsg)
    type(option_description), intent(out), allocatable :: options(:)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    call list_kind_options("network", "network", options, stat, errmsg)
  end subroutine

  subroutine list_kind_options(owner, kind, options, stat, errmsg)
    character(*), intent(in) :: owner, kind
      !! As [[list_kinds]] takes and gives them.
    type(option_description), intent(out), allocatable :: options(:)
      !! Of no elements after a failure.
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    character(name_length), allocatable :: kinds(:)
    integer(c_int) :: owner_number, kind_number
    type(espalier_kind_info) :: info
    integer(c_int64_t) :: i
    integer :: status
    character(message_length) :: message
    info%option_count = 0
    call named(owner, owners, "owner", owner_number, status, message)
    call find_kinds(owner_number, kinds, status, message)
    if (status == espalier_ok) call named(kind, kinds, owner, kind_number, status, message)
    if (status == espalier_ok) call conclude(espalier_kind_at(owner_number, kind_number, info), status, message)
    allocate (options(info%option_count))
    do i = 1, info%option_count
      if (status == espalier_ok) call read_option(owner_number, kind_number, i - 1_c_int64_t, options(i), status, message)
    end do
    call finish(status, message, stat, errmsg)
  end subroutine

  subroutine find_kinds(owner, names, status, message)
    !! Of an owner by number, when the status is not a failure already.
    integer(c_int), intent(in) :: owner
    character(name_length), intent(out), allocatable :: names(:)
    integer, intent(inout) :: status
    character(*), intent(inout) :: message
    integer(c_int64_t) :: count
    integer(c_int) :: kind
    type(espalier_kind_info) :: info
    count = 0
    if (status == espalier_ok) call conclude(espalier_kind_count(owner, count), status, message)
    allocate (names(count))
    do kind = 1, int(count, c_int)
      if (status == espalier_ok) call conclude(espalier_kind_at(owner, kind - 1_c_int, info), status, message)
      names(kind) = text_in(info%name)
    end do
  end subroutine

  subroutine read_option(owner, kind, position, option, status, message)
    integer(c_int), intent(in) :: owner, kind
    integer(c_int64_t), intent(in) :: position
      !! From 0.
    type(option_description), intent(inout) :: option
    integer, intent(out) :: status
    character(*), intent(inout) :: message
    type(espalier_option_info) :: info
    call conclude(espalier_option_at(owner, kind, position, info), status, message)
    if (status /= espalier_ok) return
    option = option_description(text_in(info%name), types(info%type), info%initial, info%least, info%greatest, &
                                info%includes_least == 1, info%includes_greatest == 1, info%live == 1)
  end subroutine

  character(name_length) function text_in(characters) result(text)
    !! The text before the NUL.
    character(kind=c_char), intent(in) :: characters(:)
    integer :: i
    text = ""
    do i = 1, size(characters)
      if (characters(i) == c_null_char) exit
      text(i:i) = characters(i)
    end do
  end function

end module espalier_catalogue
