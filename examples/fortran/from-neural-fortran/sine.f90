!> One period of a sine, fitted by a network 1-5-1 of sigmoids, a sample at a time.
program sine
  use, intrinsic :: iso_fortran_env, only: real64
  use :: espalier, only: input, linear, network, sgd
  implicit none
  real, parameter :: pi = 4 * atan(1.0)
  type(network) :: net
  real :: x(1), x_test(30)
  real(real64) :: loss
  integer :: i, n

  net = network([input(1), linear(5, activation="sigmoid"), linear(1, activation="sigmoid")])
  call net%set_optimizer(sgd(learning_rate=0.5))  ! as 1 for the loss (y - t)**2 / 2
  call net%print_info()
  x_test = [((i - 1) * 2 * pi / 30, i=1, 30)]
  do n = 0, 100000
    call random_number(x)
    x = 2 * pi * x
    call net%train_step(x, (sin(x) + 1) / 2, loss)
    if (mod(n, 10000) /= 0) cycle
    call net%evaluate(x_test, (sin(x_test) + 1) / 2, loss)
    print "(I0, 1X, F9.6)", n, loss
  end do
  call net%destroy()
end program sine
