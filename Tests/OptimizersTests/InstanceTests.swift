import Base
import Machine
import Optimizers
import Sparse
import Testing

@Suite struct InstanceTests {
  private func steps<T: Scalar>(_ n: Int, _ instance: OptimizerInstance<T>, _ o: Owned<T>) throws {
    for _ in 0..<n {
      let t = instance.steps
      o.fillGradient { T(($0 * 7 + t * 3) % 11 - 5) / 4 }
      try instance.step(executor: SplittingExecutor())
    }
  }

  /// Momentum switched on in mid-run starts as in a new optimizer: with the first gradient.
  @Test func momentumCanComeLater() throws {
    let (a, b) = (try Owned<Float>(count: 19), try Owned<Float>(count: 19))
    a.fill { Float($0) }
    let late = try OptimizerInstance(Optimizer(.sgd), parameters: [a.parameter])
    try steps(11, late, a)
    #expect(late.bytes == 0)
    b.fill { a.values[$0] }
    try late.set("momentum", 0.5)
    try late.set("dampening", 0.5)
    #expect(late.bytes == 19 * 4)
    let early = try OptimizerInstance(
      makeOptimizer(.sgd, ["momentum": 0.5, "dampening": 0.5]), parameters: [b.parameter])
    // Eleven steps are one period of the gradients.
    try steps(5, late, a)
    try steps(5, early, b)
    #expect(bits(a.weights) == bits(b.weights))
  }

  @Test func momentsThatComeLaterStartAtZeroAndStay() throws {
    let o = try Owned<Double>(count: 5)
    let adam = try OptimizerInstance(Optimizer(.adam), parameters: [o.parameter])
    try steps(3, adam, o)
    #expect(adam.bytes == 2 * 5 * 8 && adam.moment(2, of: o.parameter) == nil)
    try adam.set("amsgrad", 1)
    #expect(adam.bytes == 3 * 5 * 8)
    #expect(try #require(adam.moment(2, of: o.parameter)).allSatisfy { $0 == 0 })
    try steps(1, adam, o)
    #expect(bits(try #require(adam.moment(2, of: o.parameter))) == bits(try #require(adam.moment(1, of: o.parameter))))
    let kept = bits(try #require(adam.moment(2, of: o.parameter)))
    try adam.set("amsgrad", 0)
    try steps(2, adam, o)
    #expect(bits(try #require(adam.moment(2, of: o.parameter))) == kept)

    let rmsprop = try OptimizerInstance(Optimizer(.rmsprop), parameters: [o.parameter])
    try steps(1, rmsprop, o)
    #expect(rmsprop.bytes == 5 * 8)
    try rmsprop.set("centered", 1)
    try rmsprop.set("momentum", 0.9)
    #expect(rmsprop.bytes == 3 * 5 * 8)
    try steps(3, rmsprop, o)
    #expect(o.weights.allSatisfy { $0.isFinite })
  }

  /// With beta1 = 0 the mean is the gradient itself, to the bit, however large it was before.
  @Test func meansReachTheGradientExactly() throws {
    let o = try Owned<Float>(count: 17)
    let adam = try OptimizerInstance(Optimizer(.adam), parameters: [o.parameter])
    o.fillGradient { Float($0 + 1) * 1e6 }
    try adam.step(executor: SplittingExecutor())
    try adam.set("beta1", 0)
    o.fillGradient { Float($0 + 1) * 1e-3 }
    try adam.step(executor: SplittingExecutor())
    #expect(bits(try #require(adam.moment(0, of: o.parameter))) == bits((0..<17).map { o.gradient[$0] }))
  }

  @Test func accumulatorIsForTheStart() throws {
    let o = try Owned<Float>(count: 3)
    let adagrad = try OptimizerInstance(Optimizer(.adagrad), parameters: [o.parameter])
    try adagrad.set("initial_accumulator", 0.25)
    #expect(try #require(adagrad.moment(0, of: o.parameter)).allSatisfy { $0 == 0.25 })
    try steps(1, adagrad, o)
    let failure = #expect(throws: Failure.self) { try adagrad.set("initial_accumulator", 0.5) }
    #expect(failure?.kind == .invalidState && failure?.message.contains("initial_accumulator") == true)
    #expect(try adagrad.get("initial_accumulator") == 0.25)
  }

  @Test func refusedStepsChangeNothing() throws {
    let o = try Owned<Float>(count: 3)
    o.fill { Float($0) }
    o.fillGradient { _ in 1 }
    func refused(_ instance: OptimizerInstance<Float>, _ kind: Failure.Kind) {
      let steps = instance.steps
      let before = bits(o.weights)
      let failure = #expect(throws: Failure.self) { try instance.step(executor: SplittingExecutor()) }
      #expect(failure?.kind == kind)
      #expect(instance.steps == steps && bits(o.weights) == before)
    }
    refused(try OptimizerInstance(makeOptimizer(.sgd, ["nesterov": 1]), parameters: [o.parameter]), .invalidArgument)

    let growing = try OptimizerInstance(
      makeOptimizer(.sgd, ["schedule": 2, "gamma": 1e9, "learning_rate": 1e-9]), parameters: [o.parameter])
    // Rates of 1e-9, 1 and 1e9; the next one would be beyond 2^32.
    for _ in 0..<3 { try growing.step(executor: SplittingExecutor()) }
    refused(growing, .invalidArgument)

    let homeless = Parameter<Float>(name: "bias", role: .bias, count: 3)
    refused(try OptimizerInstance(Optimizer(.sgd), parameters: [o.parameter, homeless]), .invalidState)
  }

  /// What Float cannot hold is refused by a Float instance and taken by a Double one.
  @Test func hyperparametersMustFitThePrecision() throws {
    let (f, d) = (try Owned<Float>(count: 3), try Owned<Double>(count: 3))
    let float = try OptimizerInstance(Optimizer(.adam), parameters: [f.parameter])
    let failure = #expect(throws: Failure.self) { try float.set("learning_rate", 1e39) }
    #expect(failure?.kind == .invalidArgument && failure?.message.contains("1e+39") == true)
    #expect(try float.get("learning_rate") == 0.001)
    let large = try makeOptimizer(.adam, ["learning_rate": 1e39])
    #expect(throws: Failure.self) { try OptimizerInstance(large, parameters: [f.parameter]) }
    #expect(try OptimizerInstance(large, parameters: [d.parameter]).get("rate") == 1e39)
  }

  @Test func failedSettingsKeepTheState() throws {
    let o = try Owned<Float>(count: 6)
    let instance = try OptimizerInstance(makeOptimizer(.sgd, ["momentum": 0.9]), parameters: [o.parameter])
    try steps(2, instance, o)
    let before = bits(try #require(instance.moment(0, of: o.parameter)))
    #expect(throws: Failure.self) { try instance.set("momentum", -0.5) }
    #expect(throws: Failure.self) { try instance.set("beta1", 0.5) }
    #expect(try instance.get("momentum") == 0.9 && instance.get("steps") == 2 && instance.get("rule") == 0)
    #expect(bits(try #require(instance.moment(0, of: o.parameter))) == before)
  }
}
