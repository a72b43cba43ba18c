! Arrays of samples of every rank that means the same: fields, flat ones, one sample alone, without a channel that is one.
program samples
  use, intrinsic :: iso_fortran_env, only: int32, real32, real64
  use espalier
  use testing, only: check, check_close, check_failure, done, same_bits
  implicit none
  integer, parameter :: w = 4, h = 3, c = 2, batch = 5
  call fields_f64
  call fields_f32
  call phases
  call classes
  call one_channel
  call other_dimensions
  call vectors
  call sections
  call others
  call failures
  call done("samples")

contains

  subroutine fill(x)
    real(real64), intent(out) :: x(:)
    integer :: i
    x = [(sin(12.9898_real64 * i), i = 1, size(x))]
  end subroutine

  subroutine fields_f64
    !! predict: a field, flat, one sample after the other, and both ways for the outputs.
    type(network) :: net
    real(real64) :: x(w, h, c, batch), y(w, h, 3, batch), z(w, h, 3, batch), all_x(w * h * c * batch), flat_y(w * h * 3, batch)
    integer :: i
    call fill(all_x)
    x = reshape(all_x, shape(x))
    net = network([input([w, h, c]), convolution(3, [3, 3], padding=[1, 1], activation="tanh")], precision=real64)
    call net%predict(reshape(x, [w * h * c, batch]), flat_y)
    call net%predict(x, z)
    call check(same_bits(reshape(z, [size(z)]), reshape(flat_y, [size(z)])), "fields are what flat arrays are")
    call check(maxval(abs(z)) > 0.1_real64, "which are not 0")
    y = 0
    do i = 1, batch
      call net%predict(x(:, :, :, i), y(:, :, :, i))
    end do
    call check_close(maxval(abs(y - z)), 0.0_real64, 1e-14_real64, "one sample alone")
    y = 0
    do i = 1, batch
      call net%predict(all_x(1 + (i - 1) * w * h * c:i * w * h * c), y(:, :, :, i:i))
    end do
    call check_close(maxval(abs(y - z)), 0.0_real64, 1e-14_real64, "one flat sample alone")
    flat_y = 0
    call net%predict(x, flat_y)
    call check(same_bits(reshape(z, [size(z)]), reshape(flat_y, [size(z)])), "a field and flat outputs")
    call net%destroy()
  end subroutine

  subroutine fields_f32
    !! Whole steps and epochs with fields and with flat arrays are the same bits.
    type(network) :: a, b
    real(real32) :: x(w, h, c, batch), y(w, h, 3, batch), flat_x(w * h * c, batch), flat_y(w * h * 3, batch)
    real(real32), pointer, contiguous :: w_a(:), w_b(:), before(:)
    real(real64) :: all_x(size(x)), loss_a, loss_b
    integer :: step
    call fill(all_x)
    x = real(reshape(all_x, shape(x)), real32)
    y = real(x(:, :, [1, 2, 1], :) / 2, real32)
    flat_x = reshape(x, shape(flat_x))
    flat_y = reshape(y, shape(flat_y))
    call make(a)
    call make(b)
    call a%parameters(w_a)
    allocate (before, source=w_a)
    do step = 1, 5
      call a%train_step(x, y, loss_a)
      call b%train_step(flat_x, flat_y, loss_b)
      call check_close(loss_a, loss_b, 0.0_real64, "loss of a step with fields")
    end do
    call a%train(x, y, 2, 3, validation_x=x(:, :, :, 2:3), validation_y=y(:, :, :, 2:3), loss=loss_a)
    call b%train(flat_x, flat_y, 2, 3, validation_x=flat_x(:, 2:3), validation_y=flat_y(:, 2:3), loss=loss_b)
    call check_close(loss_a, loss_b, 0.0_real64, "loss of epochs with fields")
    call a%evaluate(x, y, loss_a)
    call b%evaluate(flat_x, flat_y, loss_b)
    call check_close(loss_a, loss_b, 0.0_real64, "evaluate fields")
    call b%parameters(w_b)
    call check(same_bits(w_a, w_b) .and. .not. same_bits(w_a, before), "weights after steps with fields")
    deallocate (before)
    call a%destroy()
    call b%destroy()
  end subroutine

  subroutine make(net)
    type(network), intent(inout) :: net
    net = network([input([w, h, c]), convolution(3, [3, 3], padding=[1, 1], density=0.5)], seed=2)
    call net%set_optimizer(adam(learning_rate=0.01))
  end subroutine

  subroutine phases
    type(network) :: net
    real(real64) :: x(w, h, c, batch), dx(w, h, c, batch), y(w, h, 3, batch), flat_dx(w * h * c, batch), all_x(size(x))
    real(real64), pointer, contiguous :: weights(:), dw(:)
    real(real64), allocatable :: of_fields(:)
    call fill(all_x)
    x = reshape(all_x, shape(x))
    net = network([input([w, h, c]), convolution(3, [3, 3], padding=[1, 1])], precision=real64)
    call net%parameters(weights, dw)
    call net%forward(x, y)
    call net%backward(y, dx)
    allocate (of_fields, source=dw)
    call net%forward(reshape(x, shape(flat_dx)), y)
    call net%backward(reshape(y, [w * h * 3, batch]), flat_dx)
    call check(same_bits(of_fields, dw) .and. maxval(abs(dw)) > 0, "gradients of fields")
    call check(same_bits(reshape(dx, [size(dx)]), reshape(flat_dx, [size(dx)])) .and. maxval(abs(dx)) > 0, "dx of fields")
    call net%forward(x(:, :, :, 2), y(:, :, :, 2))
    call net%backward(y(:, :, :, 2), dx(:, :, :, 1))
    call check_close(maxval(abs(dx(:, :, :, 1) - dx(:, :, :, 2))), 0.0_real64, 1e-14_real64, "one sample alone, backward")
    call net%forward(x(:, :, :, 2), y(:, :, :, 2))
    call net%backward(y(:, :, :, 2))
    call net%destroy()
  end subroutine

  subroutine classes
    !! A class number at each place: labels(width, height, samples), or in one row.
    type(network) :: net
    real(real64) :: x(w, h, c, batch), all_x(size(x)), loss, other, share, other_share
    integer(int32) :: labels(w, h, batch), row(w * h * batch)
    call fill(all_x)
    x = reshape(all_x, shape(x))
    labels = merge(1, 0, x(:, :, 1, :) > 0)
    row = reshape(labels, shape(row))
    net = network([input([w, h, c]), convolution(2, [1, 1])], loss="softmax_cross_entropy", precision=real64)
    call net%set_optimizer(adam(learning_rate=0.05))
    call net%evaluate(x, labels, loss, share)
    call net%evaluate(x, row, other, other_share)
    call check_close(loss, other, 0.0_real64, "loss of labels in one row")
    call check_close(share, other_share, 0.0_real64, "accuracy of labels in one row")
    call net%evaluate(x, reshape(labels, [w * h, batch]), other)
    call check_close(loss, other, 0.0_real64, "loss of a row a sample")
    call net%train(x, labels, 2, 40, validation_x=x, validation_y=labels)
    call net%train_step(x, labels, loss)
    call net%train_step(x(:, :, :, 1), labels(:, :, 1), loss)
    call check(net%accuracy(x, labels) > 0.95_real64, "it has learned")
    call net%destroy()
    net = network([input([w, h, c]), linear(2)], loss="softmax_cross_entropy", precision=real64)
    call net%evaluate(x, labels(1, 1, :), loss)
    call net%evaluate(x(:, :, :, 3), labels(1, 1, 3), other)
    call net%evaluate(x(:, :, :, 3), labels(1, 1, 3:3), share)
    call check_close(other, share, 0.0_real64, "the label of one sample")
    call net%destroy()
  end subroutine

  subroutine one_channel
    type(network) :: net
    real(real64) :: x(w, h, batch), y(w, h, batch), z(w, h, 1, batch), all_x(size(x))
    call fill(all_x)
    x = reshape(all_x, shape(x))
    net = network([input([w, h, 1]), convolution(1, [3, 3], padding=[1, 1])], precision=real64)
    call net%predict(x, y)
    call net%predict(reshape(x, [w, h, 1, batch]), z)
    call check(same_bits(reshape(y, [size(y)]), reshape(z, [size(z)])), "pictures without their channel")
    z = 0
    call net%predict(x(:, :, 4), z(:, :, :, 1))
    call check_close(maxval(abs(z(:, :, 1, 1) - y(:, :, 4))), 0.0_real64, 1e-14_real64, "one picture")
    call net%destroy()
  end subroutine

  subroutine other_dimensions
    !! Sequences and volumes.
    type(network) :: net
    real(real64) :: x(w, c, batch), y(w, 1, batch), volume(w, h, 2, c, batch), z(w, h, 2, 1, batch), all_x(size(volume))
    call fill(all_x)
    x = reshape(all_x(:size(x)), shape(x))
    volume = reshape(all_x, shape(volume))
    net = network([input([w, c]), convolution(1, [1], bias=.false.)], precision=real64)
    call set_weights(net)
    call net%predict(x, y)
    call check_close(maxval(abs(y(:, 1, :) - x(:, 1, :) - 2 * x(:, 2, :))), 0.0_real64, 1e-14_real64, "sequences")
    call net%destroy()
    net = network([input([w, h, 2, c]), convolution(1, [1, 1, 1], bias=.false.)], precision=real64)
    call set_weights(net)
    call net%predict(volume, z)
    call check_close(maxval(abs(z(:, :, :, 1, :) - volume(:, :, :, 1, :) - 2 * volume(:, :, :, 2, :))), 0.0_real64, &
                     1e-14_real64, "volumes")
    call net%destroy()
  end subroutine

  subroutine set_weights(net)
    type(network), intent(in) :: net
    real(real64), pointer, contiguous :: weights(:)
    call net%layer_parameters(1, weights)
    weights = [1, 2]
  end subroutine

  subroutine vectors
    !! One sample or one feature is an array of one dimension, one of both a number.
    type(network) :: net
    real(real64) :: x(c, batch), y(1, batch), z(batch), one, all_x(size(x)), loss
    call fill(all_x)
    x = reshape(all_x, shape(x))
    net = network([input(c), linear(1, bias=.false.)], precision=real64)
    call set_weights(net)
    call net%predict(x, y)
    call net%predict(x, z)
    call check_close(maxval(abs(z - x(1, :) - 2 * x(2, :))), 0.0_real64, 1e-14_real64, "one output")
    call check(same_bits(y(1, :), z), "one output of rank 1")
    call net%predict(x(:, 2), one)
    call check_close(one, z(2), 1e-14_real64, "one sample, one output")
    call net%destroy()
    net = network([input(1), linear(1)], precision=real64)
    call net%set_optimizer(sgd(learning_rate=0.1))
    call net%train(all_x, 3 * all_x + 1, 2, 200)
    call net%train_step(all_x, 3 * all_x + 1, loss)
    call check(loss < 1e-8_real64, "a line")
    call net%predict(0.5_real64, one)
    call check_close(one, 2.5_real64, 1e-3_real64, "a number of a number")
    call net%destroy()
  end subroutine

  subroutine sections
    !! Arguments that are not contiguous give what their copies give.
    type(network) :: net
    real(real64) :: wide(2 * w, h, c, batch), y(w, 2 * h, 3, batch), z(w, h, 3, batch), all_x(size(wide))
    call fill(all_x)
    wide = reshape(all_x, shape(wide))
    net = network([input([w, h, c]), convolution(3, [3, 3], padding=[1, 1])], precision=real64)
    call net%predict(reshape(wide(::2, :, :, :), [w, h, c, batch]), z)
    y = -1
    call net%predict(wide(::2, :, :, :), y(:, 2::2, :, :))
    call check_close(maxval(abs(y(:, 2::2, :, :) - z)), 0.0_real64, 0.0_real64, "a field into a section")
    call check(maxval(abs(y(:, 1::2, :, :) + 1)) <= 0, "and nothing beside it")
    call net%destroy()
  end subroutine

  subroutine others
    !! fit and prune.
    type(network) :: net
    real(real64) :: x(w, h, c, batch), y(2, batch), all_x(size(x))
    real(real64), pointer, contiguous :: mean(:)
    integer(int32) :: labels(batch)
    call fill(all_x)
    x = reshape(all_x, shape(x))
    y = 1
    labels = 0
    net = network([input([w, h, c]), normalization(), convolution(2, [2, 2]), linear(2)], loss="softmax_cross_entropy", &
                  precision=real64)
    call net%fit(1, x)
    call net%layer_state(1, "mean", mean)
    call check_close(mean(2), sum(x(:, :, 2, :)) / (w * h * batch), 1e-14_real64, "the mean of a channel")
    call net%prune(obs(density=0.5), x)
    call net%prune(snip(density=0.4, scope="layer"), x, y)
    call net%prune(snip(density=0.3, scope="layer"), x, labels)
    call check(net%connections() == 5 + 8, "what is left")
    call net%destroy()
  end subroutine

  subroutine failures
    type(network) :: net
    real(real64) :: x(w, h, c, batch), y(w, h, 3, batch), loss
    real(real64), target :: weights(2, 2), gradient(4)
    integer(int32) :: labels(w, h, batch)
    integer, parameter :: invalid = espalier_error_invalid_argument
    integer :: stat
    character(200) :: errmsg
    type(optimizer) :: opt
    x = 1
    labels = 0
    net = network([input([w, h, c]), convolution(3, [1, 1])], loss="softmax_cross_entropy", precision=real64)
    call net%predict(x(:, :2, :, :), y, stat, errmsg)
    call check_failure(stat, errmsg, invalid, "predict: x must be (4, 3, 2, samples) or (24, samples), got (4, 2, 2, 5)")
    call net%predict(reshape(x, [h, w, c, batch]), y, stat, errmsg)
    call check_failure(stat, errmsg, invalid, "got (3, 4, 2, 5)")
    call net%predict(reshape(x, [size(x)]), y, stat, errmsg)
    call check_failure(stat, errmsg, invalid, "got (120)")
    call net%predict(x(1, 1, 1, 1), y, stat, errmsg)
    call check_failure(stat, errmsg, invalid, "got ()")
    call net%predict(x, y(:, :, :, 2:), stat, errmsg)
    call check_failure(stat, errmsg, invalid, "y must have as many samples as x, 5, got 4: (4, 3, 3, 4) for (4, 3, 2, 5)")
    call net%predict(x, y(:, :, 2:, :), stat, errmsg)
    call check_failure(stat, errmsg, invalid, "y must be (4, 3, 3, samples) or (36, samples), got (4, 3, 2, 5)")
    call net%predict(x(:, :, :, 1), y, stat, errmsg)
    call check_failure(stat, errmsg, invalid, "as many samples as x, 1, got 5: (4, 3, 3, 5) for (4, 3, 2)")
    call net%evaluate(x, labels(:, 2:, :), loss, stat=stat, errmsg=errmsg)
    call check_failure(stat, errmsg, invalid, "labels must be (4, 3, samples) or (12, samples), got (4, 2, 5)")
    call net%evaluate(x, labels(1, 1, :), loss, stat=stat, errmsg=errmsg)
    call check_failure(stat, errmsg, invalid, "labels must be (4, 3, samples) or (12, samples), got (5)")
    call net%evaluate(x, labels(:, :, 2:), loss, stat=stat, errmsg=errmsg)
    call check_failure(stat, errmsg, invalid, "labels must have as many samples as x, 5, got 4: (4, 3, 4) for (4, 3, 2, 5)")
    call net%prune(snip(), x(2:, :, :, :), stat=stat, errmsg=errmsg)
    call check_failure(stat, errmsg, invalid, "prune: x must be")
    net = network([input(1), linear(1)], precision=real64)
    call net%predict(x(:2, :, 1, 1), y(1, 1, 1, :), stat, errmsg)
    call check_failure(stat, errmsg, invalid, "x must be (samples), got (2, 3)")
    opt = sgd()
    call opt%minimize(weights, gradient, stat, errmsg)
    call check_failure(stat, errmsg, invalid, "got (4) for (2, 2)")
    call net%destroy()
  end subroutine

end program samples
