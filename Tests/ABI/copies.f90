! Copies of networks and optimizers that nobody counts: of sourced allocations and of whole objects, by any compiler. They
! go without taking anything with them. Run under valgrind as well.
program copies
  use, intrinsic :: iso_c_binding, only: c_ptr
  use, intrinsic :: iso_fortran_env, only: real32, real64
  use espalier
  use :: espalier_c, only: espalier_network_get
  use testing, only: check, check_failure, done
  implicit none

  type :: model
    type(network) :: net
    integer :: age = 0
  end type

  type :: holder
    type(network), allocatable :: nets(:)
  end type

  integer :: i
  do i = 1, 3
    call sourced
    call unlimited
    call whole_objects
    call never_taken
    call optimizers
  end do
  call done("copies")

contains

  logical function lives(handle)
    !! Whether the library still has this network.
    type(c_ptr), intent(in) :: handle
    real(real64) :: value
    lives = espalier_network_get(handle, "inputs" // achar(0), value) == espalier_ok
  end function

  logical function predicts(net)
    class(network), intent(in) :: net
    real(real32) :: x(2, 1), y(1, 1)
    integer :: stat
    x = 1
    call net%predict(x, y, stat)
    predicts = stat == espalier_ok
  end function

  subroutine sourced
    type(network) :: net
    class(network), allocatable :: copy
    type(network), allocatable :: many(:), one
    type(c_ptr) :: handle
    integer :: stat
    character(300) :: errmsg
    net = network([input(2), linear(1)], seed=1)
    handle = net%handle
    allocate (copy, source=net)
    call check(predicts(copy), "a sourced copy works")
    deallocate (copy)
    call check(predicts(net), "deallocate of a sourced copy takes nothing")
    allocate (one, many(3), source=net)
    call one%destroy()
    call many(2)%destroy()
    deallocate (one, many)
    call check(predicts(net), "destroy of sourced copies takes nothing")

    ! An assignment counts it.
    allocate (one, source=net)
    one = one
    call net%destroy()
    call check(all([lives(handle), predicts(one)]), "a sourced copy that is assigned to itself owns")
    deallocate (one)
    call check(.not. lives(handle), "and frees")

    net = network([input(2), linear(1)], seed=1)
    handle = net%handle
    allocate (copy, source=net)
    call net%destroy()
    call check(.not. lives(handle), "a sourced copy keeps nothing")
    call copy%update(stat, errmsg)
    call check_failure(stat, errmsg, espalier_error_invalid_handle, "network")
    net = network([input(2), linear(1)], seed=1)
    deallocate (copy)
    call check(predicts(net), "a stale copy does not touch the next network")
  end subroutine

  subroutine unlimited
    type(network) :: net
    class(*), allocatable :: anything
    net = network([input(2), linear(1)], seed=1)
    allocate (anything, source=net)
    deallocate (anything)
    call check(predicts(net), "a copy of any type")
  end subroutine

  subroutine whole_objects
    ! Whether a compiler counts the components of what it assigns differs; in every case the original works as long as it
    ! lives.
    type(model) :: a, b, several(2)
    type(holder) :: c, d
    type(c_ptr) :: handle
    a%net = network([input(2), linear(1)], seed=1)
    handle = a%net%handle
    b = a
    several = b
    call b%net%destroy()
    call several%net%destroy()
    call check(predicts(a%net), "the original of copied objects")
    call a%net%destroy()
    call check(.not. lives(handle), "the original frees")
    allocate (c%nets(2))
    c%nets(1) = network([input(2), linear(1)], seed=1)
    handle = c%nets(1)%handle
    d = c
    deallocate (d%nets)
    call check(predicts(c%nets(1)), "the original of copied allocatable components")
    deallocate (c%nets)
    call check(.not. lives(handle), "the last array frees")
  end subroutine

  subroutine never_taken
    ! A result that came into an object without an assignment of its own.
    type(model) :: a
    type(c_ptr) :: handle
    a = model(network([input(2), linear(1)], seed=1), 3)
    handle = a%net%handle
    call check(predicts(a%net), "a result in a structure constructor")
    call a%net%destroy()
    call check(.not. lives(handle), "destroy frees it")
  end subroutine

  subroutine optimizers
    type(optimizer) :: opt, other
    class(optimizer), allocatable :: copy
    type(optimizer), allocatable :: many(:)
    real(real32) :: weights(4), others(7)
    weights = 1
    others = 1
    opt = sgd(learning_rate=0.5, momentum=0.9)
    call opt%minimize(weights, 0.5 * weights)
    allocate (copy, source=opt)
    call check(nint(copy%option("steps")) == 0, "a sourced copy starts without state")
    call copy%minimize(others, 0.5 * others)
    deallocate (copy)
    allocate (many(2), source=opt)
    deallocate (many)
    call opt%minimize(weights, 0.5 * weights)
    call check(nint(opt%option("steps")) == 2, "copies leave the state alone")
    allocate (copy, source=opt)
    other = copy
    copy = opt
    call copy%set_option("learning_rate", 0.25)
    call check(all(nint([opt%option("steps"), 4 * opt%option("learning_rate")]) == 2), "so do assignments of copies")
    call check(nint(other%option("steps")) == 0, "a copy of a copy starts without state")
  end subroutine

end program copies
