!> MNIST by locally connected layers along a picture's width, whose channels are its rows: linear layers with the connections of a
!> stencil. 50,000 pictures for training, 10,000 for validation, 10,000 for testing.
!>
!>     cnn_mnist_1d [folder of the four IDX files]
program cnn_mnist_1d
  use, intrinsic :: iso_fortran_env, only: error_unit, int32
  use :: digit_images, only: digit_set, hold_out, read_mnist
  use :: espalier, only: input, linear, max_pooling, network, reshape_to, sgd
  implicit none
  type(digit_set) :: train, validation, test
  type(network) :: net
  character(256) :: directory = "build/mnist"
  character(:), allocatable :: message
  integer(int32), allocatable, target :: rows(:), columns(:), rows_2(:), columns_2(:)
  integer :: epoch

  if (command_argument_count() > 0) call get_command_argument(1, directory)
  call read_mnist(trim(directory), train, test, message)
  if (allocated(message)) then
    write (error_unit, "(A)") message
    error stop 1
  end if
  call hold_out(train, validation)
  call stencil(28, 28, 8, rows, columns)
  call stencil(13, 8, 16, rows_2, columns_2)
  net = network([input(784), linear(26 * 8, activation="relu", rows=rows, columns=columns), reshape_to([26, 8]), max_pooling([2]), &
                 linear(11 * 16, activation="relu", rows=rows_2, columns=columns_2), reshape_to([11, 16]), max_pooling([2]), &
                 linear(10)], loss="softmax_cross_entropy")
  call net%set_optimizer(sgd(learning_rate=0.01))
  call net%print_info()
  do epoch = 1, 20
    call net%train(train%x, train%labels, batch_size=16, epochs=1)
    print "(A, I3, A, F8.4)", "epoch", epoch, ", accuracy", net%accuracy(validation%x, validation%labels)
  end do
  print "(A, F8.4)", "test accuracy", net%accuracy(test%x, test%labels)
  call net%destroy()

contains

  subroutine stencil(width, channels, filters, rows, columns)
    !! Each filter has weights of its own for the three places of each window, in all channels.
    integer, intent(in) :: width, channels, filters
    integer(int32), allocatable, intent(out) :: rows(:), columns(:)
    integer :: c, f, i, k
    rows = [((((1 + f * (width - 2) + i, k=0, 2), c=0, channels - 1), i=0, width - 3), f=0, filters - 1)]
    columns = [((((1 + c * width + i + k, k=0, 2), c=0, channels - 1), i=0, width - 3), f=0, filters - 1)]
  end subroutine

end program cnn_mnist_1d
