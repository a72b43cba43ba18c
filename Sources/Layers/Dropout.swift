import Base
import KernelInterface
import Machine
import Sparse

/// Inverted dropout (Srivastava et al. 2014): in training each value is zeroed with `probability`, the others are divided
/// by 1 - probability; in inference the values pass as they are. The mask is drawn by counter and drawn again in backward.
final class Dropout<T: Scalar>: StatelessLayer<T>, Elementwise, PiecewiseLinear {
  /// In [0, 1).
  private var probability: Double
  /// Tells this layer's draws from those of the network's other layers.
  private let stream: UInt64

  init(features: Int, probability: Double, stream: UInt64, owner: String) throws(Failure) {
    self.probability = probability
    self.stream = stream
    try super.init(inputs: features, outputs: features, owner: owner)
  }

  override func set(_ option: String, _ value: Double) {
    if option == LayerOption.probability { probability = value }
  }

  @_specialize(where T == Float)
  @_specialize(where T == Double)
  func forward(_ inputs: UnsafePointer<UnsafePointer<T>>, _ pass: Pass) {
    apply(from: inputs[0], to: output, probability: pass.training ? probability : 0, pass)
  }

  @_specialize(where T == Float)
  @_specialize(where T == Double)
  func backward(
    _ inputs: UnsafePointer<UnsafePointer<T>>, inputGradients: UnsafePointer<UnsafeMutablePointer<T>?>, _ pass: Pass
  ) {
    guard let inputGradient = inputGradients[0] else { return }
    apply(from: outputGradient, to: inputGradient, probability: pass.training ? probability : 0, pass)
  }

  @inline(__always)
  private func apply(
    from source: UnsafePointer<T>, to destination: UnsafeMutablePointer<T>, probability: Double, _ pass: Pass
  ) {
    let arguments = DropoutArguments(
      source: source, destination: destination, features: inputs, shape: pass.shape, probability: probability,
      key: RandomSource.mix(pass.key ^ RandomSource.mix(stream)))
    withUnsafePointer(to: arguments) {
      pass.executor.run(
        T.kernels.dropout, $0, units: inputs, work: 8 * pass.shape.elements(features: inputs), balancedBy: nil)
    }
  }
}

/// The row of dropout layers.
enum DropoutRow: ElementwiseRow {
  static let name = "dropout"
  static let options = [Option(LayerOption.probability, 0.5, .from(0, below: 1))]

  static func make<T: Scalar>(_ site: LayerSite<T>) throws(Failure) -> any Layer<T> {
    try Dropout<T>(
      features: site.output.features, probability: try site.options.get(LayerOption.probability), stream: site.stream,
      owner: site.owner)
  }
}
