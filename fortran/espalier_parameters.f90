!> The part of a network that shows its structure and parameters: counts, patterns, pointers, binding.
module espalier_parameters
  use, intrinsic :: iso_c_binding, only: c_f_pointer, c_int, c_int64_t, c_ptr
  use, intrinsic :: iso_fortran_env, only: int32, int64, real32, real64
  use :: espalier_c, only: espalier_error_invalid_argument, espalier_layer_fit_f32, espalier_layer_fit_f64, &
    espalier_layer_get, espalier_layer_parameters_f32, espalier_layer_parameters_f64, espalier_layer_pattern, &
    espalier_layer_state_f32, espalier_layer_state_f64, espalier_network_bind_f32, espalier_network_bind_f64, &
    espalier_network_get, espalier_network_parameter_count, espalier_network_parameters_f32, &
    espalier_network_parameters_f64, espalier_network_unbind, espalier_ok
  use :: espalier_handles, only: network_handle
  use :: espalier_support, only: check_extent, conclude, finish, message_length, refuse, terminated, text_of
  implicit none
  private
  public :: network_parameters

  type, extends(network_handle) :: network_parameters
  contains
    procedure :: parameter_count
      !! Parameters of all layers: layer by layer weights (sorted by unit, then input), then biases.
    procedure :: connections
      !! Active connections of the network, or of one layer.
    procedure, private :: layer_pattern_only, layer_pattern_f32, layer_pattern_f64
    generic, public :: layer_pattern => layer_pattern_only, layer_pattern_f32, layer_pattern_f64
      !! A layer's pattern in the order of its weights, as coordinates or compressed rows, counted from `base` (1 or 0;
      !! default 1), with copies of the weights when `values` is given.
    procedure, private :: parameters_f32, parameters_f64
    generic, public :: parameters => parameters_f32, parameters_f64
      !! Pointers to all parameters and gradients where they are now; valid until bind, unbind or destroy.
    procedure, private :: layer_parameters_f32, layer_parameters_f64
    generic, public :: layer_parameters => layer_parameters_f32, layer_parameters_f64
      !! Pointers to one layer's weights and biases, to read and to set, and to their gradients. Same validity. A layer
      !! without bias has arrays of size 0 there.
    procedure, private :: layer_state_f32, layer_state_f64
    generic, public :: layer_state => layer_state_f32, layer_state_f64
      !! A pointer to numbers that a layer keeps beside its parameters, to read and to set, by name: "running_mean" and
      !! "running_variance" of a batch norm, "mean" and "deviation" of a normalization. Valid until destroy.
    procedure, private :: fit_f32, fit_f64
    generic, public :: fit => fit_f32, fit_f64
      !! Let a normalization layer take its means and deviations from samples x(values, samples) of what it normalises: of the
      !! inputs, or of the targets for an inverse one at the end. A constant gets the deviation 1.
    procedure, private :: bind_f32, bind_f64
    generic, public :: bind => bind_f32, bind_f64
      !! Let the network work in the caller's arrays, until unbind, another bind or destroy. The current parameters are
      !! copied into `w`, `dw` is zeroed. The caller owns both and must keep them alive and in place; they must be
      !! contiguous and declared with the target attribute, also where they are dummy arguments of the caller.
    procedure :: unbind
      !! Copy parameters and gradients back into arrays of the library's own.
  end type

