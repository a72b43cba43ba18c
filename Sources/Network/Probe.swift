import Base
import Graphs
import KernelInterface
import Layers
import Machine
import Sparse

/// A copy of a network's linear layers in double precision, on which the scores of connections are computed: the network
/// itself, its gradients included, is not touched. As in inference, dropout does not act.
///
/// Memory: 16 bytes a connection, 8 bytes a connection of the sparse layer with the most, 32 bytes a unit and 8 an
/// input of the network for each sample of a batch. Patterns are shared with the network.
final class Probe {
  /// Samples of a pass. A number of its own, so that scores do not depend on the network's largest batch.
  static let batch = 256

  let layers: [ProbeLayer]
  let inputs: Int
  /// The packed batch, (inputs, batch).
  let input: Buffer<Double>
  /// The packed targets, (outputs, batch).
  let target: Buffer<Double>
  private let losses: Buffer<Double>
  /// Elements of a feature, the most that a batch takes.
  let elements: Int
  private let executor: any Executor
  private(set) var shape = PanelShape(batch: 1, elementSize: MemoryLayout<Double>.stride)

  /// - samples: there will be in all. - linearised: |W| for W, no biases, and the identity for every activation (SynFlow).
  init<T: Scalar>(_ network: Network<T>, samples: Int, linearised: Bool = false) throws(Failure) {
    try network.plan.requireLinear("prune: scores that need passes")
    let widest = PanelShape(batch: min(samples, Self.batch), elementSize: MemoryLayout<Double>.stride)
    let elements = widest.elements(features: 1)
    var layers: [ProbeLayer] = []
    for trainer in network.trainers {
      guard let linear = trainer.connected as? Linear<T> else { continue }
      layers.append(try ProbeLayer(linear, number: trainer.number, elements: elements, linearised: linearised))
    }
    self.layers = layers
    self.elements = elements
    inputs = network.inputs
    input = try Buffer(count: network.inputs * elements, of: "input panels of the scores")
    target = try Buffer(count: network.outputs * elements, of: "target panels of the scores")
    losses = try Buffer(count: elements, of: "losses")
    executor = network.executor
    try shareScratch()
  }

  /// Take connections out of layers for good: those that are marked 0. What is computed afterwards is, to the bit, what a probe
  /// of a network without them computes.
  /// - marks: for some of the layers, one a connection. - Throws: `outOfMemory`, `invalidArgument` for a pattern that is none.
  func keep(_ marks: [(layer: ProbeLayer, marks: Buffer<UInt8>)]) throws(Failure) {
    for (layer, marks) in marks { try layer.keep(marks) }
    try shareScratch()
  }

  private func shareScratch() throws(Failure) {
    let scratch = try Buffer<Double>(count: layers.map { $0.product.scratchElements }.max() ?? 0, of: "scratch of the scores")
    for layer in layers { layer.product.share(scratch) }
  }

  var usesBLAS: Bool { layers.contains { $0.product.usesBLAS } }

  func pass(accumulate: Bool) -> Pass {
    Pass(shape: shape, training: true, key: 0, accumulate: accumulate, executor: executor)
  }

  /// The input of a layer by its position.
  func input(of position: Int) -> UnsafePointer<Double> {
    UnsafePointer(position > 0 ? layers[position - 1].output.pointer : input.pointer)
  }

  // MARK: Data

  /// Let a batch be the input. - x: (inputs, count), finite.
  func load<T: Scalar>(_ x: UnsafePointer<T>, count: Int) {
    shape = PanelShape(batch: count, elementSize: MemoryLayout<Double>.stride)
    Self.pack(x, features: inputs, shape, into: input.pointer)
  }

  /// One sample of ones.
  func loadOnes() {
    shape = PanelShape(batch: 1, elementSize: MemoryLayout<Double>.stride)
    input.pointer.update(repeating: 1, count: inputs)
  }

  @_specialize(where T == Float)
  @_specialize(where T == Double)
  private static func pack<T: Scalar>(
    _ source: UnsafePointer<T>, features: Int, _ shape: PanelShape, into panels: UnsafeMutablePointer<Double>
  ) {
    for sample in 0..<shape.count * shape.width {
      let lane = sample / shape.width * features * shape.width + sample % shape.width
      for feature in 0..<features {
        panels[lane + feature * shape.width] = sample < shape.batch ? Double(source[sample * features + feature]) : 0
      }
    }
  }

  // MARK: Passes

