!> What is told after every epoch. Callbacks that are module procedures need no executable stack.
module callbacks
  use, intrinsic :: iso_fortran_env, only: real64
  use testing, only: check
  implicit none
  private
  public :: impatient, listen, told, told_accuracy, told_loss, told_validation_loss

  integer :: told = 0
  real(real64) :: told_loss, told_validation_loss, told_accuracy

contains

  subroutine listen(epoch, loss, validation_loss, validation_accuracy, stop)
    integer, intent(in) :: epoch
    real(real64), intent(in) :: loss, validation_loss, validation_accuracy
    logical, intent(inout) :: stop
    call check(epoch == told + 1 .and. .not. stop, "epochs are told in order")
    told = epoch
    told_loss = loss
    told_validation_loss = validation_loss
    told_accuracy = validation_accuracy
  end subroutine

  subroutine impatient(epoch, loss, validation_loss, validation_accuracy, stop)
    integer, intent(in) :: epoch
    real(real64), intent(in) :: loss, validation_loss, validation_accuracy
    logical, intent(inout) :: stop
    told = epoch
    told_loss = loss
    told_validation_loss = validation_loss
    told_accuracy = validation_accuracy
    stop = epoch == 3
  end subroutine

end module callbacks

! What is done with arrays: sections, pointers into the network, derivatives by hand, epochs with validation and callback.
program arrays
  use, intrinsic :: ieee_arithmetic, only: ieee_is_nan
  use, intrinsic :: iso_fortran_env, only: real32, real64
  use callbacks
  use espalier
  use testing, only: check, check_close, done, points, same_bits
  implicit none
  call sections_f32
  call pointers_f32
  call derivatives_f32
  call epochs_f32
  call sections_f64
  call pointers_f64
  call derivatives_f64
  call epochs_f64
  call done("arrays")

