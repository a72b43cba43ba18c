import Base
import Machine
import Sparse
import Testing
import Topology

/// SRigL: the same number of connections in every unit that is left.
@Suite struct FanInTests {
  /// Drawn with a constant fan-in, as build does it.
  private func fleet<T: Scalar>(
    _ options: [String: Double], _ rows: Int, _ columns: Int, _ connections: Int, _: T.Type, seed: UInt64 = 1
  ) throws -> (subject: Subject<T>, topology: TopologyInstance<T>) {
    var random = RandomSource(seed: seed)
    let pattern = try Pattern(rows: rows, columns: columns, constantFanIn: connections, random: &random)
    let subject = Subject<T>(pattern)
    for slot in 0..<pattern.connections {
      subject.weights[slot] = T(random.below(4001) - 2000) / 1024
      subject.moments[slot] = T(slot + 1)
    }
    let topology = try TopologyInstance(
      method(.srigl, options), layers: [(subject, pattern)], seed: seed, streams: [0])
    return (subject, topology)
  }

  private func fanIns<T: Scalar>(_ subject: Subject<T>) -> [Int] {
    (0..<subject.pattern.rows).map { subject.pattern.slots(row: $0).count }
  }

  /// The algorithm on dense arrays: who survives, and who comes, by unit.
  private func reference<T: Scalar>(
    _ subject: Subject<T>, budget: Int, fraction: Double, ablation: Double
  ) -> Set<Position> {
    let pattern = subject.pattern
    let (rows, columns) = (pattern.rows, pattern.columns)
    func slope(_ p: Position) -> T { (subject.gradients?.value(p.row, p.column) ?? 0).magnitude }
    var weight: [Position: T] = [:]
    for row in 0..<rows {
      for slot in pattern.slots(row: row) {
        weight[Position(row: row, column: pattern.column(slot))] = subject.weights[slot].magnitude
      }
    }
    func best(_ places: [Position], _ count: Int, _ score: (Position) -> T) -> [Position] {
      Array(places.sorted { score($0) == score($1) ? $0 < $1 : score($0) > score($1) }.prefix(count))
    }
    let all = (0..<rows * columns).map { Position(row: $0 / columns, column: $0 % columns) }
    let pruned = Int(Float(weight.count) * Float(fraction))
    let kept = Set(best(weight.keys.sorted(), weight.count - pruned) { weight[$0] ?? 0 })
    let grown = Set(best(all.filter { !kept.contains($0) }, pruned, slope))
    var important = (0..<rows).map { row in kept.union(grown).filter { $0.row == row }.count }
    let active = Set(weight.keys.map(\.row)).count
    if ablation > 0, !subject.isLast {
      let least = Swift.max(1, Int(ablation * Double(budget / active)))
      let order = (0..<rows).sorted { important[$0] == important[$1] ? $0 < $1 : important[$0] > important[$1] }
      let left = Swift.max(important.filter { $0 >= least }.count, (budget + columns - 1) / columns)
      for row in order.dropFirst(left) { important[row] = -1 }
    }
    let units = (0..<rows).filter { important[$0] >= 0 }
    let fanIn = Swift.min(columns, budget / units.count)
    var result: Set<Position> = []
    for row in units {
      let stay = best(kept.filter { $0.row == row }, fanIn) { weight[$0] ?? 0 }
      let come = best(all.filter { $0.row == row && !stay.contains($0) }, fanIn - stay.count, slope)
      result.formUnion(stay + come)
    }
    return result
  }

  @Test(arguments: [0.0, 0.3, 0.95]) func agreesWithTheAlgorithmOnDenseArrays(ablation: Double) throws {
    try compare(ablation, Float.self)
    try compare(ablation, Double.self)
  }

