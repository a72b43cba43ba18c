! An assignment to a variable that is not allocated ends with a message instead of a fault; after the allocation that the message
! asks for it is an assignment like any other.
program unallocated
  use, intrinsic :: iso_fortran_env, only: int64
  use espalier
  use testing, only: check
  implicit none
  type(network) :: net
  type(optimizer) :: opt
  class(network), allocatable :: another_net
  class(optimizer), allocatable :: another_opt
  character(20) :: what
  real :: y(1, 1)

  call get_command_argument(1, what)
  net = network([input(2), linear(1)], seed=1)
  opt = adam(learning_rate=0.25)
  if (what == "network") then
    another_net = net
  else if (what == "optimizer") then
    another_opt = opt
  end if
  allocate (another_net, another_opt)
  another_net = net
  another_opt = opt
  call net%destroy()
  call another_net%predict(reshape([1.0, 2.0], [2, 1]), y)
  call check(another_net%parameter_count() == 3_int64, "a network that was assigned")
  call check(nint(another_opt%option("learning_rate") * 100) == 25, "an optimizer that was assigned")
  deallocate (another_net, another_opt)
  print "(A)", "still running"
end program
