import Base
import Machine
import Optimizers
import Sparse
import Testing

@Suite struct GlobalNormTests {
  @Test func agreesWithTheRecording() throws {
    for recorded in Recorded.all.clips {
      let owned = try Recorded.sizes.map { try Owned<Double>(count: $0, offset: 1) }
      for (p, o) in owned.enumerated() { o.fillGradient { Recorded.gradient(p, 1, $0) } }
      let norm = try GlobalNorm(parameters: owned.map(\.parameter))
      #expect(abs(norm.norm(executor: SplittingExecutor()) - recorded.norm) <= 1e-14 * recorded.norm)
      let factor = norm.factor(limit: recorded.limit, executor: SplittingExecutor())
      #expect((factor < 1) == (recorded.norm > recorded.limit))
      let gradients = owned.flatMap { o in (0..<o.count).map { o.gradient[$0] } }
      for (g, expected) in zip(gradients, recorded.clipped) { #expect(abs(g * factor - expected) <= 1e-14 * abs(expected)) }
    }
  }

  /// Over whole and partly filled blocks, in any split, from floats and doubles: the exact sum to a few roundings, always in
  /// the same bits.
  @Test(arguments: [1, 7, 8, 9, 4095, 4096, 4097, 20_000])
  func anySplitGivesTheSameBits(_ count: Int) throws {
    func check<T: Scalar>(_: T.Type) throws {
      let owned = try [count, 3].map { try Owned<T>(count: $0, offset: 3) }
      var random = RandomSource(seed: UInt64(count))
      for o in owned { o.fillGradient { _ in T(random.uniform() - 0.5) } }
      let norm = try GlobalNorm(parameters: owned.map(\.parameter))
      let whole = norm.norm(executor: SplittingExecutor())
      for seed in 0..<5 { #expect(norm.norm(executor: SplittingExecutor(seed: UInt64(seed))) == whole) }
      #expect(norm.norm(executor: try ThreadPool(threads: 3)) == whole)
      let plain = owned.reduce(0) { sum, o in (0..<o.count).reduce(sum) { $0 + Double(o.gradient[$1]) * Double(o.gradient[$1]) }
      }
      #expect(abs(whole - plain.squareRoot()) <= 1e-13 * whole)
    }
    try check(Float.self)
    try check(Double.self)
  }

  @Test func theFactorScalesTheStep() throws {
    let (a, b) = (try Owned<Double>(count: 9), try Owned<Double>(count: 9))
    for o in [a, b] {
      o.fill { Double($0) }
      o.fillGradient { Double($0) - 4 }
    }
    let factor = try GlobalNorm(parameters: [a.parameter]).factor(limit: 1, executor: SplittingExecutor())
    #expect(factor > 0 && factor < 1)
    try OptimizerInstance(Optimizer(.sgd), parameters: [a.parameter]).step(gradientScale: factor, executor: SplittingExecutor())
    b.fillGradient { (Double($0) - 4) * factor }
    try OptimizerInstance(Optimizer(.sgd), parameters: [b.parameter]).step(executor: SplittingExecutor())
    #expect(bits(a.weights) == bits(b.weights))
  }

  @Test func zeroAndNaN() throws {
    let o = try Owned<Float>(count: 5)
    o.fillGradient { _ in 0 }
    let norm = try GlobalNorm(parameters: [o.parameter])
    #expect(norm.norm(executor: SplittingExecutor()) == 0)
    #expect(norm.factor(limit: 1, executor: SplittingExecutor()) == 1)
    o.gradient[4] = .nan
    #expect(norm.factor(limit: 1, executor: SplittingExecutor()).isNaN)
  }
}
