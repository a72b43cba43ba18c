/// How a batch lies in memory between the caller's arrays: feature-major panels of a fixed number of samples.
///
/// Value of feature f and sample s, of `features` features:
/// `base[((s / width) * features + f) * width + s % width]`.
/// A row of a panel (one feature, `width` samples) is 256 bytes for a large batch: the accumulators of one output row stay
/// in registers while its connections stream by, and a connection costs one load per multiply-add. A panel of one sample is
/// a plain vector of features.
///
/// Lanes beyond the batch ("padding"): zero in packed inputs and in every gradient panel; finite, otherwise arbitrary, in
/// activations. So sums over a panel row that have a gradient as a factor need no mask.
public struct PanelShape: Sendable, Equatable {
  /// Samples of the batch.
  public let batch: Int
  /// Samples a panel; one of `widths`.
  public let width: Int
  /// Panels: batch / width, rounded up. 1 when `width` is 1.
  public let count: Int

  /// The widest panel row is 256 bytes; narrower ones serve small batches, down to 16 bytes and to a single sample. For
  /// `elementSize` 4: 64, 32, 16, 8, 4, 1; 8: 32, 16, 8, 4, 2, 1.
  public static func widths(elementSize: Int) -> [Int] { [256, 128, 64, 32, 16, elementSize].map { $0 / elementSize } }

  /// The shape for a batch: the narrowest width that holds it in one panel, else the widest.
  public init(batch: Int, elementSize: Int) {
    // By halving, not by searching `widths`: a training step allocates nothing, not even a list.
    var width = 256 / elementSize
    while width / 2 >= max(batch, 16 / elementSize) { width /= 2 }
    if batch == 1 { width = 1 }
    self.batch = batch
    self.width = width
    self.count = (batch + width - 1) / width
  }

  /// Elements that `features` features take.
  public func elements(features: Int) -> Int { count * width * features }
}
