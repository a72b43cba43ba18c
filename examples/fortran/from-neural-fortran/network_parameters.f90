!> The weights and biases of each layer of a network, as arrays in which the network works.
program network_parameters
  use :: espalier, only: input, linear, network
  implicit none
  type(network) :: net
  real, pointer, contiguous :: weights(:), bias(:)
  integer :: l

  net = network([input(3), linear(5, activation="sigmoid"), linear(2, activation="sigmoid")])
  do l = 1, int(net%option("layers"))
    call net%layer_parameters(l, weights, bias)
    print "(4(A, I0), A)", "layer ", l, ": ", int(net%layer_option(l, "inputs")), " inputs, ", size(weights), " weights, ", &
      size(bias), " biases"
    print "(*(F10.6))", weights  ! unit by unit
  end do
  call net%destroy()
end program network_parameters
