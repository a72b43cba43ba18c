! Inputs beside the first, and class numbers as input.
program inputs
  use, intrinsic :: iso_fortran_env, only: int32, real32, real64
  use espalier
  use testing, only: check, check_close, check_failure, done, points, same_bits
  implicit none
  integer, parameter :: words = 7, length = 4, samples = 20
  call values_f32
  call values_f64
  call fields
  call numbers_f32
  call numbers_f64
  call failures
  call done("inputs")

contains

  subroutine values_f32
    !! y = x + what is bound.
    type(network) :: net
    real(real32), target :: more(2, 3), dmore(2, 3)
    real(real32) :: x(2, 3), y(2, 3), dx(2, 3)
    integer(int32), target :: whole(2, 3)
    call points(x)
    call points(more)
    more = 2 * more
    whole = reshape([3, 1, 4, 1, 5, 9], [2, 3])
    net = network([input(2), input(2), sum_of([0, 1])])
    call net%bind_input(1, more)
    call net%predict(x, y)
    call check(same_bits(reshape(y, [6]), reshape(x + more, [6])), "values that are bound")
    more(1, 2) = 5
    call net%predict(x(:, 1:2), y(:, 1:2))
    call check(same_bits(y(:, 2), x(:, 2) + more(:, 2)), "they are read when they are used")
    call net%bind_input_gradient(1, dmore)
    dmore = 0
    call net%forward(x, y)
    call net%backward(y, dx)
    call check(same_bits(reshape(dmore, [6]), reshape(y, [6])), "the derivative by them")
    call net%bind_input(1, whole)
    call net%predict(x, y)
    call check(same_bits(reshape(y, [6]), reshape(x + real(whole, real32), [6])), "whole numbers")
    call net%unbind_input(1)
    call net%destroy()
  end subroutine

  subroutine values_f64
    type(network) :: net
    real(real64), target :: more(2, 3), dmore(2, 3)
    real(real64) :: x(2, 3), y(2, 3)
    call points(x)
    call points(more)
    more = 2 * more
    net = network([input(2), input(2), sum_of([0, 1])], precision=real64)
    call net%bind_input(1, more)
    call net%bind_input_gradient(1, dmore)
    dmore = 0
    call net%forward(x, y)
    call check(same_bits(reshape(y, [6]), reshape(x + more, [6])), "values that are bound")
    call net%backward(y)
    call check(same_bits(reshape(dmore, [6]), reshape(y, [6])), "the derivative by them")
    dmore = 7
    call net%unbind_input(1)
    call net%bind_input(1, more)
    call net%forward(x, y)
    call net%backward(y)
    call check(all(abs(dmore - 7) <= 0), "no derivative after unbind_input")
    call net%destroy()
  end subroutine

  subroutine fields
    !! A field and what is known of it besides, learned together.
    type(network) :: net
    real(real32), target :: known(2, samples)
    real(real32) :: x(4, 3, samples), y(1, samples), flat(12, samples)
    real(real64) :: loss, first
    call points(flat)
    call points(known)
    x = reshape(flat, shape(x))
    y(1, :) = known(1, :) * sum(flat, 1) / 6
    net = network([input([4, 3, 1]), convolution(3, [2, 2], activation="tanh"), linear(8, activation="tanh"), &
                   input(2), linear(8, from=3, activation="tanh"), product_of([2, 4]), linear(1)], seed=1)
    call net%set_optimizer(adam(learning_rate=0.02))
    call net%bind_input(3, known)
    call net%evaluate(x, y, first)
    call net%train(x, y, 7, 200)
    call net%evaluate(x, y, loss)
    call check(loss < 0.05_real64 * first, "both inputs have been used")
    call net%destroy()
  end subroutine

  subroutine tokens(x, labels)
    integer(int32), intent(out) :: x(length, samples), labels(samples)
    integer :: i, j
    do j = 1, samples
      x(:, j) = [(1 + mod(i * i + 3 * j, words), i = 1, length)]
    end do
    labels = merge(1, 0, x(2, :) > 3)
  end subroutine

  subroutine numbers_f32
    !! Class numbers and values that are the same.
    type(network) :: a, b
    integer(int32) :: x(length, samples), labels(samples)
    real(real32) :: y(2, samples), z(2, samples)
    real(real32), pointer, contiguous :: w_a(:), w_b(:)
    real(real64) :: loss_a, loss_b, share
    call tokens(x, labels)
    call make(a, real32)
    call make(b, real32)
    call a%train(x, labels, 6, 30, validation_x=x(:, :5), validation_y=labels(:5), loss=loss_a)
    call b%train(real(x, real32), labels, 6, 30, validation_x=real(x(:, :5), real32), validation_y=labels(:5), loss=loss_b)
    call check_close(loss_a, loss_b, 0.0_real64, "train")
    call a%train_step(x, labels, loss_a)
    call b%train_step(real(x, real32), labels, loss_b)
    call check_close(loss_a, loss_b, 0.0_real64, "train_step")
    call a%parameters(w_a)
    call b%parameters(w_b)
    call check(same_bits(w_a, w_b), "weights")
    call a%predict(x, y)
    call b%predict(real(x, real32), z)
    call check(same_bits(y(1, :), z(1, :)) .and. same_bits(y(2, :), z(2, :)), "predict")
    call a%forward(x, y)
    call b%forward(real(x, real32), z)
    call check(same_bits(y(1, :), z(1, :)) .and. same_bits(y(2, :), z(2, :)), "forward")
    call a%evaluate(x, labels, loss_a, share)
    call b%evaluate(real(x, real32), labels, loss_b)
    call check_close(loss_a, loss_b, 0.0_real64, "evaluate")
    call check_close(a%accuracy(x, labels), share, 0.0_real64, "accuracy")
    call check(share > 0.9_real64, "it has learned")
    call a%predict(real(x, real32), y)
    call check(same_bits(y(1, :), z(1, :)), "and values are taken as before")
    call a%destroy()
    call b%destroy()
  end subroutine

  subroutine numbers_f64
    type(network) :: a, b
    integer(int32) :: x(length, samples), labels(samples)
    real(real64) :: y(2, samples), z(2, samples), loss_a, loss_b, share, other
    call tokens(x, labels)
    call make(a, real64)
    call make(b, real64)
    call a%train(x, labels, 6, 5, loss=loss_a)
    call b%train(real(x, real64), labels, 6, 5, loss=loss_b)
    call check_close(loss_a, loss_b, 0.0_real64, "train")
    call a%train_step(x, labels, loss_a)
    call b%train_step(real(x, real64), labels, loss_b)
    call check_close(loss_a, loss_b, 0.0_real64, "train_step")
    call a%predict(x, y)
    call b%predict(real(x, real64), z)
    call check(same_bits(y(1, :), z(1, :)) .and. same_bits(y(2, :), z(2, :)), "predict")
    call a%forward(x, y)
    call b%forward(real(x, real64), z)
    call check(same_bits(y(1, :), z(1, :)) .and. same_bits(y(2, :), z(2, :)), "forward")
    call a%evaluate(x, labels, loss_a, share)
    call b%evaluate(real(x, real64), labels, loss_b, other)
    call check_close(loss_a, loss_b, 0.0_real64, "evaluate")
    call check_close(share, other, 0.0_real64, "accuracy")
    call a%destroy()
    call b%destroy()
  end subroutine

  subroutine make(net, precision)
    type(network), intent(inout) :: net
    integer, intent(in) :: precision
    net = network([input(length), embedding(words, 3), linear(2)], loss="softmax_cross_entropy", precision=precision, seed=4)
    call net%set_optimizer(adam(learning_rate=0.05))
  end subroutine

  subroutine failures
    type(network) :: net
    real(real32), target :: more(2, 6), wide(4, 3)
    real(real32) :: x(2, 6), y(2, 6)
    integer(int32) :: words_of(length, samples), labels(samples)
    integer, parameter :: invalid = espalier_error_invalid_argument
    integer :: stat
    character(200) :: errmsg
    more = 1
    x = 1
    y = 1
    call net%bind_input(1, more, stat, errmsg)
    call check_failure(stat, errmsg, espalier_error_invalid_handle, "bind_input")
    net = network([input(2), input(2), sum_of([0, 1]), linear(2)])
    call net%set_optimizer(sgd())
    call net%predict(x, y, stat, errmsg)
    call check_failure(stat, errmsg, espalier_error_invalid_state, "input layer 1; call bind_input")
    call net%bind_input(0, more, stat, errmsg)
    call check_failure(stat, errmsg, invalid, "x itself")
    call net%bind_input(3, more, stat, errmsg)
    call check_failure(stat, errmsg, invalid, "linear layer 3 is no input")
    call net%bind_input(9, more, stat, errmsg)
    call check_failure(stat, errmsg, invalid, "9")
    call net%bind_input(1, wide, stat, errmsg)
    call check_failure(stat, errmsg, invalid, "x must be (2, samples), got (4, 3)")
    call net%bind_input(1, wide(::2, :), stat, errmsg)
    call check_failure(stat, errmsg, invalid, "x must be contiguous")
    call net%bind_input(1, more(:, :5))
    call net%predict(x, y, stat, errmsg)
    call check_failure(stat, errmsg, invalid, "bound to 5 samples, and 6")
    call net%bind_input(1, more)
    call net%train(x, y, 2, 1, validation_x=x, validation_y=y, stat=stat, errmsg=errmsg)
    call check_failure(stat, errmsg, invalid, "validation_x must be absent")
    call net%train(x, y, 2, 1)
    net = network([input(2), linear(1), input(3)], stat=stat, errmsg=errmsg)
    call check_failure(stat, errmsg, espalier_error_invalid_state, "linear layer 1")
    call make(net, real32)
    call tokens(words_of, labels)
    words_of(3, 2) = words + 1
    call net%train(words_of, labels, 5, 1, stat=stat, errmsg=errmsg)
    call check_failure(stat, errmsg, invalid, "input[1][2]")
    call net%predict(words_of(:2, :), y, stat, errmsg)
    call check_failure(stat, errmsg, invalid, "x must be (4, samples), got (2, 20)")
    call net%destroy()
  end subroutine

end program inputs
