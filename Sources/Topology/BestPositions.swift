import Base
import Sparse

/// The free positions with the largest scores, of a matrix that passes by in ascending order of positions.
///
/// A buffer collects candidates; when it is full, the best `wanted` stay, in their order, and the least of them is what later
/// ones must exceed: a later equal has the higher position and would lose. So the result is exactly the best by score, ties
/// to the lower position, it is sorted, and time is linear in the positions.
final class BestPositions {
  private struct Candidate: BitwiseCopyable {
    var rank: UInt64
    var position: Position
  }

  private let buffer: Buffer<Candidate>
  private var wanted = 0
  private var scoreBytes = 8
  /// Candidates that trigger a selection.
  private var room = 0
  private var collected = 0
  /// What a rank must exceed, once there has been a selection.
  private var least: UInt64?

  /// - most: the most positions that will ever be wanted.
  init(most: Int) throws(Failure) {
    buffer = try Buffer(count: max(2 * most, 256), of: "topology method, candidates for growing")
  }

  var bytes: Int { buffer.bytes }

  /// Start over. - wanted: 1 ... most. - scoreBytes: of a score, 4 or 8.
  func begin(_ wanted: Int, scoreBytes: Int) {
    self.wanted = wanted
    self.scoreBytes = scoreBytes
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
      // Against a threshold that is a number, zero can stand for "taken".
      if let least, least > 0 {
        for slot in pattern.slots(row: row) where gone[slot] == 0 { values[pattern.column(slot)] = 0 }
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

  /// A row, 16 columns at a time. Most of these chunks hold no value above the threshold, which a few vector instructions
  /// tell. In the others each value is written behind the candidates and only counted if it is one: which of them are cannot
  /// be foreseen, and a wrong guess of a branch would cost more. NaN has larger bits than any number and is never counted.
  private func skim<Bits: FloatBits>(_ values: UnsafePointer<Bits>, _ row: Int, _ columns: Int) {
    var limit = self.limit(Bits.self)
    var column = 0
    while column &+ 16 <= columns {
      // The difference is negative, its highest bit set, where a magnitude is above the limit: both are without a sign.
      var above: Bits = 0
      for i in 0..<16 { above |= limit &- values[column &+ i].magnitudeBits }
      if above > Bits.max >> 1 {
        if collected &+ 16 <= room {
          let candidates = buffer.pointer
          var count = collected
          for c in column..<column &+ 16 {
            let magnitude = values[c].magnitudeBits
            candidates[count] = Candidate(rank: UInt64(magnitude) &+ 1, position: Position(row: row, column: c))
            let isAbove = (limit &- magnitude) &>> Bits(Bits.bitWidth &- 1)
            count &+= Int(truncatingIfNeeded: isAbove) & (magnitude <= .infinity ? 1 : 0)
          }
          collected = count
          if collected == room { select() }
        } else {
          for c in column..<column &+ 16 { offer(values[c].rank, row, c) }
        }
        limit = self.limit(Bits.self)
      }
      column &+= 16
    }
    while column < columns {
      offer(values[column].rank, row, column)
      column &+= 1
    }
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
    let worst = kthLargest(wanted, count: collected, bytes: scoreBytes) { candidates[$0].rank }
    var equals = wanted &- worst.larger
    var kept = 0
    for i in 0..<collected {
      let rank = candidates[i].rank
      if rank < worst.key { continue }
      if rank == worst.key {
        if equals == 0 { continue }
        equals &-= 1
      }
      candidates[kept] = candidates[i]
      kept &+= 1
    }
    collected = kept
    least = worst.key
  }
}
