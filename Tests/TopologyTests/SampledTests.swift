import Base
import Machine
import Sparse
import Testing
import Topology

@Suite struct SampledTests {
  @Test("candidates are no more than there are positions, or can be numbered")
  func mostCandidates() {
    #expect(CandidateSampling.count(2.5, of: 3, within: 100) == 8)
    #expect(CandidateSampling.count(2.5, of: 3, within: 7) == 7)
    #expect(CandidateSampling.count(1000, of: 5_000_000, within: 1 << 40) == 1 << 32 - 1)
  }

  /// With every free position a candidate, sampled growth is RigL's.
  @Test(arguments: [0.0, 1, 2]) func allCandidatesAreExact(sampling: Double) throws {
    try compare(sampling, Float.self)
    try compare(sampling, Double.self)
  }

  private func compare<T: Scalar>(_ sampling: Double, _: T.Type) throws {
    for shape in uglyShapes where shape.rows * shape.columns < 20_000 {
      for justDropped in [0.0, 1, 2] {
        let options = ["just_dropped": justDropped, "drop_fraction": 0.4, "decay": 0]
        let sampled = try Fleet<T>(
          method(.sampled, options.merging(["candidates": 1000, "sampling": sampling]) { $1 }), [shape]
        ) { T(($1 &* 37) % 101 + 1) }
        let rigl = try Fleet<T>(method(.rigl, options), [shape]) { T(($1 &* 37) % 101 + 1) }
        for fleet in [sampled, rigl] {
          fleet.subjects[0].batch = Self.batch(shape)
          try fleet.topology.evolve(step: 0)
        }
        #expect(sampled.positions(0) == rigl.positions(0), "\(shape), \(justDropped)")
        #expect(sampled.counts == [shape.connections] && sampled.subjects[0].pattern.violation() == nil)
      }
    }
  }

  private static func batch<T: Scalar>(
    _ shape: (rows: Int, columns: Int, connections: Int)
  ) -> (gradients: [[T]], inputs: [[T]]) {
    ((0..<shape.rows).map { [T($0 % 4), T(1)] }, (0..<shape.columns).map { [T(-1), T($0 % 3)] })
  }

  /// Distinct free candidates, as many as asked for, and the best of them grow.
  @Test(arguments: [0.0, 1, 2]) func theBestCandidatesGrow(sampling: Double) throws {
    for (share, justDropped) in [(1.0, 2.0), (0.4, 2), (2.5, 2), (1, 0), (0.01, 2)] {
      let sampled = try method(
        .sampled, ["candidates": share, "sampling": sampling, "just_dropped": justDropped, "drop_fraction": 0.2, "decay": 0])
      let fleet = try Fleet<Double>(sampled, [(90, 110, 500)], seed: 3) { Double(($1 &* 37) % 503 + 1) }
      let subject = fleet.subjects[0]
      subject.batch = (
        (0..<90).map { [Double($0 % 7 + 1), -0.5] }, (0..<110).map { [Double($0 % 5 + 1), 2] }
      )
      subject.gradients = Gradients(columns: 110) { Double(($0 &* 110 &+ $1) &* 7919 % 9901) - 4950 }
      for _ in 0..<5 {
        let before = Set(fleet.positions(0))
        let weights = fleet.state(0)
        try fleet.topology.evolve(step: 0)
        let after = Set(fleet.positions(0))
        let candidates = subject.candidates
        #expect(candidates.count == Swift.max(100, Int((share * 500).rounded(.up))), "\(share)")
        #expect(candidates == candidates.sorted() && Set(candidates).count == candidates.count)
        let gradients = try #require(subject.gradients)
        func size(_ position: Position) -> Double { gradients.value(position.row, position.column).magnitude }
        let best = candidates.sorted { size($0) == size($1) ? $0 < $1 : size($0) > size($1) }.prefix(100)
        if justDropped == 2 {
          #expect(candidates.allSatisfy { !before.contains($0) })
          #expect(after.subtracting(before) == Set(best))
        } else {
          #expect(after.subtracting(before) == Set(best).subtracting(before))
        }
        #expect(fleet.counts == [500] && subject.pattern.violation() == nil)
        let now = fleet.state(0)
        #expect(before.intersection(after).allSatisfy { weights[$0]?.weight == now[$0]?.weight })
        for slot in 0..<500 where subject.weights[slot] == 0 { subject.weights[slot] = Double(slot % 50) + 0.5 }
      }
    }
  }

  /// Candidates follow the sums of |dz| and |x|: of 3 units and inputs each, active in the proportion 1 : 2 : 5, spread over a
  /// matrix so large that hardly any position is drawn twice.
  @Test(arguments: [1.0, 2]) func activityDrawsInProportion(sampling: Double) throws {
    let fleet = try Fleet<Double>(
      method(.sampled, ["sampling": sampling, "drop_fraction": 0.1, "decay": 0]), [(6000, 9000, 20_000)], seed: 11
    ) { _, _ in 1 }
    let subject = fleet.subjects[0]
    let shares = [1.0, 2, 5]
    // One sample, so that a sketch is the activity but for its sign.
    subject.batch = ((0..<6000).map { [-shares[$0 % 3]] }, (0..<9000).map { [shares[$0 % 3]] })
    try fleet.topology.evolve(step: 0)
    var counts = [Double](repeating: 0, count: 9)
    for position in subject.candidates { counts[position.row % 3 * 3 + position.column % 3] += 1 }
    #expect(subject.candidates.count == 20_000)
    for (place, count) in counts.enumerated() {
      let expected = 20_000 * shares[place / 3] * shares[place % 3] / 64
      #expect(abs(count - expected) < 6 * expected.squareRoot(), "\(place): \(count) of \(expected)")
    }
  }

  /// Units and inputs without activity, or with one that is no number, leave the rest to chance.
  @Test(arguments: [1.0, 2]) func inactiveLayersGrowAllTheSame(sampling: Double) throws {
    for (active, value) in [(0, 0.0), (1, 1), (3, 1), (90, .nan), (90, .infinity)] {
      let fleet = try Fleet<Double>(
        method(.sampled, ["sampling": sampling, "drop_fraction": 0.3, "decay": 0]), [(90, 110, 500)]
      ) { Double(($1 &* 37) % 503 + 1) }
      let subject = fleet.subjects[0]
      subject.batch = (
        (0..<90).map { [$0 < active ? value : 0] }, (0..<110).map { [$0 < active ? value : 0] }
      )
      try fleet.topology.evolve(step: 0)
      #expect(subject.candidates.count >= 150 && fleet.topology.layers[0].grown == 150)
      #expect(fleet.counts == [500] && subject.pattern.violation() == nil)
    }
  }

  @Test func hugeLayers() throws {
    #if DEBUG
      let connections = 20_000
    #else
      let connections = 2_000_000
    #endif
    for sampling in 0...2 {
      let fleet = try Fleet<Float>(
        method(.sampled, ["sampling": Double(sampling)]), [(200_000, 200_000, connections)]
      ) { Float($1 % 1000) }
      let subject = fleet.subjects[0]
      subject.batch = ((0..<200_000).map { [Float($0 % 9)] }, (0..<200_000).map { [Float($0 % 11)] })
      #expect(fleet.topology.bytes < 90 * connections + 60 * 200_000)
      try fleet.topology.evolve(step: 0)
      #expect(fleet.counts == [connections] && subject.pattern.violation() == nil)
      #expect(fleet.topology.layers[0].grown == Int(Float(connections) * 0.2))
    }
  }
}
