import Base
import Graphs
import Layers
import Machine
import Sparse
import Topology

/// Layers whose patterns a topology method changes together, and what is due.
final class TopologyUnit<T: Scalar>: Stateful {
  let instance: TopologyInstance<T>
  let layers: [TrainedLayer<T>]
  /// An update is due and waits for `evolve`.
  private(set) var awaitsEvolution = false
  /// The coming update takes the place of the optimizers' step.
  private(set) var takesStep = false

  /// The histories end with the last batch that went back.
  private var holdsBatch = false
  private let histories: [GradientHistory<T>?]
  private let forwardSets: [ForwardSet<T>?]

  /// - histories: one a layer, for scores that are means over several batches. - forwardSets: one a layer, where not all
  ///   connections take part in forward.
  init(
    _ instance: TopologyInstance<T>, _ layers: [TrainedLayer<T>], _ histories: [GradientHistory<T>?],
    _ forwardSets: [ForwardSet<T>?]
  ) {
    self.instance = instance
    self.layers = layers
    self.histories = histories
    self.forwardSets = forwardSets
  }

  /// The same unit without one of its layers, at the same time.
  init(_ other: TopologyUnit<T>, without layer: TrainedLayer<T>) {
    instance = TopologyInstance(other.instance, without: layer)
    let left = other.layers.indices.filter { other.layers[$0] !== layer }
    layers = left.map { other.layers[$0] }
    histories = left.map { other.histories[$0] }
    forwardSets = left.map { other.forwardSets[$0] }
    awaitsEvolution = other.awaitsEvolution
    holdsBatch = other.holdsBatch
  }

  /// Be the unit of its layers, whose weights are in place.
  func adopt() {
    for (position, layer) in layers.enumerated() {
      layer.unit = self
      layer.history = histories[position]
      layer.connected?.forwardSet = instance.layers[position].hasSettled ? nil : forwardSets[position]
    }
    instance.selectForward()
  }

  /// Without the forward sets that are in use, which are their layers'.
  func visit(_ visitor: inout some StateVisitor) {
    visitor.number("awaits_evolution", &awaitsEvolution)
    visitor.number("holds_batch", &holdsBatch)
    visitor.part("method", instance)
    for (position, history) in histories.enumerated() { visitor.part("history", position, history) }
    for (position, layer) in layers.enumerated() where instance.layers[position].hasSettled {
      layer.connected?.forwardSet = nil
    }
    for (position, set) in forwardSets.enumerated() where layers[position].connected?.forwardSet !== set {
      visitor.part("forward_set", position, set)
    }
  }

  /// Whether it will go on using this one.
  func keeps(_ forwardSet: ForwardSet<T>) -> Bool { forwardSets.contains { $0 === forwardSet } }

  /// Whether forward sees weights of a layer through a threshold.
  var hasThreshold: Bool { instance.layers.contains { $0.softThreshold > 0 } }

  /// What is kept of one of its layers.
  func topology(of layer: TrainedLayer<T>) -> LayerTopology<T>? {
    layers.firstIndex { $0 === layer }.map { instance.layers[$0] }
  }

  /// Steps that its layers have taken.
  private var steps: Int { layers.first?.steps ?? 0 }

  /// - gradientScale: factor on the gradients.
  func beforeStep(gradientScale: Double) {
    instance.beforeStep(gradientScale: gradientScale)
    takesStep = instance.replacesStep && instance.isDue(step: steps)
    if takesStep { expect(at: steps) }
  }

  func afterStep() {
    takesStep = false
    guard instance.plan.schedule.clock == .steps, !instance.replacesStep, instance.isDue(step: steps) else { return }
    expect(at: steps)
  }

  /// Whether its clock counts epochs, and an update is due when so many have ended.
  func isDue(afterEpochs epochs: Int) -> Bool {
    instance.plan.schedule.clock == .epochs && instance.isDue(step: epochs)
  }

  /// - epochs: that have ended.
  func afterEpoch(_ epochs: Int) {
    if isDue(afterEpochs: epochs) { expect(at: epochs) }
  }

  private func expect(at time: Int) {
    awaitsEvolution = true
    instance.noteDue(step: time)
  }

  /// Whether the next update's scores are to know the panels of this backward pass.
  func watches(_ epochs: Int) -> Bool { instance.watches(step: time(epochs)) }

  /// After a backward pass: keep its panels if so.
  func watch(_ epochs: Int) {
    guard watches(epochs) else {
      holdsBatch = false
      return
    }
    recordBatch()
  }

  /// What is kept are batches that follow one another.
  private func recordBatch() {
    for layer in layers { layer.recordBatch(continues: holdsBatch) }
    holdsBatch = true
  }

  private func time(_ epochs: Int) -> Int { instance.plan.schedule.clock == .steps ? steps : epochs }

  /// - epochs: that have ended.
  func evolve(dropFraction: Double?, epochs: Int) throws(Failure) {
    // An update that the schedule does not know of goes by the batch just gone back at least.
    let held = holdsBatch
    if instance.needsGradient, instance.plan.gradientBatches > 1, !held { recordBatch() }
    do throws(Failure) {
      try instance.evolve(step: time(epochs), dropFraction: dropFraction)
    } catch {
      holdsBatch = held
      throw error
    }
    awaitsEvolution = false
  }
}
