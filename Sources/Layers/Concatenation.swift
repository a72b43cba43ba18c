import Base
import KernelInterface
import Machine

/// The channels of several outputs one after the other, over the same places.
final class Concatenation<T: Scalar>: StatelessLayer<T>, PiecewiseLinear {
  /// Features of each input.
  private let widths: [Int]

  init(widths: [Int], features: Int, owner: String) throws(Failure) {
    self.widths = widths
    try super.init(inputs: features, outputs: features, owner: owner)
  }

  func carry(_ outputs: UnsafePointer<UInt8>, toInput input: Int, _ marks: UnsafeMutablePointer<UInt8>, count: Int) {
    var first = 0
    for i in 0..<input { first += widths[i] }
    for feature in 0..<count where outputs[first + feature] != 0 { marks[feature] = 1 }
  }

  @_specialize(where T == Float)
  @_specialize(where T == Double)
  func forward(_ inputs: UnsafePointer<UnsafePointer<T>>, _ pass: Pass) {
    var first = 0
    for i in 0..<widths.count {
      pass.run(
        T.kernels.move,
        MoveArguments(
          source: inputs[i], sourceFeatures: widths[i], destination: output, destinationFeatures: outputs,
          destinationFirst: first, shape: pass.shape, adds: false),
        units: widths[i], work: pass.shape.elements(features: widths[i]))
      first += widths[i]
    }
  }

  @_specialize(where T == Float)
  @_specialize(where T == Double)
  func backward(
    _ inputs: UnsafePointer<UnsafePointer<T>>, inputGradients: UnsafePointer<UnsafeMutablePointer<T>?>, _ pass: Pass
  ) {
    var first = 0
    for i in 0..<widths.count {
      if let gradient = inputGradients[i] {
        pass.run(
          T.kernels.move,
          MoveArguments(
            source: UnsafePointer(outputGradient), sourceFeatures: outputs, sourceFirst: first, destination: gradient,
            destinationFeatures: widths[i], shape: pass.shape, adds: false),
          units: widths[i], work: pass.shape.elements(features: widths[i]))
      }
      first += widths[i]
    }
  }
}

/// The row of concatenations.
enum ConcatenationRow: LayerRow {
  static let name = "concatenation"
  static let options: [Option] = []
  static var inputCount: LayerInputs { .several }

  static func outputShape(of inputs: [TensorShape], _ options: OptionValues) throws(Failure) -> TensorShape {
    var channels = 0
    for shape in inputs {
      guard shape.extents == inputs[0].extents else {
        throw Failure(
          .invalidArgument, "\(options.owner): shapes must differ in their channels alone, got \(inputs[0]) and \(shape)")
      }
      let (sum, overflow) = channels.addingReportingOverflow(shape.channels)
      guard !overflow else { throw Failure(.invalidArgument, "\(options.owner): the number of channels overflows") }
      channels = sum
    }
    return TensorShape(channels: channels, extents: inputs[0].extents)
  }

  static func make<T: Scalar>(_ site: LayerSite<T>) throws(Failure) -> any Layer<T> {
    try Concatenation<T>(
      widths: site.inputs.map(\.features), features: site.output.features, owner: site.owner)
  }
}
