import Base
import KernelInterface
import Machine

/// y = x_1 + x_2 + ..., elementwise: a residual connection (He et al. 2016) when one of them is what another was made of.
final class Sum<T: Scalar>: StatelessLayer<T>, PiecewiseLinear {
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
      if let gradient = inputGradients[i] { move(outputGradient, to: gradient, adds: false, pass) }
    }
  }

  private func move(_ source: UnsafePointer<T>, to destination: UnsafeMutablePointer<T>, adds: Bool, _ pass: Pass) {
    pass.run(
      T.kernels.move,
      MoveArguments(
        source: source, sourceFeatures: outputs, destination: destination, destinationFeatures: outputs, shape: pass.shape,
        adds: adds),
      units: outputs, work: pass.shape.elements(features: outputs))
  }
}

/// The row of sums.
enum SumRow: LayerRow {
  static let name = "sum"
  static let options: [Option] = []
  static var inputCount: LayerInputs { .several }

  static func outputShape(of inputs: [TensorShape], _ options: OptionValues) throws(Failure) -> TensorShape {
    for shape in inputs where shape != inputs[0] {
      throw Failure(.invalidArgument, "\(options.owner): shapes must be equal, got \(inputs[0]) and \(shape)")
    }
    return inputs[0]
  }

  static func carries(_ feature: Int, behind before: Int) -> Int? { feature }

  static func make<T: Scalar>(_ site: LayerSite<T>) throws(Failure) -> any Layer<T> {
    try Sum<T>(count: site.inputs.count, features: site.output.features, owner: site.owner)
  }
}
