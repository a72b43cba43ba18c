!> Training steps of 32-64-64-16 at density 0.5 on one sample, as a simulation would make them.
!! small_step STEPS: prints the milliseconds of a step and the loss of the last one.
program small_step
  use, intrinsic :: iso_fortran_env, only: int64, real32, real64
  use espalier, only: input, linear, network, sgd
  implicit none
  type(network) :: net
  real(real32), allocatable, target :: w(:), dw(:)
  real(real32) :: x(32, 1), wanted(16, 1)
  real(real64) :: loss
  integer(int64) :: start, finish, rate
  integer :: i, steps
  character(20) :: argument

  call get_command_argument(1, argument)
  read (argument, *) steps
  x(:, 1) = [(real(cos(real(i, real64)), real32), i=1, 32)]
  wanted(:, 1) = [(real(sin(real(i, real64)), real32), i=1, 16)]

  net = network([input(32), linear(64, density=0.5, activation="relu"), linear(64, density=0.5, activation="relu"), &
                 linear(16, density=0.5)], loss="mean_squared_error", seed=1, precision=real32, max_batch=1)
  call net%set_optimizer(sgd(learning_rate=0.01))
  allocate (w(net%parameter_count()), dw(net%parameter_count()))
  call net%bind(w, dw)
  call net%train_step(x, wanted, loss)
  call system_clock(start, rate)
  do i = 2, steps
    call net%train_step(x, wanted, loss)
  end do
  call system_clock(finish)
  print *, 1e3_real64 * real(finish - start, real64) / (real(rate, real64) * (steps - 1)), loss
  call net%destroy()
end program small_step
