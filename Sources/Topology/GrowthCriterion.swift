import Base
import Machine
import Sparse

/// What a growth criterion is given to choose by.
struct GrowthContext<T: Scalar> {
  let subject: any TopologyLayer<T>
  /// One a slot: 0 for connections whose positions are taken.
  let taken: UnsafePointer<UInt8>
  /// Positions without a connection that stays.
  let free: Int
  /// What may make other scores of the gradient.
  let callers: CallerScores<T>

  /// The growth scores of every position of some rows, row-major.
  func growthScores(rows: Range<Int>, into scores: UnsafeMutablePointer<T>) throws(Failure) {
    try subject.growthScores(rows: rows, into: scores)
    try callers.growthScores(rows: rows, in: scores)
  }
}

extension Pattern {
  /// Whether a position has a connection whose mark is 0. Not of GrowthContext, whose metadata closures would ask for.
  func isTaken(_ row: Int, _ column: Int, _ marks: UnsafePointer<UInt8>) -> Bool {
    guard let slot = slot(row: row, column: column) else { return false }
    return marks[slot] == 0
  }
}

/// Chooses positions to connect. A class, so that passing one as `any` allocates nothing.
protocol GrowthCriterion<T>: Stateful {
  associatedtype T: Scalar

  /// Whether it asks for the dense gradient.
  var needsGradient: Bool { get }

  /// Choose `count` free positions: those without a connection, and those whose slot is not marked 0. Nothing is allocated.
  /// - count: 1 ... context.free.
  /// - positions: receives them, ascending.
  /// - Throws: `stopped` when a function of the caller's asked for it.
  func choose(
    _ count: Int, _ context: GrowthContext<T>, random: inout RandomSource, positions: UnsafeMutablePointer<Position>
  ) throws(Failure)
}
