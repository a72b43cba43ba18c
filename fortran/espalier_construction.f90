!> From a list of layer descriptions to a network that is built.
module espalier_construction
  use, intrinsic :: iso_c_binding, only: c_associated, c_funloc, c_int, c_int64_t, c_null_ptr, c_ptr
  use, intrinsic :: iso_fortran_env, only: int32, int64, real32, real64
  use :: espalier_c, only: espalier_densities, espalier_error_invalid_argument, espalier_float32, espalier_float64, &
    espalier_network_build, espalier_network_create, espalier_network_destroy, &
    espalier_network_set, espalier_network_set_densities, espalier_network_set_input_shape, &
    espalier_network_set_distribution, espalier_network_set_loss, espalier_network_set_threads, &
    espalier_ok
  use :: espalier_handles, only: losses
  use :: espalier_description, only: add_layer, is_input, layer, most_lengths, shape_of
  use :: espalier_shapes, only: array_shape, find_shape
  use :: espalier_support, only: conclude, named, refuse, terminated, text_of, to_real64
  implicit none
  private
  public :: construct

  character(*), parameter :: distributions(0:3) = [character(24) :: &
    "uniform", "erdos_renyi", "erdos_renyi_kernel", "first_dense"]

contains

  subroutine construct(layers, loss, seed, max_batch, precision, distribution, density, threads, power, epsilon, densities, &
                       user, handle, inputs, outputs, status, message)
    !! Create, describe and build. After a failure nothing is left and `handle` is `c_null_ptr`.
    type(layer), intent(in) :: layers(:)
    character(*), intent(in), optional :: loss
    integer, intent(in), optional :: seed, max_batch, precision
    character(*), intent(in), optional :: distribution
    class(*), intent(in), optional :: density
    integer, intent(in), optional :: threads
    class(*), intent(in), optional :: power, epsilon
    procedure(espalier_densities), optional :: densities
    type(c_ptr), intent(in), optional :: user
    type(c_ptr), intent(out) :: handle
    type(array_shape), intent(out) :: inputs, outputs
    integer, intent(out) :: status
    character(*), intent(inout) :: message
    integer(c_int) :: ignored
    integer :: i, real_kind
    handle = c_null_ptr
    real_kind = real32
    if (present(precision)) real_kind = precision
    call create
    do i = 2, size(layers)
      if (status == espalier_ok) then
        call add_layer(handle, real_kind, int(i - 1, int64), layers(i), status, message)
      end if
    end do
    if (status == espalier_ok) call distribute
    if (status == espalier_ok) call set_number("distribution_power", power)
    if (status == espalier_ok) call set_number("epsilon", epsilon)
    if (status == espalier_ok .and. present(densities)) call ask_for_densities
    if (status == espalier_ok .and. present(loss)) call choose_loss
    if (status == espalier_ok .and. present(threads)) then
      call conclude(espalier_network_set_threads(handle, int(threads, c_int)), status, message)
    end if
    if (status == espalier_ok) call build
    if (status == espalier_ok) call conclude(find_shape(handle, 0_c_int64_t, inputs), status, message)
    if (status == espalier_ok) call conclude(find_shape(handle, size(layers, kind=c_int64_t) - 1, outputs), status, message)
    if (status /= espalier_ok) then
      if (c_associated(handle)) ignored = espalier_network_destroy(handle)
      handle = c_null_ptr
    end if

  contains

    subroutine create
      integer(c_int64_t) :: features, lengths(most_lengths), seed_or_0
      integer :: dimensions
      if (size(layers) < 2) then
        call refuse(espalier_error_invalid_argument, "network: layers must be input() and at least one layer, got " // &
                    text_of(size(layers)) // " entries", status, message)
      else if (.not. is_input(layers(1))) then
        call refuse(espalier_error_invalid_argument, "network: layers must begin with input()", status, message)
      else if (real_kind /= real32 .and. real_kind /= real64) then
        call refuse(espalier_error_invalid_argument, "network: precision must be real32 or real64, got kind " // &
                    text_of(real_kind), status, message)
      else
        call shape_of(layers(1), dimensions, lengths)
        if (dimensions < 1 .or. dimensions > most_lengths) then
          call refuse(espalier_error_invalid_argument, "network: input must have 1 to " // text_of(most_lengths) // &
                      " dimensions, got " // text_of(dimensions), status, message)
          return
        end if
        features = features_of(lengths(:dimensions))
        seed_or_0 = 0
        if (present(seed)) seed_or_0 = int(seed, c_int64_t)
        call conclude(espalier_network_create(merge(espalier_float32, espalier_float64, real_kind == real32), &
                                              features, seed_or_0, handle), status, message)
        if (status == espalier_ok .and. dimensions > 1) then
          call conclude(espalier_network_set_input_shape(handle, int(dimensions, c_int64_t), lengths), status, message)
        end if
      end if
    end subroutine

    integer(c_int64_t) function features_of(lengths) result(features)
      !! Their product, or a length that is out of range by itself, or 2**31 for a product that is.
      integer(int64), intent(in) :: lengths(:)
      integer :: i
      features = 1
      do i = 1, size(lengths)
        if (lengths(i) < 1 .or. lengths(i) > huge(0_int32)) then
          features = lengths(i)
          return
        end if
        features = min(features * lengths(i), huge(0_int32) + 1_int64)
      end do
    end function

    subroutine distribute
      integer(c_int) :: position
      real(real64) :: amount
      logical :: is_number
      if (.not. present(density)) then
        if (present(distribution)) then
          call refuse(espalier_error_invalid_argument, "network: a distribution needs a density", status, message)
        end if
        return
      end if
      position = 0
      if (present(distribution)) call named(distribution, distributions, "network: distribution", position, status, message)
      if (status /= espalier_ok) return
      call to_real64(density, amount, is_number)
      if (is_number) then
        call conclude(espalier_network_set_distribution(handle, position, amount), status, message)
      else
        call refuse(espalier_error_invalid_argument, "network: density must be a real number", status, message)
      end if
    end subroutine

    subroutine set_number(name, value)
      character(*), intent(in) :: name
      class(*), intent(in), optional :: value
      real(real64) :: number
      logical :: is_number
      if (.not. present(value)) return
      call to_real64(value, number, is_number)
      if (is_number) then
        call conclude(espalier_network_set(handle, terminated(name), number), status, message)
      else
        call refuse(espalier_error_invalid_argument, "network: " // name // " must be a real or an integer", status, message)
      end if
    end subroutine

    subroutine ask_for_densities
      type(c_ptr) :: user_or_null
      user_or_null = c_null_ptr
      if (present(user)) user_or_null = user
      if (present(density)) then
        call refuse(espalier_error_invalid_argument, "network: densities and density exclude each other", status, message)
      else
        call conclude(espalier_network_set_densities(handle, c_funloc(densities), user_or_null), status, message)
      end if
    end subroutine

    subroutine choose_loss
      integer(c_int) :: position
      call named(loss, losses, "network: loss", position, status, message)
      if (status == espalier_ok) call conclude(espalier_network_set_loss(handle, position), status, message)
    end subroutine

    subroutine build
      integer(c_int64_t) :: batch
      batch = 1024
      if (present(max_batch)) batch = int(max_batch, c_int64_t)
      call conclude(espalier_network_build(handle, batch), status, message)
    end subroutine

  end subroutine

end module espalier_construction
