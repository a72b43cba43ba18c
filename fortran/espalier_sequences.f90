!> Descriptions of layers on sequences. A sequence is a field with one dimension: x(length, channels, batch).
module espalier_sequences
  use :: espalier_c, only: espalier_layer_attention
  use :: espalier_description, only: give, joining, layer
  implicit none
  private
  public :: attention

contains

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

end module espalier_sequences
