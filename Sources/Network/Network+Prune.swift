import Base
import Machine
import Pruning
import Sparse

// Connections that go for good, all at once: before training, or whenever the caller says so.
extension Network {
  /// Take connections away by a criterion. The layers with weights whose density is not fixed take part; dense ones become
  /// sparse. What stays keeps its weight, gradient and state; see ``retain(_:_:)`` for the storage. A layer (with the scope
  /// `global` all layers together) that has no more connections than it is to keep stays as it is.
  ///
  /// Scores are computed in double precision on a copy; ``Probe`` says what memory that takes, beside 9 bytes a connection for
  /// the score and the mark.
  /// - x: (inputs, samples), target: (outputs, samples) or class numbers; for criteria that need them, otherwise passed over.
  /// - Throws: `invalidState` before build, when no layer takes part, or while one has a soft threshold; `nullArgument`,
  ///   `invalidArgument`, `nonFinite` for the data; `invalidArgument` when a layer would be left with none; `nonFinite` when a
  ///   score is not finite; `outOfMemory`. Nothing has changed then.
  package func prune(
    _ method: PruningMethod, _ x: UnsafePointer<T>? = nil, _ target: Target<T>? = nil, samples: Int = 0
  ) throws(Failure) {
    try method.check()
    for unit in topologyUnits where unit.hasThreshold {
      throw Failure(
        .invalidState,
        "prune: linear layer \(unit.trainers[0].number) has a soft threshold, which its weights are not yet without; train to "
          + "the last update of its topology method, or give it another one")
    }
    if method.data == .inputs { return try reconstruct(method, x, samples) }
    let scorer = try pruningScorer(method, x, target, samples)
    let groups = try pruningGroups(method, scorer.subjects)
    for round in 1...method.rounds {
      try scorer.score()
      if let (keep, size) = method.groups {
        for (trainer, layer) in zip(scorer.subjects, scorer.candidates) {
          try Survivors.choose(
            layer, keep: keep, ofEach: size, pattern: trainer.sparse?.pattern, inputs: trainer.layer.inputs)
        }
        continue
      }
      for group in groups {
        let density = method.density(round: round, initial: group.initial, final: group.final)
        let keep = Distribution.connections(density: density, positions: group.positions)
        do throws(Failure) {
          try Survivors.choose(group.members.map { scorer.candidates[$0] }, keep: keep)
        } catch {
          throw Failure(error.kind, "prune: density \(method.density): \(error.message)")
        }
      }
      if round < method.rounds { scorer.silence() }
    }
    var kept: [KeptConnections] = []
    for (trainer, layer) in zip(scorer.subjects, scorer.candidates) where layer.present < layer.marks.count {
      kept.append(KeptConnections(layer: trainer.number, marks: layer.marks))
    }
    if !kept.isEmpty { try retain(kept, "prune") }
    prunings += 1
  }

  /// What judges the connections that take part, all of them so far.
  func pruningScorer(
    _ method: PruningMethod, _ x: UnsafePointer<T>?, _ target: Target<T>?, _ samples: Int
  ) throws(Failure) -> PruningScorer<T> {
    _ = try requireBuilt("prune")
    let data = method.data == .nothing ? nil : try pruningData(method, x, target, samples)
    return try PruningScorer(method, self, try pruningSubjects(), data)
  }

  /// The layers that take part.
  func pruningSubjects() throws(Failure) -> [Trainer<T>] {
    let subjects = trainers.filter(isPrunable)
    guard !subjects.isEmpty else {
      throw Failure(.invalidState, "prune: there is no linear layer whose density is not fixed")
    }
    return subjects
  }

  private func isPrunable(_ trainer: Trainer<T>) -> Bool {
    guard case .linear(let linear) = descriptions[trainer.number - 1] else { return false }
    return !linear.hasFixedDensity
  }

  /// Layers whose connections compete with each other.
  struct PruningGroup {
    /// Indices into the layers that take part.
    let members: [Int]
    let positions: Int
    /// Share of the positions that is connected now, and that is to be at last.
    let initial: Double
    let final: Double
  }

  func pruningGroups(_ method: PruningMethod, _ subjects: [Trainer<T>]) throws(Failure) -> [PruningGroup] {
    var finals = subjects.map { _ in method.density }
    if method.scope == .distribution {
      finals = try method.distribution.densities(
        density: method.density,
        shapes: subjects.map { .init(name: $0.name, dimensions: [$0.layer.inputs, $0.layer.outputs]) },
        power: try options.get(NetworkOption.distributionPower))
    }
    var groups: [PruningGroup] = []
    for (index, trainer) in subjects.enumerated() {
      let positions = trainer.layer.inputs * trainer.layer.outputs
      groups.append(
        PruningGroup(
          members: [index], positions: positions, initial: Double(connections(trainer)) / Double(positions),
          final: finals[index]))
    }
    guard method.scope == .global else { return groups }
    var positions = 0
    for group in groups {
      let (sum, overflow) = positions.addingReportingOverflow(group.positions)
      guard !overflow else { throw Failure(.invalidArgument, "prune: the layers have too many positions to count together") }
      positions = sum
    }
    let present = subjects.reduce(0.0) { $0 + Double(connections($1)) }
    return [
      PruningGroup(
        members: Array(subjects.indices), positions: positions, initial: present / Double(positions), final: method.density)
    ]
  }

  /// The caller's data, found fit for use.
  private func pruningData(
    _ method: PruningMethod, _ x: UnsafePointer<T>?, _ target: Target<T>?, _ samples: Int
  ) throws(Failure) -> PruningData<T> {
    guard let x else { throw Failure(.nullArgument, "prune: x must not be NULL for \(method.owner)") }
    guard let target else { throw Failure(.nullArgument, "prune: target must not be NULL for \(method.owner)") }
    try check(samples: samples, "prune")
    try check(target, Batch(x: x, count: samples), "prune")
    try requireFinite(x, "x", features: inputs, samples)
    if case .values(let values) = target { try requireFinite(values, "target", features: outputs, samples) }
    let takesLogits = loss == .softmaxCrossEntropy || loss == .binaryCrossEntropy
    return PruningData(
      x: x, samples: samples,
      criterion: LossCriterion(
        kind: loss, target: target, labelBase: Int32(options[NetworkOption.labelBase]),
        delta: options[NetworkOption.huberDelta], temperature: takesLogits ? method.temperature : 1))
  }

  @_specialize(where T == Float)
  @_specialize(where T == Double)
  func requireFinite(_ array: UnsafePointer<T>, _ name: String, features: Int, _ samples: Int) throws(Failure) {
    for i in 0..<samples * features where !array[i].isFinite {
      throw Failure(
        .nonFinite,
        "prune: \(name)[\(i / features)][\(i % features)] is \(array[i]) (sample, feature, from 0); nothing has changed")
    }
  }
}

/// Samples, and what outputs are compared with.
struct PruningData<T: Scalar> {
  let x: UnsafePointer<T>
  let samples: Int
  let criterion: LossCriterion<T>
}
