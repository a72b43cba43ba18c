import Layers

extension LayerDescription {
  /// Scaled dot-product attention: the outputs are means of the values, one a query, by the softmax over the keys of their
  /// products with it. - query, key, value: numbers of layers whose outputs are fields channels x length; 0 is the network's
  /// input. Three times the same for self-attention. - heads: divides all channels. - causal: whether query i sees no more than
  /// the first i keys, counted from 1.
  public static func attention(query: Int, key: Int, value: Int, heads: Int = 1, causal: Bool = false) -> Self {
    LayerDescription(
      .attention, of: [query, key, value],
      [(LayerOption.heads, Double(heads)), (LayerOption.causal, causal ? 1 : 0)])
  }
}
