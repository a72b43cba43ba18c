import Layers

// Norms, by their names in PyTorch.
extension LayerDescription {
  /// Each channel over the samples of the batch and the places; in inference by running statistics.
  /// - momentum: in [0, 1], how far a training batch moves these. - epsilon: > 0. - affine: whether there are weights and biases.
  public static func batchNorm(momentum: Double = 0.1, epsilon: Double = 1e-5, affine: Bool = true) -> Self {
    LayerDescription(
      .batchNorm,
      [(LayerOption.momentum, momentum), (LayerOption.epsilon, epsilon), (LayerOption.affine, affine ? 1 : 0)])
  }

  /// Each sample over all its values, or the channels of each place.
  public static func layerNorm(perPlace: Bool = false, epsilon: Double = 1e-5, affine: Bool = true) -> Self {
    LayerDescription(
      .layerNorm,
      [
        (LayerOption.perPlace, perPlace ? 1 : 0), (LayerOption.epsilon, epsilon), (LayerOption.affine, affine ? 1 : 0),
      ])
  }

  /// The channels of each sample in groups, over their places. - groups: divides the channels.
  public static func groupNorm(_ groups: Int, epsilon: Double = 1e-5, affine: Bool = true) -> Self {
    LayerDescription(
      .groupNorm,
      [(LayerOption.groups, Double(groups)), (LayerOption.epsilon, epsilon), (LayerOption.affine, affine ? 1 : 0)])
  }

  /// (x - mean) / deviation by numbers that training leaves alone, or the inverse; see ``Network/fit(layer:_:)``.
  /// - perPlace: one mean and deviation a feature, instead of a channel.
  public static func normalization(inverse: Bool = false, perPlace: Bool = false) -> Self {
    LayerDescription(.normalization, [(LayerOption.inverse, inverse ? 1 : 0), (LayerOption.perPlace, perPlace ? 1 : 0)])
  }
}
