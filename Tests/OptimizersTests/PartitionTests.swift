import Base
import Machine
import Optimizers
import Sparse
import Testing

@Suite struct PartitionTests {
  /// Weights and moments after three steps on pseudo-random data.
  private func bitsAfterSteps<T: Scalar>(
    _ which: Int, _: T.Type, count: Int, offset: Int, executor: any Executor
  ) throws -> [[UInt64]] {
    let (kind, options) = variants[which]
    let o = try Owned<T>(count: count, offset: offset)
    var random = RandomSource(seed: UInt64(count))
    o.fill { _ in T(random.uniform() * 2 - 1) }
    let instance = try OptimizerInstance(makeOptimizer(kind, options), parameters: [o.parameter])
    for _ in 0..<3 {
      o.fillGradient { _ in T(random.uniform() * 2 - 1) }
      try instance.step(gradientScale: 0.7, executor: executor)
    }
    #expect(o.surroundingsAreIntact)
    return [bits(o.weights)] + (0..<3).compactMap { instance.moment($0, of: o.parameter).map { bits($0) } }
  }

  @Test(arguments: variants.indices)
  func anySplitAndAlignmentGivesTheSameBits(_ which: Int) throws {
    for count in [1, 2, 3, 7, 8, 9, 15, 16, 17, 31, 33, 100, 257] {
      func check<T: Scalar>(_: T.Type) throws {
        let whole = try bitsAfterSteps(which, T.self, count: count, offset: 0, executor: SplittingExecutor())
        for seed in 0..<6 {
          let split = try bitsAfterSteps(
            which, T.self, count: count, offset: seed, executor: SplittingExecutor(seed: UInt64(seed)))
          #expect(split == whole, "\(variants[which]), \(count) elements, seed \(seed)")
        }
      }
      try check(Float.self)
      try check(Double.self)
    }
  }

  @Test(arguments: variants.indices)
  func anyNumberOfThreadsGivesTheSameBits(_ which: Int) throws {
    func check<T: Scalar>(_: T.Type) throws {
      let one = try bitsAfterSteps(which, T.self, count: 40_003, offset: 1, executor: ThreadPool(threads: 1))
      for threads in 2...3 {
        let more = try bitsAfterSteps(which, T.self, count: 40_003, offset: 1, executor: ThreadPool(threads: threads))
        #expect(more == one, "\(variants[which]), \(threads) threads")
      }
    }
    try check(Float.self)
    try check(Double.self)
  }

  /// NaN and infinity pass through to their own element alone, and are reported after the step.
  @Test(arguments: variants.indices)
  func nonFiniteGradientsStayInTheirElement(_ which: Int) throws {
    let (kind, options) = variants[which]
    let (clean, dirty) = (try Owned<Float>(count: 37), try Owned<Float>(count: 37))
    for o in [clean, dirty] {
      o.fill { Float($0) - 18 }
      o.fillGradient { Float($0 % 5) - 2.5 }
      if o === dirty { (o.gradient[5], o.gradient[36]) = (.nan, .infinity) }
      let instance = try OptimizerInstance(makeOptimizer(kind, options), parameters: [o.parameter])
      for _ in 0..<2 {
        if o === clean {
          try instance.step(executor: SplittingExecutor())
        } else {
          let failure = #expect(throws: Failure.self) { try instance.step(executor: SplittingExecutor()) }
          #expect(failure?.kind == .nonFinite && failure?.message.contains("[5]") == true)
        }
      }
      #expect(instance.steps == 2)
    }
    for i in 0..<37 where i != 5 && i != 36 { #expect(clean.values[i] == dirty.values[i]) }
    #expect(dirty.values[5].isNaN && !dirty.values[36].isFinite)
  }
}
