import Base
import Machine

/// A topology method and its options, as layers are told to use it.
public struct TopologyMethod: Sendable {
  public let kind: TopologyKind
  private var values: OptionValues
  /// Functions of the caller's: ``ScoreFunction`` of one element type or the other.
  private(set) var dropFunction: (any AnyObject & Sendable)?
  private(set) var growFunction: (any AnyObject & Sendable)?

  /// With the method's defaults.
  public init(_ kind: TopologyKind) {
    self.kind = kind
    values = OptionValues(owner: "\(kind.name) topology", table: kind.options)
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

  /// Drop by a function of the caller's; nil: by what the method drops by otherwise. Sets "drop".
  public mutating func setDrop<T: Scalar>(_ function: ScoreFunction<T>?) throws(Failure) {
    try set("drop", function == nil ? TopologyMethod(kind)[.drop] : Double(DropScore.callback.rawValue))
    dropFunction = function
  }

  /// Grow by a function of the caller's; nil: by what the method grows by otherwise. Sets "grow".
  public mutating func setGrow<T: Scalar>(_ function: ScoreFunction<T>?) throws(Failure) {
    try set("grow", function == nil ? TopologyMethod(kind)[.grow] : Double(GrowthScore.callback.rawValue))
    growFunction = function
  }

  private func requireOptions(_ name: String) throws(Failure) {
    guard changesPatterns else {
      throw Failure(.unknownName, "\(values.owner): no option named \"\(name)\"; it has none")
    }
  }

  /// "rigl topology"
  var owner: String { values.owner }
  /// Whether it ever changes a pattern.
  package var changesPatterns: Bool { kind != .static }
  /// Whether it takes connections away for good: then layers may start dense.
  package var thins: Bool { plan.density.final != nil || plan.hasSoftThreshold }

  /// The options as an instance uses them.
  package var plan: TopologyPlan { TopologyPlan(self) }

  /// When and how much; nil for a method that never changes a pattern.
  package var schedule: UpdateSchedule? { changesPatterns ? plan.schedule : nil }

  /// By position in the table, for those that change patterns.
  subscript(_ option: TopologyOption) -> Double {
    values.table.isEmpty ? option.option.initial : values[option.rawValue]
  }

  /// Whether it is this one, as its original code has it.
  func isPublished(_ kind: TopologyKind) -> Bool { self.kind == kind && (try? values.get("published")) == 1 }

  /// The same, that this element type can hold the options, and that functions of the caller's are there and for it.
  /// - Throws: `precision` as well
  package func check<T: Scalar>(for _: T.Type) throws(Failure) {
    try check()
    try values.check(for: T.self)
    try check(dropFunction, T.self, "drop", isNeeded: self[.drop] == Double(DropScore.callback.rawValue))
    try check(growFunction, T.self, "grow", isNeeded: self[.grow] == Double(GrowthScore.callback.rawValue))
  }

  private func check<T: Scalar>(
    _ function: (any AnyObject & Sendable)?, _: T.Type, _ name: String, isNeeded: Bool
  ) throws(Failure) {
    guard isNeeded else { return }
    guard let function else {
      throw Failure(.invalidArgument, "\(owner): \(name) is a function of the caller's, and there is none")
    }
    guard function is ScoreFunction<T> else {
      throw Failure(.precision, "\(owner): the function of \(name) is of another precision than the network, float\(T.bits)")
    }
  }

  /// Options that contradict each other. - Throws: `invalidArgument`
  package func check() throws(Failure) {
    guard changesPatterns else { return }
    func require(_ holds: Bool, _ message: @autoclosure () -> String) throws(Failure) {
      guard holds else { throw Failure(.invalidArgument, "\(owner): \(message())") }
    }
    let final = self[.finalDensity]
    try require(final == -1 || final > 0, "final_density must be in (0, 1], or -1 for none, got \(final)")
    let share = self[.untilShare]
    try require(share == -1 || share >= 0, "until_share must be in [0, 1], or -1 for none, got \(share)")
    try require(share == -1 || self[.trainingLength] > 0, "until_share \(share) needs training_length, which is 0")
    try require(self[.phase] == 0 || final > 0, "phase \(Int(clamping: self[.phase])) needs final_density")
    let needsEnd = final > 0
    try require(
      !needsEnd || self[.densityEnd] > self[.densityBegin],
      "final_density needs density_end after density_begin \(Int(clamping: self[.densityBegin])), got \(Int(clamping: self[.densityEnd]))"
    )
    let alternates = kind == .acdc
    try require(!alternates || self[.phase] >= 1, "phase must be at least 1, got \(Int(clamping: self[.phase]))")
    try require(
      self[.redistribute] == 0 || self[.fanIn] == 0, "redistribute and constant_fan_in exclude each other")
    try require(!isPublished(.snfs) || self[.redistribute] != 0, "published needs redistribute, which is 0")
    let plan = self.plan
    let fanIn = self[.fanIn] == 1
    try require(self[.ablation] == 0 || fanIn, "ablation \(self[.ablation]) needs constant_fan_in 1")
    try require(!fanIn || final == -1, "final_density and constant_fan_in exclude each other")
    try require(!fanIn || self[.soft] == 0, "soft and constant_fan_in exclude each other")
    let forward = self[.forwardShare]
    try require(
      forward == 1 || self[.dropFraction] <= 1 - forward + 1e-12,
      "drop_fraction \(self[.dropFraction]) reaches into the forward_share of \(forward); it must be at most 1 - forward_share")
    try require(
      self[.explorationDecay] == 0 || forward < 1, "exploration_decay \(self[.explorationDecay]) needs forward_share below 1")
    let excluded: [TopologyOption] = [.drop, .threshold, .soft, .redistribute, .fanIn]
    for other in excluded where self[.softThreshold] == 1 {
      try require(self[other] == 0, "soft_threshold and \(other.option.name) \(self[other]) exclude each other")
    }
    try require(self[.softThreshold] == 0 || final == -1, "soft_threshold and final_density \(final) exclude each other")
    try require(self[.softThreshold] == 0 || forward == 1, "soft_threshold and forward_share \(forward) exclude each other")
    try require(
      self[.softThreshold] == 0 || !plan.replacesStep, "soft_threshold and replaces_step exclude each other")
    let growsByScore: [GrowthScore] = [.gradient, .momentum, .callback]
    try require(
      !fanIn || growsByScore.contains(plan.grow),
      "constant_fan_in needs grow 1, 2 or 5, scores of all positions, got \(plan.grow.rawValue)")
    // What a drop score decides itself cannot be asked for in another number.
    let score = "drop \(plan.drop.rawValue)" + (plan.threshold > 0 ? " with threshold \(plan.threshold)" : "")
    try require(
      plan.threshold == 0 || (plan.drop != .signFlip && plan.drop != .thresholds),
      "\(score) exclude each other: the score decides itself what goes")
    let marks = "\(score) decides itself how many connections go"
    try require(!plan.marksItself || final == -1, "\(marks), which final_density excludes")
    try require(!plan.marksItself || !plan.isSoft, "\(marks), which soft excludes")
    try require(!plan.marksItself || !fanIn, "\(marks), which constant_fan_in excludes")
    try require(
      !plan.marksItself || plan.justDropped != .exclude,
      "\(marks), and all of them may be needed to fill up again, which just_dropped 2 excludes")
    try require(!plan.isSoft || final == -1, "soft and final_density exclude each other")
    try require(!plan.isSoft || plan.redistribute == .none, "soft and redistribute exclude each other")
  }
}
