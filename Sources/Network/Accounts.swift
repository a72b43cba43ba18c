import Base
import Graphs
import Layers
import Machine
import Sparse
import Topology

/// Names of what can be read of the network and of its layers with connections.
private let networkAccounts = ["explored", "dropped", "grown", "training_flops", "dead_units", "dead_inputs"]

/// Names of what can be read of a network and of its layers beside options, for those who look names up.
package let networkProperties =
  [
    "inputs", "outputs", "labels_per_sample", "layers", "input_layers", "parameters", "connections", "max_batch", "built",
    "bound", "threads", "precision", "seed", "loss", "steps", "bytes", "flops", "density",
  ] + networkAccounts
/// Those of layers with connections, beside what all layers have.
package let layerProperties = ["connections", "index_bytes", "offset", "steps", "topology_updates", "threshold"]

/// What a layer costs, and what its pattern has come to.
final class Accounts<T: Scalar>: Stateful {
  private let graph: Graph<T>
  private let store: ParameterStore<T>
  /// Of each layer the numbers of those that it takes from.
  private let inputs: [[Int]]
  /// One byte an output of each layer.
  private let goesOn: Buffer<UInt8>

  /// What can be read of a layer with connections once it is built, each a number of the layer alone; the network's are sums, but
  /// for "explored", a share of all positions, and "dead_inputs", which are the first layer's.
  static var names: [String] { networkAccounts }

  /// - Throws: `outOfMemory`: who looks asks for no memory.
  init(_ graph: Graph<T>, _ store: ParameterStore<T>, inputs: [[Int]]) throws(Failure) {
    self.graph = graph
    self.store = store
    self.inputs = inputs
    goesOn = try Buffer(count: graph.layers.total { $0.outputs }, of: "workspace")
  }

  func visit(_ visitor: inout some StateVisitor) { visitor.scratch(goesOn) }

  private var trained: [TrainedLayer<T>] { store.layers }
  private var layers: [any Layer<T>] { graph.layers }

  /// Connections of all layers over their positions.
  var density: Double {
    let positions = trained.reduce(0.0) { $0 + Double($1.positions) }
    return positions > 0 ? Double(trained.total { $0.connections }) / positions : 0
  }

  /// One of `names` for one layer. - phase: how far training has come.
  func value(_ name: String, of layer: TrainedLayer<T>, _ phase: Phase) -> Double {
    let kept = layer.unit?.topology(of: layer)
    switch name {
    case "explored": return Double(explored(layer)) / Double(layer.positions)
    case "dropped": return Double(kept?.dropped ?? 0)
    case "grown": return Double(kept?.grown ?? 0)
    case "training_flops": return trainingFlops(layer, phase)
    case "dead_units": return Double(deadUnits(layer))
    default: return Double(deadInputs(layer))
    }
  }

  /// The same for all of them.
  func value(_ name: String, _ phase: Phase) -> Double {
    switch name {
    case "explored":
      let all = trained.reduce(0.0) { $0 + Double($1.positions) }
      return all > 0 ? trained.reduce(0.0) { $0 + Double(explored($1)) } / all : 0
    case "dead_inputs": return trained.first { $0.connected != nil }.map { Double(deadInputs($0)) } ?? 0
    case "dead_units": return trained.reduce(0.0) { $0 + ($1.connected == nil ? 0 : value(name, of: $1, phase)) }
    default: return trained.reduce(0.0) { $0 + value(name, of: $1, phase) }
    }
  }

  /// Positions that have been connected since the layer got its topology method, R_s of Liu et al. 2021 times their number.
  private func explored(_ layer: TrainedLayer<T>) -> Int {
    layer.unit?.topology(of: layer)?.exploredCount ?? layer.connections
  }

  private func trainingFlops(_ layer: TrainedLayer<T>, _ phase: Phase) -> Double {
    let forward = Double(layer.layer.flops)
    let gradient = Double(layer.connected?.gradientFlops ?? layer.layer.flops)
    guard let unit = layer.unit else { return 2 * forward + gradient }
    return unit.instance.plan.trainingFlops(
      forward: forward, gradient: gradient,
      dense: Double(layer.connected?.connectionFlops ?? 2) * Double(layer.positions), period: period(unit, phase))
  }

  /// Steps between a method's updates, infinity when none is to come; those of epochs as long as they have been so far.
  private func period(_ unit: TopologyUnit<T>, _ phase: Phase) -> Double {
    let schedule = unit.instance.plan.schedule
    if unit.instance.hasEnded { return .infinity }
    guard schedule.clock == .epochs else { return Double(schedule.every) }
    return phase.epochs > 0 ? Double(schedule.every) * Double(phase.steps) / Double(phase.epochs) : .infinity
  }

  /// Units that nothing reaches, or but for the last layer's from which nothing goes on. A channel that a convolution makes is one
  /// unit.
  private func deadUnits(_ layer: TrainedLayer<T>) -> Int {
    let marks = goesOn.pointer
    // Backwards, so that those that take from a layer are known before it.
    var end = layers.count
    while end >= layer.number {
      markOutputsThatGoOn(from: end, marks)
      end -= 1
    }
    let goesOn = marks + place(ofOutputs: layer.number)
    let outputs = layer.layer.outputs
    let units = layer.connected?.unitCount ?? outputs
    let places = outputs / max(1, units)
    var dead = 0
    for unit in 0..<units {
      var isAlive = false
      for place in 0..<places where goesOn[unit * places + place] != 0 { isAlive = true }
      if let connected = layer.connected, !connected.isReached(unit) { isAlive = false }
      if !isAlive { dead += 1 }
    }
    return dead
  }

  /// Where a layer's marks begin among those of all.
  private func place(ofOutputs number: Int) -> Int {
    var place = 0
    for position in 0..<number - 1 { place += layers[position].outputs }
    return place
  }

  /// Mark with 1 which outputs of a layer some layer with connections takes, directly or through layers that carry features on as
  /// they are. - marks: of the outputs of all layers one after the other, those of later layers known.
  private func markOutputsThatGoOn(from number: Int, _ marks: UnsafeMutablePointer<UInt8>) {
    let own = marks + place(ofOutputs: number)
    let count = layers[number - 1].outputs
    own.update(repeating: number == layers.count ? 1 : 0, count: count)
    for taker in number..<layers.count {
      var sparse: (any Connected<T>)?
      for layer in trained where layer.number == taker + 1 { sparse = layer.sparse }
      let later = marks + place(ofOutputs: taker + 1)
      for input in 0..<inputs[taker].count where inputs[taker][input] == number {
        guard let sparse else {
          layers[taker].carry(later, toInput: input, own, count: count)
          continue
        }
        let places = count / max(1, sparse.inputCount)
        for taken in 0..<sparse.inputCount where sparse.isTaken(taken) {
          (own + taken * places).update(repeating: 1, count: places)
        }
      }
    }
  }

  /// Inputs, or channels, that no unit of the layer is connected to.
  private func deadInputs(_ layer: TrainedLayer<T>) -> Int {
    guard let sparse = layer.sparse else { return 0 }
    var dead = 0
    for input in 0..<sparse.inputCount where !sparse.isTaken(input) { dead += 1 }
    return dead
  }
}
