import Base
import Graphs
import Layers
import Machine
import Optimizers
import Pruning
import Sparse
import Topology

// Storage made anew: patterns, parameters and moments in just the room they need.
extension Built {
  /// Keep only the marked connections of some layers; a dense layer becomes sparse. Weights, gradients and moments of those
  /// that stay are theirs bit for bit; memory shrinks to what is left, and `parameterCount` with it: each later parameter
  /// moves down in the array, the caller's own when bound, whose end is zeroed. Topology methods start afresh on the new
  /// patterns. Accumulated gradients are forgotten.
  /// - Throws: `invalidArgument` when nothing would be left of a layer; `outOfMemory`. Nothing has changed then.
  func retain(_ kept: [KeptConnections], _ blueprint: Blueprint<T>, _ call: String) throws(Failure) {
    var moves: [StorageMove<T>] = []
    var counts: [Int: Int] = [:]
    for choice in kept {
      var count = 0
      for slot in 0..<choice.marks.count where choice.marks.pointer[slot] != 0 { count += 1 }
      counts[choice.layer] = count
    }
    let rooms = topologyRooms(counts, blueprint)
    for choice in kept {
      guard let trained = store.layer(choice.layer), let layer = trained.connected else {
        throw Check.noLayer(choice.layer, of: graph.layers.count)
      }
      let old = layer.weights.count
      let count = counts[choice.layer] ?? 0
      guard count >= 1 else {
        throw Failure(
          .invalidArgument, "\(call): nothing would be left of the \(old) connections of \(trained.name)")
      }
      // All of a dense layer: it stays dense.
      if count == old, layer.pattern == nil { continue }
      let dropped = try Buffer<Int64>(count: old - count, of: "\(call), dropped connections")
      var next = 0
      for slot in 0..<old where choice.marks.pointer[slot] == 0 {
        dropped.pointer[next] = Int64(slot)
        next += 1
      }
      let pattern = try Pattern(
        rows: layer.rows, columns: layer.columns, of: layer.pattern, kept: count,
        capacity: rooms[choice.layer].map { max($0, count) }, placement: layer.placement, owner: trained.name,
        isKept: { choice.marks.pointer[$0] != 0 })
      moves.append(StorageMove(trained: trained, layer: layer, pattern: pattern, dropped: dropped, oldCount: old))
    }
    try move(moves, blueprint, call)
  }

  /// The room that layers' topology methods want when some of them are about to have other numbers of connections, by layer.
  private func topologyRooms(_ counts: [Int: Int], _ blueprint: Blueprint<T>) -> [Int: Int] {
    var rooms: [Int: Int] = [:]
    for (method, members) in blueprint.topologyPlan(
      store.layers, isSparse: { counts[$0.number] != nil || $0.sparse != nil })
    {
      let capacities = method.plan.capacities(
        members.map { (connections: counts[$0.number] ?? $0.connections, positions: $0.positions) })
      for (layer, capacity) in zip(members, capacities) { rooms[layer.number] = capacity }
    }
    return rooms
  }

  /// Make a unit of some layers, whose storage grows first if the method needs room.
  /// - blueprint: with the method. - units: that stay.
  func install(
    _ method: TopologyMethod, on chosen: [TrainedLayer<T>], keeping units: [TopologyUnit<T>], _ blueprint: Blueprint<T>
  ) throws(Failure) {
    let members = chosen.compactMap { member in member.connected.map { (member, $0) } }
    let capacities = method.plan.capacities(
      members.map { (connections: $1.weights.count, positions: $1.positions) })
    var moves: [StorageMove<T>] = []
    for ((member, layer), capacity) in zip(members, capacities) {
      if let move = try StorageMove(member, layer, capacity: capacity) { moves.append(move) }
    }
    let unit = try blueprint.makeUnit(method, members.map(\.0), batch: maximumBatch) { layer in
      moves.first { $0.trained === layer }?.pattern ?? layer.connected?.pattern
    }
    if !moves.isEmpty { try move(moves, blueprint, "set_topology") }
    use(units + [unit].compactMap { $0 })
  }

