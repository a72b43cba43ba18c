import Base
import Graphs
import KernelInterface
import Layers
import Machine
import Optimizers
import Sparse
import Topology

// Which layers change their patterns by which method, and when.
extension Network {
  // MARK: Giving methods

  /// Give layers a topology method: one layer an instance of its own, or all that it can change (0) one that changes them
  /// together. A method that takes connections away for good also changes dense layers, unless their density is fixed; others
  /// pass over them, and naming one is an error.
  public func setTopology(_ method: TopologyMethod, layer: Int = 0) throws(Failure) {
    try method.check(for: T.self)
    let numbers = try plan.connectedLayers(layer)
    if layer != 0, method.changesPatterns, !method.thins {
      let isDense =
        isBuilt
        ? try trainer(layer).sparse == nil : try plan.connected(layer).isDense && !isDistributed
      guard !isDense else {
        throw Failure(.invalidArgument, "set_topology: \(plan.layers[layer - 1].owner) is dense and has no pattern to change")
      }
    }
    var planned = layer == 0 ? [:] : topologies
    planned[layer] = method
    if isBuilt {
      if layer == 0 {
        try install(
          method, on: trainers.filter { isChangeable($0, by: method, isSparse: $0.sparse != nil) }, keeping: [], planned)
      } else {
        let chosen = try trainer(numbers[0])
        try install(method, on: method.changesPatterns ? [chosen] : [], keeping: others(than: chosen), planned)
      }
    }
    topologies = planned
  }

  /// The units as they are without one layer.
  private func others(than trainer: Trainer<T>) -> [TopologyUnit<T>] {
    topologyUnits.compactMap { unit in
      guard unit.trainers.contains(where: { $0 === trainer }) else { return unit }
      return unit.trainers.count == 1 ? nil : TopologyUnit(unit, without: trainer)
    }
  }

  /// Make a unit of some layers, whose storage grows first if the method needs room.
  private func install(
    _ method: TopologyMethod, on chosen: [Trainer<T>], keeping units: [TopologyUnit<T>], _ planned: [Int: TopologyMethod]
  ) throws(Failure) {
    let members = chosen.compactMap { trainer in trainer.connected.map { (trainer, $0) } }
    let capacities = method.plan.capacities(
      members.map { (connections: $1.weights.count, positions: $1.positions) })
    var moves: [StorageMove<T>] = []
    for ((trainer, layer), capacity) in zip(members, capacities) {
      if let move = try StorageMove(trainer, layer, capacity: capacity) { moves.append(move) }
    }
    let pattern = { (trainer: Trainer<T>) in moves.first { $0.trainer === trainer }?.pattern ?? trainer.connected?.pattern }
    let unit = try makeUnit(method, members.map(\.0), pattern)
    if !moves.isEmpty { try move(moves, "set_topology") }
    use(units + [unit].compactMap { $0 })
  }

  /// Whether a method given to all layers changes this one.
  /// - isSparse: whether it has a pattern, or is about to.
  private func isChangeable(_ trainer: Trainer<T>, by method: TopologyMethod, isSparse: Bool) -> Bool {
    guard method.changesPatterns, trainer.connected != nil else { return false }
    return isSparse || (method.thins && !plan.layers[trainer.number - 1].hasFixedDensity)
  }

  // MARK: Making units

  /// The units that the methods given so far call for.
  /// - pattern: what a layer's pattern is, or will be.
  func makeTopologyUnits(
    _ trainers: [Trainer<T>], pattern: (Trainer<T>) -> Pattern?
  ) throws(Failure) -> [TopologyUnit<T>] {
    var units: [TopologyUnit<T>] = []
    for (method, members) in topologyPlan(trainers, isSparse: { pattern($0) != nil }) {
      if let unit = try makeUnit(method, members, pattern) { units.append(unit) }
    }
    return units
  }

  /// Who is changed by what: the method for all layers first, then those for one.
  /// - isSparse: whether a layer has a pattern, or is about to.
  func topologyPlan(
    _ trainers: [Trainer<T>], isSparse: (Trainer<T>) -> Bool
  ) -> [(method: TopologyMethod, members: [Trainer<T>])] {
    var plan: [(method: TopologyMethod, members: [Trainer<T>])] = []
    if let method = topologies[0] {
      plan.append(
        (method, trainers.filter { topologies[$0.number] == nil && isChangeable($0, by: method, isSparse: isSparse($0)) }))
    }
    for trainer in trainers {
      if let method = topologies[trainer.number], method.changesPatterns { plan.append((method, [trainer])) }
    }
    return plan.filter { $0.method.changesPatterns && !$0.members.isEmpty }
  }