contains

  integer(int64) function parameter_count(self, stat, errmsg)
    class(network_parameters), intent(in) :: self
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    parameter_count = 0
    if (.not. self%is_alive("parameter_count", stat, errmsg)) return
    call conclude(espalier_network_parameter_count(self%handle, parameter_count), stat, errmsg)
  end function

  integer(int64) function connections(self, layer, stat, errmsg)
    class(network_parameters), intent(in) :: self
    integer, intent(in), optional :: layer
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    if (present(layer)) then
      connections = nint(self%layer_option(layer, "connections", stat, errmsg), int64)
    else
      connections = nint(self%option("connections", stat, errmsg), int64)
    end if
  end function

  subroutine layer_pattern_only(self, layer, rows, columns, row_start, base, stat, errmsg)
    class(network_parameters), intent(in) :: self
    integer, intent(in) :: layer
    integer(int32), allocatable, intent(out), optional :: rows(:), columns(:)
    integer(int64), allocatable, intent(out), optional :: row_start(:)
    integer, intent(in), optional :: base
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    ! Unallocated, they are absent arguments of the C function; absent dummy arguments of this one would not be.
    integer(int32), allocatable :: some_rows(:), some_columns(:)
    integer(int64), allocatable :: some_row_start(:)
    integer(int64) :: capacity, count, units
    integer(c_int) :: from, status
    from = 1
    if (present(base)) from = int(base, c_int)
    if (.not. self%is_alive("layer_pattern", stat, errmsg)) return
    status = espalier_layer_pattern(self%handle, int(layer, c_int64_t), from, 0_c_int64_t, connections=count)
    if (status == espalier_ok) then
      units = nint(self%layer_option(layer, "units"), int64)
      capacity = count
      if (present(rows)) allocate (some_rows(count))
      if (present(columns)) allocate (some_columns(count))
      if (present(row_start)) allocate (some_row_start(units + 1))
      status = espalier_layer_pattern(self%handle, int(layer, c_int64_t), from, capacity, some_row_start, some_rows, &
                                      some_columns, count)
    end if
    if (status == espalier_ok) then
      if (present(rows)) call move_alloc(some_rows, rows)
      if (present(columns)) call move_alloc(some_columns, columns)
      if (present(row_start)) call move_alloc(some_row_start, row_start)
    end if
    call conclude(status, stat, errmsg)
  end subroutine

  subroutine layer_pattern_f32(self, layer, rows, columns, row_start, values, base, stat, errmsg)
    class(network_parameters), intent(in) :: self
    integer, intent(in) :: layer
    integer(int32), allocatable, intent(out), optional :: rows(:), columns(:)
    integer(int64), allocatable, intent(out), optional :: row_start(:)
    real(real32), allocatable, intent(out) :: values(:)
    integer, intent(in), optional :: base
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    real(real32), pointer, contiguous :: weights(:)
    integer :: status
    character(message_length) :: message
    call self%layer_pattern(layer, rows, columns, row_start, base, status, message)
    if (status == espalier_ok) call self%layer_parameters(layer, weights, stat=status, errmsg=message)
    if (status == espalier_ok) allocate (values, source=weights)
    call finish(status, message, stat, errmsg)
  end subroutine

  subroutine layer_pattern_f64(self, layer, rows, columns, row_start, values, base, stat, errmsg)
    class(network_parameters), intent(in) :: self
    integer, intent(in) :: layer
    integer(int32), allocatable, intent(out), optional :: rows(:), columns(:)
    integer(int64), allocatable, intent(out), optional :: row_start(:)
    real(real64), allocatable, intent(out) :: values(:)
    integer, intent(in), optional :: base
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    real(real64), pointer, contiguous :: weights(:)
    integer :: status
    character(message_length) :: message
    call self%layer_pattern(layer, rows, columns, row_start, base, status, message)
    if (status == espalier_ok) call self%layer_parameters(layer, weights, stat=status, errmsg=message)
    if (status == espalier_ok) allocate (values, source=weights)
    call finish(status, message, stat, errmsg)
  end subroutine

  subroutine parameters_f32(self, w, dw, stat, errmsg)
    class(network_parameters), intent(in) :: self
    real(real32), pointer, contiguous, intent(out) :: w(:)
    real(real32), pointer, contiguous, intent(out), optional :: dw(:)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    type(c_ptr) :: at_w, at_dw
    integer(c_int64_t) :: count
    integer(c_int) :: status
    nullify (w)
    if (present(dw)) nullify (dw)
    if (.not. self%is_alive("parameters", stat, errmsg)) return
    status = espalier_network_parameters_f32(self%handle, at_w, at_dw, count)
    if (status == espalier_ok) then
      call c_f_pointer(at_w, w, [count])
      if (present(dw)) call c_f_pointer(at_dw, dw, [count])
    end if
    call conclude(status, stat, errmsg)
  end subroutine

  subroutine layer_parameters_f32(self, layer, weights, bias, weight_gradients, bias_gradients, stat, errmsg)
    class(network_parameters), intent(in) :: self
    integer, intent(in) :: layer
    real(real32), pointer, contiguous, intent(out) :: weights(:)
    real(real32), pointer, contiguous, intent(out), optional :: bias(:), weight_gradients(:), bias_gradients(:)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    type(c_ptr) :: at_weights, at_weight_gradients, at_bias, at_bias_gradients
    integer(c_int64_t) :: count, units
    integer(c_int) :: status
    nullify (weights)
    if (present(bias)) nullify (bias)
    if (present(weight_gradients)) nullify (weight_gradients)
    if (present(bias_gradients)) nullify (bias_gradients)
    if (.not. self%is_alive("layer_parameters", stat, errmsg)) return
    status = espalier_layer_parameters_f32(self%handle, int(layer, c_int64_t), at_weights, at_weight_gradients, count, &
                                           at_bias, at_bias_gradients, units)
    if (status == espalier_ok) then
      call point_f32(weights, at_weights, count)
      if (present(weight_gradients)) call point_f32(weight_gradients, at_weight_gradients, count)
      if (present(bias)) call point_f32(bias, at_bias, units)
      if (present(bias_gradients)) call point_f32(bias_gradients, at_bias_gradients, units)
    end if
    call conclude(status, stat, errmsg)
  end subroutine

  subroutine point_f32(part, address, count)
    !! Let a pointer be an array of the library's, or one of size 0.
    real(real32), pointer, contiguous, intent(out) :: part(:)
    type(c_ptr), intent(in) :: address
    integer(c_int64_t), intent(in) :: count
    real(real32), target, save :: nothing(0)
    if (count > 0) then
      call c_f_pointer(address, part, [count])
    else
      part => nothing
    end if
  end subroutine

  subroutine bind_f32(self, w, dw, stat, errmsg)
    class(network_parameters), intent(in) :: self
    real(real32), intent(inout), target :: w(:), dw(:)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    if (.not. self%is_alive("bind", stat, errmsg)) return
    if (.not. are_bindable(size(w, kind=int64), size(dw, kind=int64), is_contiguous(w) .and. is_contiguous(dw), stat, &
                           errmsg)) return
    call conclude(espalier_network_bind_f32(self%handle, w, dw, size(w, kind=c_int64_t)), stat, errmsg)
  end subroutine

  subroutine parameters_f64(self, w, dw, stat, errmsg)
    class(network_parameters), intent(in) :: self
    real(real64), pointer, contiguous, intent(out) :: w(:)
    real(real64), pointer, contiguous, intent(out), optional :: dw(:)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    type(c_ptr) :: at_w, at_dw
    integer(c_int64_t) :: count
    integer(c_int) :: status
    nullify (w)
    if (present(dw)) nullify (dw)
    if (.not. self%is_alive("parameters", stat, errmsg)) return
    status = espalier_network_parameters_f64(self%handle, at_w, at_dw, count)
    if (status == espalier_ok) then
      call c_f_pointer(at_w, w, [count])
      if (present(dw)) call c_f_pointer(at_dw, dw, [count])
    end if
    call conclude(status, stat, errmsg)
  end subroutine

  subroutine layer_parameters_f64(self, layer, weights, bias, weight_gradients, bias_gradients, stat, errmsg)
    class(network_parameters), intent(in) :: self
    integer, intent(in) :: layer
    real(real64), pointer, contiguous, intent(out) :: weights(:)
    real(real64), pointer, contiguous, intent(out), optional :: bias(:), weight_gradients(:), bias_gradients(:)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    type(c_ptr) :: at_weights, at_weight_gradients, at_bias, at_bias_gradients
    integer(c_int64_t) :: count, units
    integer(c_int) :: status
    nullify (weights)
    if (present(bias)) nullify (bias)
    if (present(weight_gradients)) nullify (weight_gradients)
    if (present(bias_gradients)) nullify (bias_gradients)
    if (.not. self%is_alive("layer_parameters", stat, errmsg)) return
    status = espalier_layer_parameters_f64(self%handle, int(layer, c_int64_t), at_weights, at_weight_gradients, count, &
                                           at_bias, at_bias_gradients, units)
    if (status == espalier_ok) then
      call point_f64(weights, at_weights, count)
      if (present(weight_gradients)) call point_f64(weight_gradients, at_weight_gradients, count)
      if (present(bias)) call point_f64(bias, at_bias, units)
      if (present(bias_gradients)) call point_f64(bias_gradients, at_bias_gradients, units)
    end if
    call conclude(status, stat, errmsg)
  end subroutine

  subroutine point_f64(part, address, count)
    !! Let a pointer be an array of the library's, or one of size 0.
    real(real64), pointer, contiguous, intent(out) :: part(:)
    type(c_ptr), intent(in) :: address
    integer(c_int64_t), intent(in) :: count
    real(real64), target, save :: nothing(0)
    if (count > 0) then
      call c_f_pointer(address, part, [count])
    else
      part => nothing
    end if
  end subroutine

  subroutine bind_f64(self, w, dw, stat, errmsg)
    class(network_parameters), intent(in) :: self
    real(real64), intent(inout), target :: w(:), dw(:)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    if (.not. self%is_alive("bind", stat, errmsg)) return
    if (.not. are_bindable(size(w, kind=int64), size(dw, kind=int64), is_contiguous(w) .and. is_contiguous(dw), stat, &
                           errmsg)) return
    call conclude(espalier_network_bind_f64(self%handle, w, dw, size(w, kind=c_int64_t)), stat, errmsg)
  end subroutine

  logical function are_bindable(size_of_w, size_of_dw, contiguous_arrays, stat, errmsg)
    integer(int64), intent(in) :: size_of_w, size_of_dw
    logical, intent(in) :: contiguous_arrays
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    are_bindable = size_of_w == size_of_dw .and. contiguous_arrays
    if (.not. contiguous_arrays) then
      call refuse(espalier_error_invalid_argument, "bind: w and dw must be contiguous", stat, errmsg)
    else if (size_of_w /= size_of_dw) then
      call refuse(espalier_error_invalid_argument, "bind: size(dw) must be " // text_of(size_of_w) // " (size(w)), got " // &
                  text_of(size_of_dw), stat, errmsg)
    end if
  end function

  subroutine layer_state_f32(self, layer, name, values, stat, errmsg)
    class(network_parameters), intent(in) :: self
    integer, intent(in) :: layer
    character(*), intent(in) :: name
    real(real32), pointer, contiguous, intent(out) :: values(:)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    type(c_ptr) :: at
    integer(c_int64_t) :: count
    integer(c_int) :: status
    nullify (values)
    if (.not. self%is_alive("layer_state", stat, errmsg)) return
    status = espalier_layer_state_f32(self%handle, int(layer, c_int64_t), terminated(name), at, count)
    if (status == espalier_ok) call point_f32(values, at, count)
    call conclude(status, stat, errmsg)
  end subroutine

  subroutine fit_f32(self, layer, x, stat, errmsg)
    class(network_parameters), intent(in) :: self
    integer, intent(in) :: layer
    real(real32), intent(in), contiguous :: x(:, :)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    if (.not. self%is_alive("fit", stat, errmsg)) return
    if (.not. takes(self, layer, size(x, 1, int64), stat, errmsg)) return
    call conclude(espalier_layer_fit_f32(self%handle, int(layer, c_int64_t), x, size(x, 2, c_int64_t)), stat, errmsg)
  end subroutine

  subroutine layer_state_f64(self, layer, name, values, stat, errmsg)
    class(network_parameters), intent(in) :: self
    integer, intent(in) :: layer
    character(*), intent(in) :: name
    real(real64), pointer, contiguous, intent(out) :: values(:)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    type(c_ptr) :: at
    integer(c_int64_t) :: count
    integer(c_int) :: status
    nullify (values)
    if (.not. self%is_alive("layer_state", stat, errmsg)) return
    status = espalier_layer_state_f64(self%handle, int(layer, c_int64_t), terminated(name), at, count)
    if (status == espalier_ok) call point_f64(values, at, count)
    call conclude(status, stat, errmsg)
  end subroutine

  subroutine fit_f64(self, layer, x, stat, errmsg)
    class(network_parameters), intent(in) :: self
    integer, intent(in) :: layer
    real(real64), intent(in), contiguous :: x(:, :)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    if (.not. self%is_alive("fit", stat, errmsg)) return
    if (.not. takes(self, layer, size(x, 1, int64), stat, errmsg)) return
    call conclude(espalier_layer_fit_f64(self%handle, int(layer, c_int64_t), x, size(x, 2, c_int64_t)), stat, errmsg)
  end subroutine

  logical function takes(self, layer, extent, stat, errmsg)
    !! Whether so many values are a sample of what a layer takes.
    class(network_parameters), intent(in) :: self
    integer, intent(in) :: layer
    integer(int64), intent(in) :: extent
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    integer :: status
    character(message_length) :: message
    integer(int64) :: inputs
    inputs = nint(self%layer_option(layer, "inputs", status, message), int64)
    takes = status == espalier_ok
    if (.not. takes) then
      call finish(status, message, stat, errmsg)
    else
      takes = check_extent("fit", "size(x, 1)", extent, "inputs of the layer", inputs, stat, errmsg)
    end if
  end function

  subroutine unbind(self, stat, errmsg)
    class(network_parameters), intent(in) :: self
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    if (.not. self%is_alive("unbind", stat, errmsg)) return
    call conclude(espalier_network_unbind(self%handle), stat, errmsg)
  end subroutine

end module espalier_parameters