  func forward() {
    for (position, layer) in layers.enumerated() { layer.forward(input(of: position), pass(accumulate: false)) }
  }

  /// The loss of the batch, summed, of outputs divided by a temperature; its derivative by the outputs goes where backward
  /// begins.
  /// - criterion: what the network's outputs are compared by. - scale: factor on the derivative.
  func measure<T: Scalar>(_ criterion: LossCriterion<T>, first: Int, scale: Double) -> Double {
    guard let last = layers.last else { return 0 }
    let outputs = last.product.outputs
    let count = shape.elements(features: outputs)
    let scaled = last.product.outputGradient
    for i in 0..<count { scaled[i] = last.output.pointer[i] / criterion.temperature }
    var labels: UnsafePointer<Int32>?
    switch criterion.target {
    case .labels(let given): labels = given + first
    case .values(let values): Self.pack(values + first * outputs, features: outputs, shape, into: target.pointer)
    }
    let arguments = LossArguments(
      kind: criterion.kind, outputs: outputs, shape: shape, output: UnsafePointer(scaled),
      target: labels == nil ? UnsafePointer(target.pointer) : nil, labels: labels, labelBase: criterion.labelBase,
      samples: nil, delta: criterion.delta, gradientScale: scale / criterion.temperature,
      gradient: last.outputGradient.pointer, losses: losses.pointer, correct: nil)
    withUnsafePointer(to: arguments) {
      executor.run(Double.kernels.loss, $0, units: shape.count, work: 20 * count, balancedBy: nil)
    }
    var sum = 0.0
    for panel in 0..<shape.count { sum += losses.pointer[panel] }
    return sum
  }

  /// From the last layer's output gradient: every layer's dW, replaced or added to.
  func backward(accumulate: Bool) {
    for position in stride(from: layers.count - 1, through: 0, by: -1) {
      let layer = layers[position]
      layer.differentiate(shape)
      layer.product.backward(input(of: position), inputGradient: gradient(before: position), pass(accumulate: accumulate))
    }
  }

  /// The same with the sum over the samples of each one's squared dW: sum of (dz x)^2 = sum of dz^2 x^2, one more product.
  func backwardSquares(accumulate: Bool, _ spare: ProbeSpare) {
    for position in stride(from: layers.count - 1, through: 0, by: -1) {
      let layer = layers[position]
      let dz = layer.product.outputGradient
      layer.differentiate(shape)
      if position > 0 {
        layer.place(layer.weights, gradient: spare.weights)
        layer.product.backward(input(of: position), inputGradient: gradient(before: position), pass(accumulate: false))
        layer.place(layer.weights, gradient: layer.gradient)
      }
      for i in 0..<shape.elements(features: layer.product.outputs) { dz[i] *= dz[i] }
      for i in 0..<shape.elements(features: layer.product.inputs) {
        spare.panel.pointer[i] = input(of: position)[i] * input(of: position)[i]
      }
      layer.product.backward(UnsafePointer(spare.panel.pointer), inputGradient: nil, pass(accumulate: accumulate))
    }
  }

  /// Where a layer's dx goes.
  func gradient(before position: Int) -> UnsafeMutablePointer<Double>? {
    position > 0 ? layers[position - 1].outputGradient.pointer : nil
  }
}

/// Copy numbers as doubles.
@_specialize(where T == Float)
@_specialize(where T == Double)
func widen<T: Scalar>(_ values: UnsafePointer<T>, count: Int, into copy: UnsafeMutablePointer<Double>) {
  for i in 0..<count { copy[i] = Double(values[i]) }
}

/// Room for products that are of no use, and for what a layer's input is made into.
struct ProbeSpare {
  /// As many as the layer with the most connections has.
  let weights: Buffer<Double>
  /// (inputs, batch) of the layer with the most inputs.
  let panel: Buffer<Double>

  init(_ probe: Probe) throws(Failure) {
    weights = try Buffer(count: probe.layers.map { $0.connections }.max() ?? 0, of: "spare room of the scores")
    panel = try Buffer(
      count: (probe.layers.map { $0.product.inputs }.max() ?? 0) * probe.elements, of: "spare panels of the scores")
  }
}

/// What outputs are compared with, and how.
struct LossCriterion<T: Scalar> {
  let kind: LossKind
  let target: Target<T>
  let labelBase: Int32
  let delta: Double
  /// Outputs are divided by it where they are logits.
  let temperature: Double
}

