import Base
import Machine
import Sparse

/// Topology methods. The raw values are those of include/espalier.h.
public enum TopologyKind: Int32, Sendable, CaseIterable {
  case `static` = 0
  case set, rigl

  /// The table of methods: a new one is a file with its rule, a case above and a row here.
  var rule: any TopologyRule.Type {
    switch self {
    case .static: Static.self
    case .set: SET.self
    case .rigl: RigL.self
    }
  }
}

/// What makes a topology method: what it drops by, what it grows by, and how it fits into training.
protocol TopologyRule {
  /// For messages: "rigl".
  static var name: String { get }
  static var options: [Option] { get }
  /// Whether an update takes the place of the optimizer's step.
  static var replacesStep: Bool { get }

  /// The criteria for one layer, their scratch allocated; nil for a method that never changes a pattern.
  static func criteria<T: Scalar>(_ method: TopologyMethod, pattern: Pattern) throws(Failure) -> Criteria<T>?
}

/// A drop and a growth criterion, and what happens to a connection that both choose.
struct Criteria<T: Scalar> {
  let drop: any DropCriterion<T>
  let growth: any GrowthCriterion<T>
  /// Whether a connection that is dropped and grown again in one update keeps weight and state; else it starts anew.
  let keepsRegrown: Bool
}

/// Chooses connections to take away. A class, so that passing one as `any` allocates nothing.
protocol DropCriterion<T>: AnyObject {
  associatedtype T: Scalar

  /// Mark with 1 the slots that go and with 0 the others; returns how many go. Nothing is allocated.
  /// - fraction: in (0, 1]. - weights: one a slot. - gone: one a slot, receives the marks.
  func mark(
    fraction: Double, pattern: Pattern, weights: UnsafePointer<T>, gone: UnsafeMutablePointer<UInt8>
  ) -> Int
}

/// Chooses positions to connect. A class, so that passing one as `any` allocates nothing.
protocol GrowthCriterion<T>: AnyObject {
  associatedtype T: Scalar

  /// Whether `gradients` is asked.
  var needsGradient: Bool { get }
  /// Bytes of scratch.
  var bytes: Int { get }

  /// Choose `count` of the positions without a connection that stays; those marked as gone count as free. Nothing is
  /// allocated.
  /// - count: 1 ... the number of free positions. - gone: marks, one a slot.
  /// - positions: receives `count` of them, ascending.
  func choose(
    _ count: Int, pattern: Pattern, gone: UnsafePointer<UInt8>, gradients: any DenseGradientSource<T>,
    random: inout RandomSource, positions: UnsafeMutablePointer<Position>)
}

/// A topology method and its options, as a layer is told to use it.
public struct TopologyMethod: Sendable {
  public let kind: TopologyKind
  private var values: OptionValues

  /// With the method's defaults.
  public init(_ kind: TopologyKind) {
    self.kind = kind
    values = OptionValues(owner: "\(kind.rule.name) topology", table: kind.rule.options)
  }

  /// - Throws: `unknownName` when the method has no such option, `invalidArgument` when the value is out of range.
  public mutating func set(_ name: String, _ value: Double) throws(Failure) {
    try requireOptions(name)
    try values.set(name, value)
  }

  /// An option, or "method": the raw value of `kind`.
  public func get(_ name: String) throws(Failure) -> Double {
    if name == "method" { return Double(kind.rawValue) }
    try requireOptions(name)
    return try values.get(name)
  }

  private func requireOptions(_ name: String) throws(Failure) {
    guard !values.table.isEmpty else {
      throw Failure(.unknownName, "\(values.owner): no option named \"\(name)\"; it has none")
    }
  }

  /// When and how much; nil for a method that never changes a pattern.
  public var schedule: UpdateSchedule? {
    guard !values.table.isEmpty else { return nil }
    let every = steps(0)
    let begin = steps(1)
    return UpdateSchedule(
      every: every, begin: begin < 0 ? every : begin, until: steps(2), dropFraction: values[3],
      minimumDropFraction: values[5], decay: values[4] == 1 ? .cosine : .constant)
  }

  /// A whole number of steps that later sums cannot overflow.
  private func steps(_ position: Int) -> Int { Int(min(values[position], 0x1p53)) }

  /// A flag of the method's own.
  func flag(_ name: String) -> Bool { (try? values.get(name)) == 1 }

  /// The options of every method that changes a pattern, in the order that `schedule` reads them.
  static func scheduleOptions(decay: DropDecay) -> [Option] {
    [
      Option("every", 100, .integer(1 ... .max)),
      Option("begin", -1, .integer(-1 ... .max)),
      Option("until", -1, .integer(-1 ... .max)),
      Option("drop_fraction", 0.3, .real(0...1)),
      Option("decay", Double(decay.rawValue), .choice(0...1)),
      Option("minimum_drop_fraction", 0, .real(0...1)),
    ]
  }
}
