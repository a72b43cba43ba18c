import Base

/// Draws distinct positions of a rows x columns matrix, each set of free positions equally likely, with integer arithmetic
/// alone: the same seed gives the same positions on every machine.
package enum PositionSampler {
  /// Whether `sparse` is the better way to draw `count` positions beside `taken` ones: when at most every second draw is in
  /// vain, and a walk would pass eight positions or more for each one drawn.
  package static func prefersSparse(rows: Int, columns: Int, taken: Int, count: Int) -> Bool {
    let positions = rows * columns
    return count <= positions / 8 && taken + count <= positions / 2
  }

  /// Draw `count` positions by rejection: independent ones until `count` are distinct and free. For a small share of the
  /// matrix. O(count) expected time, nothing allocated.
  /// - positions: receives them, ascending. - scratch: room for `count`.
  /// - isTaken: whether a position may not be drawn; at least `count` must be free.
  package static func sparse(
    rows: Int, columns: Int, count: Int, positions: UnsafeMutablePointer<Position>,
    scratch: UnsafeMutablePointer<Position>, random: inout RandomSource, isTaken: (_ row: Int, _ column: Int) -> Bool
  ) {
    // Stopping at the count-th distinct one of a sequence of independent draws gives every set the same chance. A round
    // draws as many as are missing, so it can only stop there.
    var distinct = 0
    while distinct < count {
      for i in distinct..<count {
        var row: Int
        var column: Int
        repeat {
          row = random.below(rows)
          column = random.below(columns)
        } while isTaken(row, column)
        positions[i] = Position(row: row, column: column)
      }
      distinct = unite(positions, distinct, count, scratch: scratch)
    }
  }

  /// Make the ascending positions[0 ..< middle] and positions[middle ..< end], in any order, one ascending run without
  /// repetitions; returns its length. - scratch: room for `end`.
  package static func unite(
    _ positions: UnsafeMutablePointer<Position>, _ middle: Int, _ end: Int, scratch: UnsafeMutablePointer<Position>
  ) -> Int {
    Position.sort(positions + middle, count: end - middle, scratch: scratch)
    let count = merge(positions, middle, end, into: scratch)
    positions.update(from: scratch, count: count)
    return count
  }

  /// The union of the ascending positions[0 ..< middle] and positions[middle ..< end], ascending and each once.
  private static func merge(
    _ positions: UnsafePointer<Position>, _ middle: Int, _ end: Int, into union: UnsafeMutablePointer<Position>
  ) -> Int {
    var a = 0
    var b = middle
    var count = 0
    while a < middle || b < end {
      let next: Position
      if b == end || (a < middle && positions[a] < positions[b]) {
        next = positions[a]
        a &+= 1
      } else {
        next = positions[b]
        b &+= 1
      }
      if count == 0 || union[count &- 1] != next {
        union[count] = next
        count &+= 1
      }
    }
    return count
  }

  /// Draw `count` of the `free` positions by one walk over the matrix (selection sampling, Fan et al. 1962; Knuth's
  /// algorithm S). O(rows columns) time at most, no memory. The walk ends with the last one drawn.
  /// - isTaken: asked for positions in ascending order. - visit: given the drawn ones in ascending order.
  package static func inOrder(
    rows: Int, columns: Int, count: Int, free: Int, random: inout RandomSource,
    isTaken: (_ row: Int, _ column: Int) -> Bool, visit: (_ row: Int, _ column: Int) -> Void
  ) {
    var missing = count
    var left = free
    for row in 0..<rows {
      for column in 0..<columns {
        if missing == 0 { return }
        if isTaken(row, column) { continue }
        if random.below(left) < missing {
          visit(row, column)
          missing &-= 1
        }
        left &-= 1
      }
    }
  }
}
