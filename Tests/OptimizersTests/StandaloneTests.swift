import Base
import Machine
import Optimizers
import Sparse
import Testing

@Suite struct StandaloneTests {
  private let executor = SplittingExecutor()

  @Test(arguments: variants.indices)
  func minimizeIsAStep(_ which: Int) throws {
    let (kind, options) = variants[which]
    let optimizer = try makeOptimizer(kind, options)
    let (a, b) = (try Owned<Double>(count: 11, offset: 1), try Owned<Double>(count: 11))
    let instance = try OptimizerInstance(optimizer, parameters: [a.parameter])
    let alone = StandaloneOptimizer(optimizer)
    for step in 0..<4 {
      for o in [a, b] { o.fillGradient { Recorded.gradient(0, step, $0) } }
      if step == 2 {
        try instance.set("learning_rate", 0.5)
        try alone.set("learning_rate", 0.5)
      }
      try instance.step(executor: executor)
      try alone.minimize(weights: b.values, gradient: b.gradient, count: 11, executor: executor)
    }
    #expect(bits(a.weights) == bits(b.weights))
    #expect(alone.bytes == instance.bytes && alone.steps == 4)
    #expect(try alone.get("steps") == 4 && alone.get("rate") == 0.5 && alone.get("rule") == Double(kind.rawValue))
    #expect(try alone.optimizer.get("learning_rate") == 0.5)
  }

  @Test func sizeAndPrecisionAreKeptUntilReset() throws {
    let (f, d) = (try Owned<Float>(count: 8), try Owned<Double>(count: 8))
    f.fill { Float($0) }
    d.fill { Double($0) }
    f.fillGradient { _ in 1 }
    d.fillGradient { _ in 1 }
    let optimizer = StandaloneOptimizer(.adam)
    func refused(_ kind: Failure.Kind, _ part: String, _ call: () throws -> Void) {
      let (before, steps) = (bits(f.weights) + bits(d.weights), optimizer.steps)
      let failure = #expect(throws: Failure.self, performing: call)
      #expect(failure?.kind == kind && failure?.message.contains(part) == true)
      #expect(bits(f.weights) + bits(d.weights) == before && optimizer.steps == steps)
    }
    for count in [0, -1, Int.min] {
      refused(.invalidArgument, "\(count)") {
        try optimizer.minimize(weights: f.values, gradient: f.gradient, count: count, executor: executor)
      }
    }
    refused(.outOfMemory, "\(Int.max)") {
      try optimizer.minimize(weights: f.values, gradient: f.gradient, count: .max, executor: executor)
    }
    // A rule without state allocates nothing that could fail.
    #expect(throws: Failure.self) {
      try StandaloneOptimizer(.sgd).minimize(weights: f.values, gradient: f.gradient, count: .max, executor: executor)
    }
    try optimizer.minimize(weights: f.values, gradient: f.gradient, count: 8, executor: executor)
    for count in [7, 0, 9] {
      refused(.invalidArgument, "count \(count)") {
        try optimizer.minimize(weights: f.values, gradient: f.gradient, count: count, executor: executor)
      }
    }
    refused(.precision, "float64") {
      try optimizer.minimize(weights: d.values, gradient: d.gradient, count: 8, executor: executor)
    }
    try optimizer.minimize(weights: f.values, gradient: f.gradient, count: 8, executor: executor)
    #expect(optimizer.steps == 2)

    try optimizer.set("learning_rate", 0.25)
    optimizer.reset()
    #expect(optimizer.steps == 0 && optimizer.bytes == 0)
    #expect(try optimizer.get("learning_rate") == 0.25)
    try optimizer.minimize(weights: d.values, gradient: d.gradient, count: 5, executor: executor)
    #expect(optimizer.steps == 1 && optimizer.bytes == 2 * 5 * 8)
    refused(.precision, "float32") {
      try optimizer.minimize(weights: f.values, gradient: f.gradient, count: 5, executor: executor)
    }
    #expect(f.surroundingsAreIntact && d.surroundingsAreIntact)
  }

  @Test func misfittingOptionsAreRefusedWhenUsed() throws {
    let o = try Owned<Double>(count: 3)
    o.fill { _ in 1 }
    o.fillGradient { _ in 1 }
    let optimizer = StandaloneOptimizer(.sgd)
    try optimizer.set("nesterov", 1)
    #expect(throws: Failure.self) {
      try optimizer.minimize(weights: o.values, gradient: o.gradient, count: 3, executor: executor)
    }
    #expect(o.weights == [1, 1, 1] && optimizer.steps == 0)
    // Nothing was sized by the refused call.
    try optimizer.set("momentum", 0.5)
    try optimizer.minimize(weights: o.values, gradient: o.gradient, count: 2, executor: executor)
    #expect(o.weights == [1 - 0.001 * 1.5, 1 - 0.001 * 1.5, 1])
  }

  @Test func accumulatorCanBeSetUntilTheFirstUse() throws {
    let o = try Owned<Float>(count: 2)
    o.fill { _ in 0 }
    o.fillGradient { _ in 3 }
    let optimizer = StandaloneOptimizer(.adagrad)
    try optimizer.set("initial_accumulator", 16)
    try optimizer.set("learning_rate", 1)
    try optimizer.minimize(weights: o.values, gradient: o.gradient, count: 2, executor: executor)
    #expect(o.weights == [-0.6, -0.6])  // 3 / sqrt(16 + 9)
    #expect(throws: Failure.self) { try optimizer.set("initial_accumulator", 1) }
    optimizer.reset()
    try optimizer.set("initial_accumulator", 1)
  }
}
