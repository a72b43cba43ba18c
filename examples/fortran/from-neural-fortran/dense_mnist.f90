!> MNIST by a network 784-64-10 with dropout: 50,000 pictures for training, 10,000 of the others for validation.
!>
!>     dense_mnist [folder of the four IDX files]
program dense_mnist
  use, intrinsic :: iso_fortran_env, only: error_unit, real64
  use :: digit_images, only: digit_set, hold_out, read_mnist
  use :: espalier, only: dropout, input, linear, network, sgd
  implicit none
  type(digit_set) :: train, validation
  type(network) :: net
  character(256) :: directory = "build/mnist"
  character(:), allocatable :: message
  real(real64) :: loss, accuracy
  integer :: epoch

  if (command_argument_count() > 0) call get_command_argument(1, directory)
  call read_mnist(trim(directory), train, validation, message)
  if (allocated(message)) then
    write (error_unit, "(A)") message
    error stop 1
  end if
  call hold_out(train, validation)
  net = network([input(784), linear(64, activation="relu"), dropout(0.2), linear(10)], loss="softmax_cross_entropy")
  call net%set_optimizer(sgd(learning_rate=0.3))
  call net%print_info()
  do epoch = 1, 10
    call net%train(train%x, train%labels, batch_size=128, epochs=1)
    call net%evaluate(validation%x, validation%labels, loss, accuracy)
    print "(A, I3, 2(A, F8.4))", "epoch", epoch, ", accuracy", accuracy, ", loss", loss
  end do
  call net%destroy()
end program dense_mnist
