import Base
import Graphs
import KernelInterface
import Layers
import Machine
import Sparse

/// One layer of a ``Probe``. All arrays are in double precision; (features, batch) are panels.
protocol ProbeNode: AnyObject {
  /// Number of the layer in the network.
  var number: Int { get }
  /// Numbers of the layers that it takes from, in order; 0 is the network's input.
  var sources: [Int] { get }
  /// Features of each of them.
  var widths: [Int] { get }
  var outputs: Int { get }
  var usesBLAS: Bool { get }
  var scratchElements: Int { get }
  func share(_ scratch: Buffer<Double>)

  /// a: (outputs, batch), of the last forward.
  var output: UnsafeMutablePointer<Double> { get }
  /// da: (outputs, batch), which backward may overwrite.
  var outputGradient: UnsafeMutablePointer<Double> { get }

  func forward(_ inputs: [UnsafePointer<Double>], _ pass: Pass)
  /// - gradients: where each dx goes; nil: not wanted.
  func backward(_ inputs: [UnsafePointer<Double>], _ gradients: [UnsafeMutablePointer<Double>?], _ pass: Pass)
}

/// A layer without connections: it passes on what it is given, changed by itself.
final class ProbePassage: ProbeNode {
  let number: Int
  let sources: [Int]
  let widths: [Int]
  let layer: any Layer<Double>
  /// Its parameters and their gradients, which nobody asks for.
  private let parameters: Buffer<Double>
  private let gradients: Buffer<Double>

  /// - original: the network's, whose parameters are copied. - linearised: their magnitudes, and no shifts.
  init<T: Scalar>(
    _ made: any Layer<Double>, _ original: any Layer<T>, number: Int, sources: [Int], widths: [Int], linearised: Bool,
    elements: Int, name: String
  ) throws(Failure) {
    self.number = number
    self.sources = sources
    self.widths = widths
    layer = made
    try layer.plan(elements: elements)
    let count = layer.parameters.total { $0.capacity }
    parameters = try Buffer(count: count, of: "\(name), scores")
    gradients = try Buffer(count: count, of: "\(name), scores")
    var offset = 0
    for (copy, parameter) in zip(layer.parameters, original.parameters) {
      copy.place(values: parameters.pointer + offset, gradient: gradients.pointer + offset)
      let place = parameters.pointer + offset
      if let values = parameter.values { widen(values, count: parameter.count, into: place) }
      if linearised {
        for i in 0..<copy.capacity { place[i] = [.bias, .shift].contains(parameter.role) ? 0 : place[i].magnitude }
      }
      offset += copy.capacity
    }
    var gatherer = StateGatherer()
    original.visit(&gatherer)
    var filler = StateFiller(arrays: gatherer.arrays)
    layer.visit(&filler)
  }

  var outputs: Int { layer.outputs }
  var usesBLAS: Bool { layer.usesBLAS }
  var scratchElements: Int { layer.scratchElements }
  var output: UnsafeMutablePointer<Double> { layer.output }
  var outputGradient: UnsafeMutablePointer<Double> { layer.outputGradient }

  func share(_ scratch: Buffer<Double>) { layer.share(scratch) }

  func forward(_ inputs: [UnsafePointer<Double>], _ pass: Pass) {
    inputs.withUnsafeBufferPointer { if let sources = $0.baseAddress { layer.forward(sources, pass) } }
  }

  func backward(_ inputs: [UnsafePointer<Double>], _ gradients: [UnsafeMutablePointer<Double>?], _ pass: Pass) {
    inputs.withUnsafeBufferPointer { inputs in
      gradients.withUnsafeBufferPointer { gradients in
        guard let sources = inputs.baseAddress, let destinations = gradients.baseAddress else { return }
        layer.backward(sources, inputGradients: destinations, pass)
      }
    }
  }
}

/// A layer with connections: a = f(z), z its products without activation and bias, plus the bias.
final class ProbeLayer: ProbeNode {
  let number: Int
  let sources: [Int]
  let curve: ActivationCurve
  /// W x and its two products backward. Its panels hold z and dz.
  let product: any Connected<Double>
  /// One a connection, as in the network's layer; those that were taken out leave their room at the end.
  let weights: Buffer<Double>
  /// dW
  let gradient: Buffer<Double>
  private let bias: Buffer<Double>?
  private let name: String
  private let activated: Buffer<Double>
  private let activatedGradient: Buffer<Double>

  /// - product: made without activation and bias. - original: the network's layer.
  /// - linearised: |W| for W, no bias, and the identity for the activation.
  init<T: Scalar>(
    _ product: any Connected<Double>, _ original: any Connected<T>, number: Int, source: Int, curve: ActivationCurve,
    linearised: Bool, elements: Int, name: String
  ) throws(Failure) {
    self.number = number
    sources = [source]
    self.product = product
    self.name = "\(name), scores"
    self.curve = linearised ? ActivationCurve(kind: .identity, negativeSlope: 0) : curve
    try product.plan(elements: elements)
    weights = try Buffer(count: product.weights.capacity, of: self.name)
    gradient = try Buffer(count: product.weights.capacity, of: self.name)
    if let values = original.weights.values { widen(values, count: original.weights.count, into: weights.pointer) }
    if linearised {
      for i in 0..<weights.count { weights.pointer[i] = weights.pointer[i].magnitude }
    }
    if let present = original.bias, let values = present.values, !linearised {
      let copy = try Buffer<Double>(count: present.count, of: self.name)
      widen(values, count: present.count, into: copy.pointer)
      bias = copy
    } else {
      bias = nil
    }
    activated = try Buffer(count: product.outputs * elements, of: self.name)
    activatedGradient = try Buffer(count: product.outputs * elements, of: self.name)
    place(weights, gradient: gradient)
  }

