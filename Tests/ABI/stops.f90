! Without stat a failure ends the program with its message: the script that runs this one expects it to fail.
program stops
  use espalier
  implicit none
  type(network) :: net
  net = network([input(3), linear(2, density=1.7)])
  print "(A)", "stops: still running"
end program stops
