import Base
import Graphs
import KernelInterface
import Layers
import Machine
import Sparse
import Topology

// Which layers change their patterns by which method.
extension Blueprint {
  /// Whether a method given to all layers changes this one.
  /// - isSparse: whether it has a pattern, or is about to.
  func isChangeable(_ layer: TrainedLayer<T>, by method: TopologyMethod, isSparse: Bool) -> Bool {
    guard method.changesPatterns, layer.connected != nil else { return false }
    return isSparse || (method.thins && !plan.layers[layer.number - 1].hasFixedDensity)
  }

  /// Who is changed by what: the method for all layers first, then those for one.
  /// - isSparse: whether a layer has a pattern, or is about to.
  func topologyPlan(
    _ layers: [TrainedLayer<T>], isSparse: (TrainedLayer<T>) -> Bool
  ) -> [(method: TopologyMethod, members: [TrainedLayer<T>])] {
    var found: [(method: TopologyMethod, members: [TrainedLayer<T>])] = []
    if let method = topologies[0] {
      found.append(
        (method, layers.filter { topologies[$0.number] == nil && isChangeable($0, by: method, isSparse: isSparse($0)) }))
    }
    for layer in layers {
      if let method = topologies[layer.number], method.changesPatterns { found.append((method, [layer])) }
    }
    return found.filter { $0.method.changesPatterns && !$0.members.isEmpty }
  }

  /// The units that the methods given so far call for.
  /// - batch: the largest. - pattern: what a layer's pattern is, or will be.
  /// - Throws: `outOfMemory`, `invalidArgument`.
  func makeUnits(
    _ layers: [TrainedLayer<T>], batch: Int, pattern: (TrainedLayer<T>) -> Pattern?
  ) throws(Failure) -> [TopologyUnit<T>] {
    var units: [TopologyUnit<T>] = []
    for (method, members) in topologyPlan(layers, isSparse: { pattern($0) != nil }) {
      if let unit = try makeUnit(method, members, batch: batch, pattern) { units.append(unit) }
    }
    return units
  }

  func makeUnit(
    _ method: TopologyMethod, _ members: [TrainedLayer<T>], batch: Int, _ pattern: (TrainedLayer<T>) -> Pattern?
  ) throws(Failure) -> TopologyUnit<T>? {
    var subjects: [(subject: any TopologyLayer<T>, pattern: Pattern)] = []
    var layers: [TrainedLayer<T>] = []
    for member in members {
      guard let pattern = pattern(member) else { continue }
      subjects.append((member, pattern))
      layers.append(member)
    }
    guard !layers.isEmpty else { return nil }
    let plan = method.plan
    var histories: [GradientHistory<T>?] = []
    var forwardSets: [ForwardSet<T>?] = []
    let shape = PanelShape(batch: batch, elementSize: MemoryLayout<T>.stride)
    for (layer, subject) in zip(layers, subjects) {
      forwardSets.append(try makeForwardSet(plan, subject.pattern, owner: layer.name))
      histories.append(
        plan.gradientBatches > 1
          ? try GradientHistory(
            batches: plan.gradientBatches, decay: plan.gradientDecay, inputs: layer.layer.inputs,
            outputs: layer.layer.outputs, elements: shape.elements(features: 1), owner: layer.name)
          : nil)
    }
    let instance = try TopologyInstance(
      method, layers: subjects, seed: UInt64(bitPattern: seed),
      streams: layers.map { Stream.topology &+ UInt64(truncatingIfNeeded: $0.number) })
    if instance.needsGradient { try reserveBLAS() }
    return TopologyUnit(instance, layers, histories, forwardSets)
  }

  /// What forward is to use of a layer, where that is not all as it is.
  private func makeForwardSet(_ plan: TopologyPlan, _ pattern: Pattern, owner: String) throws(Failure) -> ForwardSet<T>? {
    if plan.hasSoftThreshold { return try ForwardSet(of: pattern, above: 0, owner: owner) }
    guard plan.forwardShare < 1 else { return nil }
    return try ForwardSet(
      of: pattern, count: plan.forwardCount(of: pattern.connections), capacity: plan.forwardCount(of: pattern.capacity),
      owner: owner)
  }
}
