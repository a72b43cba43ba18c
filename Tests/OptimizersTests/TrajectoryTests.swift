import Base
import Machine
import Optimizers
import Sparse
import Testing

@Suite struct TrajectoryTests {
  /// 50 steps of a weight and a bias; the rows that were recorded.
  private func run<T: Scalar>(_ recorded: Recorded.Trajectory, _: T.Type) throws -> [[Double]] {
    let kind = try #require(kinds[recorded.rule])
    let owned = try Recorded.sizes.map { try Owned<T>(count: $0) }
    for (p, o) in owned.enumerated() { o.fill { T(Recorded.start(p, $0)) } }
    let instance = try OptimizerInstance(makeOptimizer(kind, recorded.options), parameters: owned.map(\.parameter))
    var rows: [[Double]] = []
    for step in 1...Recorded.steps {
      for (p, o) in owned.enumerated() {
        o.fillGradient { T(Recorded.gradient(p, step, $0, zeroBias: recorded.zeroBias)) }
      }
      try instance.step(executor: SplittingExecutor())
      if step == Recorded.change { try instance.set("learning_rate", recorded.secondRate) }
      if step % Recorded.every == 0 { rows.append(owned.flatMap { $0.weights.map { Double($0) } }) }
    }
    #expect(instance.steps == Recorded.steps)
    return rows
  }

  /// Double rounds to 1.1e-16; some tens of operations a step and fifty steps leave 1e-10 a wide margin.
  @Test(arguments: Recorded.all.trajectories)
  func agreesInDouble(_ recorded: Recorded.Trajectory) throws {
    let rows = try run(recorded, Double.self)
    #expect(rows.count == recorded.values.count)
    for (row, expected) in zip(rows, recorded.values) {
      #expect(row.count == expected.count)
      for (a, b) in zip(row, expected) { #expect(abs(a - b) <= 1e-10 * abs(b), "\(a) for \(b)") }
    }
  }

  /// Float rounds to 6e-8. A weight that passes near zero keeps the absolute error of its way there, so the tolerance is
  /// relative to the largest weight, not to each.
  @Test(arguments: Recorded.all.trajectories)
  func agreesInFloat(_ recorded: Recorded.Trajectory) throws {
    for (row, expected) in zip(try run(recorded, Float.self), recorded.values) {
      for (a, b) in zip(row, expected) { #expect(abs(a - b) <= 1e-5 * max(abs(b), 1), "\(a) for \(b)") }
    }
  }

  /// The bias keeps its bits when its gradient is zero and nothing decays it, whatever the weights beside it do.
  @Test(arguments: Recorded.all.trajectories.filter { $0.zeroBias })
  func zeroGradientMovesNothing(_ recorded: Recorded.Trajectory) throws {
    let decays = recorded.options["weight_decay"] ?? (recorded.rule == "adamw" ? 0.01 : 0) != 0
    let start = (0..<Recorded.sizes[1]).map { Recorded.start(1, $0) }
    for row in try run(recorded, Float.self) + run(recorded, Double.self) {
      #expect((bits(row.suffix(start.count)) == bits(start)) == !decays)
    }
  }

  @Test(arguments: variants.indices)
  func zeroGradientAndStateStayPut(_ which: Int) throws {
    var (kind, options) = variants[which]
    options["weight_decay"] = 0
    let o = try Owned<Float>(count: 21)
    o.fill { Float($0 - 10) * 0.37 }
    o.values[3] = -0.0
    o.fillGradient { _ in 0 }
    let before = bits(o.weights)
    let instance = try OptimizerInstance(makeOptimizer(kind, options), parameters: [o.parameter])
    for _ in 0..<4 { try instance.step(executor: SplittingExecutor()) }
    #expect(bits(o.weights) == before)
  }
}
