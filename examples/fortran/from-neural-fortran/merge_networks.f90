!> Two networks feed a third one, through which the gradient comes back to both.
program merge_networks
  use :: espalier, only: input, linear, network, sgd
  implicit none
  type(network) :: nets(3)
  real :: x1(3), x2(2), target(7), y1(2), y2(3), y(7), slope(5)
  integer :: i, n

  x1 = [0.1, 0.3, 0.5]
  x2 = [0.2, 0.4]
  target = [0.123456, 0.246802, 0.369258, 0.482604, 0.505050, 0.628406, 0.741852]
  nets(1) = network([input(3), linear(2, activation="sigmoid"), linear(3, activation="sigmoid"), linear(2, activation="sigmoid")])
  nets(2) = network([input(2), linear(5, activation="sigmoid"), linear(3, activation="sigmoid")])
  nets(3) = network([input(5), linear(7, activation="sigmoid")])
  do i = 1, 3
    call nets(i)%set_optimizer(sgd(learning_rate=1.0))
  end do

  do n = 0, 500
    call nets(1)%forward(x1, y1)
    call nets(2)%forward(x2, y2)
    call nets(3)%forward([y1, y2], y)
    if (mod(n, 50) == 0) print "(A, I4, A, ES9.2)", "iteration ", n, ", root mean square error ", norm2(y - target) / sqrt(7.0)
    call nets(3)%backward(y - target, slope)
    call nets(1)%backward(slope(:2))
    call nets(2)%backward(slope(3:))
    do i = 1, 3
      call nets(i)%update()
    end do
  end do
  call nets%destroy()
end program merge_networks
