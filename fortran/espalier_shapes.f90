!> Arrays of samples, of any rank: how many samples they hold, and their elements one after the other.
module espalier_shapes
  use, intrinsic :: iso_c_binding, only: c_f_pointer, c_int, c_int64_t, c_loc, c_ptr
  use, intrinsic :: iso_fortran_env, only: int32, int64, real32, real64
  use :: espalier_c, only: espalier_error_invalid_argument, espalier_layer_shape, espalier_ok
  use :: espalier_support, only: message_length, refuse, text_of
  implicit none
  private
  public :: are_as_many, are_equal, are_samples, array_shape, extents_of, find_shape, in_sequence, listed, values_in

  !> The extents of an array, or of one sample as an array has it: features of a vector, or width, height, depth and channels
  !> of a field. The intrinsic shape would take memory from the heap.
  type :: array_shape
    integer :: rank = 0
    integer(int64) :: extents(15)
      !! Beyond the rank they are not defined: each call would have to set them.
  end type

  !> The elements of a contiguous array in the order in which they lie in memory.
  interface in_sequence
    module procedure in_sequence_f32, in_sequence_f64, in_sequence_int32
  end interface

contains

  pure type(array_shape) function extents_of(array) result(extents)
    !! `rank(array)` would say it shorter; flang 19 takes it for 1 where the type is assumed.
    type(*), intent(in) :: array(..)
    integer :: i
    extents%rank = size(shape(array))
    do i = 1, extents%rank
      extents%extents(i) = size(array, i, int64)
    end do
  end function

  integer(c_int) function find_shape(network, layer, one) result(status)
    !! What comes out of a layer, or goes into the network (layer 0), for one sample.
    type(c_ptr), intent(in) :: network
    integer(c_int64_t), intent(in) :: layer
    type(array_shape), intent(out) :: one
    integer(c_int64_t) :: dimensions, lengths(4)
    status = espalier_layer_shape(network, layer, size(lengths, kind=c_int64_t), lengths, dimensions)
    if (status /= espalier_ok) return
    one%rank = int(dimensions)
    one%extents(:dimensions) = lengths(dimensions:1:-1)
  end function

  pure logical function are_equal(a, b)
    type(array_shape), intent(in) :: a, b
    are_equal = a%rank == b%rank
    if (are_equal) are_equal = all(a%extents(:a%rank) == b%extents(:a%rank))
  end function

  logical function are_samples(where, name, array, one, samples, stat, errmsg)
    !! Whether an array holds samples of a shape, and how many; a message with both shapes otherwise. It has the dimensions
    !! of a sample and then one for the samples, or none for one sample alone. A sample may also be flat, or without its
    !! channels where it has one.
    character(*), intent(in) :: where, name
    type(array_shape), intent(in) :: array, one
    integer(int64), intent(out) :: samples
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    samples = samples_in(array, one)
    if (samples < 0 .and. one%rank > 1) samples = samples_in(array, flat(one))
    if (samples < 0) samples = samples_in(array, without_channel(one))
    are_samples = samples >= 0
    if (.not. are_samples) then
      call refuse(espalier_error_invalid_argument, where // ": " // name // " must be " // trim(wanted(one)) // ", got (" // &
                  trim(listed(array)) // ")", stat, errmsg)
    end if
  end function

  pure integer(int64) function samples_in(array, one) result(samples)
    !! Samples of this shape in an array, or -1.
    type(array_shape), intent(in) :: array, one
    integer :: i
    samples = -1
    if (array%rank < one%rank .or. array%rank > one%rank + 1) return
    do i = 1, one%rank
      if (array%extents(i) /= one%extents(i)) return
    end do
    samples = 1
    if (array%rank > one%rank) samples = array%extents(array%rank)
  end function

  pure type(array_shape) function flat(one)
    type(array_shape), intent(in) :: one
    flat%rank = 1
    flat%extents(1) = values_in(one)
  end function

  pure integer(int64) function values_in(one)
    !! Values of a sample; 0 for none.
    type(array_shape), intent(in) :: one
    values_in = 0
    if (one%rank > 0) values_in = product(one%extents(:one%rank))
  end function

  pure type(array_shape) function without_channel(one) result(shape)
    !! The same where there are several channels.
    type(array_shape), intent(in) :: one
    shape = one
    if (one%extents(one%rank) == 1) shape%rank = one%rank - 1
  end function

  logical function are_as_many(where, x, of_x, samples, other, of_other, others, stat, errmsg)
    !! Whether two arrays hold as many samples; a message otherwise.
    character(*), intent(in) :: where, x, other
    type(array_shape), intent(in) :: of_x, of_other
    integer(int64), intent(in) :: samples, others
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    are_as_many = samples == others
    if (.not. are_as_many) then
      call refuse(espalier_error_invalid_argument, where // ": " // other // " must have as many samples as " // x // ", " // &
                  text_of(samples) // ", got " // text_of(others) // ": (" // trim(listed(of_other)) // ") for (" // &
                  trim(listed(of_x)) // ")", stat, errmsg)
    end if
  end function

  pure function wanted(one) result(text)
    !! What an array of samples looks like, for messages.
    type(array_shape), intent(in) :: one
    character(message_length) :: text
    text = listed(without_channel(one))
    if (text /= "") text = trim(text) // ","
    text = "(" // adjustl(trim(text) // " samples)")
    if (one%rank > 1) text = trim(text) // " or (" // trim(listed(flat(one))) // ", samples)"
  end function

  pure function listed(array) result(text)
    !! Its extents, for messages.
    type(array_shape), intent(in) :: array
    character(message_length) :: text
    integer :: i
    text = ""
    do i = 1, array%rank
      if (i > 1) text = trim(text) // ","
      text = adjustl(trim(text) // " " // text_of(array%extents(i)))
    end do
  end function

  function in_sequence_f32(array) result(elements)
    real(real32), intent(in), contiguous, target :: array(..)
    real(real32), pointer, contiguous :: elements(:)
    call c_f_pointer(c_loc(array), elements, [size(array, kind=int64)])
  end function

  function in_sequence_f64(array) result(elements)
    real(real64), intent(in), contiguous, target :: array(..)
    real(real64), pointer, contiguous :: elements(:)
    call c_f_pointer(c_loc(array), elements, [size(array, kind=int64)])
  end function

  function in_sequence_int32(array) result(elements)
    integer(int32), intent(in), contiguous, target :: array(..)
    integer(int32), pointer, contiguous :: elements(:)
    call c_f_pointer(c_loc(array), elements, [size(array, kind=int64)])
  end function

end module espalier_shapes
