!> One sequence of three places and eight channels, fitted by attention of four heads and a linear layer.
program mha_simple
  use, intrinsic :: iso_fortran_env, only: real64
  use :: espalier, only: attention, flatten, input, linear, network, sequence_linear, sgd
  implicit none
  type(network) :: net
  real :: x(3, 8), y(2), found(2)
  real(real64) :: loss
  integer :: n

  call random_number(x)
  y = [0.123456, 0.246802]
  net = network([input([3, 8]), sequence_linear(8), sequence_linear(8, from=0), sequence_linear(8, from=0), &
                 attention(query=1, key=2, value=3, heads=4), sequence_linear(8), flatten(), linear(2, activation="sigmoid")])
  call net%set_optimizer(sgd(learning_rate=1.0))
  call net%print_info()
  do n = 0, 500
    call net%train_step(x, y, loss)
    if (mod(n, 50) /= 0) cycle
    call net%predict(x, found)
    print "(I4, 2(3X, F8.6))", n, found
  end do
  call net%destroy()
end program mha_simple
