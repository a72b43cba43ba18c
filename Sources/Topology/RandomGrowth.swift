import Base
import Machine
import Sparse

/// Grows at random: every set of free positions is equally likely. Time is O(connections + count), whatever the size of the
/// matrix: by rejection where free positions abound, by a walk where the matrix is not much larger than the pattern.
final class RandomGrowth<T: Scalar>: GrowthCriterion {
  private let scratch: Buffer<Position>

  init(pattern: Pattern) throws(Failure) {
    scratch = try Buffer(count: pattern.capacity, of: "topology method, scratch for growing")
  }

  var needsGradient: Bool { false }
  var bytes: Int { scratch.bytes }

  func choose(
    _ count: Int, pattern: Pattern, gone: UnsafePointer<UInt8>, gradients: any DenseGradientSource<T>,
    random: inout RandomSource, positions: UnsafeMutablePointer<Position>
  ) {
    let (rows, columns) = (pattern.rows, pattern.columns)
    if PositionSampler.prefersSparse(rows: rows, columns: columns, taken: pattern.connections, count: count) {
      PositionSampler.sparse(
        rows: rows, columns: columns, count: count, positions: positions, scratch: scratch.pointer, random: &random,
        isTaken: { row, column in
          guard let slot = pattern.slot(row: row, column: column) else { return false }
          return gone[slot] == 0
        })
      return
    }
    var staying = 0
    for slot in 0..<pattern.connections where gone[slot] == 0 { staying &+= 1 }
    var slot = 0
    var chosen = 0
    PositionSampler.inOrder(
      rows: rows, columns: columns, count: count, free: rows * columns - staying, random: &random,
      isTaken: { row, column in
        guard slot < pattern.rowStart[row &+ 1], pattern.column(slot) == column else { return false }
        slot &+= 1
        return gone[slot &- 1] == 0
      },
      visit: { row, column in
        positions[chosen] = Position(row: row, column: column)
        chosen &+= 1
      })
  }
}
