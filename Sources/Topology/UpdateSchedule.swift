import Base

/// What a schedule counts. The raw values are those of include/espalier.h.
public enum TopologyClock: Int32, Sendable, CaseIterable {
  /// Optimizer steps of the layer.
  case steps = 0
  /// Epochs that have ended.
  case epochs
}

/// When a pattern changes, and by how much. Times are what `clock` counts.
package struct UpdateSchedule: Sendable {
  package var clock = TopologyClock.steps
  /// Least time between updates, >= 1.
  package let every: Int
  /// First time at which an update may happen.
  package let begin: Int
  /// Last one; negative: for ever.
  package let until: Int
  /// In [0, 1], before decay.
  package let dropFraction: Double
  /// In [0, 1]: what a decay ends at.
  package let minimumDropFraction: Double
  package let decay: DropDecay
  /// Of the decays that are a power, > 0.
  package var decayPower = 3.0
  /// Time of the last update; before the first one as if it had been at -every.
  package private(set) var last: Int

  mutating func visit(_ visitor: inout some StateVisitor) { visitor.number("last_update", &last) }

  package init(
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
  package func isDue(step: Int) -> Bool {
    step >= begin && (until < 0 || step <= until) && step &- last >= every
  }

  /// Whether an update is due at most `ahead` from now.
  package func isDue(step: Int, within ahead: Int) -> Bool {
    let next = max(begin, last &+ every)
    return next &- step <= ahead && (until < 0 || next <= until)
  }

  /// Whether there are no more updates to come.
  package var hasEnded: Bool { until >= 0 && max(begin, last &+ every) > until }

  /// Whether an update at this time is the last one.
  package func isLast(step: Int) -> Bool {
    let (next, overflow) = step.addingReportingOverflow(every)
    return until >= 0 && (overflow || next > until)
  }

  /// An update happens at this time: the next is due `every` later.
  package mutating func note(step: Int) { last = step }

  /// The share of connections that an update at this time drops. - rate: learning rate over its first one.
  package func dropFraction(step: Int, rate: Double = 1) -> Double { decay.fraction(at: step, of: self, rate: rate) }
}
