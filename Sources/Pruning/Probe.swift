import Base
import Graphs
import KernelInterface
import Layers
import Machine
import Sparse

/// What a probe is a copy of.
package struct ProbeSource<T: Scalar> {
  package let plan: GraphPlan<T>
  package let layers: [any Layer<T>]
  package let executor: ThreadPool
  package let inputs: [ProbeInput]

  package init(plan: GraphPlan<T>, layers: [any Layer<T>], executor: ThreadPool, inputs: [ProbeInput] = []) {
    self.plan = plan
    self.layers = layers
    self.executor = executor
    self.inputs = inputs
  }
}

/// An input beside the network's own.
package struct ProbeInput {
  /// Of its layer.
  package let position: Int
  /// Put a batch into panels, whose first sample has that number.
  package let pack: (_ first: Int, _ shape: PanelShape, _ panels: UnsafeMutablePointer<Double>) -> Void

  package init(position: Int, pack: @escaping (Int, PanelShape, UnsafeMutablePointer<Double>) -> Void) {
    self.position = position
    self.pack = pack
  }
}

/// A copy of a network in double precision, on which the scores of connections are computed: the network itself, its gradients
/// included, is not touched. Layers act as in inference: dropout does not, and norms go by their running statistics.
///
/// Memory: 16 bytes a connection, 8 bytes a connection of the sparse layer with the most, 32 bytes an output of each layer and 8 an
/// input of the network for each sample of a batch. Patterns are shared with the network.
final class Probe {
  /// Samples of a pass. A number of its own, so that scores do not depend on the network's largest batch.
  static let batch = 256

  /// In the network's order.
  let nodes: [any ProbeNode]
  /// Those with connections.
  let layers: [ProbeLayer]
  let inputs: Int
  let outputs: Int
  /// The packed batch, (inputs, batch).
  let input: Buffer<Double>
  /// The packed targets, (outputs, batch).
  let target: Buffer<Double>
  /// Outputs divided by a temperature.
  private let scaled: Buffer<Double>
  private let losses: Buffer<Double>
  /// Elements of a feature, the most that a batch takes.
  let elements: Int
  /// What layers take from one that several take from goes here before it is added.
  private let added: Buffer<Double>
  private let further: [ProbeInput]
  private let executor: any Executor
  private(set) var shape = PanelShape(batch: 1, elementSize: MemoryLayout<Double>.stride)

  /// - samples: there will be in all. - linearised: |W| for W, no biases, and the identity for every activation (SynFlow).
  /// - Throws: `outOfMemory`; `invalidState` for a layer that cannot be linearised.
  init<T: Scalar>(_ source: ProbeSource<T>, samples: Int, linearised: Bool = false) throws(Failure) {
    let widest = PanelShape(batch: min(samples, Self.batch), elementSize: MemoryLayout<Double>.stride)
    let elements = widest.elements(features: 1)
    var nodes: [any ProbeNode] = []
    for (position, planned) in source.plan.layers.enumerated() {
      nodes.append(try Self.node(planned, position, source, elements: elements, linearised: linearised))
    }
    self.nodes = nodes
    self.elements = elements
    layers = nodes.compactMap { $0 as? ProbeLayer }
    inputs = source.plan.inputShape.features
    outputs = source.plan.outputs
    input = try Buffer(count: inputs * elements, of: "input panels of the scores")
    target = try Buffer(count: outputs * elements, of: "target panels of the scores")
    scaled = try Buffer(count: outputs * elements, of: "output panels of the scores")
    losses = try Buffer(count: elements, of: "losses")
    let widestNode = nodes.map { $0.sources.count > 1 || Self.isShared($0, nodes) ? $0.widths.total { $0 } : 0 }.max() ?? 0
    added = try Buffer(
      count: widestNode.multipliedClamped(by: 2).multipliedClamped(by: elements), of: "gradients that are added")
    further = source.inputs
    executor = source.executor
    try shareScratch()
  }

