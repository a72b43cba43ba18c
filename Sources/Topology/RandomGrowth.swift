import Base
import Machine
import Sparse

/// Grows at random: every set of free positions is equally likely, or, given the positions explored so far, every set of
/// never connected ones, and others only when these run out (ITOP's "random_unfired").
///
/// Time is O(connections + count) whatever the size of the matrix where free positions abound, by rejection; by a walk where
/// the matrix is not much larger than what is taken.
final class RandomGrowth<T: Scalar>: GrowthCriterion {
  private let scratch: Buffer<Position>
  private let explored: Explored?

  init(capacity: Int, explored: Explored? = nil) throws(Failure) {
    scratch = try Buffer(count: capacity, of: "topology method, scratch for growing")
    self.explored = explored
  }

  var needsGradient: Bool { false }
  func visit(_ visitor: inout some StateVisitor) { visitor.scratch(scratch) }

  @_specialize(where T == Float)
  @_specialize(where T == Double)
  func choose(
    _ count: Int, _ context: GrowthContext<T>, random: inout RandomSource, positions: UnsafeMutablePointer<Position>
  ) throws(Failure) { draw(count, context, &random, positions) }

  // Apart from what is specialised: a generic function asks for the metadata of its locals first.
  @inline(never)
  private func draw(
    _ count: Int, _ context: GrowthContext<T>, _ random: inout RandomSource, _ positions: UnsafeMutablePointer<Position>
  ) {
    let pattern = context.subject.pattern
    guard let explored else {
      return drawFree(count, pattern, context, random: &random, into: positions)
    }
    guard explored.isExact else {
      explored.prepare(pattern)
      return drawFresh(count, pattern, explored, random: &random, into: positions)
    }
    let unfired = pattern.rows * pattern.columns - explored.count
    let fresh = min(count, unfired)
    if fresh > 0 { drawUnfired(fresh, unfired, pattern, explored, random: &random, into: positions) }
    if fresh < count {
      drawFired(count - fresh, context.free - unfired, pattern, context, explored, random: &random, into: positions + fresh)
      Position.sort(positions, count: count, scratch: scratch.pointer)
    }
  }

  private func drawFree(
    _ count: Int, _ pattern: Pattern, _ context: GrowthContext<T>, random: inout RandomSource,
    into positions: UnsafeMutablePointer<Position>
  ) {
    let (rows, columns, taken) = (pattern.rows, pattern.columns, context.taken)
    if PositionSampler.prefersSparse(rows: rows, columns: columns, taken: pattern.connections, count: count) {
      PositionSampler.sparse(
        rows: rows, columns: columns, count: count, positions: positions, scratch: scratch.pointer, random: &random,
        isTaken: { pattern.isTaken($0, $1, taken) })
    } else {
      walk(count, context.free, pattern, random: &random, into: positions) { slot, _, _ in
        slot.map { taken[$0] == 0 } ?? false
      }
    }
  }

  private func drawUnfired(
    _ count: Int, _ unfired: Int, _ pattern: Pattern, _ explored: Explored, random: inout RandomSource,
    into positions: UnsafeMutablePointer<Position>
  ) {
    let (rows, columns) = (pattern.rows, pattern.columns)
    if PositionSampler.prefersSparse(rows: rows, columns: columns, taken: explored.count, count: count) {
      drawFresh(count, pattern, explored, random: &random, into: positions)
    } else {
      walk(count, unfired, pattern, random: &random, into: positions) { _, row, column in explored.contains(row, column) }
    }
  }

  /// By rejection: where most positions are not explored, or, in a layer so sparse that only the last ones are known, are not
  /// taken for explored.
  private func drawFresh(
    _ count: Int, _ pattern: Pattern, _ explored: Explored, random: inout RandomSource,
    into positions: UnsafeMutablePointer<Position>
  ) {
    PositionSampler.sparse(
      rows: pattern.rows, columns: pattern.columns, count: count, positions: positions, scratch: scratch.pointer,
      random: &random, isTaken: { explored.contains($0, $1) })
  }

  private func drawFired(
    _ count: Int, _ free: Int, _ pattern: Pattern, _ context: GrowthContext<T>, _ explored: Explored,
    random: inout RandomSource, into positions: UnsafeMutablePointer<Position>
  ) {
    let taken = context.taken
    walk(count, free, pattern, random: &random, into: positions) { slot, row, column in
      if let slot, taken[slot] == 0 { return true }
      return !explored.contains(row, column)
    }
  }

  /// - isTaken: asked in ascending order, given the slot of a position that has one.
  private func walk(
    _ count: Int, _ free: Int, _ pattern: Pattern, random: inout RandomSource,
    into positions: UnsafeMutablePointer<Position>, isTaken: (_ slot: Int?, _ row: Int, _ column: Int) -> Bool
  ) {
    var slot = 0
    var chosen = 0
    PositionSampler.inOrder(
      rows: pattern.rows, columns: pattern.columns, count: count, free: free, random: &random,
      isTaken: { row, column in
        guard slot < pattern.rowStart[row &+ 1], pattern.column(slot) == column else { return isTaken(nil, row, column) }
        slot &+= 1
        return isTaken(slot &- 1, row, column)
      },
      visit: { row, column in
        positions[chosen] = Position(row: row, column: column)
        chosen &+= 1
      })
  }
}
