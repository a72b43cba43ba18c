! The C functions as they are, through module espalier_c.
program plain_c
  use, intrinsic :: iso_c_binding
  use espalier_c
  use testing, only: check, check_close, done
  implicit none
  type(c_ptr) :: network, optimizer, topology, w_at, dw_at
  real(c_float), target :: w(64), dw(64), x(4, 8), y(2, 8), dx(4, 8)
  integer(c_int32_t) :: labels(8), rows(6), columns(6)
  integer(c_int64_t) :: count, row_start(4)
  real(c_double) :: loss, accuracy, value
  integer, target :: batches
  integer :: i
  network = c_null_ptr
  optimizer = c_null_ptr
  topology = c_null_ptr
  x = reshape([(sin(real(i, c_float)), i=1, 32)], [4, 8])
  labels = [(int(mod(i, 2), c_int32_t), i=1, 8)]
  call check(espalier_network_create(espalier_float32, 4_c_int64_t, 1_c_int64_t, network) == espalier_ok, "create")
  call check(espalier_network_create(espalier_float32, 4_c_int64_t, 1_c_int64_t, network) == espalier_error_invalid_argument, &
             "create into a live handle")
  call check(espalier_network_add_linear(network, 3_c_int64_t, 0.5_c_double, espalier_relu) == espalier_ok, "add_linear")
  call check(espalier_network_add_linear(network, 2_c_int64_t, 1.0_c_double, espalier_identity) == espalier_ok, "add_linear")
  call check(espalier_network_set_loss(network, espalier_softmax_cross_entropy) == espalier_ok, "set_loss")
  call check(espalier_optimizer_create(espalier_adam, optimizer) == espalier_ok, "optimizer_create")
  call check(espalier_optimizer_set(optimizer, "learning_rate" // c_null_char, 0.01_c_double) == espalier_ok, "optimizer_set")
  call check(espalier_network_set_optimizer(network, 0_c_int64_t, optimizer) == espalier_ok, "set_optimizer")
  call check(espalier_topology_create(espalier_rigl, topology) == espalier_ok, "topology_create")
  call check(espalier_topology_set(topology, "every" // c_null_char, 2.0_c_double) == espalier_ok, "topology_set")
  call check(espalier_topology_get(topology, "every" // c_null_char, value) == espalier_ok .and. nint(value) == 2, &
             "topology_get")
  call check(espalier_network_set_topology(network, 1_c_int64_t, topology) == espalier_ok, "set_topology")
  call check(espalier_network_build(network, 8_c_int64_t) == espalier_ok, "build")
  call check(espalier_network_parameter_count(network, count) == espalier_ok .and. count == 6 + 3 + 6 + 2, "parameter_count")
  call check(espalier_network_bind_f32(network, w, dw, count) == espalier_ok, "bind")
  call check(espalier_network_parameters_f32(network, w_at, dw_at, count) == espalier_ok, "parameters")
  call check(c_associated(w_at, c_loc(w)) .and. c_associated(dw_at, c_loc(dw)), "where they are")
  call check(espalier_network_train_step_labels_f32(network, x, labels, 8_c_int64_t, loss) == espalier_ok, "train_step_labels")
  call check(espalier_network_forward_f32(network, x, 8_c_int64_t, y) == espalier_ok, "forward")
  y = 0
  call check(espalier_network_backward_f32(network, y, 8_c_int64_t) == espalier_ok, "backward without dx")
  call check(espalier_network_forward_f32(network, x, 8_c_int64_t, y) == espalier_ok, "forward")
  call check(espalier_network_backward_f32(network, 0 * y, 8_c_int64_t, dx) == espalier_ok, "backward with dx")
  call check(maxval(abs(dx)) <= 0, "dx of a zero derivative")
  call check(espalier_network_update(network) == espalier_ok, "update")
  call check(espalier_network_evolve(network) == espalier_ok, "evolve")
  batches = 0
  call check(espalier_network_train_epoch_labels_f32(network, x, labels, 8_c_int64_t, 2_c_int64_t, 1, c_funloc(count_batches), &
                                                     c_loc(batches), loss) == espalier_ok, "train_epoch_labels")
  call check(batches == 4, "progress is told after every batch")
  call check(espalier_network_evaluate_labels_f32(network, x, labels, 8_c_int64_t, accuracy=accuracy) == espalier_ok, &
                     "evaluate_labels without loss")
  call check(accuracy >= 0 .and. accuracy <= 1, "accuracy")
  call check(espalier_layer_pattern(network, 1_c_int64_t, 1, 6_c_int64_t, row_start, rows, columns, count) == espalier_ok, &
             "layer_pattern")
  call check(count == 6 .and. row_start(4) == 7 .and. maxval(columns) <= 4 .and. minval(rows) >= 1, "the pattern")
  call check(espalier_network_destroy(network) == espalier_ok, "destroy")
  call check(espalier_network_destroy(network) == espalier_error_invalid_handle, "destroy twice")
  call check(espalier_network_destroy(c_null_ptr) == espalier_ok, "destroy NULL")
  call check(espalier_optimizer_destroy(optimizer) == espalier_ok, "destroy the optimizer")
  call check(espalier_topology_destroy(topology) == espalier_ok, "destroy the topology")
  call check_close(real(espalier_error_stopped, c_double), 13.0_c_double, 0.0_c_double, "fixed values")
  call done("plain_c")

contains

  integer(c_int) function count_batches(user, done, samples, loss) bind(c)
    type(c_ptr), value :: user
    integer(c_int64_t), value :: done, samples
    real(c_double), value :: loss
    integer, pointer :: counter
    call c_f_pointer(user, counter)
    counter = counter + 1
    count_batches = merge(0, 1, done <= samples .and. loss >= 0)
  end function

end program plain_c