  private static func node<T: Scalar>(
    _ planned: PlannedLayer<T>, _ position: Int, _ source: ProbeSource<T>, elements: Int, linearised: Bool
  ) throws(Failure) -> any ProbeNode {
    let shapes = source.plan.inputShapes(planned)
    let original = source.layers[position]
    var options = planned.options
    let connected = original as? any Connected<T>
    if connected != nil { try options.set(LayerOption.bias, 0) }
    if connected != nil || (linearised && options.contains(LayerOption.activation)) {
      try options.set(LayerOption.activation, 0)
    }
    let made = try planned.kind.row.make(
      LayerSite<Double>(
        inputs: shapes, output: source.plan.shapes[position], options: options, pattern: connected?.pattern,
        denseCrossover: .infinity, stream: 0, owner: "\(planned.owner), scores"))
    guard let connected, let product = made as? any Connected<Double> else {
      return try ProbePassage(
        made, original, number: position + 1, sources: planned.inputs, widths: shapes.map(\.features),
        linearised: linearised, elements: elements, name: planned.owner)
    }
    let curve = ActivationCurve(
      kind: try planned.options.choice(LayerOption.activation, of: Activation.self),
      negativeSlope: try LayerOption.activationNumber(planned.options))
    return try ProbeLayer(
      product, connected, number: position + 1, source: planned.inputs[0], curve: curve, linearised: linearised,
      elements: elements, name: planned.owner)
  }

  /// Whether one of the layers that a node takes from is taken from by others too.
  private static func isShared(_ node: any ProbeNode, _ nodes: [any ProbeNode]) -> Bool {
    node.sources.contains { source in source > 0 && nodes.filter { $0.sources.contains(source) }.count > 1 }
  }

  /// Take connections out of layers for good: those that are marked 0. What is computed afterwards is, to the bit, what a probe
  /// of a network without them computes.
  /// - marks: for some of the layers, one a connection. - Throws: `outOfMemory`, `invalidArgument` for a pattern that is none.
  func keep(_ marks: [(layer: ProbeLayer, marks: Buffer<UInt8>)]) throws(Failure) {
    for (layer, marks) in marks { try layer.keep(marks) }
    try shareScratch()
  }

  private func shareScratch() throws(Failure) {
    let scratch = try Buffer<Double>(count: nodes.map { $0.scratchElements }.max() ?? 0, of: "scratch of the scores")
    for node in nodes { node.share(scratch) }
  }

  var usesBLAS: Bool { nodes.contains { $0.usesBLAS } }
  /// (outputs, batch): the derivative by the network's outputs, where backward begins.
  var outputGradient: UnsafeMutablePointer<Double> { nodes[nodes.count - 1].outputGradient }
  var output: UnsafeMutablePointer<Double> { nodes[nodes.count - 1].output }

  func pass(accumulate: Bool) -> Pass { pass(shape, accumulate: accumulate) }

  func pass(_ shape: PanelShape, accumulate: Bool) -> Pass {
    Pass(shape: shape, training: false, keeps: true, key: 0, accumulate: accumulate, executor: executor)
  }

  /// What a node reads.
  func inputs(of node: any ProbeNode) -> [UnsafePointer<Double>] {
    node.sources.map { UnsafePointer($0 > 0 ? nodes[$0 - 1].output : input.pointer) }
  }

  // MARK: Data

  /// Let a batch be the input. - x: (inputs, samples), finite. - first: number of the batch's first sample.
  func load<T: Scalar>(_ x: UnsafePointer<T>, first: Int, count: Int) {
    shape = PanelShape(batch: count, elementSize: MemoryLayout<Double>.stride)
    Self.pack(x + first * inputs, features: inputs, shape, into: input.pointer)
    for other in further { other.pack(first, shape, nodes[other.position].output) }
  }

