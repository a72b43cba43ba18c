import Base
import Graphs
import KernelInterface
import Layers
import Machine

/// Brings the caller's arrays into panels, and panels back into the caller's arrays.
final class Packer<T: Scalar>: Stateful {
  let graph: Graph<T>
  let inputs: Int
  private let outputs: Int
  /// The packed targets, (outputs, batch).
  let target: Buffer<T>
  /// One byte a block of 16 features of inputs or outputs.
  private let nonFinite: Buffer<UInt8>
  /// The whole numbers that the network's own input must consist of, if any layer asks for such.
  let wholeNumbers: [InputNumbers]
  /// The network's own input while the caller has bound it.
  var ownInput: InputSource<T>?
  /// Inputs beside it.
  let furtherInputs: [InputSource<T>]

  /// - elements: of one feature, the most that a batch takes. - Throws: `outOfMemory`.
  init(_ graph: Graph<T>, _ plan: GraphPlan<T>, elements: Int) throws(Failure) {
    self.graph = graph
    inputs = plan.inputShape.features
    outputs = plan.outputs
    wholeNumbers = try plan.inputNumbers(0)
    furtherInputs = try InputSource.beside(plan, graph.layers)
    let (count, overflow) = outputs.multipliedReportingOverflow(by: elements)
    guard !overflow else { throw Failure(.outOfMemory, "build: target panels of \(outputs) x \(elements) overflow") }
    target = try Buffer(count: count, of: "target panels")
    nonFinite = try Buffer(count: (max(inputs, outputs) + 15) / 16, of: "workspace")
  }

  func visit(_ visitor: inout some StateVisitor) { visitor.scratch(target, nonFinite) }

  // MARK: Into panels

  /// Pack a batch as the network's input, and what is bound beside it.
  @_specialize(where T == Float)
  @_specialize(where T == Double)
  func pack(_ batch: Batch<T>, _ pass: Pass) {
    packFurther(batch, pass)
    if let ownInput { return ownInput.pack(batch, pass, into: graph.input) }
    pack(batch.x, features: inputs, batch, into: graph.input, nonFinite: nil, pass)
  }

  /// Pack a batch beside the network's input, which stays: ``takeInput(_:_:)`` follows. - Throws: `nonFinite`.
  @_specialize(where T == Float)
  @_specialize(where T == Double)
  func packFinite(_ batch: Batch<T>, _ pass: Pass) throws(Failure) {
    try requireBoundFinite(batch)
    if let ownInput { return ownInput.pack(batch, pass, into: graph.inputGradient) }
    pack(batch.x, features: inputs, batch, into: graph.inputGradient, nonFinite: nonFinite.pointer, pass)
    try refuseNonFinite("x", batch.x, features: inputs, batch)
  }

  /// The batch that is packed beside the input becomes the input, and so does what is bound beside it.
  @_specialize(where T == Float)
  @_specialize(where T == Double)
  func takeInput(_ batch: Batch<T>, _ pass: Pass) {
    graph.takeInput()
    packFurther(batch, pass)
  }

  /// Pack what the outputs are compared with.
  @_specialize(where T == Float)
  @_specialize(where T == Double)
  func pack(target values: UnsafePointer<T>, _ batch: Batch<T>, _ pass: Pass) {
    pack(values, features: outputs, batch, into: target.pointer, nonFinite: nil, pass)
  }

  /// Pack what is compared with the outputs, or their gradient, as the target. - batch: says which samples. - Throws: `nonFinite`.
  @_specialize(where T == Float)
  @_specialize(where T == Double)
  func packFinite(_ values: UnsafePointer<T>, _ name: String, _ batch: Batch<T>, _ pass: Pass) throws(Failure) {
    pack(values, features: outputs, batch, into: target.pointer, nonFinite: nonFinite.pointer, pass)
    try refuseNonFinite(name, values, features: outputs, batch)
  }

