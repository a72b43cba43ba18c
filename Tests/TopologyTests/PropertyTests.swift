import Base
import Machine
import Sparse
import Testing
import Topology

/// What holds for every method, every shape, both precisions and every seed.
@Suite struct PropertyTests {
  /// Options that a method needs beside its defaults.
  static let needed: [TopologyKind: [String: Double]] = [
    .snfs: ["gradient_batches": 1], .granet: ["density_end": 6, "final_density": 0.05],
    .gradual: ["density_end": 6, "final_density": 0.02], .acdc: ["density_end": 6, "phase": 1, "final_density": 0.05],
  ]

  /// Other ways to use some of them.
  static let variants: [(TopologyKind, [String: Double])] =
    TopologyKind.allCases.filter { $0 != .static }.map { ($0, [:]) } + [
      (.set, ["just_dropped": 1]), (.set, ["just_dropped": 2]), (.set, ["drop": 5]), (.set, ["drop": 3]), (.set, ["drop": 1]),
      (.set, ["published": 1]), (.set, ["grown_weight": 2, "grown_scale": 0.5]), (.rigl, ["just_dropped": 2, "rounding": 1]),
      (.rigl, ["just_dropped": 1]), (.itop, ["just_dropped": 2]), (.mest, ["soft": 1, "until": 6]),
      (.deepR, ["just_dropped": 0]),
      (.gradual, ["scope": 1, "drop_fraction": 0.3]), (.acdc, ["scope": 0]), (.granet, ["just_dropped": 2]),
      (.snfs, ["just_dropped": 2]), (.sampled, ["just_dropped": 0, "candidates": 0.3]),
      (.topKast, ["forward_share": 0.2, "drop_fraction": 0.5, "grow": 1]), (.topKast, ["forward_share": 0.9, "drop": 5]),
      (.str, ["threshold_start": 0, "drop_fraction": 0.4]),
      (.sampled, ["just_dropped": 1, "sampling": 1]), (.sampled, ["sampling": 2, "candidates": 3]),
    ]

  @Test(arguments: variants.indices) func whatEveryUpdateKeeps(variant: Int) throws {
    let (kind, options) = Self.variants[variant]
    let all = (Self.needed[kind] ?? [:]).merging(options) { $1 }
    let method = try method(kind, all)
    let small = uglyShapes.filter { $0.connections <= 600 }
    for seed in 0..<6 {
      var random = RandomSource(seed: UInt64(seed), stream: UInt64(variant))
      let shapes = (0...random.below(4)).map { _ in small[random.below(small.count)] }
      try check(method, shapes, UInt64(seed), Float.self)
      try check(method, shapes, UInt64(seed), Double.self)
    }
    try check(method, [(65, 63, 4000), (3, 70000, 1001)], 1, Float.self)
  }

