import Base
import Sparse

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// The positions of a layer that have ever been connected: ITOP's R_s is their share (Liu et al. 2021).
///
/// One bit a position. Where that would be much more than what the connections themselves take, only their number is
/// estimated, in 16 KB, with a standard error of 0.8 % (HyperLogLog, Flajolet et al. 2007).
final class Explored {
  private let rows: Int
  private let columns: Int
  private let bits: Buffer<UInt64>?
  private let registers: Buffer<UInt8>?
  private var marked = 0

  private static let registerBits = 14

  /// - exact: whether `contains` will be asked: then there are always bits.
  init(pattern: Pattern, exact: Bool) throws(Failure) {
    rows = pattern.rows
    columns = pattern.columns
    let positions = rows * columns
    // A connection takes 16 bytes or more: with at most 16 bytes of bits for each, memory stays linear in connections.
    if exact || positions / 128 <= pattern.capacity {
      bits = try Buffer(count: positions / 64 + 1, of: "topology method, positions explored")
      registers = nil
    } else {
      bits = nil
      registers = try Buffer(count: 1 << Self.registerBits, of: "topology method, positions explored")
    }
    for row in 0..<rows {
      for slot in pattern.slots(row: row) { insert(row, pattern.column(slot)) }
    }
  }

  var bytes: Int { (bits?.bytes ?? 0) + (registers?.bytes ?? 0) }

  /// How many there are, or an estimate.
  var count: Int { bits != nil ? marked : min(rows * columns, Int(estimate.rounded())) }

  /// Only where there are bits; false otherwise.
  func contains(_ row: Int, _ column: Int) -> Bool {
    guard let bits else { return false }
    let index = row &* columns &+ column
    return bits.pointer[index >> 6] &>> UInt64(index & 63) & 1 == 1
  }

  func insert(_ row: Int, _ column: Int) {
    let index = row &* columns &+ column
    if let bits {
      let mask: UInt64 = 1 &<< UInt64(index & 63)
      if bits.pointer[index >> 6] & mask == 0 {
        bits.pointer[index >> 6] |= mask
        marked &+= 1
      }
    } else if let registers {
      let hash = RandomSource.mix(UInt64(truncatingIfNeeded: index) &+ 0x9E37_79B9_7F4A_7C15)
      let register = Int(hash >> UInt64(64 - Self.registerBits))
      let rank = UInt8(min((hash << UInt64(Self.registerBits)).leadingZeroBitCount, 64 - Self.registerBits) + 1)
      registers.pointer[register] = max(registers.pointer[register], rank)
    }
  }

  private var estimate: Double {
    guard let registers else { return 0 }
    let m = Double(registers.count)
    var sum = 0.0
    var empty = 0.0
    for i in 0..<registers.count {
      sum += Double(sign: .plus, exponent: -Int(registers.pointer[i]), significand: 1)
      if registers.pointer[i] == 0 { empty += 1 }
    }
    let raw = 0.7213 / (1 + 1.079 / m) * m * m / sum
    return raw <= 2.5 * m && empty > 0 ? m * log(m / empty) : raw
  }
}
