#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// How the drop fraction changes over training. The raw values are those of include/espalier.h.
///
/// t: the clock, not counted from `begin`, as RigL's code has it; T = until - begin; low: the minimum drop fraction; k: the
/// power. Every decay but `inversePower` and `learningRate` needs an `until` after `begin`, else the fraction is constant.
public enum DropDecay: Int32, Sendable, CaseIterable {
  case constant = 0
  /// low + (fraction - low) / 2 (1 + cos(pi min(t, T) / T)) (RigL's code, where low is 0; SNFS anneals from 0.5 to 0.005).
  case cosine
  /// low + (fraction - low) (1 - x), x = (t - begin) / T in [0, 1].
  case linear
  /// low + (fraction - low) (1 - x)^k: what RigL's code calls exponential.
  case exponential
  /// low + (fraction - low) (1 + (t - begin) / every)^-k.
  case inversePower
  /// fraction times the layer's learning rate over its first one, not below low (RigL's code for TF2, "lr").
  case learningRate

  /// - rate: learning rate over its first one.
  func fraction(at t: Int, of schedule: UpdateSchedule, rate: Double) -> Double {
    let (high, low) = (schedule.dropFraction, schedule.minimumDropFraction)
    let length = schedule.until &- schedule.begin
    let isBounded = schedule.until >= 0 && length > 0
    let x = isBounded ? min(1, max(0, Double(t &- schedule.begin) / Double(length))) : 0
    switch self {
    case .constant: return high
    case .cosine:
      return isBounded ? low + (high - low) * (1 + cos(.pi * Double(min(t, length)) / Double(length))) / 2 : high
    case .linear: return isBounded ? low + (high - low) * (1 - x) : high
    case .exponential: return isBounded ? low + (high - low) * pow(1 - x, schedule.decayPower) : high
    case .inversePower:
      let periods = Double(max(0, t &- schedule.begin)) / Double(schedule.every)
      return low + (high - low) * pow(1 + periods, -schedule.decayPower)
    case .learningRate: return min(1, max(low, high * rate))
    }
  }
}
