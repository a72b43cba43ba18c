import Base
import KernelInterface
import Machine
import Sparse

/// A layer that owns its output and the gradient of it: what most have in common.
class PanelLayer<T: Scalar> {
  let inputs: Int
  let outputs: Int
  let owner: String
  private var panels: PanelPair<T>

  init(inputs: Int, outputs: Int, owner: String) throws(Failure) {
    self.inputs = inputs
    self.outputs = outputs
    self.owner = owner
    panels = try PanelPair(features: 0, elements: 0, of: owner)
  }

  var parameters: [Parameter<T>] { [] }
  var usesBLAS: Bool { false }
  var flops: Int { 0 }
  var output: UnsafeMutablePointer<T> { panels.output.pointer }
  var outputGradient: UnsafeMutablePointer<T> { panels.gradient.pointer }
  var scratchElements: Int { 0 }

  /// From panels of as many features as the output to others.
  @inline(__always)
  final func move(
    _ source: UnsafePointer<T>, to destination: UnsafeMutablePointer<T>, adds: Bool = false, _ pass: Pass
  ) {
    pass.run(
      T.kernels.move,
      MoveArguments(
        source: source, sourceFeatures: outputs, destination: destination, destinationFeatures: outputs, shape: pass.shape,
        adds: adds),
      units: outputs, work: pass.shape.elements(features: outputs))
  }

  func visit(_ visitor: inout some StateVisitor) { panels.visit(&visitor) }
  func share(_ scratch: Buffer<T>) {}
  func set(_ option: String, _ value: Double) {}

  func plan(elements: Int) throws(Failure) {
    panels = try PanelPair(features: outputs, elements: elements, of: owner)
  }
}

/// A layer that learns nothing and keeps nothing but its output.
class StatelessLayer<T: Scalar>: PanelLayer<T> {}

/// The row of a kind whose outputs are made of the inputs at the same place alone: all its inputs have one shape, the output too.
protocol ElementwiseRow: LayerRow {}

extension ElementwiseRow {
  static func outputShape(of inputs: [TensorShape], _ options: OptionValues) throws(Failure) -> TensorShape {
    for shape in inputs where shape != inputs[0] {
      throw Failure(.invalidArgument, "\(options.owner): shapes must be equal, got \(inputs[0]) and \(shape)")
    }
    return inputs[0]
  }
}