  private func compare<T: Scalar>(_ ablation: Double, _: T.Type) throws {
    for (number, (rows, columns, connections)) in [
      (1, 1, 1), (1, 17, 9), (17, 1, 17), (10, 20, 60), (30, 7, 100), (12, 40, 240), (6, 9, 54), (20, 30, 41),
    ].enumerated() {
      for isLast in [false, true] {
        let (subject, topology) = try fleet(
          ["ablation": ablation, "decay": 0], rows, columns, connections, T.self, seed: UInt64(number))
        subject.isLast = isLast
        let budget = subject.pattern.connections
        #expect(Set(fanIns(subject)).count == 1)
        for (round, fraction) in [0.3, 0.5, 0.1, 1, 0.7].enumerated() {
          // Gradients favour some units, more so than weights do.
          subject.gradients = Gradients(columns: columns) { row, column in
            T((row &* 131 &+ column &* 71 &+ round &* 13) % 257 - 128) * (row % 3 == round % 3 ? 3 : 0.01)
          }
          let expected = reference(subject, budget: budget, fraction: fraction, ablation: ablation)
          let places = Set(positions(subject))
          try topology.evolve(step: 0, dropFraction: fraction)
          let name = "\(rows) x \(columns), \(connections), \(fraction), \(isLast)"
          #expect(Set(positions(subject)) == (Int(Float(places.count) * Float(fraction)) == 0 ? places : expected), "\(name)")
          let used = Set(fanIns(subject).filter { $0 > 0 })
          #expect(used.count == 1 && subject.pattern.violation() == nil, "\(name)")
          // What the header says of rounding.
          let units = fanIns(subject).filter { $0 > 0 }.count
          #expect(subject.pattern.connections == units * min(columns, budget / units), "\(name)")
          #expect(subject.pattern.connections <= budget && subject.pattern.connections > 0)
          if isLast || ablation == 0 { #expect(fanIns(subject).allSatisfy { $0 > 0 }) }
          for slot in 0..<subject.pattern.connections where subject.weights[slot] == 0 {
            subject.weights[slot] = T((slot &* 29 &+ round) % 61 + 1) / 64
          }
        }
      }
    }
  }

  private func positions<T: Scalar>(_ subject: Subject<T>) -> [Position] {
    (0..<subject.pattern.rows).flatMap { row in
      subject.pattern.slots(row: row).map { Position(row: row, column: subject.pattern.column($0)) }
    }
  }

  /// A unit whose connections are all small and whose gradient is, loses them to the others.
  @Test func unimportantUnitsAreAblated() throws {
    let (subject, topology) = try fleet(["ablation": 0.3, "decay": 0], 10, 50, 100, Double.self)
    for row in 0..<10 {
      for slot in subject.pattern.slots(row: row) {
        subject.weights[slot] = row < 2 ? 1e-3 : Double(1 + (slot * 7) % 90)
      }
    }
    subject.gradients = Gradients(columns: 50) { $0 < 2 ? 1e-9 : Double(1 + ($0 * 50 + $1) * 7 % 499) }
    try topology.evolve(step: 0, dropFraction: 0.3)
    #expect(fanIns(subject) == [0, 0, 12, 12, 12, 12, 12, 12, 12, 12])
    // With a gradient one of them comes back.
    subject.gradients = Gradients(columns: 50) { row, _ in row == 1 ? 1e9 : 1 }
    try topology.evolve(step: 0, dropFraction: 0.3)
    #expect(fanIns(subject) == [0, 11, 11, 11, 11, 11, 11, 11, 11, 11])
    #expect(subject.pattern.violation() == nil)
  }

  /// Just dropped ones excluded: a unit gets what is free, no more.
  @Test func fullUnitsGetWhatIsFree() throws {
    let (subject, topology) = try fleet(["ablation": 0, "decay": 0, "just_dropped": 2], 5, 8, 30, Float.self)
    subject.gradients = Gradients(columns: 8) { Float($0 + $1) }
    try topology.evolve(step: 0, dropFraction: 0.5)
    #expect(subject.pattern.connections <= 30 && subject.pattern.violation() == nil)
    #expect(fanIns(subject).allSatisfy { $0 <= 6 })
  }

  @Test func patternsWithAConstantFanIn() throws {
    for (rows, columns, connections) in [
      (1, 1, 1), (7, 9, 20), (7, 9, 62), (7, 9, 63), (9, 7, 5), (300, 784, 23_520), (4, 70000, 4000),
    ] {
      var random = RandomSource(seed: 3)
      let pattern = try Pattern(rows: rows, columns: columns, constantFanIn: connections, random: &random)
      let fanIns = (0..<rows).map { pattern.slots(row: $0).count }
      #expect(pattern.violation() == nil)
      if connections >= rows {
        #expect(Set(fanIns) == [connections / rows])
      } else {
        #expect(pattern.connections == connections && Set(fanIns) == [0, 1])
      }
    }
    // Every column of every row is as likely as any: 4000 patterns, 5 deviations of a binomial count.
    var counts = [Int](repeating: 0, count: 15)
    var random = RandomSource(seed: 8)
    for _ in 0..<4000 {
      let pattern = try Pattern(rows: 3, columns: 5, constantFanIn: 6, random: &random)
      for row in 0..<3 { for slot in pattern.slots(row: row) { counts[row * 5 + pattern.column(slot)] += 1 } }
    }
    #expect(counts.allSatisfy { abs($0 - 1600) < 155 })
  }

  @Test(
    arguments: [
      (.rigl, ["ablation": 0.3], "ablation"), (.srigl, ["grow": 0], "constant_fan_in"), (.srigl, ["soft": 1], "soft"),
      (.srigl, ["drop": 4], "constant_fan_in"), (.srigl, ["final_density": 0.1, "density_end": 9], "final_density"),
    ] as [(TopologyKind, [String: Double], String)])
  func contradictionsAreRefused(kind: TopologyKind, options: [String: Double], name: String) throws {
    let method = try method(kind, options)
    do {
      try method.check()
      Issue.record("\(kind) with \(options) was accepted")
    } catch {
      #expect(error.kind == .invalidArgument && error.message.contains(name), "\(error.message)")
    }
  }
}
