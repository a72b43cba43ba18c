import Base

/// An optimizer as a user describes it: a rule and its hyperparameters, without state. A value: every layer that is given it
/// makes an ``OptimizerInstance`` of its own. Names, defaults and ranges: espalier_optimizer_set in include/espalier.h.
public struct Optimizer: Sendable {
  public let kind: OptimizerKind
  package private(set) var options: OptionValues

  public init(_ kind: OptimizerKind) {
    self.kind = kind
    options = OptionValues(owner: kind.name, table: kind.options)
  }

  /// - Throws: `unknownName`, or `invalidArgument` for a value outside the option's range; nothing has changed then.
  ///   Options that must fit each other may be set in any order; see `check`.
  public mutating func set(_ name: String, _ value: Double) throws(Failure) { try options.set(name, value) }

  /// An option, or "rule" (its number), "steps", or "rate" (the learning rate that the next step uses).
  /// - steps: taken so far. - Throws: `unknownName`.
  public func get(_ name: String, steps: Int = 0) throws(Failure) -> Double {
    switch name {
    case "rule": Double(kind.rawValue)
    case "steps": Double(steps)
    case "rate": rate(after: steps)
    default: try options.get(name)
    }
  }

  /// The learning rate of the step that follows `steps` steps.
  public func rate(after steps: Int) -> Double { Schedule.rate(options, after: steps) }

  /// Whether the rate never changes with the steps.
  var hasConstantRate: Bool { Schedule.isConstant(options) }

  /// Whether the options fit each other. - Throws: `invalidArgument`, naming those that do not and their values.
  package func check() throws(Failure) { try kind.rule.check(options) }
}
