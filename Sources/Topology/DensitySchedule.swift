import Sparse

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// How many connections there should be over time, for methods that do not keep their number. Times are the schedule's.
package enum DensitySchedule: Sendable {
  /// As many as there are.
  case constant
  /// density(t) = final + (initial - final) (1 - x)^power, x = (t - begin) / (end - begin) in [0, 1] (Zhu and Gupta 2017,
  /// where power is 3).
  case ramp(final: Double, begin: Int, end: Int, power: Double)
  /// Thinned to `final` at begin, dense again after each `phase`, thinned after the next, and so on (AC/DC, Peste et al.
  /// 2021). A thinning that would leave less than a whole cycle before `end` is left out; at `end` comes the last one.
  case alternating(final: Double, begin: Int, end: Int, phase: Int)

  /// 1 - density at a time, as the published codes compute it, rounding included.
  /// - initial: 1 - density that training started with.
  package func sparsity(at t: Int, initial: Double) -> Double {
    switch self {
    case .constant: return initial
    case .ramp(let final, let begin, let end, let power):
      let final = Distribution.sparsity(density: final)
      let x = end > begin ? min(1, max(0, Double(t &- begin) / Double(end &- begin))) : t >= end ? 1 : 0
      return final + (initial - final) * pow(1 - x, power)
    case .alternating(let final, let begin, let end, let phase):
      let final = Distribution.sparsity(density: final)
      if t >= end { return final }
      if t < begin { return initial }
      let cycle = (t &- begin) / phase
      if cycle % 2 == 1 { return initial }
      let start = begin &+ cycle &* phase
      return start <= end &- 2 &* phase ? final : initial
    }
  }

  /// The share of its connections to which a layer or network of `initial` density will come at last.
  package var final: Double? {
    switch self {
    case .constant: nil
    case .ramp(let final, _, _, _), .alternating(let final, _, _, _): final
    }
  }
}
