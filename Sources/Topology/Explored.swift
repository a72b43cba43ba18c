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
/// estimated, in 16 KB, with a standard error of 0.8 % (HyperLogLog, Flajolet et al. 2007), and whoever asks which they are
/// is told of the last ones, about twenty times as many as there are connections, by a ``RecentPositions``.
final class Explored: Stateful {
  private let rows: Int
  private let columns: Int
  private let bits: Buffer<UInt64>?
  private let registers: Buffer<UInt8>?
  private let recent: RecentPositions?
  private var marked = 0

  private static let registerBits = 14
  /// Layers of up to so many positions have bits in any case: one megabyte.
  private static let few = 1 << 23

  /// - membership: whether `contains` will be asked.
  init(pattern: Pattern, membership: Bool) throws(Failure) {
    rows = pattern.rows
    columns = pattern.columns
    let positions = rows * columns
    // A connection takes 16 bytes or more: with at most 16 bytes of bits for each, memory stays linear in connections.
    if positions <= Self.few || positions / 128 <= pattern.capacity {
      bits = try Buffer(count: positions / 64 + 1, of: "topology method, positions explored")
      registers = nil
      recent = nil
    } else {
      bits = nil
      registers = try Buffer(count: 1 << Self.registerBits, of: "topology method, positions explored")
      recent = membership ? try RecentPositions(capacity: pattern.capacity) : nil
    }
    for row in 0..<rows {
      for slot in pattern.slots(row: row) { insert(row, pattern.column(slot)) }
    }
  }

  func visit(_ visitor: inout some StateVisitor) {
    visitor.number("marked", &marked)
    visitor.array("bits", bits)
    visitor.array("registers", registers)
    visitor.part("recent", recent)
  }

  /// Whether `contains` knows every position, and not only the last ones.
  var isExact: Bool { bits != nil }

  /// Make room for as many insertions as the pattern has connections. Before an update, when `contains` is to be asked.
  func prepare(_ pattern: Pattern) {
    guard let recent, recent.isHalfFull else { return }
    recent.clear()
    for row in 0..<rows {
      for slot in pattern.slots(row: row) { recent.insert(index(row, pattern.column(slot))) }
    }
  }

  private func index(_ row: Int, _ column: Int) -> UInt64 { UInt64(truncatingIfNeeded: row &* columns &+ column) }

  /// How many there are, or an estimate.
  var count: Int { bits != nil ? marked : min(rows * columns, Int(clamping: estimate.rounded())) }

  /// Exact where `isExact`; otherwise true for every one of the last positions, and for some that have never been connected.
  func contains(_ row: Int, _ column: Int) -> Bool {
    guard let bits else { return recent?.contains(index(row, column)) ?? false }
    let index = row &* columns &+ column
    return bits.pointer[index >> 6] &>> UInt64(truncatingIfNeeded: index & 63) & 1 == 1
  }

  func insert(_ row: Int, _ column: Int) {
    let index = row &* columns &+ column
    if let bits {
      let mask: UInt64 = 1 &<< UInt64(truncatingIfNeeded: index & 63)
      if bits.pointer[index >> 6] & mask == 0 {
        bits.pointer[index >> 6] |= mask
        marked &+= 1
      }
    } else if let registers {
      recent?.insert(UInt64(truncatingIfNeeded: index))
      let hash = RandomSource.mix(UInt64(truncatingIfNeeded: index) &+ 0x9E37_79B9_7F4A_7C15)
      let register = Int(truncatingIfNeeded: hash >> (64 - Self.registerBits))
      let rank = UInt8(
        truncatingIfNeeded: min((hash << Self.registerBits).leadingZeroBitCount, 64 - Self.registerBits) + 1)
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
