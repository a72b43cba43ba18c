import Base
import KernelInterface
import Machine

/// Optimizer rules. The raw values are those of include/espalier.h.
public enum OptimizerKind: Int32, Sendable, CaseIterable {
  case sgd = 0
  case rmsprop, adagrad, adam, adamw

  /// As messages name it: "adam".
  public var name: String { rule.name }
  /// The options of its rule, with their defaults.
  public var options: [Option] { rule.options }

  /// The row of the table of rules.
  var rule: any OptimizerRule.Type {
    switch self {
    case .sgd: SGD.self
    case .rmsprop: RMSProp.self
    case .adagrad: Adagrad.self
    case .adam: Adam.self
    case .adamw: AdamW.self
    }
  }
}

/// One rule, w <- w - change(g, moments, options, step): a row of ``OptimizerKind/rule``. Definitions and defaults are
/// PyTorch's.
///
/// A rule has no state. What it remembers of a parameter are its moments, numbered from 0, each as long as the parameter.
protocol OptimizerRule {
  /// As messages name it: "adam".
  static var name: String { get }
  /// The common options, then the rule's own. What moments start from is not live: it cannot change once a step has been made.
  static var options: [Option] { get }
  /// How many moments the rule can have, at most 3.
  static var moments: Int { get }

  /// Whether the values of options fit each other. - Throws: `invalidArgument`, naming them and their values.
  static func check(_ options: OptionValues) throws(Failure)
  /// Whether a step with these options reads and writes this moment.
  static func needs(_ moment: Int, _ options: OptionValues) -> Bool
  /// What a moment starts from, at first and in the slots of grown connections.
  static func start(_ moment: Int, _ options: OptionValues) -> Double
  static func kernel<T>(_ table: KernelTable<T>) -> Kernel
  /// The moment that is a mean of gradients, and the one by whose square root it is divided; nil without one.
  static func momentum(_ options: OptionValues) -> (numerator: Int, square: Int?)?
  /// Whether a step squares gradients.
  static var squares: Bool { get }
  /// Update one parameter and its moments in place.
  static func run<T: Scalar>(_ step: UpdateStep<T>, _ options: OptionValues)
}

extension OptimizerRule {
  /// The largest magnitude of a gradient that a step can take: its square must be a number of type T, or a mean of squares
  /// would be infinite for ever; or else its product with the rate, also in a sum over a thousand steps.
  static func largestGradient<T: Scalar>(_: T.Type, rate: Double) -> Double {
    let most = Double(T.greatestFiniteMagnitude)
    return squares ? most.squareRoot() / 2 : most / 1024 / max(1, rate)
  }

  static var squares: Bool { true }
  static func check(_ options: OptionValues) throws(Failure) {}
  static func start(_ moment: Int, _ options: OptionValues) -> Double { 0 }
  static func momentum(_ options: OptionValues) -> (numerator: Int, square: Int?)? { nil }
}

/// One step of one parameter.
struct UpdateStep<T: Scalar> {
  let weights: UnsafeMutablePointer<T>
  let gradient: UnsafePointer<T>
  let count: Int
  /// nil where the rule does not need it.
  let moments: (UnsafeMutablePointer<T>?, UnsafeMutablePointer<T>?, UnsafeMutablePointer<T>?)
  /// Factor on the gradient.
  let gradientScale: T
  /// The learning rate of this step.
  let rate: Double
  /// From 1.
  let number: Int
  /// Whether no step has used moment 0 yet.
  let first: Bool
  /// Receives 1 when a weight comes out as no finite number.
  let nonFinite: UnsafeMutablePointer<Int32>
  let kernel: Kernel
  /// Held by the caller of the step.
  unowned(unsafe) let executor: any Executor

  /// The same step of some elements. - at: the first of them.
  func part(_ at: Int, _ count: Int) -> Self {
    UpdateStep(
      weights: weights + at, gradient: gradient + at, count: count,
      moments: (moments.0.map { $0 + at }, moments.1.map { $0 + at }, moments.2.map { $0 + at }),
      gradientScale: gradientScale, rate: rate, number: number, first: first, nonFinite: nonFinite, kernel: kernel,
      executor: executor)
  }

  /// What is added to a divisor: at least the smallest normal number, so that 0 over a divisor of 0 is 0 and not NaN.
  func divisor(_ epsilon: Double) -> T { max(T(epsilon), T.leastNormalMagnitude) }

  /// Run the rule's kernel over the elements. - flops: an element, roughly.
  @inline(__always)
  func run<Arguments>(_ arguments: Arguments, flops: Int) {
    withUnsafePointer(to: arguments) {
      executor.run(kernel, UnsafeRawPointer($0), units: count, work: count &* flops, balancedBy: nil)
    }
  }
}
