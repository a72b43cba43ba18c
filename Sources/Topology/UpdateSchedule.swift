/// What a schedule counts. The raw values are those of include/espalier.h.
public enum TopologyClock: Int32, Sendable, CaseIterable {
  /// Optimizer steps of the layer.
  case steps = 0
  /// Epochs that have ended.
  case epochs
}

/// When a pattern changes, and by how much. Times are what `clock` counts.
public struct UpdateSchedule: Sendable {
  public var clock = TopologyClock.steps
  /// Least time between updates, >= 1.
  public let every: Int
  /// First time at which an update may happen.
  public let begin: Int
  /// Last one; negative: for ever.
  public let until: Int
  /// In [0, 1], before decay.
  public let dropFraction: Double
  /// In [0, 1]: what a decay ends at.
  public let minimumDropFraction: Double
  public let decay: DropDecay
  /// Of the decays that are a power, > 0.
  public var decayPower = 3.0
  /// Time of the last update; before the first one as if it had been at -every.
  public private(set) var last: Int

  public init(
    every: Int, begin: Int, until: Int, dropFraction: Double, minimumDropFraction: Double = 0, decay: DropDecay
  ) {
    self.every = every
    self.begin = begin
    self.until = until
    self.dropFraction = dropFraction
    self.minimumDropFraction = minimumDropFraction
    self.decay = decay
    last = -every
  }

  /// begin <= time <= until and last + every <= time.
  public func isDue(step: Int) -> Bool {
    step >= begin && (until < 0 || step <= until) && step &- last >= every
  }

  /// Whether an update is due at most `ahead` from now.
  public func isDue(step: Int, within ahead: Int) -> Bool {
    let next = max(begin, last &+ every)
    return next &- step <= ahead && (until < 0 || next <= until)
  }

  /// Whether there are no more updates to come.
  public var hasEnded: Bool { until >= 0 && max(begin, last &+ every) > until }

  /// Whether an update at this time is the last one.
  public func isLast(step: Int) -> Bool {
    let (next, overflow) = step.addingReportingOverflow(every)
    return until >= 0 && (overflow || next > until)
  }

  /// An update happens at this time: the next is due `every` later.
  public mutating func note(step: Int) { last = step }

  /// The share of connections that an update at this time drops. - rate: learning rate over its first one.
  public func dropFraction(step: Int, rate: Double = 1) -> Double { decay.fraction(at: step, of: self, rate: rate) }
}
