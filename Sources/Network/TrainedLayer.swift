import Base
import Layers
import Machine
import Optimizers
import Sparse
import Topology

/// What changes one layer's parameters: its optimizer, and how often it acted; and the layer as topology methods see it.
final class TrainedLayer<T: Scalar> {
  /// Number of the layer in the network, from 1.
  let number: Int
  let layer: any Layer<T>
  /// For messages: "linear layer 2".
  let name: String
  /// The layer as one with connections. Converted once: the first conversion of a process allocates.
  let connected: (any Connected<T>)?
  /// The layer's.
  let parameters: [Parameter<T>]
  var optimizer: OptimizerInstance<T>?
  /// Whether its outputs are the network's.
  let isLast: Bool
  /// The unit of layers that this one changes its pattern with.
  unowned(unsafe) var unit: TopologyUnit<T>?
  /// Optimizer steps of this layer since build: the clock of its topology schedule.
  var steps = 0
  /// How gradients are summed over ranks, if they are.
  var reduction: Reduction<T>?
  /// Panels of recent batches, for scores that are means over several.
  var history: GradientHistory<T>?
  /// What `rewind` goes back to.
  var remembered: RememberedParameters<T>?

  init(number: Int, name: String, layer: any Layer<T>, isLast: Bool, reduction: Reduction<T>?) {
    self.number = number
    self.name = name
    self.layer = layer
    self.isLast = isLast
    self.reduction = reduction
    connected = layer as? any Connected<T>
    parameters = layer.parameters
  }

  /// Elements that its parameters have room for.
  var capacity: Int {
    var capacity = 0
    for parameter in parameters { capacity += parameter.capacity }
    return capacity
  }

  /// The layer as one with a pattern, if it is one.
  var sparse: (any Connected<T>)? {
    guard let connected, connected.pattern != nil else { return nil }
    return connected
  }

  /// One optimizer step, unless a topology update takes its place. The optimizer is checked already.
  /// - Returns: whether all parameters that it changed are finite.
  @_specialize(where T == Float)
  @_specialize(where T == Double)
  func update(gradientScale: Double, executor: any Executor) -> Bool {
    if let unit, unit.takesStep { return true }
    let isFinite = optimizer?.stepChecked(gradientScale: gradientScale, executor: executor) ?? true
    steps += 1
    return isFinite
  }

  /// Show what training has made of it beside the layer's own panels.
  func visit(_ visitor: inout some StateVisitor) {
    connected?.visitStructure(&visitor)
    for (index, parameter) in parameters.enumerated() { visitor.part("parameter", index, parameter) }
    visitor.number("steps", &steps)
    visitor.part("optimizer", optimizer)
    visitor.part("remembered", remembered)
  }

  /// Be trained by an instance of its own. - Throws: `outOfMemory`.
  func use(_ optimizer: Optimizer) throws(Failure) {
    self.optimizer = try OptimizerInstance(optimizer, parameters: parameters)
  }

  /// Begin again from the parameters that are remembered, with the connections that there are.
  func rewind() {
    remembered?.restore(layer)
    connected?.forwardSet = nil
    optimizer?.reset()
    steps = 0
  }

  // MARK: Its connections

  var connections: Int { connected?.weights.count ?? 0 }
  var positions: Int { connected?.positions ?? 0 }

  /// Connections over positions of a layer with connections.
  var density: Double { Double(connections) / Double(max(1, positions)) }
}
