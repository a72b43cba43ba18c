import Base
import Sparse
import Testing

@Suite struct PlacementTests {
  /// Rows begin anywhere, columns lie three apart.
  private func placement(_ rows: Int, _ columns: Int) throws -> Placement {
    try Placement(
      rows: rows, columns: columns, features: 3 * columns + 10, owner: "test", rowOffset: { $0 * 7 % 11 },
      columnOffset: { 3 * $0 })
  }

  private func isPlaced(_ pattern: Pattern) -> Bool {
    guard let placed = pattern.placed else { return false }
    let wanted = positions(pattern).map { Position(row: $0.row, column: $0.row * 7 % 11 + 3 * $0.column) }
    return positions(placed) == wanted && placed.violation() == nil && placed.capacity == pattern.capacity
  }

  /// The placed pattern follows changes in place, and copies have one of their own.
  @Test func thePlacedPatternFollows() throws {
    for (seed, shape) in uglyShapes.enumerated() {
      var random = RandomSource(seed: UInt64(seed), stream: 4)
      let placement = try placement(shape.rows, shape.columns)
      let pattern = try Pattern(
        rows: shape.rows, columns: shape.columns, connections: shape.connections, capacity: shape.connections + 3,
        random: &random)
      #expect(pattern.placed == nil)
      try pattern.place(by: placement, owner: "test")
      #expect(isPlaced(pattern))
      let copy = try Pattern(copying: pattern, capacity: pattern.capacity + 2)
      #expect(isPlaced(copy))
      let some = try Pattern(
        rows: shape.rows, columns: shape.columns, of: pattern, kept: (shape.connections + 1) / 2, isKept: { $0 % 2 == 0 })
      #expect(isPlaced(some))
      let dropped = stride(from: 0, to: shape.connections, by: 3).map { Int64($0) }
      let before = positions(pattern)
      let grown = dropped.map { before[Int($0)] }.suffix(dropped.count / 2)
      var slots = [Int64](repeating: 0, count: grown.count + 1)
      dropped.withUnsafeBufferPointer { dropped in
        Array(grown).withUnsafeBufferPointer { grown in
          slots.withUnsafeMutableBufferPointer {
            _ = pattern.change(dropping: dropped, growing: grown, slots: $0.baseAddress!)
          }
        }
      }
      #expect(isPlaced(pattern))
      if pattern.connections > 0 {
        copy.refill(from: pattern, count: pattern.connections, isKept: { _ in true })
        #expect(isPlaced(copy) && positions(copy) == positions(pattern))
      }
    }
  }

  @Test func fullPatternsArePlaced() throws {
    let placement = try placement(4, 5)
    let full = try Pattern(fullRows: 4, columns: 5, placement: placement)
    #expect(isPlaced(full))
    #expect(positions(try Pattern(full: placement, owner: "test")) == full.placed.map(positions))
    let some = try Pattern(rows: 4, columns: 5, of: nil, kept: 3, placement: placement, isKept: { $0 > 16 })
    #expect(isPlaced(some) && positions(some).map(\.column) == [2, 3, 4])
  }
}
