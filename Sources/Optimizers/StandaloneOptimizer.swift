import Base
import Machine
import Sparse

/// An optimizer for a program that has its own layers: hyperparameters and, from the first `minimize` on, the state for one
/// array of one size and precision. Not for use by two threads at a time.
public final class StandaloneOptimizer: Stateful {
  private enum State {
    case unused
    case float32(Work<Float>)
    case float64(Work<Double>)
  }

  /// The rule and the hyperparameters as they are now.
  public private(set) var optimizer: Optimizer
  private var state = State.unused
  private var pool: ThreadPool?

  public init(_ optimizer: Optimizer) { self.optimizer = optimizer }

  public convenience init(_ kind: OptimizerKind) { self.init(Optimizer(kind)) }

  /// Steps taken since the start or the last `reset`.
  public var steps: Int {
    switch state {
    case .unused: 0
    case .float32(let work): work.instance.steps
    case .float64(let work): work.instance.steps
    }
  }

  /// Bytes of the state.
  public var bytes: Int {
    var count = ByteCount()
    visit(&count)
    return count.bytes
  }

  package func visit(_ visitor: inout some StateVisitor) {
    switch state {
    case .unused: break
    case .float32(let work): work.instance.visit(&visitor)
    case .float64(let work): work.instance.visit(&visitor)
    }
  }

  /// Set a hyperparameter, at any time; the state stays. - Throws: as ``OptimizerInstance/set(_:_:)``.
  public func set(_ name: String, _ value: Double) throws(Failure) {
    switch state {
    case .unused:
      try optimizer.set(name, value)
    case .float32(let work):
      try work.instance.set(name, value)
      optimizer = work.instance.optimizer
    case .float64(let work):
      try work.instance.set(name, value)
      optimizer = work.instance.optimizer
    }
  }

  /// An option, "rule", "steps" or "rate". - Throws: `unknownName`.
  public func get(_ name: String) throws(Failure) -> Double { try optimizer.get(name, steps: steps) }

  /// Forget state and step count; the hyperparameters stay.
  public func reset() { state = .unused }

  /// One step on the caller's arrays: `weights` change in place, `gradient` is only read; they must not overlap, and need no
  /// alignment beyond their elements'. The first call sizes the state, later ones allocate nothing.
  /// - count: elements of each array, >= 1.
  /// - Throws: `nonFinite` for NaN, infinity or what is too large for the rule's own arithmetic in the gradient;
  ///   `invalidArgument` for a count below 1 or other than before, or options that do not fit each other; `precision`
  ///   after calls in the other one; `outOfMemory`. Nothing has changed then. `nonFinite` also for a weight that is NaN or infinite
  ///   after the step, which has been made then.
  package func minimize(
    weights: UnsafeMutablePointer<Float>, gradient: UnsafePointer<Float>, count: Int, executor: any Executor
  ) throws(Failure) {
    switch state {
    case .unused:
      let work = try Work<Float>(optimizer, count: count)
      try work.check(weights, gradient, count, executor)
      state = .float32(work)
      try work.step(executor)
    case .float32(let work):
      try work.check(weights, gradient, count, executor)
      try work.step(executor)
    case .float64: throw precisionFailure(Float.self, holds: Double.self)
    }
  }

  /// The same in double precision.
  package func minimize(
    weights: UnsafeMutablePointer<Double>, gradient: UnsafePointer<Double>, count: Int, executor: any Executor
  ) throws(Failure) {
    switch state {
    case .unused:
      let work = try Work<Double>(optimizer, count: count)
      try work.check(weights, gradient, count, executor)
      state = .float64(work)
      try work.step(executor)
    case .float64(let work):
      try work.check(weights, gradient, count, executor)
      try work.step(executor)
    case .float32: throw precisionFailure(Double.self, holds: Float.self)
    }
  }

  /// The same on threads of this optimizer's own, made at the first call: `ThreadPool.defaultThreads()` of them.
  public func minimize(
    weights: UnsafeMutablePointer<Float>, gradient: UnsafePointer<Float>, count: Int
  ) throws(Failure) {
    let executor = try ownExecutor()
    let environment = FloatingPointEnvironment.begin()
    defer { environment.end() }
    try minimize(weights: weights, gradient: gradient, count: count, executor: executor)
  }

  /// The same in double precision.
  public func minimize(
    weights: UnsafeMutablePointer<Double>, gradient: UnsafePointer<Double>, count: Int
  ) throws(Failure) {
    let executor = try ownExecutor()
    let environment = FloatingPointEnvironment.begin()
    defer { environment.end() }
    try minimize(weights: weights, gradient: gradient, count: count, executor: executor)
  }

  private func ownExecutor() throws(Failure) -> ThreadPool {
    if let pool { return pool }
    let made = try ThreadPool(threads: ThreadPool.defaultThreads())
    pool = made
    return made
  }

  private func precisionFailure<G: Scalar, H: Scalar>(_ got: G.Type, holds held: H.Type) -> Failure {
    Failure(
      .precision,
      "\(optimizer.options.owner): its state is float\(held.bits), minimize was given float\(got.bits); reset it first")
  }
}

/// The state of a standalone optimizer in one precision.
private final class Work<T: Scalar> {
  let instance: OptimizerInstance<T>
  private let parameter: Parameter<T>
  private let squares: SquareSums<T>

  init(_ optimizer: Optimizer, count: Int) throws(Failure) {
    guard count >= 1 else {
      throw Failure(.invalidArgument, "\(optimizer.options.owner): count must be at least 1, got \(count)")
    }
    // No array is that long; a rule without state would otherwise believe it.
    guard count <= Int.max / MemoryLayout<T>.stride else {
      throw Failure(.outOfMemory, "\(optimizer.options.owner): count is beyond all memory, got \(count)")
    }
    parameter = Parameter(name: "weights", role: .weights, count: count)
    squares = try SquareSums(room: SquareSums<T>.blocks(count), of: "minimize, scratch")
    instance = try OptimizerInstance(optimizer, parameters: [parameter])
  }

  /// Whether a step can be taken on these arrays. - Throws: what is wrong with them; nothing has changed then.
  func check(
    _ weights: UnsafeMutablePointer<T>, _ gradient: UnsafePointer<T>, _ count: Int, _ executor: any Executor
  ) throws(Failure) {
    guard count == parameter.count else {
      throw Failure(
        .invalidArgument,
        "\(instance.optimizer.options.owner): its state is for \(parameter.count) elements, got count \(count); reset it "
          + "first")
    }
    parameter.place(values: weights, gradient: UnsafeMutablePointer(mutating: gradient))
    try instance.check()
    // The gradient is read once before the first element changes: there is no way back from half a step.
    squares.clear()
    squares.add(gradient, count: count)
    squares.measure(executor: executor)
    let limit = instance.largestGradient
    if squares.sum(count: count).squareRoot() <= limit / 2 { return }
    for i in 0..<count where !(Double(gradient[i].magnitude) <= limit) {
      throw Failure(
        .nonFinite,
        "minimize: gradient[\(i)] (from 0) is \(gradient[i]), \(instance.optimizer.options.owner) takes at most \(limit) "
          + "in float\(T.bits); nothing has changed")
    }
  }

  /// A step on the arrays that were checked. - Throws: `nonFinite` when it has made a weight that is no finite number.
  func step(_ executor: any Executor) throws(Failure) {
    if !instance.stepChecked(gradientScale: 1, executor: executor) { try instance.requireFinite("minimize") }
  }
}
