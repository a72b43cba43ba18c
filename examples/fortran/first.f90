program first
  ! A network with a fifth of its connections learns y = sin(3 x1) + x2**2 from 2,000 points.
  use, intrinsic :: iso_fortran_env, only: real32, real64
  use :: espalier, only: adam, input, linear, network, rigl
  implicit none
  type(network) :: net
  real(real32) :: x(2, 2000), y(1, 2000)
  real(real64) :: loss
  call random_number(x)
  y(1, :) = sin(3 * x(1, :)) + x(2, :)**2
  net = network([input(2), linear(64, activation="tanh"), linear(64, density=0.2, activation="tanh"), linear(1)], seed=42)
  call net%set_optimizer(adam(learning_rate=0.005))
  call net%set_topology(rigl(every=50, until=2000))
  call net%train(x, y, batch_size=50, epochs=75)
  call net%evaluate(x, y, loss)
  call net%print_info()
  print "(A, ES9.2)", "mean squared error", loss
  call net%destroy()
end program first
