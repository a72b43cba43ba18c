import Base
import KernelInterface
import Machine

/// An input beside the network's own: its outputs are put there before a pass, and its passes do nothing.
final class InputLayer<T: Scalar>: StatelessLayer<T>, PiecewiseLinear {
  init(features: Int, owner: String) throws(Failure) {
    try super.init(inputs: 0, outputs: features, owner: owner)
  }

  func forward(_ inputs: UnsafePointer<UnsafePointer<T>>, _ pass: Pass) {}

  func backward(
    _ inputs: UnsafePointer<UnsafePointer<T>>, inputGradients: UnsafePointer<UnsafeMutablePointer<T>?>, _ pass: Pass
  ) {}

  /// Data does not change with weights.
  func push(_ tangents: UnsafePointer<UnsafePointer<T>>, into tangent: UnsafeMutablePointer<T>, _ pass: Pass) {
    tangent.update(repeating: 0, count: pass.shape.elements(features: outputs))
  }
}

/// The row of inputs: "channels" of a field of "width", "height" and "depth". Lengths of 0 are dimensions that there are not.
enum InputRow: LayerRow {
  static let name = "input"
  static let inputCount = LayerInputs.none
  static let options = FieldDimension.allCases.map {
    $0 == .channels
      ? Option($0.name, 1, .integer(1...Int(Int32.max)), live: false)
      : Option($0.name, 0, .integer(0...Int(Int32.max)), live: false)
  }

  static func outputShape(of inputs: [TensorShape], _ options: OptionValues) throws(Failure) -> TensorShape {
    TensorShape(channels: try options.integer(FieldDimension.channels.name), extents: try ReshapeRow.extents(options))
  }

  static func make<T: Scalar>(_ site: LayerSite<T>) throws(Failure) -> any Layer<T> {
    try InputLayer<T>(features: site.output.features, owner: site.owner)
  }
}
