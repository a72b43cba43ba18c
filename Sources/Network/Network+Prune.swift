import Base
import Graphs
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
        "prune: \(unit.trainers[0].name) has a soft threshold, which its weights are not yet without; train to "
          + "the last update of its topology method, or give it another one")
    }
    if method.data == .inputs { return try reconstruct(method, x, samples) }
    var scorer = try pruningScorer(method, x, target, samples)
    let subjects = scorer.subjects
    // What cannot be is found before any score is computed.
    _ = try pruningGroups(method, subjects, round: method.rounds)
    for round in 1...method.rounds {
      try scorer.score()
      if let (keep, size) = method.groups {
        for (trainer, layer) in zip(subjects, scorer.candidates) {
          try Survivors.choose(
            layer, keep: keep, ofEach: size, pattern: trainer.sparse?.pattern, inputs: trainer.connected?.columns ?? 0)
        }
        continue
      }
      for group in try pruningGroups(method, subjects, round: round) {
        do throws(Failure) {
          try Survivors.choose(group.members.map { scorer.candidates[$0] }, keep: group.keep)
        } catch {
          throw Failure(error.kind, "prune: density \(method.density): \(error.message)")
        }
      }
      if round < method.rounds { try scorer.advance() }
    }
    var kept: [KeptConnections] = []
    for (trainer, marks) in zip(subjects, scorer.finish()) where marks.span.contains(0) {
      kept.append(KeptConnections(layer: trainer.number, marks: marks))
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
    trainer.connected != nil && !plan.layers[trainer.number - 1].hasFixedDensity
  }

  /// Layers whose connections compete with each other.
  struct PruningGroup {
    /// Indices into the layers that take part.
    let members: [Int]
    /// Connections that are to be left.
    let keep: Int
  }

  /// What a round is to leave: just what a call of its own would for the round's density, which falls from the share of the
  /// positions that is connected now. With the scope `layer` that is each layer's own share, otherwise that of all layers.
  func pruningGroups(_ method: PruningMethod, _ subjects: [Trainer<T>], round: Int) throws(Failure) -> [PruningGroup] {
    let counts = subjects.map { connections($0) }
    let positions = subjects.map { $0.connected?.positions ?? 0 }
    let share = counts.reduce(0.0) { $0 + Double($1) } / positions.reduce(0.0) { $0 + Double($1) }
    let density = method.density(round: round, initial: share, final: method.density)
    let densities: [Double]
    switch method.scope {
    case .global:
      var all = 0
      for count in positions {
        let (sum, overflow) = all.addingReportingOverflow(count)
        guard !overflow else { throw Failure(.invalidArgument, "prune: the layers have too many positions to count together") }
        all = sum
      }
      let keep = Distribution.connections(density: density, positions: all)
      return [PruningGroup(members: Array(subjects.indices), keep: keep)]
    case .layer:
      densities = zip(counts, positions).map {
        method.density(round: round, initial: Double($0) / Double($1), final: method.density)
      }
    case .distribution:
      var shapes: [Distribution.Shape] = []
      for trainer in subjects {
        shapes.append(.init(name: trainer.name, dimensions: try plan.weightShape(trainer.number).dimensions))
      }
      densities = try method.distribution.densities(
        density: density, shapes: shapes,
        power: try options.get(NetworkOption.distributionPower))
    }
    return subjects.indices.map {
      PruningGroup(members: [$0], keep: Distribution.connections(density: densities[$0], positions: positions[$0]))
    }
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
        kind: loss, target: target, labelBase: Int32(clamping: options[NetworkOption.labelBase]),
        delta: options[NetworkOption.huberDelta], temperature: takesLogits ? method.temperature : 1))
  }

  @_specialize(where T == Float)
  @_specialize(where T == Double)
  func requireFinite(
    _ array: UnsafePointer<T>, _ name: String, features: Int, _ samples: Int, _ call: String = "prune"
  ) throws(Failure) {
    for i in 0..<samples * features where !array[i].isFinite {
      throw Failure(
        .nonFinite,
        "\(call): \(name)[\(i / features)][\(i % features)] is \(array[i]) (sample, feature, from 0); nothing has changed")
    }
  }
}

/// Samples, and what outputs are compared with.
struct PruningData<T: Scalar> {
  let x: UnsafePointer<T>
  let samples: Int
  let criterion: LossCriterion<T>
}
