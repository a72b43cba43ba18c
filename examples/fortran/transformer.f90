program transformer
  ! Two encoder layers of a transformer, each linear map with a density of its own, learn to turn sequences around. Attention
  ! has to find, for each place, the one at the other end.
  use, intrinsic :: iso_fortran_env, only: int32, real32, real64
  use :: espalier, only: adam, attention, embedding, input, layer, layer_norm, network, position, sequence_linear, sum_of
  implicit none
  integer, parameter :: length = 8, words = 12, width = 32, samples = 4000
  type(network) :: net
  real(real32) :: draws(length, samples)
  integer(int32) :: x(length, samples), labels(length, samples)
  real(real64) :: loss, accuracy
  call random_number(draws)
  labels = 1 + int(words * draws)
  x = labels(length:1:-1, :)
  net = network([input(length), embedding(words, width), position(), encoder(2), encoder(13), sequence_linear(words)], &
                loss="softmax_cross_entropy", seed=1)
  call net%set_option("label_base", 1)
  call net%set_optimizer(adam(learning_rate=0.01))
  call net%train(x, labels, batch_size=50, epochs=25)
  call net%evaluate(x, labels, loss, accuracy)
  call net%print_info()
  print "(A, F7.4)", "places turned around rightly", accuracy
  call net%destroy()

contains

  function encoder(at) result(layers)
    !! An encoder layer (Vaswani et al. 2017) of four heads.
    integer, intent(in) :: at
      !! The number of the layer that it takes from.
    type(layer) :: layers(11)
    layers(1) = sequence_linear(width, density=0.4, from=at) ! query
    layers(2) = sequence_linear(width, density=0.4, from=at) ! key
    layers(3) = sequence_linear(width, density=0.2, from=at) ! value
    layers(4) = attention(at + 1, at + 2, at + 3, heads=4)
    layers(5) = sequence_linear(width, density=0.2)
    layers(6) = sum_of([at, at + 5])
    layers(7) = layer_norm(per_place=.true.)
    layers(8) = sequence_linear(2 * width, density=0.1, activation="relu")
    layers(9) = sequence_linear(width, density=0.1)
    layers(10) = sum_of([at + 7, at + 9])
    layers(11) = layer_norm(per_place=.true.)
  end function

end program transformer
