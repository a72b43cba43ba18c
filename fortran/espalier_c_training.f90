!> Interfaces of the functions that train, predict and optimize: the second half of `espalier.h`, function by function under
!> the same names. A part of module [[espalier_c]].
!>
!> Arrays are assumed-size and must be contiguous; Fortran `x(features, batch)` is what the header calls (batch, features).
module espalier_c_training
  use, intrinsic :: iso_c_binding, only: c_char, c_double, c_float, c_funptr, c_int, c_int32_t, c_int64_t, c_ptr
  implicit none
  public

  abstract interface
    integer(c_int) function espalier_progress(user, done, samples, loss) bind(c)
      !! Told after every batch of an epoch; a result other than 0 stops the epoch after that batch.
      import :: c_double, c_int, c_int64_t, c_ptr
      type(c_ptr), value :: user
      integer(c_int64_t), value :: done, samples
      real(c_double), value :: loss
    end function
  end interface

  interface

    integer(c_int) function espalier_network_bind_input_f32(network, input, values, samples) bind(c)
      !! Let an input be what is in an array of the caller's, until it is bound anew.
      import :: c_float, c_int, c_int64_t, c_ptr
      type(c_ptr), value :: network
      integer(c_int64_t), value :: input
      real(c_float), intent(in), optional :: values(*)
      integer(c_int64_t), value :: samples
    end function

    integer(c_int) function espalier_network_bind_input_f64(network, input, values, samples) bind(c)
      !! The same in double precision.
      import :: c_double, c_int, c_int64_t, c_ptr
      type(c_ptr), value :: network
      integer(c_int64_t), value :: input
      real(c_double), intent(in), optional :: values(*)
      integer(c_int64_t), value :: samples
    end function

    integer(c_int) function espalier_network_bind_input_i32(network, input, numbers, samples) bind(c)
      !! The same with class numbers, or other whole ones.
      import :: c_int, c_int32_t, c_int64_t, c_ptr
      type(c_ptr), value :: network
      integer(c_int64_t), value :: input
      integer(c_int32_t), intent(in), optional :: numbers(*)
      integer(c_int64_t), value :: samples
    end function

    integer(c_int) function espalier_network_bind_input_gradient_f32(network, input, gradient, samples) bind(c)
      !! Let backward put the derivative by an input layer into an array of the caller's.
      import :: c_float, c_int, c_int64_t, c_ptr
      type(c_ptr), value :: network
      integer(c_int64_t), value :: input
      real(c_float), intent(inout), optional :: gradient(*)
      integer(c_int64_t), value :: samples
    end function

    integer(c_int) function espalier_network_bind_input_gradient_f64(network, input, gradient, samples) bind(c)
      !! The same in double precision.
      import :: c_double, c_int, c_int64_t, c_ptr
      type(c_ptr), value :: network
      integer(c_int64_t), value :: input
      real(c_double), intent(inout), optional :: gradient(*)
      integer(c_int64_t), value :: samples
    end function

    integer(c_int) function espalier_network_train_step_f32(network, x, target, batch, loss) bind(c)
      !! One step: forward, loss, backward, update, and drop and grow when due. `loss` is the mean before the update.
      import :: c_double, c_float, c_int, c_int64_t, c_ptr
      type(c_ptr), value :: network
      real(c_float), intent(in), optional :: x(*)
      real(c_float), intent(in) :: target(*)
      integer(c_int64_t), value :: batch
      real(c_double), intent(out) :: loss
    end function

    integer(c_int) function espalier_network_train_step_f64(network, x, target, batch, loss) bind(c)
      !! The same in double precision.
      import :: c_double, c_int, c_int64_t, c_ptr
      type(c_ptr), value :: network
      real(c_double), intent(in), optional :: x(*)
      real(c_double), intent(in) :: target(*)
      integer(c_int64_t), value :: batch
      real(c_double), intent(out) :: loss
    end function

    integer(c_int) function espalier_network_train_step_labels_f32(network, x, labels, batch, loss) bind(c)
      !! The same with class numbers, for the softmax cross-entropy.
      import :: c_double, c_float, c_int, c_int32_t, c_int64_t, c_ptr
      type(c_ptr), value :: network
      real(c_float), intent(in), optional :: x(*)
      integer(c_int32_t), intent(in) :: labels(*)
      integer(c_int64_t), value :: batch
      real(c_double), intent(out) :: loss
    end function

    integer(c_int) function espalier_network_train_step_labels_f64(network, x, labels, batch, loss) bind(c)
      !! The same in double precision.
      import :: c_double, c_int, c_int32_t, c_int64_t, c_ptr
      type(c_ptr), value :: network
      real(c_double), intent(in), optional :: x(*)
      integer(c_int32_t), intent(in) :: labels(*)
      integer(c_int64_t), value :: batch
      real(c_double), intent(out) :: loss
    end function

    integer(c_int) function espalier_network_train_epoch_f32(network, x, target, samples, batch, shuffle, progress, user, loss) &
      bind(c)
      !! One epoch: every sample once, in batches. `progress` may be `c_null_funptr`.
      import :: c_double, c_float, c_funptr, c_int, c_int64_t, c_ptr
      type(c_ptr), value :: network
      real(c_float), intent(in), optional :: x(*)
      real(c_float), intent(in) :: target(*)
      integer(c_int64_t), value :: samples, batch
      integer(c_int), value :: shuffle
      type(c_funptr), value :: progress
      type(c_ptr), value :: user
      real(c_double), intent(out) :: loss
    end function

    integer(c_int) function espalier_network_train_epoch_f64(network, x, target, samples, batch, shuffle, progress, user, loss) &
      bind(c)
      !! The same in double precision.
      import :: c_double, c_funptr, c_int, c_int64_t, c_ptr
      type(c_ptr), value :: network
      real(c_double), intent(in), optional :: x(*)
      real(c_double), intent(in) :: target(*)
      integer(c_int64_t), value :: samples, batch
      integer(c_int), value :: shuffle
      type(c_funptr), value :: progress
      type(c_ptr), value :: user
      real(c_double), intent(out) :: loss
    end function

    integer(c_int) function espalier_network_train_epoch_labels_f32(network, x, labels, samples, batch, shuffle, progress, user, &
                                                                    loss) bind(c)
      !! The same with class numbers.
      import :: c_double, c_float, c_funptr, c_int, c_int32_t, c_int64_t, c_ptr
      type(c_ptr), value :: network
      real(c_float), intent(in), optional :: x(*)
      integer(c_int32_t), intent(in) :: labels(*)
      integer(c_int64_t), value :: samples, batch
      integer(c_int), value :: shuffle
      type(c_funptr), value :: progress
      type(c_ptr), value :: user
      real(c_double), intent(out) :: loss
    end function

    integer(c_int) function espalier_network_train_epoch_labels_f64(network, x, labels, samples, batch, shuffle, progress, user, &
                                                                    loss) bind(c)
      !! The same in double precision.
      import :: c_double, c_funptr, c_int, c_int32_t, c_int64_t, c_ptr
      type(c_ptr), value :: network
      real(c_double), intent(in), optional :: x(*)
      integer(c_int32_t), intent(in) :: labels(*)
      integer(c_int64_t), value :: samples, batch
      integer(c_int), value :: shuffle
      type(c_funptr), value :: progress
      type(c_ptr), value :: user
      real(c_double), intent(out) :: loss
    end function

    integer(c_int) function espalier_network_forward_f32(network, x, batch, y) bind(c)
      !! Forward in training mode; keeps what backward needs.
      import :: c_float, c_int, c_int64_t, c_ptr
      type(c_ptr), value :: network
      real(c_float), intent(in), optional :: x(*)
      integer(c_int64_t), value :: batch
      real(c_float), intent(out) :: y(*)
    end function

    integer(c_int) function espalier_network_forward_f64(network, x, batch, y) bind(c)
      !! The same in double precision.
      import :: c_double, c_int, c_int64_t, c_ptr
      type(c_ptr), value :: network
      real(c_double), intent(in), optional :: x(*)
      integer(c_int64_t), value :: batch
      real(c_double), intent(out) :: y(*)
    end function

    integer(c_int) function espalier_network_backward_f32(network, dloss_dy, batch, dx) bind(c)
      !! Gradients of the forward pass just made into the gradient array; `dx` only when present.
      import :: c_float, c_int, c_int64_t, c_ptr
      type(c_ptr), value :: network
      real(c_float), intent(in) :: dloss_dy(*)
      integer(c_int64_t), value :: batch
      real(c_float), intent(out), optional :: dx(*)
    end function

    integer(c_int) function espalier_network_backward_f64(network, dloss_dy, batch, dx) bind(c)
      !! The same in double precision.
      import :: c_double, c_int, c_int64_t, c_ptr
      type(c_ptr), value :: network
      real(c_double), intent(in) :: dloss_dy(*)
      integer(c_int64_t), value :: batch
      real(c_double), intent(out), optional :: dx(*)
    end function

    integer(c_int) function espalier_network_update(network) bind(c)
      !! Apply every layer's optimizer in place, from the gradient array.
      import :: c_int, c_ptr
      type(c_ptr), value :: network
    end function

    integer(c_int) function espalier_network_evolve(network) bind(c)
      !! Drop and grow connections in the layers where it is due.
      import :: c_int, c_ptr
      type(c_ptr), value :: network
    end function

    integer(c_int) function espalier_network_evolve_now(network, layer, drop_fraction) bind(c)
      !! Drop and grow now, whatever the schedule.
      import :: c_double, c_int, c_int64_t, c_ptr
      type(c_ptr), value :: network
      integer(c_int64_t), value :: layer
      real(c_double), value :: drop_fraction
    end function

    integer(c_int) function espalier_network_end_epoch(network) bind(c)
      !! Count an epoch as ended; drop and grow where a clock of epochs makes it due.
      import :: c_int, c_ptr
      type(c_ptr), value :: network
    end function

    integer(c_int) function espalier_network_remember(network) bind(c)
      !! Keep a copy of all weights and biases for espalier_network_rewind.
      import :: c_int, c_ptr
      type(c_ptr), value :: network
    end function

    integer(c_int) function espalier_network_rewind(network) bind(c)
      !! Weights and biases back to what is remembered, on the connections there are now; training begins again.
      import :: c_int, c_ptr
      type(c_ptr), value :: network
    end function

    integer(c_int) function espalier_network_predict_f32(network, x, samples, y) bind(c)
      !! Outputs in inference mode, for any number of samples.
      import :: c_float, c_int, c_int64_t, c_ptr
      type(c_ptr), value :: network
      real(c_float), intent(in), optional :: x(*)
      integer(c_int64_t), value :: samples
      real(c_float), intent(out) :: y(*)
    end function

    integer(c_int) function espalier_network_predict_f64(network, x, samples, y) bind(c)
      !! The same in double precision.
      import :: c_double, c_int, c_int64_t, c_ptr
      type(c_ptr), value :: network
      real(c_double), intent(in), optional :: x(*)
      integer(c_int64_t), value :: samples
      real(c_double), intent(out) :: y(*)
    end function

    integer(c_int) function espalier_network_evaluate_f32(network, x, target, samples, loss) bind(c)
      !! Mean loss in inference mode.
      import :: c_double, c_float, c_int, c_int64_t, c_ptr
      type(c_ptr), value :: network
      real(c_float), intent(in), optional :: x(*)
      real(c_float), intent(in) :: target(*)
      integer(c_int64_t), value :: samples
      real(c_double), intent(out) :: loss
    end function

    integer(c_int) function espalier_network_evaluate_f64(network, x, target, samples, loss) bind(c)
      !! The same in double precision.
      import :: c_double, c_int, c_int64_t, c_ptr
      type(c_ptr), value :: network
      real(c_double), intent(in), optional :: x(*)
      real(c_double), intent(in) :: target(*)
      integer(c_int64_t), value :: samples
      real(c_double), intent(out) :: loss
    end function

    integer(c_int) function espalier_network_evaluate_labels_f32(network, x, labels, samples, loss, accuracy) bind(c)
      !! Mean loss and share of samples whose largest output is their class.
      import :: c_double, c_float, c_int, c_int32_t, c_int64_t, c_ptr
      type(c_ptr), value :: network
      real(c_float), intent(in), optional :: x(*)
      integer(c_int32_t), intent(in) :: labels(*)
      integer(c_int64_t), value :: samples
      real(c_double), intent(out), optional :: loss, accuracy
    end function

    integer(c_int) function espalier_network_evaluate_labels_f64(network, x, labels, samples, loss, accuracy) bind(c)
      !! The same in double precision.
      import :: c_double, c_int, c_int32_t, c_int64_t, c_ptr
      type(c_ptr), value :: network
      real(c_double), intent(in), optional :: x(*)
      integer(c_int32_t), intent(in) :: labels(*)
      integer(c_int64_t), value :: samples
      real(c_double), intent(out), optional :: loss, accuracy
    end function

    integer(c_int) function espalier_optimizer_create(rule, optimizer) bind(c)
      !! Make an optimizer. `optimizer` must come in as `c_null_ptr`.
      import :: c_int, c_ptr
      integer(c_int), value :: rule
      type(c_ptr), intent(inout) :: optimizer
    end function

    integer(c_int) function espalier_optimizer_destroy(optimizer) bind(c)
      !! Destroy it; networks that were given it are not affected. `c_null_ptr` is fine.
      import :: c_int, c_ptr
      type(c_ptr), value :: optimizer
    end function

    integer(c_int) function espalier_optimizer_set(optimizer, name, value) bind(c)
      !! Set a hyperparameter by its NUL-terminated name. Any time; the state stays.
      import :: c_char, c_double, c_int, c_ptr
      type(c_ptr), value :: optimizer
      character(kind=c_char), intent(in) :: name(*)
      real(c_double), value :: value
    end function

    integer(c_int) function espalier_optimizer_get(optimizer, name, value) bind(c)
      !! Read a hyperparameter, or "rule", "steps", "rate".
      import :: c_char, c_double, c_int, c_ptr
      type(c_ptr), value :: optimizer
      character(kind=c_char), intent(in) :: name(*)
      real(c_double), intent(out) :: value
    end function

    integer(c_int) function espalier_optimizer_minimize_f32(optimizer, weights, gradient, count) bind(c)
      !! One step on the caller's own arrays; the state lives in the handle, sized at the first call.
      import :: c_float, c_int, c_int64_t, c_ptr
      type(c_ptr), value :: optimizer
      real(c_float), intent(inout) :: weights(*)
      real(c_float), intent(in) :: gradient(*)
      integer(c_int64_t), value :: count
    end function

    integer(c_int) function espalier_optimizer_minimize_f64(optimizer, weights, gradient, count) bind(c)
      !! The same in double precision.
      import :: c_double, c_int, c_int64_t, c_ptr
      type(c_ptr), value :: optimizer
      real(c_double), intent(inout) :: weights(*)
      real(c_double), intent(in) :: gradient(*)
      integer(c_int64_t), value :: count
    end function

    integer(c_int) function espalier_optimizer_reset(optimizer) bind(c)
      !! Forget state and step count; the hyperparameters stay.
      import :: c_int, c_ptr
      type(c_ptr), value :: optimizer
    end function

    integer(c_int) function espalier_topology_create(method, topology) bind(c)
      !! Make a topology method. `topology` must come in as `c_null_ptr`.
      import :: c_int, c_ptr
      integer(c_int), value :: method
      type(c_ptr), intent(inout) :: topology
    end function

    integer(c_int) function espalier_topology_destroy(topology) bind(c)
      !! Destroy it; networks that were given it are not affected. `c_null_ptr` is fine.
      import :: c_int, c_ptr
      type(c_ptr), value :: topology
    end function

    integer(c_int) function espalier_topology_set(topology, name, value) bind(c)
      !! Set an option by its NUL-terminated name.
      import :: c_char, c_double, c_int, c_ptr
      type(c_ptr), value :: topology
      character(kind=c_char), intent(in) :: name(*)
      real(c_double), value :: value
    end function

    integer(c_int) function espalier_topology_get(topology, name, value) bind(c)
      !! Read an option, or "method".
      import :: c_char, c_double, c_int, c_ptr
      type(c_ptr), value :: topology
      character(kind=c_char), intent(in) :: name(*)
      real(c_double), intent(out) :: value
    end function

  end interface
end module espalier_c_training