  private func makeUnit(
    _ method: TopologyMethod, _ members: [Trainer<T>], _ pattern: (Trainer<T>) -> Pattern?
  ) throws(Failure) -> TopologyUnit<T>? {
    var layers: [(subject: any TopologyLayer<T>, pattern: Pattern)] = []
    var trainers: [Trainer<T>] = []
    for trainer in members {
      guard let pattern = pattern(trainer) else { continue }
      layers.append((trainer, pattern))
      trainers.append(trainer)
    }
    guard !layers.isEmpty else { return nil }
    let plan = method.plan
    var histories: [GradientHistory<T>?] = []
    var forwardSets: [ForwardSet<T>?] = []
    for (trainer, layer) in zip(trainers, layers) {
      forwardSets.append(try makeForwardSet(plan, layer.pattern, owner: trainer.name))
    }
    let shape = PanelShape(batch: max(1, maximumBatch), elementSize: MemoryLayout<T>.stride)
    for trainer in trainers {
      histories.append(
        plan.gradientBatches > 1
          ? try GradientHistory(
            batches: plan.gradientBatches, decay: plan.gradientDecay, inputs: trainer.layer.inputs,
            outputs: trainer.layer.outputs, elements: shape.elements(features: 1), owner: trainer.name)
          : nil)
    }
    let instance = try TopologyInstance(
      method, layers: layers, seed: UInt64(bitPattern: seed),
      streams: trainers.map { Stream.topology &+ UInt64(truncatingIfNeeded: $0.number) })
    if instance.needsGradient { try reserveBLAS(threads: wantedThreads) }
    return TopologyUnit(instance, trainers, histories, forwardSets)
  }

  /// What forward is to use of a layer, where that is not all as it is.
  private func makeForwardSet(_ plan: TopologyPlan, _ pattern: Pattern, owner: String) throws(Failure) -> ForwardSet<T>? {
    if plan.hasSoftThreshold { return try ForwardSet(of: pattern, above: 0, owner: owner) }
    guard plan.forwardShare < 1 else { return nil }
    return try ForwardSet(
      of: pattern, count: plan.forwardCount(of: pattern.connections), capacity: plan.forwardCount(of: pattern.capacity),
      owner: owner)
  }

  /// Put units in place. Weights that forward has seen through a threshold so far become what it saw.
  func use(_ units: [TopologyUnit<T>]) {
    for trainer in trainers {
      trainer.unit = nil
      trainer.history = nil
      if let connected = trainer.connected, let set = connected.forwardSet, let values = connected.weights.values,
        !units.contains(where: { $0.keeps(set) })
      {
        set.settle(values, count: connected.weights.count)
      }
      trainer.connected?.forwardSet = nil
    }
    topologyUnits = units
    for unit in units { unit.adopt() }
    weigh()
  }

  // MARK: Updates

  /// Drop and grow connections where it is due.
  public func evolve() throws(Failure) {
    let workspace = try requireBuilt("evolve")
    let held = hold(workspace)
    defer { held.release() }
    try evolveDue()
  }

  /// Drop and grow now, whatever the schedule. - layer: 0 for all that have a method. - dropFraction: in [0, 1].
  public func evolveNow(layer: Int = 0, dropFraction: Double) throws(Failure) {
    let workspace = try requireBuilt("evolve_now")
    guard dropFraction >= 0, dropFraction <= 1 else {
      throw Failure(.invalidArgument, "evolve_now: drop_fraction must be in [0, 1], got \(dropFraction)")
    }
    let held = hold(workspace)
    defer { held.release() }
    var units = topologyUnits
    if layer != 0 {
      let trainer = try trainer(layer)
      units = units.filter { $0.trainers.contains { $0 === trainer } }
      guard !units.isEmpty else {
        throw Failure(.invalidState, "evolve_now: \(trainer.name) has no topology method that changes its pattern")
      }
    }
    for unit in units { try requireGradients(unit, "evolve_now") }
    for unit in units { try evolve(unit, dropFraction: dropFraction) }
  }

  /// An epoch has ended: methods whose clock counts epochs may be due.
  /// - Throws: `invalidState` when one of them needs the gradients of a backward pass that is gone; the epoch is not counted
  ///   then. `stopped` when a function of the caller's asked for it; the update stays due then.
  public func endEpoch() throws(Failure) {
    let workspace = try requireBuilt("end_epoch")
    for unit in topologyUnits where unit.awaitsEvolution || unit.isDue(afterEpochs: epochs + 1) {
      try requireGradients(unit, "end_epoch")
    }
    epochs += 1
    for unit in topologyUnits { unit.afterEpoch(epochs) }
    let held = hold(workspace)
    defer { held.release() }
    try evolveDue()
  }

  @_specialize(where T == Float)
  @_specialize(where T == Double)
  func evolveDue() throws(Failure) {
    for unit in topologyUnits where unit.awaitsEvolution { try requireGradients(unit, "evolve") }
    for unit in topologyUnits where unit.awaitsEvolution { try evolve(unit, dropFraction: nil) }
  }

  private func requireGradients(_ unit: TopologyUnit<T>, _ call: String) throws(Failure) {
    guard !unit.instance.needsGradient || holdsGradients else {
      throw Failure(
        .invalidState,
        "\(call): \(unit.trainers[0].name) drops or grows by gradient and needs the backward pass of this "
          + "step; another forward, predict or evaluate has taken its place")
    }
  }

  private func evolve(_ unit: TopologyUnit<T>, dropFraction: Double?) throws(Failure) {
    // The dense gradient is OpenBLAS's, also in a network that does not use it otherwise.
    let blas = unit.instance.needsGradient ? BLASThreads.begin() : nil
    defer { blas?.end() }
    try unit.evolve(dropFraction: dropFraction, epochs: epochs)
  }
}