contains

  subroutine plant_f32(net)
    !! 8-12-3, sparse, with Adam below and SGD above, RigL every 3 steps.
    type(network), intent(inout) :: net
    net = network([input(8), linear(12, density=0.4, activation="tanh"), linear(3)], loss="softmax_cross_entropy", seed=9, &
                  precision=real32, max_batch=16)
    call net%set_optimizer(adam(learning_rate=0.01))
    call net%set_optimizer(sgd(learning_rate=0.1, momentum=0.9), layer=2)
    call net%set_topology(rigl(every=3, drop_fraction=0.3))
  end subroutine

  subroutine sections_f32
    !! Arguments that are not contiguous give what their copies give.
    type(network) :: net
    real(real32) :: wide(16, 20), y(6, 10), z(3, 10), x(8, 10)
    integer :: labels(20), i
    real(real64) :: loss, expected
    call points(wide)
    labels = [(mod(i, 3), i=1, 20)]
    call plant_f32(net)
    x = wide(1:16:2, 2:20:2)
    call net%predict(x, z)
    y = -1
    call net%predict(wide(1:16:2, 2:20:2), y(2:6:2, :))
    call check(same_bits(reshape(y(2:6:2, :), [30]), reshape(z, [30])), "predict into a section")
    call check(maxval(abs(y(1:5:2, :) + 1)) <= 0, "and nothing beside it")
    call net%evaluate(x, labels(2:20:2), expected)
    call net%evaluate(wide(1:16:2, 2:20:2), labels(2:20:2), loss)
    call check_close(loss, expected, 0.0_real64, "evaluate sections")
    call net%train_step(wide(1:16:2, 2:20:2), labels(2:20:2), loss)
    call check_close(loss, expected, 1e-6_real64, "train on sections")
  end subroutine

  subroutine pointers_f32
    !! A layer's part, to read and to set.
    type(network) :: net
    real(real32), pointer, contiguous :: weights(:), bias(:), weight_gradients(:), bias_gradients(:), w(:), dw(:)
    real(real32) :: x(2, 1), y(1, 1)
    net = network([input(2), linear(3, bias=.false.), linear(1)], precision=real32)
    call net%layer_parameters(1, weights, bias, weight_gradients, bias_gradients)
    call check(size(weights) == 6 .and. size(bias) == 0 .and. size(weight_gradients) == 6 .and. size(bias_gradients) == 0, &
               "a layer without bias")
    weights = 1
    call net%layer_parameters(2, weights, bias)
    weights = [1, 2, 3]
    bias = 0.5
    x = reshape([2, 3], [2, 1])
    call net%predict(x, y)
    call check_close(real(y(1, 1), real64), 30.5_real64, 1e-6_real64, "weights that were set")
    call net%parameters(w, dw)
    call check(size(w) == 10 .and. size(dw) == 10, "all parameters")
    call check(same_bits(w(7:9), weights), "a layer's part is a part of all")
  end subroutine

  subroutine derivatives_f32
    !! backward against a loss by hand: y = W x + b, L = sum(y).
    type(network) :: net
    real(real32), allocatable, target :: w(:), dw(:)
    real(real32) :: x(2, 3), y(1, 3), ones(1, 3), dx(2, 3)
    net = network([input(2), linear(1)], precision=real32)
    allocate (w(3), dw(3))
    call net%bind(w, dw)
    w = [2, 3, 1]
    x = reshape([1, 2, 3, 4, 5, 6], [2, 3])
    ones = 1
    call net%forward(x, y)
    call check(same_bits(y(1, :), real([9, 19, 29], real32)), "forward by hand")
    call net%backward(ones, dx)
    call check(same_bits(dw, real([9, 12, 3], real32)), "gradients by hand")
    call check(same_bits(dx(1, :), real([2, 2, 2], real32)) .and. same_bits(dx(2, :), real([3, 3, 3], real32)), "dx by hand")
    call net%forward(x, y)
    call net%backward(2 * ones)
    call check(same_bits(dw, real([18, 24, 6], real32)), "gradients without dx")
    call net%set_optimizer(sgd(learning_rate=0.5))
    call net%update()
    call check(same_bits(w, real([-7, -9, -2], real32)), "an update by hand")
  end subroutine

  subroutine epochs_f32
    type(network) :: net
    real(real32) :: x(8, 100), y(3, 100)
    integer :: labels(100), i
    real(real64) :: loss, first
    call points(x)
    labels = [(merge(1, 0, x(1, i) > 0) + merge(1, 0, x(2, i) > 0), i=1, 100)]
    call plant_f32(net)
    call net%train(x, labels, 16, 1, loss=first)
    told = 0
    call net%train(x, labels, 16, 30, validation_x=x, validation_y=labels, callback=listen, loss=loss)
    call check(told == 30 .and. loss < first, "thirty epochs")
    call check_close(told_loss, loss, 0.0_real64, "the callback hears the loss")
    call check_close(told_accuracy, net%accuracy(x, labels), 0.0_real64, "and the accuracy")
    call check(told_accuracy > 0.8_real64, "which is good")
    call net%train(x, labels, batch_size=7, epochs=10, shuffle=.false., callback=impatient)
    call check(told == 3, "a callback stops the training")
    call check(ieee_is_nan(told_validation_loss), "no validation set, no number")
    net = network([input(8), linear(12, density=0.5, activation="relu"), linear(3)], precision=real32, seed=1)
    call net%set_optimizer(adam(learning_rate=0.01))
    y = x(1:3, :)
    told = 0
    call net%train(x, y, 10, 20, validation_x=x(:, 1:10), validation_y=y(:, 1:10), callback=listen, loss=loss)
    call check(told == 20 .and. loss < 0.05_real64, "targets")
    call check(ieee_is_nan(told_accuracy) .and. told_validation_loss < 0.05_real64, "validation of targets")
    call net%train(x, y, 10, 0)
    call net%evaluate(x, y, loss)
    call check(loss < 0.05_real64, "evaluate targets")
  end subroutine

  subroutine plant_f64(net)
    !! 8-12-3, sparse, with Adam below and SGD above, RigL every 3 steps.
    type(network), intent(inout) :: net
    net = network([input(8), linear(12, density=0.4, activation="tanh"), linear(3)], loss="softmax_cross_entropy", seed=9, &
                  precision=real64, max_batch=16)
    call net%set_optimizer(adam(learning_rate=0.01))
    call net%set_optimizer(sgd(learning_rate=0.1, momentum=0.9), layer=2)
    call net%set_topology(rigl(every=3, drop_fraction=0.3))
  end subroutine

  subroutine sections_f64
    !! Arguments that are not contiguous give what their copies give.
    type(network) :: net
    real(real64) :: wide(16, 20), y(6, 10), z(3, 10), x(8, 10)
    integer :: labels(20), i
    real(real64) :: loss, expected
    call points(wide)
    labels = [(mod(i, 3), i=1, 20)]
    call plant_f64(net)
    x = wide(1:16:2, 2:20:2)
    call net%predict(x, z)
    y = -1
    call net%predict(wide(1:16:2, 2:20:2), y(2:6:2, :))
    call check(same_bits(reshape(y(2:6:2, :), [30]), reshape(z, [30])), "predict into a section")
    call check(maxval(abs(y(1:5:2, :) + 1)) <= 0, "and nothing beside it")
    call net%evaluate(x, labels(2:20:2), expected)
    call net%evaluate(wide(1:16:2, 2:20:2), labels(2:20:2), loss)
    call check_close(loss, expected, 0.0_real64, "evaluate sections")
    call net%train_step(wide(1:16:2, 2:20:2), labels(2:20:2), loss)
    call check_close(loss, expected, 1e-6_real64, "train on sections")
  end subroutine

  subroutine pointers_f64
    !! A layer's part, to read and to set.
    type(network) :: net
    real(real64), pointer, contiguous :: weights(:), bias(:), weight_gradients(:), bias_gradients(:), w(:), dw(:)
    real(real64) :: x(2, 1), y(1, 1)
    net = network([input(2), linear(3, bias=.false.), linear(1)], precision=real64)
    call net%layer_parameters(1, weights, bias, weight_gradients, bias_gradients)
    call check(size(weights) == 6 .and. size(bias) == 0 .and. size(weight_gradients) == 6 .and. size(bias_gradients) == 0, &
               "a layer without bias")
    weights = 1
    call net%layer_parameters(2, weights, bias)
    weights = [1, 2, 3]
    bias = 0.5
    x = reshape([2, 3], [2, 1])
    call net%predict(x, y)
    call check_close(real(y(1, 1), real64), 30.5_real64, 1e-6_real64, "weights that were set")
    call net%parameters(w, dw)
    call check(size(w) == 10 .and. size(dw) == 10, "all parameters")
    call check(same_bits(w(7:9), weights), "a layer's part is a part of all")
  end subroutine

  subroutine derivatives_f64
    !! backward against a loss by hand: y = W x + b, L = sum(y).
    type(network) :: net
    real(real64), allocatable, target :: w(:), dw(:)
    real(real64) :: x(2, 3), y(1, 3), ones(1, 3), dx(2, 3)
    net = network([input(2), linear(1)], precision=real64)
    allocate (w(3), dw(3))
    call net%bind(w, dw)
    w = [2, 3, 1]
    x = reshape([1, 2, 3, 4, 5, 6], [2, 3])
    ones = 1
    call net%forward(x, y)
    call check(same_bits(y(1, :), real([9, 19, 29], real64)), "forward by hand")
    call net%backward(ones, dx)
    call check(same_bits(dw, real([9, 12, 3], real64)), "gradients by hand")
    call check(same_bits(dx(1, :), real([2, 2, 2], real64)) .and. same_bits(dx(2, :), real([3, 3, 3], real64)), "dx by hand")
    call net%forward(x, y)
    call net%backward(2 * ones)
    call check(same_bits(dw, real([18, 24, 6], real64)), "gradients without dx")
    call net%set_optimizer(sgd(learning_rate=0.5))
    call net%update()
    call check(same_bits(w, real([-7, -9, -2], real64)), "an update by hand")
  end subroutine

  subroutine epochs_f64
    type(network) :: net
    real(real64) :: x(8, 100), y(3, 100)
    integer :: labels(100), i
    real(real64) :: loss, first
    call points(x)
    labels = [(merge(1, 0, x(1, i) > 0) + merge(1, 0, x(2, i) > 0), i=1, 100)]
    call plant_f64(net)
    call net%train(x, labels, 16, 1, loss=first)
    told = 0
    call net%train(x, labels, 16, 30, validation_x=x, validation_y=labels, callback=listen, loss=loss)
    call check(told == 30 .and. loss < first, "thirty epochs")
    call check_close(told_loss, loss, 0.0_real64, "the callback hears the loss")
    call check_close(told_accuracy, net%accuracy(x, labels), 0.0_real64, "and the accuracy")
    call check(told_accuracy > 0.8_real64, "which is good")
    call net%train(x, labels, batch_size=7, epochs=10, shuffle=.false., callback=impatient)
    call check(told == 3, "a callback stops the training")
    call check(ieee_is_nan(told_validation_loss), "no validation set, no number")
    net = network([input(8), linear(12, density=0.5, activation="relu"), linear(3)], precision=real64, seed=1)
    call net%set_optimizer(adam(learning_rate=0.01))
    y = x(1:3, :)
    told = 0
    call net%train(x, y, 10, 20, validation_x=x(:, 1:10), validation_y=y(:, 1:10), callback=listen, loss=loss)
    call check(told == 20 .and. loss < 0.05_real64, "targets")
    call check(ieee_is_nan(told_accuracy) .and. told_validation_loss < 0.05_real64, "validation of targets")
    call net%train(x, y, 10, 0)
    call net%evaluate(x, y, loss)
    call check(loss < 0.05_real64, "evaluate targets")
  end subroutine

end program arrays