/// One linear layer of a probe.
final class ProbeLayer {
  let number: Int
  let curve: ActivationCurve
  /// W x and its two products backward, without bias and activation. Its panels hold z and dz.
  let product: Linear<Double>
  /// One a connection, as in the network's layer; those that were taken out leave their room at the end.
  let weights: Buffer<Double>
  /// dW
  let gradient: Buffer<Double>
  private let bias: Buffer<Double>?
  /// a: (units, batch)
  let output: Buffer<Double>
  /// da: (units, batch)
  let outputGradient: Buffer<Double>

  init<T: Scalar>(_ layer: Linear<T>, number: Int, elements: Int, linearised: Bool) throws(Failure) {
    self.number = number
    let owner = "linear layer \(number), scores"
    curve = ActivationCurve(
      kind: linearised ? .identity : layer.activation, negativeSlope: Double(layer.negativeSlope))
    product = try Linear(
      inputs: layer.inputs, units: layer.outputs, pattern: layer.pattern, hasBias: false, activation: .identity,
      negativeSlope: 0, denseCrossover: .infinity, owner: owner)
    try product.plan(elements: elements)
    weights = try Buffer(count: product.weights.capacity, of: owner)
    gradient = try Buffer(count: product.weights.capacity, of: owner)
    if let values = layer.weights.values { widen(values, count: layer.weights.count, into: weights.pointer) }
    if linearised {
      for i in 0..<weights.count { weights.pointer[i] = weights.pointer[i].magnitude }
    }
    if let present = layer.bias, let values = present.values, !linearised {
      let copy = try Buffer<Double>(count: present.count, of: owner)
      widen(values, count: present.count, into: copy.pointer)
      bias = copy
    } else {
      bias = nil
    }
    output = try Buffer(count: layer.outputs * elements, of: owner)
    outputGradient = try Buffer(count: layer.outputs * elements, of: owner)
    place(weights, gradient: gradient)
  }

  /// Let the products be with other weights, and dW go elsewhere.
  func place(_ weights: Buffer<Double>, gradient: Buffer<Double>) {
    product.weights.place(values: weights.pointer, gradient: gradient.pointer)
  }

  /// z = W x + b and a = f(z). - input: x, (inputs, batch).
  func forward(_ input: UnsafePointer<Double>, _ pass: Pass) {
    product.forward(input, pass)
    let z = product.output
    let width = pass.shape.width
    for row in 0..<pass.shape.count * product.outputs {
      let shift = bias?.pointer[row % product.outputs] ?? 0
      for i in row * width..<(row + 1) * width {
        z[i] += shift
        output.pointer[i] = curve.value(z[i])
      }
    }
    if curve.kind == .softmax {
      let arguments = SoftmaxArguments<Double>(
        features: product.outputs, shape: pass.shape, output: output.pointer, gradient: nil)
      withUnsafePointer(to: arguments) { Double.kernels.softmaxForward($0, 0, pass.shape.count) }
    }
  }

  /// dz from da.
  func differentiate(_ shape: PanelShape) {
    let dz = product.outputGradient
    let z = product.output
    for i in 0..<shape.elements(features: product.outputs) { dz[i] = outputGradient.pointer[i] * curve.slope(z[i]) }
    guard curve.kind == .softmax else { return }
    let width = shape.width
    for lane in 0..<shape.count * width {
      let first = lane / width * product.outputs * width + lane % width
      var inner = 0.0
      for unit in 0..<product.outputs { inner += output.pointer[first + unit * width] * dz[first + unit * width] }
      for unit in 0..<product.outputs {
        dz[first + unit * width] = output.pointer[first + unit * width] * (dz[first + unit * width] - inner)
      }
    }
  }

  var connections: Int { product.weights.count }

  /// See ``Probe/keep(_:)``. A dense layer that loses connections becomes sparse.
  fileprivate func keep(_ marks: Buffer<UInt8>) throws(Failure) {
    var kept = 0
    for slot in 0..<marks.count where marks.pointer[slot] != 0 { kept += 1 }
    if kept == marks.count { return }
    let pattern = try Pattern(
      rows: product.outputs, columns: product.inputs, of: product.pattern, kept: kept,
      owner: "linear layer \(number), scores", isKept: { marks.pointer[$0] != 0 })
    var next = 0
    for slot in 0..<marks.count where marks.pointer[slot] != 0 {
      weights.pointer[next] = weights.pointer[slot]
      next += 1
    }
    product.adopt(pattern)
    place(weights, gradient: gradient)
  }
}
