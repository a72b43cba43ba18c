!> A quadratic function, fitted by a network 1-3-1 of sigmoids with each optimizer: sample by sample, by batches of 100 and by all
!> 1,000 samples at once. The sigmoid of the last layer ends at 1 and the function at 2, so no optimizer comes below 0.142.
!>
!>     quadratic [epochs]
program quadratic_fit
  use, intrinsic :: iso_fortran_env, only: real64
  use :: espalier, only: adagrad, adam, adamw, input, linear, network, optimizer, rmsprop, sgd
  implicit none
  ! The mean squared error has twice the derivative of (y - t)**2 / 2. Gradients are means over a batch: a five-hundredth of the
  ! sum over 1,000 samples to which the weight decay was chosen.
  real, parameter :: rate = 0.01, sgd_rate = rate / 2, decay = 1e-4 / 500
  type(network) :: net
  real :: x(1000), x_test(100)
  character(20) :: argument
  integer :: epochs = 1000, i, status

  call get_command_argument(1, argument, status=status)
  if (status == 0) read (argument, *) epochs
  x_test = [((i - 1) * 2 / 100.0, i=1, 100)]
  call random_number(x)
  x = 2 * x
  call fit("SGD", 1, sgd(learning_rate=sgd_rate))
  call fit("SGD with momentum", 1, sgd(learning_rate=sgd_rate, momentum=0.9))
  call fit("SGD with Nesterov momentum", 1, sgd(learning_rate=sgd_rate, momentum=0.9, nesterov=.true.))
  call fit("SGD, whole batches", 1000, sgd(learning_rate=sgd_rate))
  call fit("SGD, batches of 100", 100, sgd(learning_rate=sgd_rate))
  call fit("RMSProp", 1000, rmsprop(learning_rate=rate, alpha=0.9))
  call fit("Adam", 1000, adam(learning_rate=rate, beta1=0.85, beta2=0.95))
  call fit("Adam with weight decay", 1000, adam(learning_rate=rate, beta1=0.85, beta2=0.95, weight_decay=decay))
  call fit("AdamW", 1000, adamw(learning_rate=rate, beta1=0.85, beta2=0.95, weight_decay=1e-5))
  call fit("Adagrad", 1000, adagrad(learning_rate=rate))
  call fit("Adagrad with decays", 1000, adagrad(learning_rate=rate, lr_decay=0.99, weight_decay=decay))
  call net%destroy()

contains

  subroutine fit(name, batch, rule)
    character(*), intent(in) :: name
    integer, intent(in) :: batch
    type(optimizer), intent(in) :: rule
    real(real64) :: loss
    net = network([input(1), linear(3, activation="sigmoid"), linear(1, activation="sigmoid")], seed=1)
    call net%set_optimizer(rule)
    do i = 1, 10
      call net%train(x, quadratic(x), batch_size=batch, epochs=epochs / 10)
      call net%evaluate(x_test, quadratic(x_test), loss)
      print "(A, T29, I5, A, F9.6)", name, i * (epochs / 10), " epochs, mean squared error ", loss
    end do
  end subroutine

  elemental real function quadratic(x)
    real, intent(in) :: x
    quadratic = (x**2 / 2 + x / 2 + 1) / 2
  end function

end program quadratic_fit
