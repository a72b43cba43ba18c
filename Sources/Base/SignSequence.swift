/// Random signs of which any four are independent: the low bit of a polynomial of degree 3 over the integers modulo 2^61 - 1
/// (Wegman and Carter 1981), as the sketches of Alon, Matias and Szegedy 1996 need them. A function of the index: nothing is
/// stored.
package struct SignSequence: Sendable {
  private let coefficients: (UInt64, UInt64, UInt64, UInt64)

  private static let prime: UInt64 = 1 << 61 - 1

  /// Equal keys give equal sequences.
  package init(key: UInt64) {
    var random = RandomSource(seed: key)
    func draw() -> UInt64 { UInt64(truncatingIfNeeded: random.below(Int(truncatingIfNeeded: Self.prime))) }
    coefficients = (draw(), draw(), draw(), draw())
  }

  /// Whether the sign of an index, >= 0, is minus.
  package func isNegative(_ index: Int) -> Bool {
    let x = UInt64(truncatingIfNeeded: index) % Self.prime
    var value = coefficients.3
    value = Self.reduce(value, times: x, plus: coefficients.2)
    value = Self.reduce(value, times: x, plus: coefficients.1)
    value = Self.reduce(value, times: x, plus: coefficients.0)
    return value & 1 == 1
  }

  /// a x + b modulo the prime, all below it.
  private static func reduce(_ a: UInt64, times x: UInt64, plus b: UInt64) -> UInt64 {
    let (high, low) = a.multipliedFullWidth(by: x)
    // The product is high 2^64 + low, and 2^61 is 1.
    var sum = (low & prime) + (low >> 61 | high << 3)
    if sum >= prime { sum -= prime }
    sum += b
    return sum >= prime ? sum - prime : sum
  }
}