  /// Carry out moves of storage: everything new is made first.
  func move(_ moves: [StorageMove<T>], _ blueprint: Blueprint<T>, _ call: String) throws(Failure) {
    func capacity(_ parameter: Parameter<T>) -> Int {
      moves.first { $0.layer.weights === parameter }?.pattern.capacity ?? parameter.capacity
    }
    let count = try ParameterStore<T>.count(store.layers, call, capacity: capacity)
    var longest = 1
    for layer in store.layers {
      for parameter in layer.parameters { longest = max(longest, capacity(parameter)) }
    }
    guard !store.isBound || count <= store.boundCount else {
      throw Failure(
        .bufferTooSmall,
        "\(call): the bound arrays have \(store.boundCount) elements, \(count) are needed now; unbind first, then bind anew")
    }
    let new = try ParameterArrays<T>(count: count)
    var optimizers: [OptimizerInstance<T>?] = []
    var remembered: [RememberedParameters<T>?] = []
    for move in moves {
      remembered.append(try move.trained.remembered?.moved(move.remap, capacity: move.pattern.capacity))
      optimizers.append(
        try move.trained.optimizer?.resized(
          move.remap, parameter: move.layer.weights, capacity: move.pattern.capacity))
    }
    let wanted = graph.layers.map { layer in
      moves.first { $0.layer === layer }.map { $0.layer.scratchElements($0.pattern, denseCrossover: nil) }
        ?? layer.scratchElements
    }
    let scratch = try Buffer<T>(count: wanted.max() ?? 0, of: "scratch of the layers")
    let gradientGuard = try GradientGuard(graph, store, elements: count, longest: longest)
    let units = try blueprint.makeUnits(store.layers, batch: maximumBatch) { layer in
      moves.first { $0.trained === layer }?.pattern ?? layer.connected?.pattern
    }
    if moves.contains(where: { $0.layer.usesBLAS($0.pattern, $0.layer.denseCrossover) }) { try blueprint.reserveBLAS() }

    // Nothing fails from here on.
    var offset = 0
    for layer in store.layers {
      let move = moves.first { $0.trained === layer }
      for parameter in layer.parameters {
        guard let from = parameter.values, let slopes = parameter.gradient else { continue }
        let isMoved = move?.layer.weights === parameter
        if isMoved, let move { parameter.remap(move.remap) }
        (new.values.pointer + offset).update(from: from, count: parameter.count)
        (new.gradients.pointer + offset).update(from: slopes, count: parameter.count)
        if isMoved, let move { move.layer.adopt(move.pattern) }
        offset += parameter.capacity
      }
    }
    for (position, move) in moves.enumerated() {
      move.trained.optimizer = optimizers[position]
      move.trained.remembered = remembered[position]
    }
    store.adopt(new)
    use(gradientGuard)
    use(scratch)
    use(units)
    // What is accumulated stayed in the old gradient array.
    phase.forgetGradients()
    phase.forgetPanels()
  }
}

/// One layer's way into new storage.
struct StorageMove<T: Scalar> {
  let trained: TrainedLayer<T>
  let layer: any Connected<T>
  let pattern: Pattern
  let dropped: Buffer<Int64>
  let oldCount: Int

  init(trained: TrainedLayer<T>, layer: any Connected<T>, pattern: Pattern, dropped: Buffer<Int64>, oldCount: Int) {
    self.trained = trained
    self.layer = layer
    self.pattern = pattern
    self.dropped = dropped
    self.oldCount = oldCount
  }

  /// All connections into storage of another size, a dense layer's into a full pattern; nil when there is nothing to do.
  init?(_ trained: TrainedLayer<T>, _ layer: any Connected<T>, capacity: Int) throws(Failure) {
    let owner = trained.name
    if let pattern = layer.pattern {
      if pattern.capacity >= capacity { return nil }
      self.pattern = try Pattern(copying: pattern, capacity: capacity, owner: owner)
    } else {
      pattern = try Pattern(fullRows: layer.rows, columns: layer.columns, placement: layer.placement, owner: owner)
    }
    self.trained = trained
    self.layer = layer
    dropped = try Buffer(count: 0)
    oldCount = layer.weights.count
  }

  var remap: SlotRemap {
    SlotRemap(
      dropped: UnsafeBufferPointer(start: dropped.pointer, count: dropped.count),
      grown: UnsafeBufferPointer(start: nil, count: 0), oldCount: oldCount)
  }
}
