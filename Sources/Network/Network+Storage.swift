import Base
import Graphs
import Layers
import Machine
import Optimizers
import Pruning
import Sparse
import Topology

// Storage made anew: patterns, parameters and moments in just the room they need.
extension Network {
  /// Keep only the marked connections of some layers; a dense layer becomes sparse. Weights, gradients and moments of those
  /// that stay are theirs bit for bit; memory shrinks to what is left, and `parameterCount` with it: each later parameter
  /// moves down in the array, the caller's own when bound, whose end is zeroed. Topology methods start afresh on the new
  /// patterns. Accumulated gradients are forgotten.
  /// - Throws: `invalidArgument` when nothing would be left of a layer; `outOfMemory`. Nothing has changed then.
  func retain(_ kept: [KeptConnections], _ call: String) throws(Failure) {
    var moves: [StorageMove<T>] = []
    var counts: [Int: Int] = [:]
    for choice in kept {
      var count = 0
      for slot in 0..<connections(try trainer(choice.layer)) where choice.marks.pointer[slot] != 0 { count += 1 }
      counts[choice.layer] = count
    }
    let rooms = topologyRooms(counts)
    for choice in kept {
      let trainer = try trainer(choice.layer)
      guard let layer = trainer.connected else { throw Check.noLayer(choice.layer, of: layerCount) }
      let old = layer.weights.count
      let count = counts[choice.layer] ?? 0
      guard count >= 1 else {
        throw Failure(
          .invalidArgument, "\(call): nothing would be left of the \(old) connections of \(trainer.name)")
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
        capacity: rooms[choice.layer].map { max($0, count) }, placement: layer.placement, owner: trainer.name,
        isKept: { choice.marks.pointer[$0] != 0 })
      moves.append(StorageMove(trainer: trainer, layer: layer, pattern: pattern, dropped: dropped, oldCount: old))
    }
    try move(moves, call)
  }

  /// The room that layers' topology methods want when some of them are about to have other numbers of connections, by layer.
  private func topologyRooms(_ counts: [Int: Int]) -> [Int: Int] {
    var rooms: [Int: Int] = [:]
    for (method, members) in topologyPlan(trainers, isSparse: { counts[$0.number] != nil || $0.sparse != nil }) {
      let capacities = method.plan.capacities(
        members.map {
          (connections: counts[$0.number] ?? connections($0), positions: $0.connected?.positions ?? 0)
        })
      for (trainer, capacity) in zip(members, capacities) { rooms[trainer.number] = capacity }
    }
    return rooms
  }

  /// Carry out moves of storage: everything new is made first.
  func move(_ moves: [StorageMove<T>], _ call: String) throws(Failure) {
    guard let workspace, let values, let w = values.baseAddress, let dw = gradients?.baseAddress else { return }
    var count = 0
    var longest = 1
    for trainer in trainers {
      let move = moves.first { $0.trainer === trainer }
      for parameter in trainer.layer.parameters {
        let isMoved = move?.layer.weights === parameter
        let capacity = isMoved ? move?.pattern.capacity ?? parameter.capacity : parameter.capacity
        let (sum, overflow) = count.addingReportingOverflow(capacity)
        guard !overflow else { throw Failure(.outOfMemory, "\(call): the number of parameters overflows") }
        count = sum
        longest = max(longest, capacity)
      }
    }
    guard !isBound || count <= boundCount else {
      throw Failure(
        .bufferTooSmall,
        "\(call): the bound arrays have \(boundCount) elements, \(count) are needed now; unbind first, then bind anew")
    }
    let new = Arrays<T>(
      values: try Buffer(count: count, of: "parameters"), gradients: try Buffer(count: count, of: "gradients"))
    var optimizers: [OptimizerInstance<T>?] = []
    var remembered: [RememberedParameters<T>?] = []
    for move in moves {
      remembered.append(try move.trainer.remembered?.moved(move.remap, capacity: move.pattern.capacity))
      optimizers.append(
        try move.trainer.optimizer?.resized(
          move.remap, parameter: move.layer.weights, capacity: move.pattern.capacity))
    }
    let wanted = layers.map { layer in
      moves.first { $0.layer === layer }.map { $0.layer.scratchElements($0.pattern, denseCrossover: nil) }
        ?? layer.scratchElements
    }
    let scratch = try Buffer<T>(count: wanted.max() ?? 0, of: "scratch of the layers")
    let norm = try GlobalNorm(parameters: trainers.flatMap { $0.layer.parameters }, longest: longest)
    let gradientGuard = try GradientGuard(workspace.graph, trainers, elements: count)
    let units = try makeTopologyUnits(trainers) { trainer in
      moves.first { $0.trainer === trainer }?.pattern ?? trainer.connected?.pattern
    }

    if moves.contains(where: { $0.layer.usesBLAS($0.pattern, $0.layer.denseCrossover) }) {
      try reserveBLAS(threads: wantedThreads)
    }

    // Nothing fails from here on.
    var offset = 0
    for trainer in trainers {
      let move = moves.first { $0.trainer === trainer }
      for parameter in trainer.layer.parameters {
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
      move.trainer.optimizer = optimizers[position]
      move.trainer.remembered = remembered[position]
    }
    if isBound {
      w.update(from: new.values.pointer, count: count)
      dw.update(from: new.gradients.pointer, count: count)
      if count < values.count {
        (w + count).update(repeating: 0, count: values.count - count)
        (dw + count).update(repeating: 0, count: values.count - count)
      }
      use(
        UnsafeMutableBufferPointer(start: w, count: count), UnsafeMutableBufferPointer(start: dw, count: count))
    } else {
      use(new.values.span, new.gradients.span)
      own = new
    }
    workspace.norm = norm
    workspace.gradientGuard = gradientGuard
    use(scratch)
    use(units)
    forwardBatch = nil
    holdsGradients = false
  }
}

/// One layer's way into new storage.
struct StorageMove<T: Scalar> {
  let trainer: Trainer<T>
  let layer: any Connected<T>
  let pattern: Pattern
  let dropped: Buffer<Int64>
  let oldCount: Int

  init(trainer: Trainer<T>, layer: any Connected<T>, pattern: Pattern, dropped: Buffer<Int64>, oldCount: Int) {
    self.trainer = trainer
    self.layer = layer
    self.pattern = pattern
    self.dropped = dropped
    self.oldCount = oldCount
  }

  /// All connections into storage of another size, a dense layer's into a full pattern; nil when there is nothing to do.
  init?(_ trainer: Trainer<T>, _ layer: any Connected<T>, capacity: Int) throws(Failure) {
    let owner = trainer.name
    if let pattern = layer.pattern {
      if pattern.capacity >= capacity { return nil }
      self.pattern = try Pattern(copying: pattern, capacity: capacity, owner: owner)
    } else {
      pattern = try Pattern(fullRows: layer.rows, columns: layer.columns, placement: layer.placement, owner: owner)
    }
    self.trainer = trainer
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