  var widths: [Int] { [product.inputs] }
  var outputs: Int { product.outputs }
  var usesBLAS: Bool { product.usesBLAS }
  var scratchElements: Int { product.scratchElements }
  var output: UnsafeMutablePointer<Double> { activated.pointer }
  var outputGradient: UnsafeMutablePointer<Double> { activatedGradient.pointer }
  var connections: Int { product.weights.count }

  func share(_ scratch: Buffer<Double>) { product.share(scratch) }

  /// Let the products be with other weights, and dW go elsewhere.
  func place(_ weights: Buffer<Double>, gradient: Buffer<Double>) {
    product.weights.place(values: weights.pointer, gradient: gradient.pointer)
  }

  func forward(_ inputs: [UnsafePointer<Double>], _ pass: Pass) {
    product.forward(inputs[0], pass)
    let z = product.output
    let width = pass.shape.width
    // Features that share a bias follow one another: the places of a channel.
    let places = bias.map { outputs / max(1, $0.count) } ?? 1
    for row in 0..<pass.shape.count * outputs {
      let shift = bias?.pointer[row % outputs / places] ?? 0
      for i in row * width..<(row + 1) * width {
        z[i] += shift
        output[i] = curve.value(z[i])
      }
    }
    if curve.kind == .softmax {
      let arguments = SoftmaxArguments<Double>(channels: outputs, shape: pass.shape, output: output, gradient: nil)
      withUnsafePointer(to: arguments) { Double.kernels.softmaxForward($0, 0, pass.shape.count) }
    }
  }

  func backward(_ inputs: [UnsafePointer<Double>], _ gradients: [UnsafeMutablePointer<Double>?], _ pass: Pass) {
    differentiate(pass.shape)
    product.backward(inputs[0], inputGradient: gradients[0], pass)
  }

  /// dz from da.
  func differentiate(_ shape: PanelShape) {
    let dz = product.outputGradient
    let z = product.output
    for i in 0..<shape.elements(features: outputs) { dz[i] = outputGradient[i] * curve.slope(z[i]) }
    guard curve.kind == .softmax else { return }
    let width = shape.width
    for lane in 0..<shape.count * width {
      let first = lane / width * outputs * width + lane % width
      var inner = 0.0
      for unit in 0..<outputs { inner += output[first + unit * width] * dz[first + unit * width] }
      for unit in 0..<outputs {
        dz[first + unit * width] = output[first + unit * width] * (dz[first + unit * width] - inner)
      }
    }
  }

  /// See ``Probe/keep(_:)``. A dense layer that loses connections becomes sparse.
  func keep(_ marks: Buffer<UInt8>) throws(Failure) {
    var kept = 0
    for slot in 0..<marks.count where marks.pointer[slot] != 0 { kept += 1 }
    if kept == marks.count { return }
    let pattern = try Pattern(
      rows: product.rows, columns: product.columns, of: product.pattern, kept: kept, placement: product.placement, owner: name,
      isKept: { marks.pointer[$0] != 0 })
    var next = 0
    for slot in 0..<marks.count where marks.pointer[slot] != 0 {
      weights.pointer[next] = weights.pointer[slot]
      next += 1
    }
    product.adopt(pattern)
    place(weights, gradient: gradient)
  }
}

/// Takes up the state of a layer, such as running statistics, as doubles.
private struct StateGatherer: StateVisitor {
  private(set) var arrays: [[Double]] = []

  mutating func array<E: BitwiseCopyable>(_ name: StaticString, _ elements: UnsafeMutableBufferPointer<E>, isOwned: Bool) {
    var copy: [Double] = []
    for element in elements {
      if let value = element as? Double {
        copy.append(value)
      } else if let value = element as? Float {
        copy.append(Double(value))
      }
    }
    arrays.append(copy)
  }

  mutating func number<E: BitwiseCopyable>(_ name: StaticString, _ value: inout E) {}
  mutating func scratch(bytes: Int) {}
}

/// Gives it to a layer of the same kind in double precision.
private struct StateFiller: StateVisitor {
  let arrays: [[Double]]
  private var next = 0

  init(arrays: [[Double]]) { self.arrays = arrays }

  mutating func array<E: BitwiseCopyable>(_ name: StaticString, _ elements: UnsafeMutableBufferPointer<E>, isOwned: Bool) {
    for (i, value) in arrays[next].enumerated() {
      if let value = value as? E { elements[i] = value }
    }
    next += 1
  }

  mutating func number<E: BitwiseCopyable>(_ name: StaticString, _ value: inout E) {}
  mutating func scratch(bytes: Int) {}
}

/// Copy numbers as doubles.
@_specialize(where T == Float)
@_specialize(where T == Double)
func widen<T: Scalar>(_ values: UnsafePointer<T>, count: Int, into copy: UnsafeMutablePointer<Double>) {
  for i in 0..<count { copy[i] = Double(values[i]) }
}
