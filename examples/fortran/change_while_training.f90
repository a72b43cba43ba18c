!> What becomes of a pattern that may change while a network learns to read the bundled digits: one network a method, the same
!> density at the end for all, and a method of one's own, whose drop score is a Fortran function.
!>
!>     change_while_training [epochs [density]]
module own_score
  use, intrinsic :: iso_c_binding, only: c_associated, c_f_pointer, c_float, c_int, c_ptr
  use :: espalier, only: espalier_layer_view
  implicit none
contains

  integer(c_int) function saliency(user, view, scores) bind(c)
    !! |w dL/dw|: about what the loss would change by without the connection. The smallest go.
    type(c_ptr), value :: user
    type(espalier_layer_view), intent(in) :: view
    real(c_float), intent(inout) :: scores(*)
    real(c_float), pointer :: weights(:), gradients(:)
    call c_f_pointer(view%weights, weights, [view%connections])
    call c_f_pointer(view%gradients, gradients, [view%connections])
    scores(:view%connections) = abs(weights * gradients)
    saliency = merge(1, 0, c_associated(user))  ! nothing was given for it; anything but 0 stops
  end function

end module own_score

program change_while_training
  use, intrinsic :: iso_fortran_env, only: error_unit, real64
  use :: digit_images, only: digit_set, read_digits
  use :: espalier, only: adam, granet, input, itop, linear, network, rigl, set, snfs, static, topology
  use :: own_score, only: saliency
  implicit none

  type(digit_set) :: train, test
  type(topology) :: own
  integer :: epochs = 30, last
  real(real64) :: density = 0.03_real64
  character(:), allocatable :: message
  character(32) :: text

  call read_digits("examples/data/digits.csv", train, test, message)
  if (allocated(message)) then
    write (error_unit, "(A)") message
    error stop 1
  end if
  call get_command_argument(1, text)
  if (text /= "") read (text, *) epochs
  call get_command_argument(2, text)
  if (text /= "") read (text, *) density
  last = epochs * ((size(train%labels) + 31) / 32) * 3 / 4

  own = rigl(every=20, until=last)
  call own%set_drop_f32(saliency)
  print "(A)", "method    density  explored  dead inputs  training FLOPs  accuracy"
  call learn("static", static(), density)
  call learn("set", set(every=20, until=last), density)
  call learn("rigl", rigl(every=20, until=last), density)
  call learn("itop", itop(every=20, until=last), density)
  call learn("snfs", snfs(every=20, until=last), density)
  call learn("own", own, density)
  call learn("granet", granet(density, density_end=last, every=20, until=last), min(1.0_real64, 4 * density))

contains

  subroutine learn(name, method, start)
    character(*), intent(in) :: name
    type(topology), intent(in) :: method
    real(real64), intent(in) :: start  ! the density that it begins with
    type(network) :: net
    net = network([input(64), linear(300, activation="relu"), linear(100, activation="relu"), linear(10)], &
                  loss="softmax_cross_entropy", seed=1, distribution="erdos_renyi", density=start)
    call net%set_optimizer(adam(learning_rate=0.003))
    call net%set_topology(method)
    call net%train(train%x, train%labels, batch_size=32, epochs=epochs)
    print "(A8, F9.4, F10.4, I13, F16.0, F10.4)", name // repeat(" ", 8), net%option("density"), net%option("explored"), &
      nint(net%option("dead_inputs")), net%option("training_flops"), net%accuracy(test%x, test%labels)
    call net%destroy()
  end subroutine

end program change_while_training
