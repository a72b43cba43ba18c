import Base
import Graphs
import Layers
import Machine
import Sparse

/// Decides which connections of a network go, all at once: before training, or whenever the caller says so. The network is not
/// changed, but for the weights that stay when they are corrected for those that go.
///
/// Scores are computed in double precision on a copy; ``Probe`` says what memory that takes, beside 9 bytes a connection for the
/// score and the mark.
package struct Pruner<T: Scalar> {
  let method: PruningMethod
  let source: ProbeSource<T>
  /// The layers that take part, at least one.
  let subjects: [PruningSubject<T>]
  /// Exponent of Erdos-Renyi distributions.
  private let power: Double
  private let random: PruningRandom

  package init(
    _ method: PruningMethod, _ source: ProbeSource<T>, _ subjects: [PruningSubject<T>], power: Double, random: PruningRandom
  ) {
    self.method = method
    self.source = source
    self.subjects = subjects
    self.power = power
    self.random = random
  }

  /// What judges the connections that take part, all of them so far.
  package func scorer(_ data: PruningData<T>?) throws(Failure) -> Scorer<T> {
    try Scorer(method, source, subjects, data, random)
  }

  /// The connections that stay, of each layer that loses some.
  /// - data: for criteria that need it.
  /// - Throws: `invalidArgument` when a layer would be left with none; `nonFinite` when a score is not finite; `invalidState` for a
  ///   layer that the scores do not go through; `outOfMemory`.
  package func survivors(_ data: PruningData<T>?) throws(Failure) -> [KeptConnections] {
    var scorer = try scorer(data)
    // What cannot be is found before any score is computed.
    _ = try groups(round: method.rounds)
    for round in 1...method.rounds {
      try scorer.score()
      if let (keep, size) = method.groups {
        for (subject, layer) in zip(subjects, scorer.candidates) {
          try Survivors.choose(layer, keep: keep, ofEach: size, pattern: subject.layer.pattern, inputs: subject.layer.columns)
        }
        continue
      }
      for group in try groups(round: round) {
        do throws(Failure) {
          try Survivors.choose(group.members.map { scorer.candidates[$0] }, keep: group.keep)
        } catch {
          throw Failure(error.kind, "prune: density \(method.density): \(error.message)")
        }
      }
      if round < method.rounds { try scorer.advance() }
    }
    var kept: [KeptConnections] = []
    for (subject, marks) in zip(subjects, scorer.finish()) where marks.span.contains(0) {
      kept.append(KeptConnections(layer: subject.number, marks: marks))
    }
    return kept
  }

  /// Layers whose connections compete with each other.
  struct Group {
    /// Indices into the layers that take part.
    let members: [Int]
    /// Connections that are to be left.
    let keep: Int
  }

  /// What a round is to leave: just what a call of its own would for the round's density, which falls from the share of the
  /// positions that is connected now. With the scope `layer` that is each layer's own share, otherwise that of all layers.
  func groups(round: Int) throws(Failure) -> [Group] {
    let counts = subjects.map { $0.layer.weights.count }
    let positions = subjects.map { $0.layer.positions }
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
      return [Group(members: Array(subjects.indices), keep: keep)]
    case .layer:
      densities = zip(counts, positions).map {
        method.density(round: round, initial: Double($0) / Double($1), final: method.density)
      }
    case .distribution:
      densities = try method.distribution.densities(
        density: density, shapes: subjects.map { .init(name: $0.name, dimensions: $0.dimensions) }, power: power)
    }
    return subjects.indices.map {
      Group(members: [$0], keep: Distribution.connections(density: densities[$0], positions: positions[$0]))
    }
  }
}
