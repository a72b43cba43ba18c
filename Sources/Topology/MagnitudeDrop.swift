import Machine
import Sparse

/// Drops the connections with the smallest |w|: of n, n_prune = trunc(float32(n) float32(fraction)), counted in single
/// precision as RigL's code does. The others survive; between equals the lower slot does. NaN is smaller than any number.
final class MagnitudeDrop<T: Scalar>: DropCriterion {
  func mark(
    fraction: Double, pattern: Pattern, weights: UnsafePointer<T>, gone: UnsafeMutablePointer<UInt8>
  ) -> Int {
    let count = pattern.connections
    let dropped = min(count, Int(Float(count) * Float(fraction)))
    if T.bits == 32 {
      markSmallest(weights.bits(UInt32.self), dropped, of: count, gone)
    } else {
      markSmallest(weights.bits(UInt64.self), dropped, of: count, gone)
    }
    return dropped
  }
}

private func markSmallest<Bits: FloatBits>(
  _ weights: UnsafePointer<Bits>, _ dropped: Int, of count: Int, _ gone: UnsafeMutablePointer<UInt8>
) {
  guard dropped < count else { return gone.update(repeating: 1, count: count) }
  let least = kthLargest(count &- dropped, count: count, bytes: MemoryLayout<Bits>.size) { weights[$0].rank }
  var equals = count &- dropped &- least.larger
  for slot in 0..<count {
    let rank = weights[slot].rank
    if rank == least.key, equals > 0 {
      equals &-= 1
      gone[slot] = 0
    } else {
      gone[slot] = rank > least.key ? 0 : 1
    }
  }
}
