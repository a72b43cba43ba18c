import Base
import KernelInterface
import Machine

/// y = x_1 + x_2 + ..., elementwise: a residual connection (He et al. 2016) when one of them is what another was made of.
final class Sum<T: Scalar>: StatelessLayer<T>, Elementwise, PiecewiseLinear {
  /// How many outputs are added.
  private let count: Int

  init(count: Int, features: Int, owner: String) throws(Failure) {
    self.count = count
    try super.init(inputs: count.multipliedClamped(by: features), outputs: features, owner: owner)
  }

  override var flops: Int { (count - 1).multipliedClamped(by: outputs) }

  @_specialize(where T == Float)
  @_specialize(where T == Double)
  func forward(_ inputs: UnsafePointer<UnsafePointer<T>>, _ pass: Pass) {
    for i in 0..<count { move(inputs[i], to: output, adds: i > 0, pass) }
  }

  @_specialize(where T == Float)
  @_specialize(where T == Double)
  func backward(
    _ inputs: UnsafePointer<UnsafePointer<T>>, inputGradients: UnsafePointer<UnsafeMutablePointer<T>?>, _ pass: Pass
  ) {
    for i in 0..<count {
      if let gradient = inputGradients[i] { move(outputGradient, to: gradient, pass) }
    }
  }
}

/// The row of sums.
enum SumRow: ElementwiseRow {
  static let name = "sum"
  static let options: [Option] = []
  static var inputCount: LayerInputs { .several }

  static func make<T: Scalar>(_ site: LayerSite<T>) throws(Failure) -> any Layer<T> {
    try Sum<T>(count: site.inputs.count, features: site.output.features, owner: site.owner)
  }
}
