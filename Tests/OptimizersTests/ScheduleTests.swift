import Base
import Machine
import Optimizers
import Testing

@Suite struct ScheduleTests {
  /// PyTorch's schedulers multiply their way along, the closed form does not; fifty roundings are 1e-14.
  @Test(arguments: Recorded.all.schedules)
  func agrees(_ recorded: Recorded.Rates) throws {
    for kind in OptimizerKind.allCases {
      let optimizer = try makeOptimizer(kind, recorded.options)
      for (t, expected) in recorded.rates.enumerated() {
        let rate = optimizer.rate(after: t)
        #expect(abs(rate - expected) <= 1e-12 * expected, "step \(t)")
        #expect(try optimizer.get("rate", steps: t) == rate)
      }
    }
  }

  @Test func cosineStaysAtTheMinimum() throws {
    let optimizer = try makeOptimizer(.sgd, ["schedule": 3, "learning_rate": 1, "period": 10, "minimum_rate": 0.25])
    #expect(optimizer.rate(after: 0) == 1)
    for t in [10, 11, 1000] { #expect(optimizer.rate(after: t) == 0.25) }
  }

  /// The k-th step uses the rate of k - 1 steps taken.
  @Test func stepsUseTheSchedule() throws {
    let o = try Owned<Double>(count: 1)
    o.fill { _ in 0 }
    o.fillGradient { _ in -1 }
    let instance = try OptimizerInstance(
      makeOptimizer(
        .sgd, ["learning_rate": 1, "schedule": 1, "step_size": 2, "gamma": 0.5, "warmup": 1, "warmup_start": 0.25]),
      parameters: [o.parameter])
    var seen: [Double] = []
    for _ in 0..<5 {
      let before = o.values[0]
      #expect(try instance.get("rate") == [0.25, 1, 0.5, 0.5, 0.25][instance.steps])
      try instance.step(executor: SplittingExecutor())
      seen.append(o.values[0] - before)
    }
    #expect(seen == [0.25, 1, 0.5, 0.5, 0.25])
  }
}
