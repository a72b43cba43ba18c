!> Interfaces of the functions that describe, build and inspect a network: the first half of `espalier.h`, function by
!> function under the same names. Programs use module [[espalier]] (Fortran types and generics) or [[espalier_c]] (all of
!> the C functions); this module is a part of the latter.
!>
!> Every function returns a status, [[espalier_ok]] or an error, unless it returns text. Handles are opaque `type(c_ptr)`.
!> An absent optional argument is the NULL of the C function.
module espalier_c_network
  use, intrinsic :: iso_c_binding, only: c_char, c_double, c_float, c_int, c_int32_t, c_int64_t, c_ptr
  implicit none
  public

  interface

    type(c_ptr) function espalier_version() bind(c)
      !! The library's version, "major.minor.patch", as NUL-terminated text in static storage.
      import :: c_ptr
    end function

    type(c_ptr) function espalier_status_string(status) bind(c)
      !! A short text for a status, NUL-terminated, in static storage.
      import :: c_int, c_ptr
      integer(c_int), value :: status
    end function

    type(c_ptr) function espalier_last_error() bind(c)
      !! The message of this thread's last failed call, NUL-terminated, valid until its next failing call.
      import :: c_ptr
    end function

    integer(c_int) function espalier_decimal_f32(value, decimal) bind(c)
      !! The double nearest the shortest decimal that rounds to a single-precision number.
      import :: c_double, c_float, c_int
      real(c_float), value :: value
      real(c_double), intent(out) :: decimal
    end function

    integer(c_int) function espalier_network_create(precision, inputs, seed, network) bind(c)
      !! Make an empty network. `network` must come in as `c_null_ptr`.
      import :: c_int, c_int64_t, c_ptr
      integer(c_int), value :: precision
      integer(c_int64_t), value :: inputs, seed
      type(c_ptr), intent(inout) :: network
    end function

    integer(c_int) function espalier_network_set_input_shape(network, dimensions, lengths) bind(c)
      import :: c_int, c_int64_t, c_ptr
      type(c_ptr), value :: network
      integer(c_int64_t), value :: dimensions
      integer(c_int64_t), intent(in) :: lengths(*)
    end function

    integer(c_int) function espalier_layer_shape(network, layer, capacity, lengths, dimensions) bind(c)
      import :: c_int, c_int64_t, c_ptr
      type(c_ptr), value :: network
      integer(c_int64_t), value :: layer, capacity
      integer(c_int64_t), intent(inout) :: lengths(*)
      integer(c_int64_t), intent(out) :: dimensions
    end function

    integer(c_int) function espalier_network_destroy(network) bind(c)
      !! Destroy a network and all it owns; bound arrays stay the caller's. `c_null_ptr` is fine.
      import :: c_int, c_ptr
      type(c_ptr), value :: network
    end function

    integer(c_int) function espalier_network_retain(network) bind(c)
      !! Count one more owner of a network, from any thread.
      import :: c_int, c_ptr
      type(c_ptr), value :: network
    end function

    integer(c_int) function espalier_network_release(network) bind(c)
      !! Count one owner less, and destroy the network with the last one.
      import :: c_int, c_ptr
      type(c_ptr), value :: network
    end function

    integer(c_int) function espalier_network_add_linear(network, units, density, activation) bind(c)
      !! Add a linear layer with a share `density` in (0, 1] of its connections. Before build.
      import :: c_double, c_int, c_int64_t, c_ptr
      type(c_ptr), value :: network
      integer(c_int64_t), value :: units
      real(c_double), value :: density
      integer(c_int), value :: activation
    end function

    integer(c_int) function espalier_network_add_dropout(network, probability) bind(c)
      !! Add a dropout layer; it acts in training only. Before build.
      import :: c_double, c_int, c_ptr
      type(c_ptr), value :: network
      real(c_double), value :: probability
    end function

    integer(c_int) function espalier_network_add_layer(network, kind, input_count, inputs, option_count, names, values, layer) &
      bind(c)
      !! Add a layer of any kind, which takes from the layers `inputs`. Before build.
      import :: c_double, c_int, c_int64_t, c_ptr
      type(c_ptr), value :: network
      integer(c_int), value :: kind
      integer(c_int64_t), value :: input_count
      integer(c_int64_t), intent(in), optional :: inputs(*)
      integer(c_int64_t), value :: option_count
      type(c_ptr), intent(in), optional :: names(*)
      real(c_double), intent(in), optional :: values(*)
      integer(c_int64_t), intent(out), optional :: layer
    end function

    integer(c_int) function espalier_network_set_distribution(network, distribution, density) bind(c)
      !! Spread one overall density over the linear layers. Before build.
      import :: c_double, c_int, c_ptr
      type(c_ptr), value :: network
      integer(c_int), value :: distribution
      real(c_double), value :: density
    end function

    integer(c_int) function espalier_layer_set_pattern_coo_f32(network, layer, connections, rows, columns, values, base) &
      bind(c)
      !! Give a linear layer its pattern as coordinates, in any order, counted from `base` (0 or 1). Copied. Before build.
      import :: c_float, c_int, c_int32_t, c_int64_t, c_ptr
      type(c_ptr), value :: network
      integer(c_int64_t), value :: layer, connections
      integer(c_int32_t), intent(in) :: rows(*), columns(*)
      real(c_float), intent(in), optional :: values(*)
      integer(c_int), value :: base
    end function

    integer(c_int) function espalier_layer_set_pattern_coo_f64(network, layer, connections, rows, columns, values, base) &
      bind(c)
      !! The same in double precision.
      import :: c_double, c_int, c_int32_t, c_int64_t, c_ptr
      type(c_ptr), value :: network
      integer(c_int64_t), value :: layer, connections
      integer(c_int32_t), intent(in) :: rows(*), columns(*)
      real(c_double), intent(in), optional :: values(*)
      integer(c_int), value :: base
    end function

    integer(c_int) function espalier_layer_set_pattern_csr_f32(network, layer, row_start, columns, values, base) bind(c)
      !! Give a linear layer its pattern in compressed rows: units+1 offsets and the columns, counted from `base`. Copied.
      import :: c_float, c_int, c_int32_t, c_int64_t, c_ptr
      type(c_ptr), value :: network
      integer(c_int64_t), value :: layer
      integer(c_int64_t), intent(in) :: row_start(*)
      integer(c_int32_t), intent(in) :: columns(*)
      real(c_float), intent(in), optional :: values(*)
      integer(c_int), value :: base
    end function

    integer(c_int) function espalier_layer_set_pattern_csr_f64(network, layer, row_start, columns, values, base) bind(c)
      !! The same in double precision.
      import :: c_double, c_int, c_int32_t, c_int64_t, c_ptr
      type(c_ptr), value :: network
      integer(c_int64_t), value :: layer
      integer(c_int64_t), intent(in) :: row_start(*)
      integer(c_int32_t), intent(in) :: columns(*)
      real(c_double), intent(in), optional :: values(*)
      integer(c_int), value :: base
    end function

    integer(c_int) function espalier_network_add_loss(network, first, count, loss, weight) bind(c)
      import :: c_double, c_int, c_int64_t, c_ptr
      type(c_ptr), value :: network
      integer(c_int64_t), value :: first, count
      integer(c_int), value :: loss
      real(c_double), value :: weight
    end function

    integer(c_int) function espalier_network_set_loss(network, loss) bind(c)
      !! Choose the loss. Before or after build.
      import :: c_int, c_ptr
      type(c_ptr), value :: network
      integer(c_int), value :: loss
    end function

    integer(c_int) function espalier_network_set_optimizer(network, layer, optimizer) bind(c)
      !! Give layers an optimizer, an instance each; `optimizer` is only read.
      import :: c_int, c_int64_t, c_ptr
      type(c_ptr), value :: network
      integer(c_int64_t), value :: layer
      type(c_ptr), value :: optimizer
    end function

    integer(c_int) function espalier_network_set_topology(network, layer, topology) bind(c)
      !! Give sparse layers a topology method, an instance each; `topology` is only read.
      import :: c_int, c_int64_t, c_ptr
      type(c_ptr), value :: network
      integer(c_int64_t), value :: layer
      type(c_ptr), value :: topology
    end function

    integer(c_int) function espalier_network_set(network, name, value) bind(c)
      !! Set an option of the network by its NUL-terminated name.
      import :: c_char, c_double, c_int, c_ptr
      type(c_ptr), value :: network
      character(kind=c_char), intent(in) :: name(*)
      real(c_double), value :: value
    end function

    integer(c_int) function espalier_network_get(network, name, value) bind(c)
      !! Read an option or a property of the network.
      import :: c_char, c_double, c_int, c_ptr
      type(c_ptr), value :: network
      character(kind=c_char), intent(in) :: name(*)
      real(c_double), intent(out) :: value
    end function

    integer(c_int) function espalier_layer_set(network, layer, name, value) bind(c)
      !! Set an option of a layer.
      import :: c_char, c_double, c_int, c_int64_t, c_ptr
      type(c_ptr), value :: network
      integer(c_int64_t), value :: layer
      character(kind=c_char), intent(in) :: name(*)
      real(c_double), value :: value
    end function

    integer(c_int) function espalier_layer_get(network, layer, name, value) bind(c)
      !! Read an option or a property of a layer.
      import :: c_char, c_double, c_int, c_int64_t, c_ptr
      type(c_ptr), value :: network
      integer(c_int64_t), value :: layer
      character(kind=c_char), intent(in) :: name(*)
      real(c_double), intent(out) :: value
    end function

    integer(c_int) function espalier_layer_set_optimizer_option(network, layer, name, value) bind(c)
      !! Set a hyperparameter of the layer's own optimizer; its state stays.
      import :: c_char, c_double, c_int, c_int64_t, c_ptr
      type(c_ptr), value :: network
      integer(c_int64_t), value :: layer
      character(kind=c_char), intent(in) :: name(*)
      real(c_double), value :: value
    end function

    integer(c_int) function espalier_layer_get_optimizer_option(network, layer, name, value) bind(c)
      !! Read a hyperparameter of the layer's own optimizer.
      import :: c_char, c_double, c_int, c_int64_t, c_ptr
      type(c_ptr), value :: network
      integer(c_int64_t), value :: layer
      character(kind=c_char), intent(in) :: name(*)
      real(c_double), intent(out) :: value
    end function

    integer(c_int) function espalier_network_set_threads(network, threads) bind(c)
      !! Threads of the network's calls, 1 .. 1024; 0: the default.
      import :: c_int, c_ptr
      type(c_ptr), value :: network
      integer(c_int), value :: threads
    end function

    integer(c_int) function espalier_network_build(network, max_batch) bind(c)
      !! Draw patterns and weights, allocate all workspace. Once.
      import :: c_int, c_int64_t, c_ptr
      type(c_ptr), value :: network
      integer(c_int64_t), value :: max_batch
    end function

    integer(c_int) function espalier_network_parameter_count(network, count) bind(c)
      !! Number of parameters, layer by layer weights, then biases. After build.
      import :: c_int, c_int64_t, c_ptr
      type(c_ptr), value :: network
      integer(c_int64_t), intent(out) :: count
    end function

    integer(c_int) function espalier_network_bind_f32(network, w, dw, count) bind(c)
      !! Let the network work in the caller's arrays until unbind, another bind or destroy. The actual arguments must be
      !! contiguous and have the target attribute, and must stay alive and in place.
      import :: c_float, c_int, c_int64_t, c_ptr
      type(c_ptr), value :: network
      real(c_float), intent(inout), target :: w(*), dw(*)
      integer(c_int64_t), value :: count
    end function

    integer(c_int) function espalier_network_bind_f64(network, w, dw, count) bind(c)
      !! The same in double precision.
      import :: c_double, c_int, c_int64_t, c_ptr
      type(c_ptr), value :: network
      real(c_double), intent(inout), target :: w(*), dw(*)
      integer(c_int64_t), value :: count
    end function

    integer(c_int) function espalier_network_unbind(network) bind(c)
      !! Copy parameters and gradients back into arrays of the library's own.
      import :: c_int, c_ptr
      type(c_ptr), value :: network
    end function

    integer(c_int) function espalier_network_parameters_f32(network, w, dw, count) bind(c)
      !! Where parameters and gradients are now; valid until bind, unbind or destroy.
      import :: c_int, c_int64_t, c_ptr
      type(c_ptr), value :: network
      type(c_ptr), intent(out) :: w, dw
      integer(c_int64_t), intent(out) :: count
    end function

    integer(c_int) function espalier_network_parameters_f64(network, w, dw, count) bind(c)
      !! The same in double precision.
      import :: c_int, c_int64_t, c_ptr
      type(c_ptr), value :: network
      type(c_ptr), intent(out) :: w, dw
      integer(c_int64_t), intent(out) :: count
    end function

    integer(c_int) function espalier_layer_parameters_f32(network, layer, weights, weight_gradients, connections, bias, &
                                                          bias_gradients, units) bind(c)
      !! Where one layer's part is; `bias` is `c_null_ptr` and `units` 0 for a layer without bias.
      import :: c_int, c_int64_t, c_ptr
      type(c_ptr), value :: network
      integer(c_int64_t), value :: layer
      type(c_ptr), intent(out) :: weights, weight_gradients
      integer(c_int64_t), intent(out) :: connections
      type(c_ptr), intent(out) :: bias, bias_gradients
      integer(c_int64_t), intent(out) :: units
    end function

    integer(c_int) function espalier_layer_parameters_f64(network, layer, weights, weight_gradients, connections, bias, &
                                                          bias_gradients, units) bind(c)
      !! The same in double precision.
      import :: c_int, c_int64_t, c_ptr
      type(c_ptr), value :: network
      integer(c_int64_t), value :: layer
      type(c_ptr), intent(out) :: weights, weight_gradients
      integer(c_int64_t), intent(out) :: connections
      type(c_ptr), intent(out) :: bias, bias_gradients
      integer(c_int64_t), intent(out) :: units
    end function

    integer(c_int) function espalier_layer_state_f32(network, layer, name, values, count) bind(c)
      !! Where numbers are that a layer keeps beside its parameters, by their NUL-terminated name.
      import :: c_char, c_int, c_int64_t, c_ptr
      type(c_ptr), value :: network
      integer(c_int64_t), value :: layer
      character(kind=c_char), intent(in) :: name(*)
      type(c_ptr), intent(out) :: values
      integer(c_int64_t), intent(out) :: count
    end function

    integer(c_int) function espalier_layer_state_f64(network, layer, name, values, count) bind(c)
      !! The same in double precision.
      import :: c_char, c_int, c_int64_t, c_ptr
      type(c_ptr), value :: network
      integer(c_int64_t), value :: layer
      character(kind=c_char), intent(in) :: name(*)
      type(c_ptr), intent(out) :: values
      integer(c_int64_t), intent(out) :: count
    end function

    integer(c_int) function espalier_layer_fit_f32(network, layer, x, samples) bind(c)
      !! Let a normalization layer take its means and deviations from samples of what it normalises.
      import :: c_float, c_int, c_int64_t, c_ptr
      type(c_ptr), value :: network
      integer(c_int64_t), value :: layer
      real(c_float), intent(in) :: x(*)
      integer(c_int64_t), value :: samples
    end function

    integer(c_int) function espalier_layer_fit_f64(network, layer, x, samples) bind(c)
      !! The same in double precision.
      import :: c_double, c_int, c_int64_t, c_ptr
      type(c_ptr), value :: network
      integer(c_int64_t), value :: layer
      real(c_double), intent(in) :: x(*)
      integer(c_int64_t), value :: samples
    end function

    integer(c_int) function espalier_layer_pattern(network, layer, base, capacity, row_start, rows, columns, connections) &
      bind(c)
      !! Copy a linear layer's pattern out, in the order of its weights; with no array given only ask for `connections`.
      import :: c_int, c_int32_t, c_int64_t, c_ptr
      type(c_ptr), value :: network
      integer(c_int64_t), value :: layer
      integer(c_int), value :: base
      integer(c_int64_t), value :: capacity
      integer(c_int64_t), intent(out), optional :: row_start(*)
      integer(c_int32_t), intent(out), optional :: rows(*), columns(*)
      integer(c_int64_t), intent(out) :: connections
    end function

    integer(c_int) function espalier_network_info(network, capacity, text, length) bind(c)
      !! A table of the layers as NUL-terminated text; capacity 0 asks for its length.
      import :: c_char, c_int, c_int64_t, c_ptr
      type(c_ptr), value :: network
      integer(c_int64_t), value :: capacity
      character(kind=c_char), intent(out), optional :: text(*)
      integer(c_int64_t), intent(out) :: length
    end function

  end interface
end module espalier_c_network
