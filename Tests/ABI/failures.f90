! Every failure that a Fortran caller can cause: a status, a message that names argument and value, nothing changed.
program failures
  use, intrinsic :: ieee_arithmetic, only: ieee_quiet_nan, ieee_value
  use, intrinsic :: iso_fortran_env, only: int32, int64, real32, real64
  use espalier
  use testing, only: check, check_failure, check_ok, done, points, same_bits
  implicit none
  integer :: stat = -1
  character(300) :: errmsg = ""
  call constructors
  call patterns
  call shapes
  call values
  call order
  call settings
  call binding
  call done("failures")

contains

  subroutine refused(layers, status, fragment)
    type(layer), intent(in) :: layers(:)
    integer, intent(in) :: status
    character(*), intent(in) :: fragment
    type(network) :: net
    net = network(layers, stat=stat, errmsg=errmsg)
    call check_failure(stat, errmsg, status, fragment)
    call check(.not. net%is_alive(), "no network after: " // fragment)
  end subroutine

  subroutine constructors
    type(network) :: net
    integer, parameter :: invalid = espalier_error_invalid_argument
    call refused([input(3)], invalid, "layers must be input() and at least one layer, got 1 entries")
    call refused([linear(3), linear(2)], invalid, "layers must begin with input()")
    call refused([input(3), linear(2), input(3)], espalier_error_invalid_state, "no layer takes the outputs of linear layer 1")
    call refused([input(0), linear(2)], invalid, "0")
    call refused([input(3), linear(-2)], invalid, "-2")
    call refused([input(3), linear(2, density=1.7)], invalid, "1.7")
    call refused([input(3), linear(2, density=0.0_real64)], invalid, "density")
    call refused([input(3), linear(2, density="half")], invalid, "layer 1: density must be a number")
    call refused([input(3), linear(2, negative_slope=-0.1)], invalid, "negative_slope")
    call refused([input(3), dropout(1.0), linear(2)], invalid, "probability")
    call refused([input(3), linear(2, activation="swish")], espalier_error_unknown_name, &
                 'layer 1: activation "swish" is not one of identity, relu')
    call refused([input(3), linear(2, initializer="magic")], espalier_error_unknown_name, "one of he_uniform")
    net = network([input(3), linear(2)], loss="none", stat=stat, errmsg=errmsg)
    call check_failure(stat, errmsg, espalier_error_unknown_name, "one of mean_squared_error")
    net = network([input(3), linear(2)], max_batch=0, stat=stat, errmsg=errmsg)
    call check_failure(stat, errmsg, invalid, "max_batch")
    net = network([input(3), linear(2)], precision=2, stat=stat, errmsg=errmsg)
    call check_failure(stat, errmsg, invalid, "precision must be real32 or real64, got kind 2")
    net = network([input(3), linear(2)], distribution="uniform", stat=stat, errmsg=errmsg)
    call check_failure(stat, errmsg, invalid, "a distribution needs a density")
    net = network([input(3), linear(2)], distribution="even", density=0.5, stat=stat, errmsg=errmsg)
    call check_failure(stat, errmsg, espalier_error_unknown_name, "one of uniform")
    net = network([input(3), linear(2)], density=-0.5, stat=stat, errmsg=errmsg)
    call check_failure(stat, errmsg, invalid, "-0.5")
    net = network([input(3), linear(2)], density=.true., stat=stat, errmsg=errmsg)
    call check_failure(stat, errmsg, invalid, "density must be a real number")
    net = network([input(3), linear(2)], density=ieee_value(1.0, ieee_quiet_nan), stat=stat, errmsg=errmsg)
    call check_failure(stat, errmsg, invalid, "nan")
    net = network([input(3), linear(2)], threads=-1, stat=stat, errmsg=errmsg)
    call check_failure(stat, errmsg, invalid, "threads")
  end subroutine

  subroutine patterns
    integer(int32), target :: rows(3) = [1, 2, 2], columns(3) = [1, 2, 3], short(2) = [1, 2], far(3) = [1, 2, 9]
    integer(int32), target :: twice(3) = [1, 2, 2]
    integer(int64), target :: row_start(3) = [1, 2, 4], too_far(3) = [1, 2, 40], of_one(2) = [1, 4]
    real(real32), target :: values(2) = 1
    real(real64), target :: wide(3) = 1
    integer, parameter :: invalid = espalier_error_invalid_argument
    call refused([input(3), linear(2, rows=rows)], invalid, "layer 1: a pattern needs columns")
    call refused([input(3), linear(2, columns=columns)], invalid, "either rows or row_start")
    call refused([input(3), linear(2, columns=columns, rows=rows, row_start=row_start)], invalid, "either rows or row_start")
    call refused([input(3), linear(2, rows=short, columns=columns)], invalid, "size(rows) must be 3 (size(columns)), got 2")
    call refused([input(3), linear(2, rows=rows, columns=columns, values=values)], invalid, "size(values) must be 3")
    call refused([input(3), linear(2, rows=rows, columns=columns, values=wide)], espalier_error_precision, "values must have")
    call refused([input(3), linear(2, rows=rows, columns=far)], invalid, "9")
    call refused([input(3), linear(2, rows=twice, columns=twice)], invalid, "")
    call refused([input(3), linear(2, rows=rows, columns=columns, base=2)], invalid, "base")
    call refused([input(3), linear(2, row_start=too_far, columns=columns)], invalid, "last row_start - base must be 3")
    call refused([input(3), linear(2, row_start=of_one, columns=columns)], invalid, "size(row_start) must be 3 (units + 1)")
  end subroutine

  subroutine shapes
    type(network) :: net
    real(real32) :: x(3, 4), y(2, 4), narrow(2, 4), few(2, 3), dx(3, 4)
    real(real64) :: loss, wide_x(3, 4), wide_y(2, 4)
    integer :: labels(4), more_labels(5)
    integer, parameter :: invalid = espalier_error_invalid_argument
    call points(x)
    call points(y)
    wide_x = x
    wide_y = y
    narrow = 0
    few = 0
    labels = [0, 1, 0, 1]
    more_labels = 0
    net = network([input(3), linear(2)], loss="softmax_cross_entropy", max_batch=4)
    call net%set_optimizer(sgd())
    call net%train_step(narrow, labels, loss, stat, errmsg)
    call check_failure(stat, errmsg, invalid, "train_step: x must be (3, samples), got (2, 4)")
    call net%train_step(x, more_labels, loss, stat, errmsg)
    call check_failure(stat, errmsg, invalid, "train_step: labels must have as many samples as x, 4, got 5: (5) for (3, 4)")
    call net%train_step(x, x, loss, stat, errmsg)
    call check_failure(stat, errmsg, invalid, "train_step: target must be (2, samples), got (3, 4)")
    call net%train_step(x, few, loss, stat, errmsg)
    call check_failure(stat, errmsg, invalid, "train_step: target must have as many samples as x, 4, got 3: (2, 3) for (3, 4)")
    call net%train_step(x(:, 1:0), labels(1:0), loss, stat, errmsg)
    call check_failure(stat, errmsg, invalid, "batch")
    call net%train_step(reshape([x, x], [3, 8]), [labels, labels], loss, stat, errmsg)
    call check_failure(stat, errmsg, espalier_error_batch_too_large, "8")
    call net%train_step(wide_x, labels, loss, stat, errmsg)
    call check_failure(stat, errmsg, espalier_error_precision, "")
    call net%train_step(wide_x, wide_y, loss, stat, errmsg)
    call check_failure(stat, errmsg, espalier_error_precision, "")
    call net%forward(x, few, stat, errmsg)
    call check_failure(stat, errmsg, invalid, "forward: y must have as many samples as x, 4, got 3: (2, 3) for (3, 4)")
    call net%forward(x, y)
    call net%backward(x, stat=stat, errmsg=errmsg)
    call check_failure(stat, errmsg, invalid, "backward: dloss_dy must be (2, samples), got (3, 4)")
    call net%backward(y, y, stat, errmsg)
    call check_failure(stat, errmsg, invalid, "backward: dx must be (3, samples), got (2, 4)")
    call net%backward(few, dx, stat, errmsg)
    call check_failure(stat, errmsg, invalid, "backward: dloss_dy must have as many samples as dx, 4, got 3: (2, 3) for (3, 4)")
    call net%backward(few, stat=stat, errmsg=errmsg)
    call check_failure(stat, errmsg, invalid, "3")
    call net%predict(x, narrow(:1, :), stat, errmsg)
    call check_failure(stat, errmsg, invalid, "predict: y must be (2, samples), got (1, 4)")
    call net%evaluate(x, few, loss, stat, errmsg)
    call check_failure(stat, errmsg, invalid, "evaluate: target must have as many samples as x")
    call net%evaluate(x, more_labels, loss, stat=stat, errmsg=errmsg)
    call check_failure(stat, errmsg, invalid, "evaluate: labels must have as many samples as x")
    call check(net%accuracy(x, more_labels, stat, errmsg) <= 0, "accuracy after a failure")
    call check_failure(stat, errmsg, invalid, "accuracy: labels must have as many samples as x")
    call net%train(x, more_labels, 2, 1, stat=stat, errmsg=errmsg)
    call check_failure(stat, errmsg, invalid, "train: labels must have as many samples as x")
    call net%train(x, labels, 0, 1, stat=stat, errmsg=errmsg)
    call check_failure(stat, errmsg, invalid, "batch")
    call net%train(x, labels, 2, -1, stat=stat, errmsg=errmsg)
    call check_failure(stat, errmsg, invalid, "epochs must be >= 0, got -1")
    call net%train(x, labels, 2, 1, validation_x=x, stat=stat, errmsg=errmsg)
    call check_failure(stat, errmsg, invalid, "validation_x and validation_y go together")
    call net%train(x, labels, 2, 1, validation_x=x, validation_y=more_labels, stat=stat, errmsg=errmsg)
    call check_failure(stat, errmsg, invalid, "validation_y must have as many samples as validation_x, 4, got 5")
  end subroutine

  subroutine values
    type(network) :: net
    real(real32) :: x(3, 4), y(2, 4)
    real(real32), pointer, contiguous :: w(:)
    real(real32), allocatable :: before(:)
    real(real64) :: loss
    integer :: labels(4) = [0, 1, 0, 1]
    call points(x)
    y = 0
    net = network([input(3), linear(2)], loss="softmax_cross_entropy")
    call net%set_optimizer(sgd(learning_rate=0.1, momentum=0.9))
    call net%parameters(w)
    before = w
    labels(3) = 2
    call net%train_step(x, labels, loss, stat, errmsg)
    call check_failure(stat, errmsg, espalier_error_invalid_argument, "2")
    labels(3) = -1
    call net%evaluate(x, labels, loss, stat=stat, errmsg=errmsg)
    call check_failure(stat, errmsg, espalier_error_invalid_argument, "-1")
    labels(3) = 0
    x(2, 3) = ieee_value(x(2, 3), ieee_quiet_nan)
    call net%train_step(x, labels, loss, stat, errmsg)
    call check_failure(stat, errmsg, espalier_error_non_finite, "")
    call net%train_step(x, y, loss, stat, errmsg)
    call check_failure(stat, errmsg, espalier_error_non_finite, "")
    call net%train(x, labels, 4, 1, stat=stat, errmsg=errmsg)
    call check_failure(stat, errmsg, espalier_error_non_finite, "")
    call check(same_bits(w, before), "no weight has changed")
  end subroutine

  subroutine order
    type(network) :: net, none
    real(real32) :: x(3, 4), y(2, 4)
    real(real64) :: loss
    integer(int32), allocatable :: columns(:)
    integer :: labels(4) = 0
    x = 0
    y = 0
    net = network([input(3), linear(2)])
    call net%backward(y, stat=stat, errmsg=errmsg)
    call check_failure(stat, errmsg, espalier_error_invalid_state, "")
    call net%update(stat, errmsg)
    call check_failure(stat, errmsg, espalier_error_invalid_state, "optimizer")
    call net%train_step(x, y, loss, stat, errmsg)
    call check_failure(stat, errmsg, espalier_error_invalid_state, "optimizer")
    call net%evaluate(x, labels, loss, stat=stat, errmsg=errmsg)
    call check(stat /= espalier_ok, "labels for a mean squared error")
    call net%evolve(layer=1, stat=stat, errmsg=errmsg)
    call check_failure(stat, errmsg, espalier_error_invalid_argument, "layer needs a drop_fraction")
    call net%evolve(layer=1, drop_fraction=0.5, stat=stat, errmsg=errmsg)
    call check(stat /= espalier_ok, "a dense layer cannot evolve")
    call net%evolve(drop_fraction=.true., stat=stat, errmsg=errmsg)
    call check_failure(stat, errmsg, espalier_error_invalid_argument, "drop_fraction must be a real number")
    call net%layer_pattern(9, columns=columns, stat=stat, errmsg=errmsg)
    call check_failure(stat, errmsg, espalier_error_invalid_argument, "9")
    call check(.not. allocated(columns), "no pattern")
    call none%train_step(x, y, loss, stat, errmsg)
    call check_failure(stat, errmsg, espalier_error_invalid_handle, "train_step: the network is not constructed")
    call none%evolve(stat=stat, errmsg=errmsg)
    call check_failure(stat, errmsg, espalier_error_invalid_handle, "evolve")
    call none%backward(y, stat=stat, errmsg=errmsg)
    call check_failure(stat, errmsg, espalier_error_invalid_handle, "backward")
    call none%set_optimizer(sgd(), stat=stat, errmsg=errmsg)
    call check_failure(stat, errmsg, espalier_error_invalid_handle, "set_optimizer")
    call none%print_info(stat=stat, errmsg=errmsg)
    call check_failure(stat, errmsg, espalier_error_invalid_handle, "print_info")
    call check(none%parameter_count(stat, errmsg) == 0, "no parameters")
    call check_failure(stat, errmsg, espalier_error_invalid_handle, "parameter_count")
    call check(none%connections(stat=stat, errmsg=errmsg) == 0, "no connections")
    call check_failure(stat, errmsg, espalier_error_invalid_handle, "option")
  end subroutine

  subroutine settings
    type(network) :: net
    type(optimizer) :: unset
    type(topology) :: method
    real(real64) :: value
    integer, parameter :: invalid = espalier_error_invalid_argument
    net = network([input(3), linear(4, density=0.5), linear(2)])
    call net%set_optimizer(unset, stat=stat, errmsg=errmsg)
    call check_failure(stat, errmsg, espalier_error_invalid_state, "optimizer: not set")
    call net%set_optimizer(sgd(learning_rate=-1.0), stat=stat, errmsg=errmsg)
    call check_failure(stat, errmsg, invalid, "learning_rate")
    call net%set_optimizer(adam(), layer=3, stat=stat, errmsg=errmsg)
    call check_failure(stat, errmsg, invalid, "3")
    call net%set_topology(rigl(every=0), stat=stat, errmsg=errmsg)
    call check_failure(stat, errmsg, invalid, "every")
    call net%set_topology(set(drop_fraction=1.5), stat=stat, errmsg=errmsg)
    call check_failure(stat, errmsg, invalid, "1.5")
    call net%set_topology(set(drop_fraction="all"), stat=stat, errmsg=errmsg)
    call check_failure(stat, errmsg, invalid, "drop_fraction must be a real")
    call net%set_topology(rigl(minimum_drop_fraction=-0.5), stat=stat, errmsg=errmsg)
    call check_failure(stat, errmsg, invalid, "minimum_drop_fraction")
    call net%set_topology(rigl(decay="fast"), stat=stat, errmsg=errmsg)
    call check_failure(stat, errmsg, espalier_error_unknown_name, 'decay "fast" is not one of constant, cosine')
    ! As a real64 this is 2**63, which no int64 holds.
    method = gradual(final_density=0.25, density_end=1000)
    call method%set("density_begin", huge(1_int64))
    call net%set_topology(method, stat=stat, errmsg=errmsg)
    call check_failure(stat, errmsg, invalid, "density_begin must be a whole number >= 0 and below 2^63")
    call net%set_topology(rigl(), layer=2, stat=stat, errmsg=errmsg)
    call check_failure(stat, errmsg, invalid, "dense")
    call net%set_option("wings", 2, stat, errmsg)
    call check_failure(stat, errmsg, espalier_error_unknown_name, "wings")
    call net%set_option("accumulate", 0, stat, errmsg)
    call check_failure(stat, errmsg, invalid, "accumulate")
    call net%set_option("clip_norm", "much", stat, errmsg)
    call check_failure(stat, errmsg, invalid, "clip_norm must be a real or an integer")
    value = net%option("wings", stat, errmsg)
    call check_failure(stat, errmsg, espalier_error_unknown_name, "wings")
    call net%set_layer_option(1, "bias", 0, stat, errmsg)
    call check_failure(stat, errmsg, espalier_error_invalid_state, "bias")
    call net%set_layer_option(7, "negative_slope", 0.1, stat, errmsg)
    call check_failure(stat, errmsg, invalid, "7")
    value = net%layer_option(1, "wings", stat, errmsg)
    call check_failure(stat, errmsg, espalier_error_unknown_name, "wings")
    net = network([input(3), linear(4, density=0.5), linear(2)])
    call net%set_optimizer_option("learning_rate", 0.1, stat=stat, errmsg=errmsg)
    call check_failure(stat, errmsg, espalier_error_invalid_state, "no optimizer")
    value = net%optimizer_option(1, "learning_rate", stat, errmsg)
    call check_failure(stat, errmsg, espalier_error_invalid_state, "no optimizer")
    call net%set_optimizer(sgd())
    call net%set_optimizer_option("beta1", 0.1, stat=stat, errmsg=errmsg)
    call check_failure(stat, errmsg, espalier_error_unknown_name, "beta1")
    call net%set_loss("none", stat, errmsg)
    call check_failure(stat, errmsg, espalier_error_unknown_name, "loss")
    call net%set_threads(2000, stat, errmsg)
    call check_failure(stat, errmsg, invalid, "2000")
  end subroutine

  subroutine binding
    type(network) :: net
    real(real32), target :: w(20), dw(20), small(3)
    real(real64), target :: wide(20), wide_dw(20)
    real(real64), pointer, contiguous :: pointer_f64(:)
    net = network([input(3), linear(2)])
    w = 0
    dw = 0
    small = 0
    wide = 0
    wide_dw = 0
    call net%bind(small, small, stat, errmsg)
    call check(stat /= espalier_ok, "one array for both, and too small")
    call net%bind(small, dw(:3), stat, errmsg)
    call check_failure(stat, errmsg, espalier_error_buffer_too_small, "3")
    call net%bind(w, dw(:10), stat, errmsg)
    call check_failure(stat, errmsg, espalier_error_invalid_argument, "bind: size(dw) must be 20 (size(w)), got 10")
    call net%bind(w(::2), dw(::2), stat, errmsg)
    call check_failure(stat, errmsg, espalier_error_invalid_argument, "bind: w and dw must be contiguous")
    call net%bind(w, w, stat, errmsg)
    call check(stat /= espalier_ok, "w and dw overlap")
    call net%bind(wide, wide_dw, stat, errmsg)
    call check_failure(stat, errmsg, espalier_error_precision, "")
    call net%parameters(pointer_f64, stat=stat, errmsg=errmsg)
    call check_failure(stat, errmsg, espalier_error_precision, "")
    call check(.not. associated(pointer_f64), "no pointer")
    call net%layer_parameters(1, pointer_f64, stat=stat, errmsg=errmsg)
    call check_failure(stat, errmsg, espalier_error_precision, "")
    call net%unbind(stat, errmsg)
    call check_ok(stat, errmsg, "unbind when not bound")
  end subroutine

end program failures
