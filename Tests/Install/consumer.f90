! A program outside the tree: it learns the mean of its inputs with an installed Espalier.
program consumer
  use, intrinsic :: iso_fortran_env, only: real64
  use espalier, only: adam, input, linear, network
  implicit none
  type(network) :: net
  real(real64) :: x(6, 8), target(1, 8), loss
  integer :: i, j

  do i = 1, 8
    do j = 1, 6
      x(j, i) = mod(i*7 + j*3, 11)/11.0_real64 - 0.5_real64
    end do
    target(1, i) = sum(x(:, i))/6
  end do
  net = network([input(6), linear(12, density=0.5, activation="tanh"), linear(1)], loss="mean_squared_error", seed=1, &
                precision=real64, max_batch=8)
  call net%set_optimizer(adam(learning_rate=0.01))
  do i = 1, 500
    call net%train_step(x, target, loss)
  end do
  print *, "loss", loss
  if (.not. loss < 1.0e-3_real64) error stop "it did not learn"
end program consumer
