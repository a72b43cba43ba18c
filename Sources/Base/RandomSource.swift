#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// The random numbers of everything in the library: xoshiro256++ (Blackman and Vigna 2019), seeded through splitmix64. The
/// same seed gives the same numbers on every machine and for every thread count; nothing else is a source of randomness.
package struct RandomSource: RandomNumberGenerator, BitwiseCopyable, Sendable {
  private var state: (UInt64, UInt64, UInt64, UInt64)

  /// - stream: separates independent uses of one seed (patterns, weights, shuffling, growth of layer 3, ...).
  package init(seed: UInt64, stream: UInt64 = 0) {
    var x = seed &+ Self.mix(stream &* 0x9E37_79B9_7F4A_7C15 &+ 0x1234_5678_9ABC_DEF1)
    func next() -> UInt64 {
      x &+= 0x9E37_79B9_7F4A_7C15
      return Self.mix(x)
    }
    state = (next(), next(), next(), next())
  }

  /// The finaliser of splitmix64: a bijection that looks random. Also draws by counter: `mix(key + index * odd)`.
  package static func mix(_ value: UInt64) -> UInt64 {
    var z = value
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  package mutating func next() -> UInt64 {
    func rotate(_ v: UInt64, _ k: UInt64) -> UInt64 { (v << k) | (v >> (64 - k)) }
    let result = rotate(state.0 &+ state.3, 23) &+ state.0
    let t = state.1 << 17
    state.2 ^= state.0
    state.3 ^= state.1
    state.1 ^= state.2
    state.0 ^= state.3
    state.2 ^= t
    state.3 = rotate(state.3, 45)
    return result
  }

  /// Uniform in [0, 1), 53 bits.
  package mutating func uniform() -> Double { Double(next() >> 11) * 0x1p-53 }

  /// Uniform in 0 ..< bound, without bias (Lemire 2019). - bound: at least 1.
  package mutating func below(_ bound: Int) -> Int {
    let b = UInt64(truncatingIfNeeded: bound)
    var (high, low) = next().multipliedFullWidth(by: b)
    if low < b {
      let threshold = (0 &- b) % b
      while low < threshold { (high, low) = next().multipliedFullWidth(by: b) }
    }
    return Int(truncatingIfNeeded: high)
  }

  /// Normal with mean 0 and variance 1 (Box and Muller 1958, one of the pair).
  package mutating func normal() -> Double {
    let u = 1 - uniform()
    return (-2 * log(u)).squareRoot() * cos(2 * .pi * uniform())
  }
}