  @inline(__always)
  private func pack(
    _ values: UnsafePointer<T>, features: Int, _ batch: Batch<T>, into panels: UnsafeMutablePointer<T>,
    nonFinite: UnsafeMutablePointer<UInt8>?, _ pass: Pass
  ) {
    let arguments = PackArguments(
      source: values, samples: batch.samples, features: features, shape: pass.shape, panels: panels, nonFinite: nonFinite)
    pass.start(T.kernels.pack, arguments, units: (features + 15) / 16, work: 2 * pass.shape.elements(features: features))
  }

  /// Name the first value of an array that is not finite, if pack has seen one.
  @_specialize(where T == Float)
  @_specialize(where T == Double)
  private func refuseNonFinite(
    _ name: String, _ array: UnsafePointer<T>, features: Int, _ batch: Batch<T>
  ) throws(Failure) {
    let flags = nonFinite.pointer
    guard (0..<(features + 15) / 16).contains(where: { flags[$0] != 0 }) else { return }
    for position in 0..<batch.count {
      let sample = batch.sample(position)
      for feature in 0..<features where !array[sample * features + feature].isFinite {
        throw Failure(
          .nonFinite,
          "\(name)[\(sample)][\(feature)] is \(array[sample * features + feature]) "
            + "(sample, feature, from 0); no weight has changed")
      }
    }
  }

  // MARK: Out of panels

  /// - y: receives (outputs, batch).
  @_specialize(where T == Float)
  @_specialize(where T == Double)
  func unpackOutput(_ pass: Pass, to y: UnsafeMutablePointer<T>) { unpack(graph.output, features: outputs, pass, to: y) }

  /// - dx: receives (inputs, batch).
  @_specialize(where T == Float)
  @_specialize(where T == Double)
  func unpackInputGradient(_ pass: Pass, to dx: UnsafeMutablePointer<T>) {
    unpack(graph.inputGradient, features: inputs, pass, to: dx)
  }

  @inline(__always)
  func unpack(
    _ panels: UnsafeMutablePointer<T>, features: Int, _ pass: Pass, to destination: UnsafeMutablePointer<T>
  ) {
    let arguments = UnpackArguments(
      panels: UnsafePointer(panels), features: features, shape: pass.shape, destination: destination)
    pass.start(T.kernels.unpack, arguments, units: (features + 15) / 16, work: 2 * pass.shape.elements(features: features))
  }

  // MARK: Checks

  /// Whether a batch is there, also of what is bound, and consists of the whole numbers that a layer asks for.
  /// - Throws: `invalidState` and `invalidArgument`; `nonFinite` for NaN and infinity where whole numbers must be, naming the first
  ///   value that is wrong.
  @_specialize(where T == Float)
  @_specialize(where T == Double)
  func check(input batch: Batch<T>, _ call: String) throws(Failure) {
    try checkBound(batch, call)
    if ownInput != nil { return }
    for i in 0..<wholeNumbers.count { try check(batch, wholeNumbers[i], call) }
  }

  @inline(__always)
  private func check(_ batch: Batch<T>, _ numbers: InputNumbers, _ call: String) throws(Failure) {
    for position in 0..<batch.count {
      let sample = batch.sample(position)
      let values = batch.x + sample * inputs
      for feature in 0..<inputs where !numbers.contains(values[feature]) {
        let what = "\(call): x[\(sample)][\(feature)] (sample, feature, from 0)"
        guard values[feature].isFinite else { throw Failure(.nonFinite, "\(what) is \(values[feature])") }
        throw Failure(.invalidArgument, "\(what) \(numbers.text), got \(values[feature])")
      }
    }
  }
}

extension InputNumbers {
  @inline(__always)
  func contains<T: Scalar>(_ value: T) -> Bool {
    let value = Double(value)
    return value >= first && value <= last && value == value.rounded(.towardZero)
  }

  /// For messages.
  var text: String { "must be a whole number in \(Int(clamping: first)) .. \(Int(clamping: last)) for \(owner)" }
}
