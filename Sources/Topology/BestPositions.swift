import Base
import CSystem
import Sparse

/// The free positions with the largest scores, of a matrix that passes by in ascending order of positions.
///
/// A buffer collects candidates; when it is full, the best `wanted` stay, in their order, and the least of them is what later
/// ones must exceed: a later equal has the higher position and would lose. So the result is exactly the best by score, ties
/// to the lower position, it is sorted, and time is linear in the positions.
final class BestPositions: Stateful {
  private struct Candidate: BitwiseCopyable {
    var rank: UInt64
    var position: Position
  }

  private let buffer: Buffer<Candidate>
  private var wanted = 0
  /// Candidates that trigger a selection.
  private var room = 0
  private var collected = 0
  /// What a rank must exceed, once there has been a selection.
  private var least: UInt64?

  /// - most: the most positions that will ever be wanted.
  init(most: Int) throws(Failure) {
    buffer = try Buffer(count: max(2 * most, 256), of: "topology method, candidates for growing")
  }

  func visit(_ visitor: inout some StateVisitor) { visitor.scratch(buffer) }

  /// Start over. - wanted: 1 ... most.
  func begin(_ wanted: Int) {
    self.wanted = wanted
    room = min(buffer.count, max(2 * wanted, wanted + 256))
    collected = 0
    least = nil
  }

  /// Copy the best positions out, ascending. At least `wanted` free positions must have passed.
  func end(_ positions: UnsafeMutablePointer<Position>) {
    select()
    for i in 0..<wanted { positions[i] = buffer.pointer[i].position }
  }

  /// Let some rows of scores pass. - scores: row-major, overwritten. - gone: marks, one a slot; positions whose slot is not
  /// marked are taken.
  func scan<Bits: FloatBits>(
    _ scores: UnsafeMutablePointer<Bits>, _ rows: Range<Int>, _ pattern: Pattern, _ gone: UnsafePointer<UInt8>
  ) {
    for row in rows {
      let values = scores + (row &- rows.lowerBound) &* pattern.columns
      // Against a threshold that is a number, zero can stand for "taken". A mask, as which are taken cannot be foreseen.
      if let least, least > 0 {
        for slot in pattern.slots(row: row) { values[pattern.column(slot)] &= 0 &- Bits(gone[slot]) }
        skim(values, row, pattern.columns)
      } else {
        walk(values, row, pattern, gone)
      }
    }
  }

  /// A row, one position after the other.
  private func walk<Bits: FloatBits>(
    _ values: UnsafePointer<Bits>, _ row: Int, _ pattern: Pattern, _ gone: UnsafePointer<UInt8>
  ) {
    var slot = Int(pattern.rowStart[row])
    let end = Int(pattern.rowStart[row &+ 1])
    for column in 0..<pattern.columns {
      if slot < end, pattern.column(slot) == column {
        slot &+= 1
        if gone[slot &- 1] == 0 { continue }
      }
      offer(values[column].rank, row, column)
    }
  }

  /// A row, 16 columns at a time: a few vector instructions tell which of them are above the threshold, if any is.
  private func skim<Bits: FloatBits>(_ values: UnsafePointer<Bits>, _ row: Int, _ columns: Int) {
    var limit = self.limit(Bits.self)
    var column = 0
    while column &+ 16 <= columns {
      var above = Self.above(limit, values + column)
      while above != 0 {
        let c = column &+ above.trailingZeroBitCount
        above &= above &- 1
        // NaN has larger bits than any number and is no candidate.
        let magnitude = values[c].magnitudeBits
        guard magnitude > limit, magnitude <= .infinity else { continue }
        buffer.pointer[collected] = Candidate(rank: UInt64(magnitude) &+ 1, position: Position(row: row, column: c))
        collected &+= 1
        if collected == room {
          select()
          limit = self.limit(Bits.self)
        }
      }
      column &+= 16
    }
    while column < columns {
      offer(values[column].rank, row, column)
      column &+= 1
    }
  }

  /// Which of 16 magnitudes are above a limit: a bit each.
  @inline(__always)
  private static func above<Bits: FloatBits>(_ limit: Bits, _ values: UnsafePointer<Bits>) -> UInt32 {
    Bits.bitWidth == 32
      ? csystem_above_32(values, Int32(truncatingIfNeeded: limit))
      : csystem_above_64(values, Int64(truncatingIfNeeded: limit))
  }

  /// Bits of the least magnitude that stays so far.
  private func limit<Bits: FloatBits>(_: Bits.Type) -> Bits { Bits(truncatingIfNeeded: (least ?? 1) &- 1) }

  @inline(__always)
  private func offer(_ rank: UInt64, _ row: Int, _ column: Int) {
    if let least, rank <= least { return }
    buffer.pointer[collected] = Candidate(rank: rank, position: Position(row: row, column: column))
    collected &+= 1
    if collected == room { select() }
  }

  /// Leave the best `wanted` candidates, in their order.
  private func select() {
    guard collected > wanted else { return }
    let candidates = buffer.pointer
    let worst = kthLargest(wanted, count: collected) { candidates[$0].rank }
    var equals = wanted &- worst.larger
    var kept = 0
    // Which of them stay cannot be foreseen: each is moved, and counted if it stays.
    for i in 0..<collected {
      let rank = candidates[i].rank
      let ties = rank == worst.key && equals > 0 ? 1 : 0
      equals &-= ties
      candidates[kept] = candidates[i]
      kept &+= (rank > worst.key ? 1 : 0) | ties
    }
    collected = kept
    least = worst.key
  }
}
