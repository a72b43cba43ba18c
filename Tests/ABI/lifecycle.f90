! Who owns a network: assignments, copies, arrays, components, function results, destroy. Run under valgrind as well.
program lifecycle
  use, intrinsic :: iso_c_binding, only: c_ptr
  use, intrinsic :: iso_fortran_env, only: real32, real64
  use espalier
  use :: espalier_c, only: espalier_network_get
  use testing, only: check, check_failure, done, points, same_bits
  implicit none

  type :: model
    type(network) :: net
    integer :: age = 0
  end type

  integer :: i
  do i = 1, 3
    call scalars
    call arrays
    call allocatables
    call components
    call failures
    call destroyed
    call optimizers
    call many_descriptions
  end do
  call done("lifecycle")

contains

  logical function lives(handle)
    !! Whether the library still has this network.
    type(c_ptr), intent(in) :: handle
    real(real64) :: value
    lives = espalier_network_get(handle, "inputs" // achar(0), value) == espalier_ok
  end function

  subroutine scalars
    type(network) :: a, b
    type(c_ptr) :: first
    a = network([input(2), linear(2)])
    first = a%handle
    b = a
    a = network([input(3), linear(4), linear(1)])
    call check(lives(first), "the other owner keeps it")
    b = b
    call check(all([lives(first), b%is_alive()]), "self-assignment keeps it")
    b = a
    call check(.not. lives(first), "the last owner frees it")
    call b%set_option("clip_norm", 2.0)
    call check(nint(a%option("clip_norm")) == 2, "an assignment shares")
  end subroutine

  subroutine arrays
    type(network) :: a(2), b(2), c(3)
    type(c_ptr) :: first, second
    integer :: k
    a = [network([input(3), linear(2), linear(1)]), network([input(3), linear(3), linear(1)])]
    first = a(1)%handle
    second = a(2)%handle
    call check(all([lives(first), lives(second)]), "an array from an array constructor")
    b = a
    call a%destroy()
    call check(all([lives(first), lives(second), .not. a(1)%is_alive()]), "an array of copies keeps them")
    b(1) = b(2)
    call check(.not. lives(first), "an element assigned to")
    c = network([input(3), linear(5), linear(1)])
    call check(all([(lives(c(k)%handle), k=1, 3)]), "one network in three elements")
    call c(1:2)%destroy()
    call check(all([c(3)%is_alive(), lives(c(3)%handle)]), "the third keeps it")
  end subroutine

  subroutine allocatables
    type(network), allocatable :: nets(:), one
    type(c_ptr) :: first
    allocate (nets(2), one)
    nets(1) = network([input(3), linear(2), linear(1)])
    nets(2) = nets(1)
    one = nets(2)
    first = one%handle
    deallocate (nets)
    call check(lives(first), "deallocate gives up two of three")
    deallocate (one)
    call check(.not. lives(first), "deallocate gives up the last")
  end subroutine

  subroutine components
    type(model) :: a
    type(c_ptr) :: first
    a%net = network([input(3), linear(3), linear(1)])
    first = a%net%handle
    a%net = network([input(3), linear(4), linear(1)])
    call check(.not. lives(first), "a component assigned to")
    call check(lives(a%net%handle), "a component holds")
  end subroutine

  subroutine failures
    type(network) :: a
    integer :: stat
    character(300) :: errmsg
    a = network([input(3), linear(2), linear(1)])
    a = network([input(3), linear(2, density=2.0)], stat=stat, errmsg=errmsg)
    call check_failure(stat, errmsg, espalier_error_invalid_argument, "density")
    call check(.not. a%is_alive(), "a failed constructor gives no network")
    call a%update(stat, errmsg)
    call check_failure(stat, errmsg, espalier_error_invalid_handle, "update: the network is not constructed")
  end subroutine

  subroutine destroyed
    type(network) :: a
    real(real32), target :: w(100), dw(100)
    real(real32) :: x(3, 4), y(1, 4)
    real(real64) :: loss
    integer :: stat
    character(300) :: errmsg
    call points(x)
    y = 0.5
    a = network([input(3), linear(4), linear(1)])
    call a%set_optimizer(adam())
    call a%bind(w, dw)
    call a%train_step(x, y, loss)
    call a%destroy()
    call a%destroy()
    call check(.not. a%is_alive(), "destroy twice")
    w = 1
    call a%train_step(x, y, loss, stat, errmsg)
    call check_failure(stat, errmsg, espalier_error_invalid_handle, "train_step")
  end subroutine

  subroutine optimizers
    type(optimizer) :: one, copy, several(3)
    type(optimizer), allocatable :: more(:)
    real(real32) :: weights(4), gradient(4), others(7)
    integer :: stat, k
    character(300) :: errmsg
    weights = 1
    others = 1
    gradient = 0.5
    one = sgd(learning_rate=0.5, momentum=0.9)
    call one%minimize(weights, gradient)
    copy = one
    call check(all(nint([one%option("steps"), copy%option("steps")]) == [1, 0]), "a copy starts anew")
    one = one
    call check(nint(one%option("steps")) == 1, "self-assignment keeps the state")
    several = adam()
    call several(1)%minimize(weights, gradient)
    call several(2)%minimize(others, others)
    call check(nint(several(3)%option("steps")) == 0, "an array of independent optimizers")
    ! An assignment that is defined does not allocate.
    allocate (more(4))
    more = [(several(k), k=1, 3), sgd()]
    call more(1)%minimize(others, others)
    call one%minimize(others, others, stat, errmsg)
    call check_failure(stat, errmsg, espalier_error_invalid_argument, "count")
    call one%reset()
    call one%minimize(others, others)
    call one%destroy()
    call one%destroy()
    call one%minimize(weights, gradient)
    call check(nint(one%option("steps")) == 1, "usable after destroy")
  end subroutine

  subroutine many_descriptions
    ! Results passed straight on as arguments.
    type(network) :: net
    type(topology) :: methods(2)
    integer :: k
    net = network([input(3), linear(8, density=0.5), linear(1)])
    methods = [rigl(every=5), set(drop_fraction=0.1)]
    do k = 1, 10
      call net%set_optimizer(adamw(learning_rate=0.1))
      call net%set_topology(rigl(every=k, drop_fraction=0.3, until=100))
      call net%set_topology(methods(1 + mod(k, 2)), layer=1)
    end do
    call check(net%is_alive(), "descriptions as arguments")
  end subroutine

end program lifecycle
