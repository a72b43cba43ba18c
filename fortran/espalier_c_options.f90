!> Interfaces of the functions of `espalier.h` that list what has options and which, under the same names; a part of
!> [[espalier_c]].
module espalier_c_options
  use, intrinsic :: iso_c_binding, only: c_char, c_double, c_int, c_int64_t, c_null_char
  implicit none
  public

  !> A kind of layer, optimizer, topology method or pruning.
  type, bind(c) :: espalier_kind_info
    character(kind=c_char) :: name(32) = c_null_char
      !! NUL-terminated.
    integer(c_int64_t) :: option_count = 0
      !! Options that it has.
  end type

  !> An option.
  type, bind(c) :: espalier_option_info
    character(kind=c_char) :: name(32) = c_null_char
      !! NUL-terminated.
    integer(c_int) :: type = 0
      !! `espalier_option_flag` ..
    integer(c_int) :: live = 0
      !! 1: it may be set at any time. 0: of a network or a layer, before build; of an optimizer, before the first step.
    real(c_double) :: initial = 0
      !! Its default.
    real(c_double) :: least = 0, greatest = 0
      !! The ends of its range; `greatest` is infinite when every finite number from `least` on is in the range.
    integer(c_int) :: includes_least = 0, includes_greatest = 0
      !! Whether the ends are in the range themselves.
  end type

  interface

    integer(c_int) function espalier_kind_count(owner, count) bind(c)
      !! How many kinds there are of what has options; they are numbered by their enumerators, from 0.
      import :: c_int, c_int64_t
      integer(c_int), value :: owner
      integer(c_int64_t), intent(out) :: count
    end function

    integer(c_int) function espalier_kind_at(owner, kind, info) bind(c)
      !! The name of a kind and the number of its options.
      import :: c_int, espalier_kind_info
      integer(c_int), value :: owner, kind
      type(espalier_kind_info), intent(out) :: info
    end function

    integer(c_int) function espalier_option_at(owner, kind, index, info) bind(c)
      !! An option of a kind; `index` counts from 0.
      import :: c_int, c_int64_t, espalier_option_info
      integer(c_int), value :: owner, kind
      integer(c_int64_t), value :: index
      type(espalier_option_info), intent(out) :: info
    end function

  end interface
end module espalier_c_options