  /// One sample of ones.
  func loadOnes() {
    shape = PanelShape(batch: 1, elementSize: MemoryLayout<Double>.stride)
    input.pointer.update(repeating: 1, count: inputs)
    for other in further { nodes[other.position].output.update(repeating: 1, count: nodes[other.position].outputs) }
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
    for node in nodes { node.forward(inputs(of: node), pass(accumulate: false)) }
  }

  /// The loss of the batch, summed, of outputs divided by a temperature; its derivative by the outputs goes where backward
  /// begins.
  /// - criterion: what the network's outputs are compared by. - scale: factor on the derivative.
  func measure<T: Scalar>(_ criterion: LossCriterion<T>, first: Int, scale: Double) -> Double {
    let count = shape.elements(features: outputs)
    for i in 0..<count { scaled.pointer[i] = output[i] / criterion.temperature }
    var labels: UnsafePointer<Int32>?
    switch criterion.target {
    case .labels(let given): labels = given + first * criterion.places
    case .values(let values): Self.pack(values + first * outputs, features: outputs, shape, into: target.pointer)
    }
    let arguments = LossArguments(
      kind: criterion.kind, outputs: outputs, places: criterion.places, shape: shape, output: UnsafePointer(scaled.pointer),
      target: labels == nil ? UnsafePointer(target.pointer) : nil, labels: labels, labelBase: criterion.labelBase,
      samples: nil, delta: criterion.delta, gradientScale: scale / criterion.temperature, gradient: outputGradient,
      losses: losses.pointer, correct: nil)
    withUnsafePointer(to: arguments) {
      executor.run(Double.kernels.loss, $0, units: shape.count, work: 20 * count, balancedBy: nil)
    }
    var sum = 0.0
    for panel in 0..<shape.count { sum += losses.pointer[panel] }
    return sum
  }

  /// From the network's output gradient: every layer's dW, replaced or added to.
  func backward(accumulate: Bool) {
    sweep([{ self.nodes[$0].outputGradient }]) { node, gradients in
      node.backward(inputs(of: node), gradients[0], pass(accumulate: accumulate))
    }
  }

  /// The same with the sum over the samples of each one's squared dW. Where a weight meets each sample once, that is one more
  /// product: the sum of (dz x)^2 is that of dz^2 x^2. Otherwise the samples go through one by one.
  func backwardSquares(accumulate: Bool, _ spare: ProbeSpare) {
    sweep([{ self.nodes[$0].outputGradient }]) { node, gradients in
      let sources = inputs(of: node)
      guard let layer = node as? ProbeLayer else { return node.backward(sources, gradients[0], pass(accumulate: false)) }
      layer.place(layer.weights, gradient: spare.weights)
      layer.backward(sources, gradients[0], pass(accumulate: false))
      layer.place(layer.weights, gradient: layer.gradient)
      if !layer.product.copiesInputs {
        squarePanels(layer, sources[0], accumulate: accumulate, spare)
      } else {
        squareSamples(layer, sources[0], accumulate: accumulate, spare)
      }
    }
  }

  private func squarePanels(_ layer: ProbeLayer, _ x: UnsafePointer<Double>, accumulate: Bool, _ spare: ProbeSpare) {
    let dz = layer.product.outputGradient
    for i in 0..<shape.elements(features: layer.outputs) { dz[i] *= dz[i] }
    for i in 0..<shape.elements(features: layer.product.inputs) { spare.panel.pointer[i] = x[i] * x[i] }
    layer.product.backward(UnsafePointer(spare.panel.pointer), inputGradient: nil, pass(accumulate: accumulate))
  }

