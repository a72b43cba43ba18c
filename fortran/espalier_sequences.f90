!> Descriptions of layers on sequences. A sequence is a field with one dimension: x(length, channels, batch).
module espalier_sequences
  use :: espalier_c, only: espalier_layer_attention, espalier_layer_convolution, espalier_layer_embedding, &
    espalier_layer_position
  use :: espalier_description, only: described, give, joining, layer
  implicit none
  private
  public :: attention, embedding, position, sequence_linear

contains

  type(layer) function embedding(vocabulary, width, padding_index, base, sparse) result(description)
    !! A learned vector for each class number of the network's input, which is a vector of them or a field with one channel.
    !! Outputs have `width` channels over the same places.
    integer, intent(in) :: vocabulary
      !! Classes there are.
    integer, intent(in) :: width
      !! Channels of a vector.
    integer, intent(in), optional :: padding_index
      !! The number that stands for no class: its vector starts at 0 and is not trained.
    integer, intent(in), optional :: base
      !! 1 (default) or 0: the number of the first class.
    logical, intent(in), optional :: sparse
      !! Whether a step looks at and updates only the vectors that the batch uses; their moments then rest with them.
    description = described(espalier_layer_embedding, 0)
    call give(description, "vocabulary", vocabulary)
    call give(description, "width", width)
    call give(description, "padding_index", padding_index)
    call give(description, "sparse", sparse)
    if (present(base)) then
      call give(description, "index_base", base)
    else
      call give(description, "index_base", 1)
    end if
  end function

  type(layer) function position(learned, from) result(description)
    !! A number of its own is added to each channel and place.
    logical, intent(in), optional :: learned
      !! Whether they are parameters (default), or fixed sines and cosines (Vaswani et al. 2017) of a field with one dimension.
    integer, intent(in), optional :: from
      !! The layer that it takes from, by number, instead of the one before it; 0 is the network's input.
    description = described(espalier_layer_position, from)
    call give(description, "learned", learned)
  end function

  type(layer) function attention(query, key, value, heads, causal) result(description)
    !! Scaled dot-product attention: the outputs are means of the values, one a query, by the softmax over the keys of their
    !! products with it. Outputs have the value's channels and the query's length.
    integer, intent(in) :: query
      !! The layer that gives the queries, counted from 1 in the order of the list; 0 is the network's input.
    integer, intent(in) :: key
      !! The layer that gives the keys, with as many channels as the queries.
    integer, intent(in) :: value
      !! The layer that gives the values, of the same length as the keys. The three may be one layer.
    integer, intent(in), optional :: heads
      !! Groups of channels that follow one another and attend each for itself (1). They divide all channels.
    logical, intent(in), optional :: causal
      !! Whether a query sees no more than the keys up to its own place.
    description = joining(espalier_layer_attention, [query, key, value])
    call give(description, "heads", heads)
    call give(description, "causal", causal)
  end function

  type(layer) function sequence_linear(units, density, activation, bias, initializer, negative_slope, alpha, fixed_density, &
                                       from) result(description)
    !! The same linear layer at each place of a sequence: a convolution whose kernel has one place.
    integer, intent(in) :: units
      !! Channels that come out.
    class(*), intent(in), optional :: density
      !! In (0, 1], a real of either kind; without it the layer is dense.
    character(*), intent(in), optional :: activation
      !! As of a linear layer, but for softmax; identity is the default.
    logical, intent(in), optional :: bias
    character(*), intent(in), optional :: initializer
      !! he_uniform (default), he_normal, glorot_uniform, glorot_normal, orthogonal (dense layers), zeros.
    class(*), intent(in), optional :: negative_slope
      !! Of leaky_relu (0.01).
    class(*), intent(in), optional :: alpha
      !! Of elu and celu (1).
    logical, intent(in), optional :: fixed_density
      !! Keep this density when the network spreads an overall one over its layers.
    integer, intent(in), optional :: from
      !! The layer that it takes from, by number, instead of the one before it; 0 is the network's input.
    description = described(espalier_layer_convolution, from)
    call give(description, "filters", units)
    call give(description, "density", density)
    call give(description, "activation", activation)
    call give(description, "bias", bias)
    call give(description, "initializer", initializer)
    call give(description, "negative_slope", negative_slope)
    call give(description, "alpha", alpha)
    call give(description, "fixed_density", fixed_density)
  end function

end module espalier_sequences
