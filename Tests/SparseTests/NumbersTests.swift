import Base
import Testing

/// Numbers at the ends of their types.
@Suite struct NumbersTests {
  @Test("a conversion gives the whole part, beyond the range its end, for NaN 0")
  func clamping() {
    let cases: [(Double, Int)] = [
      (0, 0), (-0.0, 0), (0.99, 0), (-0.99, 0), (2.5, 2), (-2.5, -2), (0x1p53, 1 << 53), (0x1p63 - 1024, .max - 1023),
      (0x1p63, .max), (0x1p64, .max), (1e300, .max), (.infinity, .max), (-0x1p63, .min), (-1e300, .min), (-.infinity, .min),
      (.nan, 0), (5e-324, 0),
    ]
    for (value, whole) in cases {
      #expect(Int(clamping: value) == whole, "\(value)")
      #expect(Int32(clamping: value) == Int32(clamping: whole), "\(value)")
    }
  }

  @Test("sums and products of sizes that are no Int are Int.max")
  func sizes() {
    #expect((1 << 62).addingClamped(1 << 61) == 3 << 61)
    #expect((1 << 62).addingClamped(1 << 62) == .max)
    #expect((1 << 31).multipliedClamped(by: 1 << 31) == 1 << 62)
    #expect((1 << 32).multipliedClamped(by: 1 << 31) == .max)
    #expect([1, 2, 3].total { $0 * $0 } == 14)
    #expect([1, 2, 3].total { _ in 1 << 62 } == .max)
    #expect([Int]().total { $0 } == 0)
  }

  @Test("a whole number is one that an Int holds")
  func wholeOptions() throws {
    let time = Option("time", 0, .integer(-1 ... .max))
    for value in [-1, -0.0, 0, 0x1p53 + 2, 0x1p63 - 1024] { try time.check(value, owner: "test") }
    for value in [-2, 0.5, 5e-324, 0x1p63, 0x1p64, 1e300, .infinity, .nan] {
      #expect(throws: Failure(.invalidArgument, "test: time must be a whole number >= -1 and below 2^63, got \(value)")) {
        try time.check(value, owner: "test")
      }
    }
    let flag = Option("flag", 0, .flag)
    for value in [0, -0.0, 1] { try flag.check(value, owner: "test") }
    for value in [5e-324, 0.5, 2, 0x1p63, .nan] {
      #expect(throws: Failure(.invalidArgument, "test: flag must be 0 or 1, got \(value)")) {
        try flag.check(value, owner: "test")
      }
    }
  }
}
