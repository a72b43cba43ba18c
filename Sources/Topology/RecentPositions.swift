import Base

/// A set of the last positions that were put in, in 8 bytes a connection: a Bloom filter (Bloom 1970) with two bits a position,
/// which its owner clears when half of its bits are set. So it is never wrong about a position put in since then, and takes at
/// most a quarter of the others for one.
final class RecentPositions: Stateful {
  private let words: Buffer<UInt64>
  private var ones = 0

  /// - capacity: insertions that there must be room for from a half full filter on.
  init(capacity: Int) throws(Failure) {
    words = try Buffer(count: max(capacity, 64), of: "topology method, positions explored lately")
  }

  func visit(_ visitor: inout some StateVisitor) {
    visitor.number("ones", &ones)
    visitor.array("words", words)
  }

  var isHalfFull: Bool { ones > 32 * words.count }

  func clear() {
    words.span.update(repeating: 0)
    ones = 0
  }

  func insert(_ index: UInt64) {
    let (first, second) = bits(index)
    mark(first)
    mark(second)
  }

  func contains(_ index: UInt64) -> Bool {
    let (first, second) = bits(index)
    return words.pointer[first.word] & first.mask != 0 && words.pointer[second.word] & second.mask != 0
  }

  private typealias Bit = (word: Int, mask: UInt64)

  private func mark(_ bit: Bit) {
    guard words.pointer[bit.word] & bit.mask == 0 else { return }
    words.pointer[bit.word] |= bit.mask
    ones &+= 1
  }

  /// Two bits of a position, independent of each other.
  private func bits(_ index: UInt64) -> (Bit, Bit) {
    let hash = RandomSource.mix(index &+ 0x517C_C1B7_2722_0A95)
    return (bit(hash), bit(RandomSource.mix(hash)))
  }

  private func bit(_ hash: UInt64) -> Bit {
    let place = hash.multipliedFullWidth(by: UInt64(truncatingIfNeeded: words.count &* 64)).high
    return (Int(truncatingIfNeeded: place >> 6), 1 &<< (place & 63))
  }
}
