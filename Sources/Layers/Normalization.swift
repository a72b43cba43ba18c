import Base
import KernelInterface
import Machine
import Sparse

/// y = (x - mean) / deviation, or the inverse, y = x deviation + mean, with numbers that training leaves alone: one mean and deviation
/// a channel, or a feature. A deviation of 0 counts as 1.
final class Normalization<T: Scalar>: PanelLayer<T>, Fitted, Elementwise, Diagonal {
  /// Means and deviations, and how many features each is for.
  private let count: Int
  private let rows: Int
  private let isInverse: Bool
  private let mean: Buffer<T>
  private let deviation: Buffer<T>
  /// What x is multiplied by.
  private let factor: Buffer<T>

  init(shape: TensorShape, perPlace: Bool, isInverse: Bool, owner: String) throws(Failure) {
    count = perPlace ? shape.features : shape.channels
    rows = perPlace ? 1 : shape.places
    self.isInverse = isInverse
    mean = try Buffer(count: count, of: owner)
    deviation = try Buffer(count: count, of: owner)
    deviation.span.update(repeating: 1)
    factor = try Buffer(count: count, of: owner)
    try super.init(inputs: shape.features, outputs: shape.features, owner: owner)
  }

  override var flops: Int { 2 * outputs }

  override func visit(_ visitor: inout some StateVisitor) {
    super.visit(&visitor)
    visitor.array("mean", mean)
    visitor.array("deviation", deviation)
    visitor.scratch(factor)
  }

  /// Two passes over the samples, in double: the mean, and the deviation of what is left (the biased one). What is left of a
  /// constant is 0.
  @_specialize(where T == Float)
  @_specialize(where T == Double)
  func fit(_ x: UnsafePointer<T>, samples: Int) throws(Failure) {
    let sums = try Buffer<Double>(count: count, of: owner)
    let squares = try Buffer<Double>(count: count, of: owner)
    let n = Double(samples) * Double(rows)
    // Of differences to the first sample's: of a constant they are 0, to the bit.
    for sample in 0..<samples {
      for k in 0..<count {
        let first = x + (sample * inputs + k * rows)
        let origin = Double(x[k * rows])
        for row in 0..<rows { sums.pointer[k] += Double(first[row]) - origin }
      }
    }
    for k in 0..<count { sums.pointer[k] = Double(x[k * rows]) + sums.pointer[k] / n }
    for sample in 0..<samples {
      for k in 0..<count {
        let first = x + (sample * inputs + k * rows)
        for row in 0..<rows {
          let d = Double(first[row]) - sums.pointer[k]
          squares.pointer[k] += d * d
        }
      }
    }
    for k in 0..<count {
      let (mean, deviation) = (T(sums.pointer[k]), T((squares.pointer[k] / n).squareRoot()))
      guard mean.isFinite, deviation.isFinite else {
        throw Failure(
          .nonFinite,
          "fit: \(owner): mean and deviation of \(rows == 1 ? "feature" : "channel") \(k) (from 0) overflow; nothing has changed"
        )
      }
    }
    for k in 0..<count {
      let deviation = T((squares.pointer[k] / n).squareRoot())
      self.mean.pointer[k] = T(sums.pointer[k])
      self.deviation.pointer[k] = deviation == 0 ? 1 : deviation
    }
  }

  @_specialize(where T == Float)
  @_specialize(where T == Double)
  func forward(_ inputs: UnsafePointer<UnsafePointer<T>>, _ pass: Pass) { propagate(inputs[0], pass) }

  private func propagate(_ input: UnsafePointer<T>, _ pass: Pass) {
    for k in 0..<count {
      let deviation = deviation.pointer[k] == 0 ? 1 : deviation.pointer[k]
      factor.pointer[k] = isInverse ? deviation : 1 / deviation
    }
    let mean = UnsafePointer(mean.pointer)
    apply(from: input, to: output, center: isInverse ? nil : mean, shift: isInverse ? mean : nil, pass)
  }

  @_specialize(where T == Float)
  @_specialize(where T == Double)
  func backward(
    _ inputs: UnsafePointer<UnsafePointer<T>>, inputGradients: UnsafePointer<UnsafeMutablePointer<T>?>, _ pass: Pass
  ) {
    guard let inputGradient = inputGradients[0] else { return }
    apply(from: UnsafePointer(outputGradient), to: inputGradient, center: nil, shift: nil, pass)
  }

  private func apply(
    from source: UnsafePointer<T>, to destination: UnsafeMutablePointer<T>, center: UnsafePointer<T>?,
    shift: UnsafePointer<T>?, _ pass: Pass
  ) {
    pass.run(
      T.kernels.norms.affine,
      AffineArguments(
        source: source, destination: destination, parameters: count, rows: rows, shape: pass.shape, center: center,
        factor: UnsafePointer(factor.pointer), shift: shift),
      units: count, work: 3 * pass.shape.elements(features: outputs))
  }
}

/// The row of fixed normalisations.
enum NormalizationRow: NormRow {
  static let name = "normalization"
  static let options = [
    Option(LayerOption.inverse, 0, .flag, live: false), Option(LayerOption.perPlace, 0, .flag, live: false),
  ]

  static func make<T: Scalar>(_ site: LayerSite<T>) throws(Failure) -> any Layer<T> {
    try Normalization<T>(
      shape: site.output, perPlace: try site.options.get(LayerOption.perPlace) == 1,
      isInverse: try site.options.get(LayerOption.inverse) == 1, owner: site.owner)
  }
}
