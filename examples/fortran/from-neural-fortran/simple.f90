!> One sample, fitted by a network 3-5-2 of sigmoids.
program simple
  use, intrinsic :: iso_fortran_env, only: real64
  use :: espalier, only: input, linear, network, sgd
  implicit none
  type(network) :: net
  real :: x(3), y(2), found(2)
  real(real64) :: loss
  integer :: n

  x = [0.2, 0.4, 0.6]
  y = [0.123456, 0.246802]
  net = network([input(3), linear(5, activation="sigmoid"), linear(2, activation="sigmoid")])
  call net%set_optimizer(sgd(learning_rate=1.0))
  call net%print_info()
  do n = 0, 500
    call net%train_step(x, y, loss)
    if (mod(n, 50) /= 0) cycle
    call net%predict(x, found)
    print "(I4, 2(3X, F8.6))", n, found
  end do
  call net%destroy()
end program simple
