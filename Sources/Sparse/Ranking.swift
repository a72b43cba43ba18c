import Machine

/// The bits of a Float or Double, as unsigned integers of the same width: finite magnitudes compare as their bits do, so
/// that selection needs no floating-point comparison and NaN has a place in the order.
@usableFromInline
package protocol FloatBits: FixedWidthInteger, UnsignedInteger, BitwiseCopyable {
  /// Bits of infinity; above them are the NaNs.
  static var infinity: Self { get }
}

extension UInt32: FloatBits {
  @inlinable package static var infinity: UInt32 { 0x7F80_0000 }
}

extension UInt64: FloatBits {
  @inlinable package static var infinity: UInt64 { 0x7FF0_0000_0000_0000 }
}

extension FloatBits {
  /// Bits of the absolute value.
  @inlinable package var magnitudeBits: Self { self & (Self.max >> 1) }

  /// Ascending with the absolute value: NaN 0, zero 1.
  @inlinable package var rank: UInt64 { magnitudeBits > Self.infinity ? 0 : UInt64(magnitudeBits) &+ 1 }

  /// Ascending with the signed value: NaN 0; both zeros are equal.
  @inlinable package var orderedRank: UInt64 { magnitudeBits > Self.infinity ? 0 : signedRank &+ 1 }

  /// Ascending with the signed value; both zeros are equal, NaN counts as zero.
  @inlinable package var signedRank: UInt64 {
    let middle = UInt64(Self.max >> 1) &+ 1
    if magnitudeBits == 0 || magnitudeBits > Self.infinity { return middle }
    return magnitudeBits == self ? middle &+ UInt64(magnitudeBits) : middle &- UInt64(magnitudeBits)
  }
}

extension UnsafePointer where Pointee: Scalar {
  /// The same numbers as bits. - Bits: UInt32 for Float, UInt64 for Double.
  @inlinable package func bits<Bits: FloatBits>(_: Bits.Type) -> UnsafePointer<Bits> {
    UnsafeRawPointer(self).assumingMemoryBound(to: Bits.self)
  }
}

/// The `k`-th largest of `count` keys (equal ones counted each), and how many are larger. Linear time whatever the keys, no
/// memory but 16 KB of stack.
///
/// By digits from the highest: a histogram of the keys that agree so far leaves one digit. Counted is how far a key is from
/// the least of them, and digits begin with the highest bit of the greatest of these distances: so the first digit sets most
/// keys apart, and what is left to the others is few keys.
/// - k: 1 ... count.
@inlinable @inline(__always)
package func kthLargest(_ k: Int, count: Int, key: (Int) -> UInt64) -> (key: UInt64, larger: Int) {
  kthLargest(k, segments: 1, count: { _ in count }, key: { key($1) })
}

/// The same over several runs of keys. - count: keys of a segment. - key: of a segment and a place in it.
@inlinable @inline(__always)
package func kthLargest(
  _ k: Int, segments: Int, count: (Int) -> Int, key: (Int, Int) -> UInt64
) -> (key: UInt64, larger: Int) {
  var (least, greatest) = (UInt64.max, UInt64.min)
  for segment in 0..<segments {
    for i in 0..<count(segment) {
      let key = key(segment, i)
      least = min(least, key)
      greatest = max(greatest, key)
    }
  }
  // On the stack for certain: a temporary allocation of more than 1 KB may come from the heap.
  var histogram = InlineArray<2048, Int>(repeating: 0)
  var found: UInt64 = 0
  var fixed: UInt64 = 0
  var larger = 0
  var shift = UInt64(truncatingIfNeeded: UInt64.bitWidth &- (greatest &- least).leadingZeroBitCount)
  while shift > 0 {
    let width = min(11, shift)
    shift &-= width
    let digits: UInt64 = 1 &<< width &- 1
    histogram = InlineArray(repeating: 0)
    for segment in 0..<segments {
      for i in 0..<count(segment) {
        let distance = key(segment, i) &- least
        if distance & fixed == found { histogram[Int(truncatingIfNeeded: distance &>> shift & digits)] &+= 1 }
      }
    }
    var digit = Int(truncatingIfNeeded: digits)
    while digit > 0, larger &+ histogram[digit] < k {
      larger &+= histogram[digit]
      digit &-= 1
    }
    found |= UInt64(truncatingIfNeeded: digit) &<< shift
    fixed |= digits &<< shift
  }
  return (least &+ found, larger)
}
