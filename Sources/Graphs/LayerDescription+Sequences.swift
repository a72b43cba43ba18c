import KernelInterface
import Layers

extension LayerDescription {
  /// A learned vector for each class number of the network's input: channels x length. - vocabulary: classes there are.
  /// - width: channels of a vector. - paddingIndex: the number that stands for no class; its vector starts at 0 and has no
  /// gradient. - base: the number of the first class, 0 or 1. - sparse: whether steps pass over vectors that the batch does not use.
  public static func embedding(
    vocabulary: Int, width: Int, paddingIndex: Int? = nil, base: Int = 0, sparse: Bool = false
  ) -> Self {
    LayerDescription(
      .embedding,
      [
        (LayerOption.vocabulary, Double(vocabulary)), (LayerOption.width, Double(width)),
        (LayerOption.paddingIndex, Double(paddingIndex ?? -1)), (LayerOption.indexBase, Double(base)),
        (LayerOption.sparse, sparse ? 1 : 0),
      ])
  }

  /// A value of its own added to each channel and place: learned, or fixed sines and cosines.
  public static func position(learned: Bool = true) -> Self {
    LayerDescription(.position, [(LayerOption.learned, learned ? 1 : 0)])
  }

  /// The same linear layer at each place of a sequence: a convolution whose kernel has one place. - density: in (0, 1]; 1: dense.
  public static func sequenceLinear(
    _ units: Int, density: Double = 1, activation: Activation = .identity, bias: Bool = true,
    initializer: Initializer = .heUniform, negativeSlope: Double = 0.01, alpha: Double = 1
  ) -> Self {
    .convolution(
      units, kernel: [1], density: density, activation: activation, bias: bias, initializer: initializer,
      negativeSlope: negativeSlope, alpha: alpha)
  }

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
