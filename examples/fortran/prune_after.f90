!> How few connections does a trained network need? Trains a dense network to read the bundled digits, takes most of its
!> connections away in three ways, and looks for a lottery ticket: what is left goes back to where it was and learns again.
!>
!>     prune_after [epochs [density]]
program prune_after
  use, intrinsic :: iso_fortran_env, only: error_unit, real64
  use :: digit_images, only: digit_set, read_digits
  use :: espalier, only: adam, input, linear, network, obs, prune_magnitude, pruning, sparse_gpt
  implicit none

  type(digit_set) :: train, test
  type(network) :: net
  integer :: epochs = 20, round
  real(real64) :: density = 0.1_real64
  character(:), allocatable :: message

  call read_digits("examples/data/digits.csv", train, test, message)
  if (allocated(message)) then
    write (error_unit, "(A)") message
    error stop 1
  end if
  call read_arguments

  print "(A)", "pruned by    sparsity  accuracy"
  call pruned_by("nothing")
  call pruned_by("magnitude", prune_magnitude(density))
  ! These look at pictures, without their classes, and correct the weights that stay.
  call pruned_by("sparse_gpt", sparse_gpt(density))
  call pruned_by("obs", obs(density))
  call pruned_by("2 of 4", sparse_gpt(n=2, m=4))

  ! A lottery ticket: a third of the way at a time, back to the start each time.
  call fresh
  call net%remember()
  do round = 1, 3
    call learn
    call net%prune(prune_magnitude(density**(round / 3.0_real64), scope="global"))
    call net%rewind()
  end do
  call learn
  call report("ticket")
  call net%destroy()

contains

  subroutine fresh
    net = network([input(64), linear(64, activation="relu"), linear(32, activation="relu"), linear(10)], &
                  loss="softmax_cross_entropy", seed=1)
    call net%set_optimizer(adam(learning_rate=0.003))
  end subroutine

  subroutine learn
    call net%train(train%x, train%labels, batch_size=32, epochs=epochs)
  end subroutine

  subroutine pruned_by(name, method)
    !! Train a fresh network and prune it.
    character(*), intent(in) :: name
    type(pruning), intent(in), optional :: method
    call fresh
    call learn
    if (present(method)) call net%prune(method, train%x)
    call report(name)
  end subroutine

  subroutine report(name)
    character(*), intent(in) :: name
    print "(A, T13, F9.4, F10.4)", name, 1 - net%option("density"), net%accuracy(test%x, test%labels)
  end subroutine

  subroutine read_arguments
    character(32) :: text
    call get_command_argument(1, text)
    if (text /= "") read (text, *) epochs
    call get_command_argument(2, text)
    if (text /= "") read (text, *) density
  end subroutine

end program prune_after
