import Base
import KernelInterface
import Machine
import Sparse

/// Inverted dropout (Srivastava et al. 2014): in training each value is zeroed with `probability`, the others are divided
/// by 1 - probability; in inference the values pass as they are. The mask is drawn by counter and drawn again in backward.
public final class Dropout<T: Scalar>: Layer {
  public let inputs: Int
  public var outputs: Int { inputs }
  /// In [0, 1).
  public private(set) var probability: Double
  /// Tells this layer's draws from those of the network's other layers.
  private let stream: UInt64
  private let owner: String
  private var panels: PanelPair<T>

  public init(inputs: Int, probability: Double, stream: UInt64, owner: String) throws(Failure) {
    self.inputs = inputs
    self.probability = probability
    self.stream = stream
    self.owner = owner
    panels = try PanelPair(features: 0, elements: 0, of: owner)
  }

  public var parameters: [Parameter<T>] { [] }
  public var usesBLAS: Bool { false }
  public var bytes: Int { panels.bytes }
  public var flops: Int { 0 }
  public var output: UnsafeMutablePointer<T> { panels.output.pointer }
  public var outputGradient: UnsafeMutablePointer<T> { panels.gradient.pointer }

  public func set(_ option: String, _ value: Double) {
    if option == LayerOption.probability { probability = value }
  }

  public var scratchElements: Int { 0 }
  public func share(_ scratch: Buffer<T>) {}

  public func plan(elements: Int) throws(Failure) {
    panels = try PanelPair(features: inputs, elements: elements, of: owner)
  }

  @_specialize(where T == Float)
  @_specialize(where T == Double)
  public func forward(_ input: UnsafePointer<T>, _ pass: Pass) {
    apply(from: input, to: output, probability: pass.training ? probability : 0, pass)
  }

  @_specialize(where T == Float)
  @_specialize(where T == Double)
  public func backward(_ input: UnsafePointer<T>, inputGradient: UnsafeMutablePointer<T>?, _ pass: Pass) {
    guard let inputGradient else { return }
    apply(from: outputGradient, to: inputGradient, probability: probability, pass)
  }

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
enum DropoutRow: LayerRow {
  static let name = "dropout"
  static let options = [Option(LayerOption.probability, 0.5, .from(0, below: 1))]

  static func outputShape(of inputs: [TensorShape], _ options: OptionValues) throws(Failure) -> TensorShape { inputs[0] }

  static func make<T: Scalar>(_ site: LayerSite<T>) throws(Failure) -> any Layer<T> {
    try Dropout<T>(
      inputs: site.output.features, probability: try site.options.get(LayerOption.probability), stream: site.stream,
      owner: site.owner)
  }
}
