import Base
import Optimizers
import Testing

@Suite struct OptionsTests {
  /// Names and defaults, as include/espalier.h has them.
  private static func defaults(_ kind: OptimizerKind) -> [String: Double] {
    let common: [String: Double] = [
      "weight_decay": kind == .adamw ? 0.01 : 0, "schedule": 0, "step_size": 1, "gamma": 0.1, "period": 1,
      "minimum_rate": 0, "warmup": 0, "warmup_start": 1.0 / 3,
    ]
    let own: [String: Double] =
      switch kind {
      case .sgd: ["learning_rate": 0.001, "momentum": 0, "dampening": 0, "nesterov": 0]
      case .rmsprop: ["learning_rate": 0.01, "alpha": 0.99, "epsilon": 1e-8, "momentum": 0, "centered": 0]
      case .adagrad: ["learning_rate": 0.01, "lr_decay": 0, "initial_accumulator": 0, "epsilon": 1e-10]
      case .adam, .adamw: ["learning_rate": 0.001, "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8, "amsgrad": 0]
      }
    return common.merging(own) { _, own in own }
  }

  /// Values that an option accepts, the ends of its range among them, and values that it does not.
  private static func values(_ name: String) -> (good: [Double], bad: [Double]) {
    switch name {
    case "nesterov", "centered", "amsgrad": ([1, 0], [0.5, 2])
    case "schedule": ([0, 1, 2, 3], [4, 0.5])
    case "step_size", "period": ([1, 1e6], [0, 1.5])
    case "warmup": ([0, 100], [0.5])
    case "warmup_start": ([1, 1e-9], [0, 1.5])
    case "gamma": ([1e-9, 2], [0])
    case "beta1", "beta2", "alpha": ([0, 0.5], [1, 1.5, 5e-324])
    case "momentum", "dampening": ([0, 1], [1.5, 5e-324])
    default: ([0, 2.5], [5e-324])
    }
  }

  @Test(arguments: OptimizerKind.allCases)
  func everyNameHasItsDefault(_ kind: OptimizerKind) throws {
    let optimizer = Optimizer(kind)
    let defaults = Self.defaults(kind)
    #expect(Set(optimizer.options.table.map(\.name)) == Set(defaults.keys))
    #expect(optimizer.options.table.count == defaults.count)
    for (name, value) in defaults { #expect(try optimizer.get(name) == value, "\(name)") }
    #expect(try optimizer.get("rule") == Double(kind.rawValue))
    #expect(try optimizer.get("steps", steps: 3) == 3)
    #expect(try optimizer.get("rate") == optimizer.get("learning_rate"))
    #expect(kinds[optimizer.options.owner] == kind)
  }

  @Test(arguments: OptimizerKind.allCases)
  func everyNameTakesGoodValuesAndRefusesBadOnes(_ kind: OptimizerKind) throws {
    for name in Self.defaults(kind).keys {
      let (good, bad) = Self.values(name)
      var optimizer = Optimizer(kind)
      let before = Optimizer(kind)
      for value in good {
        try optimizer.set(name, value)
        #expect(try optimizer.get(name) == value)
        for other in optimizer.options.table where other.name != name {
          #expect(try optimizer.get(other.name) == before.get(other.name))
        }
      }
      let kept = try optimizer.get(name)
      for value in bad + [-1, .nan, .infinity, -.infinity] {
        let failure = #expect(throws: Failure.self) { try optimizer.set(name, value) }
        #expect(failure?.kind == .invalidArgument)
        for part in [optimizer.options.owner, name, "\(value)"] { #expect(failure?.message.contains(part) == true) }
        #expect(try optimizer.get(name) == kept)
      }
    }
  }

  @Test(arguments: OptimizerKind.allCases)
  func unknownNamesAreRefused(_ kind: OptimizerKind) {
    var optimizer = Optimizer(kind)
    for name in ["", "lr", "Learning_rate", kind == .sgd ? "beta1" : "dampening"] {
      #expect(throws: Failure.self) { try optimizer.set(name, 0) }
      let failure = #expect(throws: Failure.self) { try optimizer.get(name) }
      #expect(failure?.kind == .unknownName && failure?.message.contains("\"\(name)\"") == true)
    }
    for name in ["rule", "steps", "rate"] { #expect(throws: Failure.self) { try optimizer.set(name, 1) } }
  }

  @Test(arguments: [(0.0, 0.0), (0.9, 0.1), (0.0, 0.2)])
  func nesterovNeedsMomentumWithoutDampening(_ momentum: Double, _ dampening: Double) throws {
    var optimizer = Optimizer(.sgd)
    try optimizer.set("nesterov", 1)
    try optimizer.set("momentum", momentum)
    try optimizer.set("dampening", dampening)
    let failure = #expect(throws: Failure.self) { try optimizer.check() }
    #expect(failure?.kind == .invalidArgument)
    for part in ["nesterov", "momentum \(momentum)", "dampening \(dampening)"] {
      #expect(failure?.message.contains(part) == true)
    }
    try optimizer.set("momentum", 0.9)
    try optimizer.set("dampening", 0)
    try optimizer.check()
  }
}
