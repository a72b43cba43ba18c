!> MNIST by locally connected layers along a picture's width, whose channels are its rows: 50,000 pictures for training, 10,000 for
!> validation, 10,000 for testing.
!>
!>     cnn_mnist_1d [folder of the four IDX files]
program cnn_mnist_1d
  use, intrinsic :: iso_fortran_env, only: error_unit
  use :: digit_images, only: digit_set, hold_out, read_mnist
  use :: espalier, only: input, linear, locally_connected, max_pooling, network, sgd
  implicit none
  type(digit_set) :: train, validation, test
  type(network) :: net
  character(256) :: directory = "build/mnist"
  character(:), allocatable :: message
  integer :: epoch

  if (command_argument_count() > 0) call get_command_argument(1, directory)
  call read_mnist(trim(directory), train, test, message)
  if (allocated(message)) then
    write (error_unit, "(A)") message
    error stop 1
  end if
  call hold_out(train, validation)
  net = network([input([28, 28]), locally_connected(8, [3], activation="relu"), max_pooling([2]), &
                 locally_connected(16, [3], activation="relu"), max_pooling([2]), linear(10)], loss="softmax_cross_entropy")
  call net%set_optimizer(sgd(learning_rate=0.01))
  call net%print_info()
  do epoch = 1, 20
    call net%train(train%x, train%labels, batch_size=16, epochs=1)
    print "(A, I3, A, F8.4)", "epoch", epoch, ", accuracy", net%accuracy(validation%x, validation%labels)
  end do
  print "(A, F8.4)", "test accuracy", net%accuracy(test%x, test%labels)
  call net%destroy()
end program cnn_mnist_1d
