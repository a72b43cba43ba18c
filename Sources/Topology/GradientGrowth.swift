import Base
import Machine
import Sparse

/// Grows where |dL/dW| is largest; between equals the lower position wins. NaN is smaller than any number.
///
/// The gradient passes by a few rows at a time, so that memory is linear in connections and columns; see ``BestPositions``.
final class GradientGrowth<T: Scalar>: GrowthCriterion {
  private let best: BestPositions
  /// Some rows of the gradient.
  let block: Buffer<T>
  let rowsOfBlock: Int

  init(pattern: Pattern) throws(Failure) {
    best = try BestPositions(most: pattern.capacity)
    // Enough rows to make a matrix product worth while, and few enough to be in the second-level cache when scanned.
    rowsOfBlock = max(1, min(pattern.rows, (1 << 17) / pattern.columns))
    block = try Buffer(count: rowsOfBlock * pattern.columns, of: "topology method, rows of the gradient")
  }

  var needsGradient: Bool { true }

  func visit(_ visitor: inout some StateVisitor) {
    visitor.part("best", best)
    visitor.scratch(block)
  }

  @_specialize(where T == Float)
  @_specialize(where T == Double)
  func choose(
    _ count: Int, _ context: GrowthContext<T>, random: inout RandomSource, positions: UnsafeMutablePointer<Position>
  ) throws(Failure) {
    try choose(count, context, positions)
  }

  // Apart from what is specialised: a generic function asks for the metadata of its locals first.
  @inline(never)
  private func choose(
    _ count: Int, _ context: GrowthContext<T>, _ positions: UnsafeMutablePointer<Position>
  ) throws(Failure) {
    let pattern = context.subject.pattern
    best.begin(count)
    for begin in stride(from: 0, to: pattern.rows, by: rowsOfBlock) {
      let rows = rows(from: begin, pattern)
      try context.growthScores(rows: rows, into: block.pointer)
      let bits = UnsafeMutableRawPointer(block.pointer)
      if T.bits == 32 {
        best.scan(bits.assumingMemoryBound(to: UInt32.self), rows, pattern, context.taken)
      } else {
        best.scan(bits.assumingMemoryBound(to: UInt64.self), rows, pattern, context.taken)
      }
    }
    best.end(positions)
  }

  /// The rows of a block that begins with `begin`; those begin at multiples of `rowsOfBlock`.
  func rows(from begin: Int, _ pattern: Pattern) -> Range<Int> { begin..<min(begin + rowsOfBlock, pattern.rows) }
}