  private func check<T: Scalar>(
    _ method: TopologyMethod, _ shapes: [(rows: Int, columns: Int, connections: Int)], _ seed: UInt64, _: T.Type
  ) throws {
    func make() throws -> Fleet<T> {
      var random = RandomSource(seed: seed, stream: 99)
      return try Fleet(method, shapes, seed: seed) { _, _ in T(random.below(2000) - 1000) / 512 }
    }
    let fleet = try make()
    let twin = try make()
    let name = "\(method.kind) \(shapes) \(seed) \(T.self)"
    let restarts = try method.get("just_dropped") == 1 || (method.kind == .set && method.get("published") == 1)
    for step in 1...7 {
      let total = fleet.counts.reduce(0, +)
      let counts = fleet.counts
      fleet.topology.begin()
      twin.topology.begin()
      for (layer, subject) in fleet.subjects.enumerated() {
        // A step of training, the same for both.
        for slot in 0..<subject.pattern.connections where (slot &* 7 &+ step) % 5 == 0 {
          let w = subject.weights[slot] == 0 ? T(0.125) : -subject.weights[slot]
          subject.weights[slot] = w
          twin.subjects[layer].weights[slot] = w
        }
      }
      let trained = shapes.indices.map { fleet.state($0) }
      try fleet.topology.evolve(step: step)
      try twin.topology.evolve(step: step)

      #expect(promised(fleet, method, shapes, step, before: counts) == nil, "\(name) step \(step): \(fleet.counts)")
      if method.kind == .snfs || method.kind == .dsr { #expect(fleet.counts.reduce(0, +) == total, "\(name)") }
      for (layer, subject) in fleet.subjects.enumerated() {
        let pattern = subject.pattern
        #expect(pattern.violation() == nil, "\(name)")
        #expect(pattern.connections <= pattern.capacity && pattern.connections >= 1)
        let topology = fleet.topology.layers[layer]
        #expect(counts[layer] - topology.dropped + topology.grown == pattern.connections)
        let now = fleet.state(layer)
        var kept = 0
        for (position, value) in now {
          if let old = trained[layer][position], old.weight == value.weight, old.moment == value.moment {
            kept += 1
          } else {
            // Grown, or dropped and started anew: what went with it is gone.
            #expect(trained[layer][position] == nil || restarts, "\(name)")
            #expect(value.moment == 0, "\(name)")
          }
        }
        #expect(kept >= counts[layer] - topology.dropped, "\(name)")
        if method.plan.forwardShare < 1 { #expect(subject.forward == largest(subject, method.plan), "\(name)") }
        // The same draw for the same seed.
        #expect(fleet.positions(layer) == twin.positions(layer), "\(name)")
        #expect((0..<pattern.connections).allSatisfy { subject.weights[$0] == twin.subjects[layer].weights[$0] })
      }
    }
  }

  /// Where the largest weights are that the share of forward has room for, ties to the lower slot.
  private func largest<T: Scalar>(_ subject: Subject<T>, _ plan: TopologyPlan) -> [Position] {
    let w = (0..<subject.pattern.connections).map { subject.weights[$0].magnitude }
    let order = w.indices.sorted { w[$0] == w[$1] ? $0 < $1 : w[$0] > w[$1] }
    let all = (0..<subject.pattern.rows).flatMap { row in
      subject.pattern.slots(row: row).map { Position(row: row, column: subject.pattern.column($0)) }
    }
    return order.prefix(plan.forwardCount(of: w.count)).sorted().map { all[$0] }
  }

  /// What is wrong with the number of connections, if something is.
  private func promised<T: Scalar>(
    _ fleet: Fleet<T>, _ method: TopologyMethod, _ shapes: [(rows: Int, columns: Int, connections: Int)], _ step: Int,
    before: [Int]
  ) -> String? {
    let initial = shapes.map(\.connections)
    let positions = shapes.map { $0.rows * $0.columns }
    let isGlobal = (try? method.get("scope")) == 1
    func wanted(_ initial: Int, _ positions: Int) -> Int {
      let sparsity = method.plan.density.sparsity(at: step, initial: 1 - Double(initial) / Double(positions))
      return min(initial, Distribution.connections(sparsity: sparsity, positions: positions))
    }
    switch method.kind {
    case .snfs, .dsr: return nil
    case .mest where (try? method.get("soft")) == 1:
      return zip(fleet.counts, zip(initial, positions)).allSatisfy { count, bounds in
        count >= bounds.0 && count <= min(bounds.1, bounds.0 + bounds.0 / 5) && (step < 6 || count == bounds.0)
      } ? nil : "outside of the soft bound"
    case .granet, .gradual, .acdc:
      if isGlobal {
        let target = wanted(initial.reduce(0, +), positions.reduce(0, +))
        return fleet.counts.reduce(0, +) == max(target, shapes.count) ? nil : "not \(target)"
      }
      let targets = zip(initial, positions).map { max(1, wanted($0, $1)) }
      return fleet.counts == targets ? nil : "not \(targets)"
    case .str where (try? method.get("drop_fraction")) != 0:
      return zip(fleet.counts, before).allSatisfy { $0 >= 1 && $0 <= $1 } ? nil : "none, or more than before"
    case .srigl: return zip(fleet.counts, initial).allSatisfy { $0 <= $1 } ? nil : "more than at the start"
    default: return fleet.counts == initial ? nil : "not as many as before"
    }
  }
}
