import Base
import Machine
import Sparse

/// The drop scores of one layer's connections, as keys that rank: the smallest go first, NaN before any number.
///
/// Ranks are made from the bits of a score when they are asked for, so that the magnitude needs no memory of its own.
struct DropScores<T: Scalar> {
  let values: UnsafePointer<T>
  /// Whether they rank by their sign as well, or by magnitude.
  let isSigned: Bool

  @inline(__always)
  func rank(_ slot: Int) -> UInt64 {
    if T.bits == 32 {
      let bits = UnsafeRawPointer(values + slot).load(as: UInt32.self)
      return isSigned ? bits.orderedRank : bits.rank
    }
    let bits = UnsafeRawPointer(values + slot).load(as: UInt64.self)
    return isSigned ? bits.orderedRank : bits.rank
  }
}

extension DropScore {
  /// Compute a layer's scores. - scratch: one a slot; unused by those that rank the weights themselves.
  /// - reference: weights at the last update, for those that compare with them.
  func scores<T: Scalar>(
    of subject: any TopologyLayer<T>, weight lambda: Double, scratch: UnsafeMutablePointer<T>,
    reference: UnsafePointer<T>?, random: inout RandomSource
  ) -> DropScores<T> {
    let (w, count) = (subject.weights, subject.pattern.connections)
    switch self {
    case .magnitude, .thresholds: return DropScores(values: UnsafePointer(w), isSigned: false)
    case .weightGradient:
      let g = subject.gradient
      for slot in 0..<count { scratch[slot] = w[slot] * g[slot] }
    case .weightPlusGradient:
      let (lambda, g) = (T(lambda), subject.gradient)
      for slot in 0..<count { scratch[slot] = w[slot].magnitude + lambda * g[slot].magnitude }
    case .magnitudeIncrease:
      guard let reference else { break }
      for slot in 0..<count { scratch[slot] = w[slot].magnitude - reference[slot].magnitude }
    case .signFlip:
      guard let reference else { break }
      for slot in 0..<count { scratch[slot] = reference[slot] < 0 ? -w[slot] : w[slot] }
    case .random:
      for slot in 0..<count { scratch[slot] = T(random.uniform()) }
    case .callback: break
    }
    return DropScores(values: UnsafePointer(scratch), isSigned: isSigned)
  }
}

/// Mark the `dropped` connections with the smallest scores with 1 and the others with 0; between equals the lower slot
/// survives.
@_specialize(where T == Float)
@_specialize(where T == Double)
func markSmallest<T: Scalar>(
  _ scores: DropScores<T>, _ dropped: Int, of count: Int, _ gone: UnsafeMutablePointer<UInt8>
) {
  guard dropped < count else { return gone.update(repeating: 1, count: count) }
  guard dropped > 0 else { return gone.update(repeating: 0, count: count) }
  let least = kthLargest(count &- dropped, count: count) { scores.rank($0) }
  var equals = count &- dropped &- least.larger
  for slot in 0..<count {
    let rank = scores.rank(slot)
    let ties = rank == least.key && equals > 0 ? 1 : 0
    equals &-= ties
    gone[slot] = UInt8(truncatingIfNeeded: (rank > least.key ? 0 : 1) ^ ties)
  }
}

/// Mark those with a score below zero; returns how many.
func markNegative<T: Scalar>(
  _ scores: DropScores<T>, of count: Int, _ gone: UnsafeMutablePointer<UInt8>
) -> Int {
  var dropped = 0
  for slot in 0..<count {
    let goes = scores.values[slot] < 0
    gone[slot] = goes ? 1 : 0
    dropped &+= goes ? 1 : 0
  }
  return dropped
}

/// Mark those with a magnitude below a threshold; returns how many.
func markBelow<T: Scalar>(
  _ scores: DropScores<T>, _ threshold: T, of count: Int, _ gone: UnsafeMutablePointer<UInt8>
) -> Int {
  var dropped = 0
  for slot in 0..<count {
    let goes = !(scores.values[slot].magnitude >= threshold)
    gone[slot] = goes ? 1 : 0
    dropped &+= goes ? 1 : 0
  }
  return dropped
}
