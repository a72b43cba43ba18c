!> A network learns one period of a sine; a second network of the same shape is given its parameters.
program get_set_network_params
  use, intrinsic :: iso_fortran_env, only: real64
  use :: espalier, only: input, linear, network, sgd
  implicit none
  real, parameter :: pi = 4 * atan(1.0)
  type(network) :: first, second
  real :: x(1), x_test(30), y(30), y_second(30)
  real, pointer, contiguous :: w(:), w_second(:)
  real(real64) :: loss
  integer :: i, n

  first = network([input(1), linear(5, activation="sigmoid"), linear(1, activation="sigmoid")])
  second = network([input(1), linear(5, activation="sigmoid"), linear(1, activation="sigmoid")], seed=2)
  call first%set_optimizer(sgd(learning_rate=0.5))  ! as 1 for the loss (y - t)**2 / 2
  call first%print_info()
  x_test = [((i - 1) * 2 * pi / 30, i=1, 30)]
  do n = 0, 100000
    call random_number(x)
    x = 2 * pi * x
    call first%train_step(x, (sin(x) + 1) / 2, loss)
    if (mod(n, 10000) /= 0) cycle
    call first%evaluate(x_test, (sin(x_test) + 1) / 2, loss)
    print "(A, I0, A, F9.6)", "after ", n, " steps the loss is ", loss
  end do

  call first%parameters(w)           ! pointers to the arrays that the networks work in
  call second%parameters(w_second)
  w_second = w
  print "(I0, A, *(1X, G0))", first%parameter_count(), " parameters:", w_second
  call first%predict(x_test, y)
  call second%predict(x_test, y_second)
  print "(A, L1)", "both networks predict the same: ", .not. any(abs(y - y_second) > 0)
  call first%destroy()
  call second%destroy()
end program get_set_network_params
