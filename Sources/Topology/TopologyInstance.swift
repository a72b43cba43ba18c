import Base
import Machine
import Sparse

/// A topology method at work on one layer, or on several that change together: its schedule, and what it keeps of each layer.
/// Everything is allocated at construction.
package final class TopologyInstance<T: Scalar>: Stateful {
  package let method: TopologyMethod
  package let plan: TopologyPlan
  package let layers: [LayerTopology<T>]
  /// Updates so far.
  package private(set) var updates = 0
  /// Dynamic sparse reparameterisation's threshold, which follows the number of connections that it finds.
  package private(set) var threshold: Double

  private var schedule: UpdateSchedule
  private var redistributor: Redistributor
  private var hasBegun = false

  /// - layers: each with the pattern that it will have at the first update. - seed, streams: of the random numbers, a stream
  ///   for each layer.
  /// - Throws: `outOfMemory`; `invalidArgument` when options contradict each other.
  package init(
    _ method: TopologyMethod, layers: [(subject: any TopologyLayer<T>, pattern: Pattern)], seed: UInt64, streams: [UInt64]
  ) throws(Failure) {
    try method.check(for: T.self)
    self.method = method
    plan = method.plan
    guard !plan.thinsGlobally || layers.total({ $0.pattern.rows * $0.pattern.columns }) < .max else {
      throw Failure(.invalidArgument, "\(method.owner): the layers have too many positions to count together")
    }
    schedule = plan.schedule
    threshold = plan.threshold
    var made: [LayerTopology<T>] = []
    for (layer, stream) in zip(layers, streams) {
      made.append(
        try LayerTopology(
          method, subject: layer.subject, pattern: layer.pattern, random: RandomSource(seed: seed, stream: stream)))
    }
    self.layers = made
    redistributor = Redistributor(
      layers: made.count, baseline: plan.adjustsGrowth ? made.total { $0.initialCount } : nil)
    needsGradient = Self.needsGradient(plan, made)
    if needsGradient { try OpenBLAS.reserve(callers: 1) }
  }

  /// The same method, at the same time, without one of its layers.
  package init(_ other: TopologyInstance<T>, without subject: any TopologyLayer<T>) {
    method = other.method
    plan = other.plan
    schedule = other.schedule
    threshold = other.threshold
    updates = other.updates
    hasBegun = other.hasBegun
    layers = other.layers.filter { $0.subject !== subject }
    redistributor = Redistributor(
      layers: layers.count, baseline: plan.adjustsGrowth ? layers.total { $0.connections } : nil)
    needsGradient = Self.needsGradient(plan, layers)
  }

  private static func needsGradient(_ plan: TopologyPlan, _ layers: [LayerTopology<T>]) -> Bool {
    plan.drop.needsSlope || layers.contains { $0.growth.needsGradient }
  }

  /// Whether an update takes the place of the optimizer's step of that iteration.
  package var replacesStep: Bool { plan.replacesStep && plan.schedule.clock == .steps }
  /// Whether `evolve` asks for gradients of the batch just gone back through. Asked in every step, so it is not worked out
  /// then: generic sequences of the standard library allocate.
  package let needsGradient: Bool

  package func visit(_ visitor: inout some StateVisitor) {
    visitor.number("updates", &updates)
    visitor.number("threshold", &threshold)
    visitor.number("has_begun", &hasBegun)
    schedule.visit(&visitor)
    redistributor.visit(&visitor)
    for (position, layer) in layers.enumerated() { visitor.part("layer", position, layer) }
  }

  /// Whether the schedule asks for an update at this time.
  package func isDue(step: Int) -> Bool { method.changesPatterns && schedule.isDue(step: step) }

  /// Whether the schedule asks for no more updates.
  package var hasEnded: Bool { !method.changesPatterns || schedule.hasEnded }

  /// Whether the gradients of the batch that is coming count for the next update.
  package func watches(step: Int) -> Bool {
    plan.gradientBatches > 1 && schedule.isDue(step: step, within: plan.gradientBatches)
  }

  /// The update of this time is certain to happen: the next one is due a period later.
  package func noteDue(step: Int) { schedule.note(step: step) }

  /// The drop fraction of an update at this time.
  package func dropFraction(step: Int) -> Double {
    guard method.changesPatterns else { return 0 }
    return schedule.dropFraction(step: step, rate: rate)
  }

  /// Learning rate over its first one.
  private var rate: Double {
    guard schedule.decay == .learningRate, let subject = layers.first?.subject, subject.initialLearningRate > 0 else {
      return 1
    }
    return subject.learningRate / subject.initialLearningRate
  }

  /// Training is about to start: the weights are in place.
  package func begin() {
    guard !hasBegun else { return }
    hasBegun = true
    for layer in layers { layer.begin() }
  }

  /// Choose what takes part in forward, where that is not all. The weights must be in place.
  package func selectForward() {
    for layer in layers { layer.selectForward() }
  }

  /// An optimizer's step is about to be taken. - gradientScale: factor on the gradients.
  @_specialize(where T == Float)
  @_specialize(where T == Double)
  package func beforeStep(gradientScale: Double = 1) {
    begin()
    if plan.hasSoftThreshold { for layer in layers { layer.learnThreshold(gradientScale: gradientScale) } }
    guard plan.explorationDecay > 0 else { return }
    for layer in layers { layer.decayExploration() }
  }

  /// Drop and grow now. Patterns change in place, and each layer moves what it stores. Nothing is allocated; the same bits for
  /// any number of threads.
  ///
  /// - step: the time, for schedules. - dropFraction: in [0, 1], instead of the schedule's; 0 drops nothing but what a density
  ///   schedule, a soft bound or a flipped sign asks for.
  /// - Throws: `stopped` when a function of the caller's asked for it. Nothing has changed then.
  @_specialize(where T == Float)
  @_specialize(where T == Double)
  package func evolve(step: Int, dropFraction: Double? = nil) throws(Failure) {
    guard method.changesPatterns else { return }
    let isLast = dropFraction == nil && schedule.isLast(step: step)
    // What choosing changes beside scratch, so that an update that is asked for again is the same.
    let thresholdBefore = threshold
    for layer in layers { layer.note() }
    do throws(Failure) {
      try choose(dropFraction ?? self.dropFraction(step: step), step, isLast: isLast)
    } catch {
      threshold = thresholdBefore
      for layer in layers { layer.goBack() }
      throw error
    }
    // Nothing fails from here on.
    hasBegun = true
    for layer in layers { layer.commit() }
    redistributor.note(layers)
    if isLast { for layer in layers { layer.endThreshold() } }
    if plan.noise > 0 || plan.shrink > 0 {
      for layer in layers { layer.disturb(noise: plan.noise, shrink: plan.shrink) }
    }
    updates += 1
  }

  /// Choose what goes and what comes in every layer.
  private func choose(_ fraction: Double, _ step: Int, isLast: Bool) throws(Failure) {
    if !hasBegun { for layer in layers { layer.keepReference() } }
    if plan.redistribute == .momentum { for layer in layers { layer.measureMomentum() } }
    for layer in layers { try layer.score() }
    decideStaying(fraction, step, isLast: isLast)
    for layer in layers { layer.mark(fraction: fraction, threshold: threshold) }
    decideComing(fraction, step)
    for layer in layers { try layer.choose() }
  }

  // MARK: How many

  /// How many connections a layer is to have after the update, before they are redistributed.
  private func target(_ layer: LayerTopology<T>, _ step: Int) -> Int {
    if plan.isSoft { return layer.initialCount }
    if case .constant = plan.density { return layer.connections }
    return max(1, connections(step, initial: layer.initialCount, positions: layer.positionCount))
  }

  /// How many of some positions the density schedule wants connected: never more than at the start.
  private func connections(_ step: Int, initial: Int, positions: Int) -> Int {
    let sparsity = plan.density.sparsity(at: step, initial: 1 - Double(initial) / Double(positions))
    return min(initial, Distribution.connections(sparsity: sparsity, positions: positions))
  }

  /// `staying` of every layer, and `coming` where the drop score does not decide itself what goes.
  /// - isLast: a soft bound is kept from now on, and all below a soft threshold goes.
  private func decideStaying(_ fraction: Double, _ step: Int, isLast: Bool) {
    let isGlobal = plan.thinsGlobally
    if isGlobal { shareGlobally(step) }
    for layer in layers {
      if plan.hasSoftThreshold {
        let below = layer.threshold?.count(below: UnsafePointer(layer.subject.weights), of: layer.connections) ?? 0
        layer.staying = max(1, layer.connections - (isLast ? below : plan.rounding.count(fraction, of: below)))
        layer.coming = 0
        continue
      }
      let target = isGlobal ? layer.staying : target(layer, step)
      let count = layer.connections
      if plan.isSoft {
        layer.staying = min(count, target)
        layer.coming = isLast ? 0 : plan.rounding.count(fraction, of: layer.initialCount)
        continue
      }
      var moves = plan.rounding.count(share(fraction, of: layer), of: min(count, target))
      if plan.justDropped == .exclude { moves = min(moves, layer.positionCount - count) }
      layer.staying = min(count, target) - moves
      layer.coming = target - layer.staying
    }
  }

  /// The share of a layer's connections that drops: where momentum spreads them, no more than the share of its positions that
  /// is free, if that is below a fifth and the layer has more momentum than the mean (the code of SNFS). It would have lost
  /// what it is about to get back.
  private func share(_ fraction: Double, of layer: LayerTopology<T>) -> Double {
    guard plan.redistribute == .momentum else { return fraction }
    let sparsity = Double(layer.positionCount - layer.connections) / Double(layer.positionCount)
    var sum = 0.0
    for other in layers { sum += other.meanMomentum }
    guard sparsity < 0.2, layer.meanMomentum * Double(layers.count) > sum * (1 + Redistributor.tolerance) else {
      return fraction
    }
    return min(sparsity, fraction)
  }

  /// `staying`, for now the number that each layer is to have: those of the best scores of all layers together.
  private func shareGlobally(_ step: Int) {
    var initial = 0
    var positions = 0
    var now = 0
    for layer in layers {
      initial += layer.initialCount
      positions = positions.addingClamped(layer.positionCount)
      now += layer.connections
    }
    let target = connections(step, initial: initial, positions: positions)
    if target >= now {
      // Back to what there was: AC/DC's dense phases.
      for layer in layers {
        layer.staying = target == initial ? layer.initialCount : layer.connections
      }
      return
    }
    shareOut(max(target, layers.count))
  }

  /// The best `target` scores over all layers: their number in each, as `staying`. A layer that would be left with none keeps
  /// its best one, at the expense of the others. - target: at least one a layer.
  private func shareOut(_ target: Int) {
    // Layers set aside with one connection.
    var spared = 0
    for layer in layers { layer.staying = layer.connections }
    while spared < layers.count {
      let least = kthLargest(target - spared, segments: layers.count) {
        layers[$0].staying == -1 ? 0 : layers[$0].connections
      } key: {
        layers[$0].scores.rank($1)
      }
      var equals = target - spared - least.larger
      var found = 0
      for layer in layers where layer.staying != -1 {
        layer.staying = layer.countBest(least.key, equals: &equals)
        if layer.staying == 0 {
          layer.staying = -1
          found += 1
        }
      }
      spared += found
      if found == 0 { break }
    }
    for layer in layers where layer.staying == -1 { layer.staying = 1 }
  }

  /// `coming` of every layer: never more than fits.
  private func decideComing(_ fraction: Double, _ step: Int) {
    if plan.marksItself {
      for layer in layers { layer.coming = layer.connections - layer.staying }
    }
    if plan.threshold > 0, fraction > 0 { adaptThreshold(fraction) }
    for layer in layers {
      layer.coming = max(0, min(layer.coming, layer.free, layer.subject.pattern.capacity - layer.staying))
    }
    switch plan.redistribute {
    case .none: break
    case .momentum: redistributor.spread(over: layers) { $0.meanMomentum }
    case .connections: redistributor.spread(over: layers) { Double($0.staying) }
    }
  }

  /// H doubles or halves so that about the wanted share is dropped next time (Mostafa and Wang 2019, algorithm 1).
  private func adaptThreshold(_ fraction: Double) {
    var pruned = 0
    var count = 0
    for layer in layers {
      pruned += layer.connections - layer.staying
      count += layer.connections
    }
    let wanted = fraction * Double(count)
    // Within what doubles and halves exactly.
    if Double(pruned) < wanted * (1 - plan.tolerance) { threshold = min(2 * threshold, 0x1p1000) }
    if Double(pruned) > wanted * (1 + plan.tolerance) { threshold = max(threshold / 2, 0x1p-1000) }
  }
}
