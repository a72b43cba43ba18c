import Base
import Machine
import Sparse

/// Mark by two thresholds, as the original code of SET does (set_mlp_sparse_data_structures.py): a share of the negative and
/// of the positive weights, those nearest to zero; about `fraction` of all, more in small layers. Returns how many go.
///
/// v: the weights ascending, n of them; first: the index of the first with the least |v|; last: the index after the last of
/// them. Below v[int((1 - fraction) first)] and above v[int(min(n - 1, last + fraction (n - last)))] they survive.
func markBetweenThresholds<T: Scalar>(
  _ weights: UnsafePointer<T>, fraction: Double, of count: Int, _ gone: UnsafeMutablePointer<UInt8>
) -> Int {
  T.bits == 32
    ? mark(weights.bits(UInt32.self), fraction: fraction, of: count, gone)
    : mark(weights.bits(UInt64.self), fraction: fraction, of: count, gone)
}

private func mark<Bits: FloatBits>(
  _ weights: UnsafePointer<Bits>, fraction: Double, of count: Int, _ gone: UnsafeMutablePointer<UInt8>
) -> Int {
  let zero = Bits(0).signedRank
  func distance(_ rank: UInt64) -> UInt64 { rank > zero ? rank &- zero : zero &- rank }
  var nearest = UInt64.max
  for slot in 0..<count { nearest = min(nearest, distance(weights[slot].signedRank)) }
  var first = 0
  var last = count
  for slot in 0..<count {
    let rank = weights[slot].signedRank
    if distance(rank) > nearest {
      if rank < zero { first &+= 1 } else { last &-= 1 }
    }
  }
  func value(_ index: Int) -> UInt64 {
    kthLargest(count &- index, count: count) { weights[$0].signedRank }.key
  }
  let negative = value(Int(clamping: (1 - fraction) * Double(first)))
  let positive = value(Int(clamping: min(Double(count - 1), Double(last) + fraction * Double(count - last))))
  var dropped = 0
  for slot in 0..<count {
    let rank = weights[slot].signedRank
    let goes = rank >= negative && rank <= positive
    gone[slot] = goes ? 1 : 0
    dropped &+= goes ? 1 : 0
  }
  return dropped
}
