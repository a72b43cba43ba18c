import Base
import Graphs
import KernelInterface
import Layers
import Machine
import Optimizers
import Sparse
import Topology

/// What was asked for: a value that says all that a network is to be, and that answers for it once it is built.
struct Blueprint<T: Scalar> {
  /// Of every random draw.
  let seed: Int64
  var plan: GraphPlan<T>
  var options = OptionValues(owner: "network", table: NetworkOption.table)
  /// Where densities come from, if not from each layer itself.
  var distribution: Distributing?
  /// The loss of all outputs, while there are no terms.
  var loss = LossKind.meanSquaredError
  /// Losses of some outputs each, in the place of `loss`.
  var lossTerms: [LossTerm] = []
  /// By the number of the layer; 0 is for all that have none of their own.
  var optimizers: [Int: Optimizer] = [:]
  var topologies: [Int: TopologyMethod] = [:]
  /// How gradients are summed over ranks, if they are.
  var reduction: Reduction<T>?
  /// Threads asked for; 0: the default.
  var threads = 0

  var inputs: Int { plan.inputShape.features }

  /// Class numbers that a sample has: one for each place where the outputs are a field, or for each loss of some outputs.
  var labelsPerSample: Int { lossTerms.isEmpty ? plan.outputPlaces : lossTerms.count }

  /// Threads that work once the network is built.
  var threadCount: Int { threads == 0 ? ThreadPool.defaultThreads() : threads }

  /// Make sure that all threads can call OpenBLAS at a time. - Throws: `outOfMemory`.
  func reserveBLAS() throws(Failure) { try OpenBLAS.reserve(callers: threadCount) }

  // MARK: Making layers

  /// The layers, planned and without parameters' places, and for those with parameters what trains them.
  /// - Throws: `invalidArgument` for a pattern or a density that a layer cannot have; `outOfMemory`.
  func makeLayers() throws(Failure) -> (all: [any Layer<T>], trained: [TrainedLayer<T>]) {
    var layers: [any Layer<T>] = []
    var trained: [TrainedLayer<T>] = []
    for (position, description) in plan.layers.enumerated() {
      let number = position + 1
      let layer = try description.kind.row.make(
        LayerSite<T>(
          inputs: plan.inputShapes(description), output: plan.shapes[position], options: description.options,
          pattern: try pattern(of: description, number: number), denseCrossover: options[NetworkOption.denseCrossover],
          stream: Stream.mask &+ UInt64(truncatingIfNeeded: number), owner: description.owner))
      layers.append(layer)
      if layer.parameters.isEmpty { continue }
      trained.append(
        TrainedLayer(
          number: number, name: description.owner, layer: layer, isLast: number == plan.layers.count, reduction: reduction))
    }
    try makeRoom(trained)
    return (layers, trained)
  }

  /// Set all parameters, which have their places, to what training starts from. - Throws: what an initializer throws.
  func initialize(_ trained: [TrainedLayer<T>]) throws(Failure) {
    for layer in trained {
      let asked = plan.layers[layer.number - 1]
      if let given = asked.values, let connected = layer.connected {
        for parameter in connected.parameters { parameter.restart() }
        connected.weights.values?.update(from: given.pointer, count: given.count)
      } else {
        var random = RandomSource(
          seed: UInt64(bitPattern: seed), stream: Stream.weights &+ UInt64(truncatingIfNeeded: layer.number))
        try layer.layer.initialize(asked.options, random: &random)
      }
    }
  }

  /// Give layers the room in their patterns that their topology methods need.
  private func makeRoom(_ trained: [TrainedLayer<T>]) throws(Failure) {
    for (method, members) in topologyPlan(trained, isSparse: { $0.sparse != nil }) {
      let layers = members.compactMap { member in member.connected.map { (member.name, $0) } }
      for (name, layer) in layers where layer.pattern == nil && !method.thins {
        throw Failure(.invalidArgument, "set_topology: \(name) is dense and has no pattern to change")
      }
      let capacities = method.plan.capacities(
        layers.map { (connections: $1.weights.count, positions: $1.positions) })
      for ((owner, layer), capacity) in zip(layers, capacities) {
        if layer.pattern == nil {
          layer.adopt(try Pattern(fullRows: layer.rows, columns: layer.columns, placement: layer.placement, owner: owner))
        } else if let pattern = layer.pattern, pattern.capacity < capacity {
          layer.adopt(try Pattern(copying: pattern, capacity: capacity, owner: owner))
        }
      }
    }
  }

  /// The caller's pattern, or one that is drawn; nil for a dense layer and one without connections.
  private func pattern(of layer: PlannedLayer<T>, number: Int) throws(Failure) -> Pattern? {
    guard layer.hasConnections, let shape = layer.kind.row.weightShape(of: plan.inputShapes(layer), layer.options) else {
      return nil
    }
    if let pattern = layer.pattern {
      guard pattern.columns == shape.columns, pattern.rows == shape.rows else {
        throw Failure(
          .invalidArgument,
          "\(layer.owner): the pattern is for \(pattern.rows) x \(pattern.columns), the layer has "
            + "\(shape.rows) units and \(shape.columns) inputs")
      }
      return pattern
    }
    guard layer.density < 1 else { return nil }
    let positions = shape.rows * shape.columns
    let connections = Distribution.connections(density: layer.density, positions: positions)
    guard connections >= 1 else {
      throw Failure(
        .invalidArgument, "\(layer.owner): density \(layer.density) leaves none of \(positions) connections")
    }
    guard connections < positions else { return nil }
    var random = RandomSource(seed: UInt64(bitPattern: seed), stream: Stream.pattern &+ UInt64(truncatingIfNeeded: number))
    if let method = topologies[number] ?? topologies[0], method.changesPatterns, method.plan.hasConstantFanIn {
      return try Pattern(
        rows: shape.rows, columns: shape.columns, constantFanIn: connections, random: &random, owner: layer.owner)
    }
    return try Pattern(rows: shape.rows, columns: shape.columns, connections: connections, random: &random)
  }
}

/// Streams of the seed, one a purpose; a layer adds its number.
enum Stream {
  static let shuffling: UInt64 = 1
  static let dropout: UInt64 = 2
  static let pattern: UInt64 = 1 << 32
  static let weights: UInt64 = 2 << 32
  static let topology: UInt64 = 3 << 32
  static let mask: UInt64 = 4 << 32
  static let pruning: UInt64 = 5 << 32
}
