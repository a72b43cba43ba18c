import Base
import Graphs
import Layers
import Machine
import Topology

/// Changes the patterns of a network's layers when their topology methods are due.
final class Evolver<T: Scalar>: Stateful {
  /// Layers that change their patterns together.
  private(set) var units: [TopologyUnit<T>] = []

  // Methods come before layers, which they tell what takes part in forward.
  func visit(_ visitor: inout some StateVisitor) {
    for (position, unit) in units.enumerated() { visitor.part("topology", position, unit) }
  }

  /// Whether updates of patterns call OpenBLAS.
  var usesBLAS: Bool { units.contains { $0.instance.needsGradient } }

  /// Put units in place. Weights that forward has seen through a threshold so far become what it saw.
  /// - layers: all that could be in a unit.
  func use(_ units: [TopologyUnit<T>], in layers: [TrainedLayer<T>]) {
    for layer in layers {
      layer.unit = nil
      layer.history = nil
      if let connected = layer.connected, let set = connected.forwardSet, let values = connected.weights.values,
        !units.contains(where: { $0.keeps(set) })
      {
        set.settle(values, count: connected.weights.count)
      }
      layer.connected?.forwardSet = nil
    }
    self.units = units
    for unit in units { unit.adopt() }
  }

  /// The units as they are without one layer.
  func units(without layer: TrainedLayer<T>) -> [TopologyUnit<T>] {
    units.compactMap { unit in
      guard unit.layers.contains(where: { $0 === layer }) else { return unit }
      return unit.layers.count == 1 ? nil : TopologyUnit(unit, without: layer)
    }
  }

  /// The units to change by hand. - layer: nil for all of them.
  /// - Throws: `invalidState` for a layer that has no method that changes its pattern.
  func units(of layer: TrainedLayer<T>?, _ call: String) throws(Failure) -> [TopologyUnit<T>] {
    guard let layer else { return units }
    let found = units.filter { $0.layers.contains { $0 === layer } }
    guard !found.isEmpty else {
      throw Failure(.invalidState, "\(call): \(layer.name) has no topology method that changes its pattern")
    }
    return found
  }

  // MARK: In a step

  // By position: iterating would hold on to arrays and elements, which is much of a small network's step.

  /// Whether a unit wants to know the panels of the backward pass just made.
  func watches(_ phase: Phase) -> Bool {
    for i in 0..<units.count where units[i].watches(phase.epochs) { return true }
    return false
  }

  /// Let units keep the panels of the backward pass just made.
  @_specialize(where T == Float)
  @_specialize(where T == Double)
  func watch(_ phase: Phase) {
    for i in 0..<units.count { units[i].watch(phase.epochs) }
  }

  @_specialize(where T == Float)
  @_specialize(where T == Double)
  func beforeStep(gradientScale: Double) {
    for i in 0..<units.count { units[i].beforeStep(gradientScale: gradientScale) }
  }

  @_specialize(where T == Float)
  @_specialize(where T == Double)
  func afterStep() {
    for i in 0..<units.count { units[i].afterStep() }
  }

  // MARK: Updates of patterns

  /// Drop and grow connections where it is due.
  @_specialize(where T == Float)
  @_specialize(where T == Double)
  func evolveDue(_ phase: Phase) throws(Failure) {
    for unit in units where unit.awaitsEvolution { try requireGradients(unit, phase, "evolve") }
    for unit in units where unit.awaitsEvolution { try evolve(unit, phase, dropFraction: nil) }
  }

  /// Drop and grow now. - dropFraction: in [0, 1].
  func evolve(_ units: [TopologyUnit<T>], _ phase: Phase, dropFraction: Double, _ call: String) throws(Failure) {
    for unit in units { try requireGradients(unit, phase, call) }
    for unit in units { try evolve(unit, phase, dropFraction: dropFraction) }
  }

  /// An epoch is about to end. - Throws: `invalidState` when an update needs the gradients of a backward pass that is gone.
  func checkEpoch(_ phase: Phase, _ call: String) throws(Failure) {
    for unit in units where unit.awaitsEvolution || unit.isDue(afterEpochs: phase.epochs + 1) {
      try requireGradients(unit, phase, call)
    }
  }

  /// An epoch has ended: methods whose clock counts epochs may be due.
  func afterEpoch(_ phase: Phase) {
    for unit in units { unit.afterEpoch(phase.epochs) }
  }

  private func requireGradients(_ unit: TopologyUnit<T>, _ phase: Phase, _ call: String) throws(Failure) {
    guard !unit.instance.needsGradient || phase.holdsGradientPanels else {
      throw Failure(
        .invalidState,
        "\(call): \(unit.layers[0].name) drops or grows by gradient and needs the backward pass of this "
          + "step; another forward, predict or evaluate has taken its place")
    }
  }

  private func evolve(_ unit: TopologyUnit<T>, _ phase: Phase, dropFraction: Double?) throws(Failure) {
    // The dense gradient is OpenBLAS's, also in a network that does not use it otherwise.
    let blas = unit.instance.needsGradient ? BLASThreads.begin() : nil
    defer { blas?.end() }
    try unit.evolve(dropFraction: dropFraction, epochs: phase.epochs)
  }
}
