#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// How the drop fraction changes over training. The raw values are those of include/espalier.h.
public enum DropDecay: Int32, Sendable, CaseIterable {
  case constant = 0
  /// low + (fraction - low) / 2 (1 + cos(pi min(t, T) / T)), t the step, not counted from `begin`, T = until - begin (RigL's
  /// code, where low is 0; SNFS anneals from 0.5 to 0.005).
  case cosine
}

/// When a pattern changes, and by how much. Steps are the layer's optimizer steps.
public struct UpdateSchedule: Sendable {
  /// Least number of steps between updates, >= 1.
  public let every: Int
  /// First step at which an update may happen.
  public let begin: Int
  /// Last one; negative: for ever.
  public let until: Int
  /// In [0, 1], before decay.
  public let dropFraction: Double
  /// In [0, 1]: what a decay ends at.
  public let minimumDropFraction: Double
  public let decay: DropDecay
  /// Step of the last update; before the first one as if it had been at -every.
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

  /// begin <= step <= until and last + every <= step.
  public func isDue(step: Int) -> Bool {
    step >= begin && (until < 0 || step <= until) && step &- last >= every
  }

  /// An update happens at this step: the next is due `every` steps later.
  public mutating func note(step: Int) { last = step }

  /// The share of connections that an update at this step drops. Cosine needs a length: without `until`, or with one that
  /// is not after `begin`, the fraction is constant.
  public func dropFraction(step: Int) -> Double {
    let length = until &- begin
    guard decay == .cosine, until >= 0, length > 0 else { return dropFraction }
    let share = (1 + cos(.pi * Double(min(step, length)) / Double(length))) / 2
    return minimumDropFraction + (dropFraction - minimumDropFraction) * share
  }
}
