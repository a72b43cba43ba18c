import Base
import Sparse
import Testing

@Suite struct RankingTests {
  /// The k-th largest of keys that agree in their high bits, differ in all of them, are few or many, or all the same, against
  /// sorting; in one run and cut into several, some of them empty.
  @Test(arguments: [0, 1, 8, 11, 12, 33, 64]) func kthLargestIsThatOfSorting(bits: Int) {
    var random = RandomSource(seed: 3, stream: UInt64(bits))
    for count in [1, 2, 7, 100, 3000] {
      let base = bits < 64 ? random.next() >> 1 : 0
      let keys = (0..<count).map { _ in base &+ (bits == 0 ? 0 : random.next() >> UInt64(64 - bits)) }
      let sorted = keys.sorted(by: >)
      let cut = count / 3
      let runs = [Array(keys[..<cut]), [], Array(keys[cut...])]
      for k in Set([1, 2, count / 2, count - 1, count]) where (1...count).contains(k) {
        let expected = sorted[k - 1]
        let larger = keys.count { $0 > expected }
        let whole = kthLargest(k, count: count) { keys[$0] }
        let parts = kthLargest(k, segments: runs.count, count: { runs[$0].count }, key: { runs[$0][$1] })
        #expect(whole == (expected, larger) && parts == (expected, larger), "\(bits) bits, \(k) of \(count)")
      }
    }
  }
}