  private func squareSamples(_ layer: ProbeLayer, _ x: UnsafePointer<Double>, accumulate: Bool, _ spare: ProbeSpare) {
    let (product, width) = (layer.product, shape.width)
    let one = PanelShape(batch: 1, elementSize: MemoryLayout<Double>.stride)
    let pass = pass(one, accumulate: false)
    let squares = layer.gradient.pointer
    if !accumulate { squares.update(repeating: 0, count: layer.connections) }
    let count = shape.elements(features: layer.outputs)
    spare.gradient.pointer.update(from: product.outputGradient, count: count)
    layer.place(layer.weights, gradient: spare.weights)
    for sample in 0..<shape.batch {
      let (panel, lane) = (sample / width, sample % width)
      for feature in 0..<product.inputs {
        spare.panel.pointer[feature] = x[(panel * product.inputs + feature) * width + lane]
      }
      product.forward(UnsafePointer(spare.panel.pointer), pass)
      for feature in 0..<layer.outputs {
        product.outputGradient[feature] = spare.gradient.pointer[(panel * layer.outputs + feature) * width + lane]
      }
      product.backward(UnsafePointer(spare.panel.pointer), inputGradient: nil, pass)
      for slot in 0..<layer.connections { squares[slot] += spare.weights.pointer[slot] * spare.weights.pointer[slot] }
    }
    layer.place(layer.weights, gradient: layer.gradient)
  }

  /// Go back through the nodes. What several layers contribute to the gradient of one is added up.
  /// - gradients: one or two kinds of gradients; each says where that of a node's output is, by position.
  /// - body: gets a node, and for each kind where its parts of dx go; nil for the network's input.
  func sweep(
    _ gradients: [(Int) -> UnsafeMutablePointer<Double>],
    _ body: (_ node: any ProbeNode, _ destinations: [[UnsafeMutablePointer<Double>?]]) -> Void
  ) {
    var isWritten = [Bool](repeating: false, count: nodes.count)
    for node in nodes.reversed() {
      var destinations = gradients.map { _ in [UnsafeMutablePointer<Double>?]() }
      var additions: [(from: UnsafeMutablePointer<Double>, to: UnsafeMutablePointer<Double>, count: Int)] = []
      var place = added.pointer
      for (source, width) in zip(node.sources, node.widths) {
        let count = shape.elements(features: width)
        for (kind, gradient) in gradients.enumerated() {
          if source == 0 {
            destinations[kind].append(nil)
          } else if isWritten[source - 1] {
            destinations[kind].append(place)
            additions.append((place, gradient(source - 1), count))
            place += count
          } else {
            destinations[kind].append(gradient(source - 1))
          }
        }
        if source > 0 { isWritten[source - 1] = true }
      }
      body(node, destinations)
      for (from, to, count) in additions {
        for i in 0..<count { to[i] += from[i] }
      }
    }
  }
}

/// Room for products that are of no use, and for what a layer's input is made into.
struct ProbeSpare {
  /// As many as the layer with the most connections has.
  let weights: Buffer<Double>
  /// (inputs, batch) of the layer with the most inputs.
  let panel: Buffer<Double>
  /// (outputs, batch) of the layer with the most outputs.
  let gradient: Buffer<Double>

  init(_ probe: Probe) throws(Failure) {
    weights = try Buffer(count: probe.layers.map { $0.connections }.max() ?? 0, of: "spare room of the scores")
    panel = try Buffer(
      count: (probe.layers.map { $0.product.inputs }.max() ?? 0) * probe.elements, of: "spare panels of the scores")
    gradient = try Buffer(
      count: (probe.nodes.map { $0.outputs }.max() ?? 0) * probe.elements, of: "spare panels of the scores")
  }
}

/// What outputs are compared with, and how.
package struct LossCriterion<T: Scalar> {
  package let kind: LossKind
  package let target: Target<T>
  package let labelBase: Int32
  /// Class numbers that a sample has.
  package let places: Int
  package let delta: Double
  /// Outputs are divided by it where they are logits.
  package let temperature: Double

  package init(kind: LossKind, target: Target<T>, labelBase: Int32, places: Int, delta: Double, temperature: Double) {
    self.kind = kind
    self.target = target
    self.labelBase = labelBase
    self.places = places
    self.delta = delta
    self.temperature = temperature
  }
}
