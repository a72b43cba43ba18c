!> A network of LeNet's shape (LeCun et al. 1998) reads the bundled digits: two convolutions with pooling, then linear layers of
!> which a tenth of the connections is there.
!>
!>     digits_lenet [epochs]
program digits_lenet
  use, intrinsic :: iso_fortran_env, only: error_unit, real64
  use :: digit_images, only: digit_set, read_digits
  use :: espalier, only: adam, convolution, input, linear, max_pooling, network, rigl
  implicit none
  type(digit_set) :: train, test
  type(network) :: net
  character(:), allocatable :: message
  character(20) :: argument
  integer :: epochs = 10, status

  call get_command_argument(1, argument, status=status)
  if (status == 0) read (argument, *) epochs
  call read_digits("examples/data/digits.csv", train, test, message)
  if (allocated(message)) then
    write (error_unit, "(A)") message
    error stop 1
  end if
  net = network([input([8, 8, 1]), convolution(12, [3, 3], padding=[1, 1], activation="relu"), max_pooling([2, 2]), &
                 convolution(24, [3, 3], padding=[1, 1], density=0.3, activation="relu"), max_pooling([2, 2]), &
                 linear(64, density=0.1, activation="relu"), linear(10)], loss="softmax_cross_entropy", seed=1)
  call net%set_optimizer(adam(learning_rate=0.003))
  call net%set_topology(rigl(every=50, until=400))
  call net%train(train%x, train%labels, batch_size=32, epochs=epochs)
  print "(A, F7.4)", "test accuracy", net%accuracy(test%x, test%labels)
  call net%destroy()
end program digits_lenet
