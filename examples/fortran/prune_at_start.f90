!> Which connections can go before a network has learned anything? Prunes a dense network by each criterion, trains what is
!> left to read the bundled digits, and says how well it does.
!>
!>     prune_at_start [epochs [density]]
program prune_at_start
  use, intrinsic :: iso_fortran_env, only: error_unit, real64
  use :: digit_images, only: digit_set, read_digits
  use :: espalier, only: adam, fisher, grasp, input, linear, network, prune_magnitude, prune_random, pruning, snip, synflow
  implicit none

  type(digit_set) :: train, test
  type(network) :: net
  integer :: epochs = 20
  real(real64) :: density = 0.02_real64
  character(:), allocatable :: message

  call read_digits("examples/data/digits.csv", train, test, message)
  if (allocated(message)) then
    write (error_unit, "(A)") message
    error stop 1
  end if
  call read_arguments

  print "(A)", "criterion    sparsity  before  after training"
  call learn("none")
  call learn("random", prune_random(density))
  call learn("magnitude", prune_magnitude(density))
  call learn("snip", snip(density), samples=100)
  call learn("grasp", grasp(density), samples=100)
  call learn("synflow", synflow(density))
  call learn("fisher", fisher(density), samples=100)

contains

  subroutine learn(name, method, samples)
    !! Prune a fresh network and train it.
    character(*), intent(in) :: name
    type(pruning), intent(in), optional :: method
    integer, intent(in), optional :: samples
      !! So many of the pictures are shown to the criterion.
    real(real64) :: before
    character(12) :: label
    net = network([input(64), linear(300, activation="relu"), linear(100, activation="relu"), linear(10)], &
                  loss="softmax_cross_entropy", seed=1)
    if (present(samples)) then
      call net%prune(method, train%x(:, :samples), train%labels(:samples))
    else if (present(method)) then
      call net%prune(method)
    end if
    call net%set_optimizer(adam(learning_rate=0.003))
    before = net%accuracy(test%x, test%labels)
    call net%train(train%x, train%labels, batch_size=32, epochs=epochs)
    label = name
    print "(A, F9.4, F8.4, F16.4)", label, 1 - net%option("density"), before, net%accuracy(test%x, test%labels)
    call net%destroy()
  end subroutine

  subroutine read_arguments
    character(32) :: text
    call get_command_argument(1, text)
    if (text /= "") read (text, *) epochs
    call get_command_argument(2, text)
    if (text /= "") read (text, *) density
  end subroutine

end program prune_at_start
