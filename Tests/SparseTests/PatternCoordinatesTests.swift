import Base
import Sparse
import Testing

@Suite struct PatternCoordinatesTests {
  /// W of ALGORITHMS: [[0,3,0,7],[8,0,0,0],[0,0,2,0],[5,0,0,9]].
  static let rowStart: [Int64] = [0, 2, 3, 4, 6]
  static let columns: [Int32] = [1, 3, 0, 2, 0, 3]

  static func coordinates(
    _ rows: Int, _ columns: Int, _ r: [Int32], _ c: [Int32], base: Int
  ) throws -> Pattern.Sorted {
    try r.withUnsafeBufferPointer { r in
      try c.withUnsafeBufferPointer { c in
        try Pattern.coordinates(
          rows: rows, columns: columns, rowNumbers: r, columnNumbers: c, base: base, owner: "linear layer 2")
      }
    }
  }

  static func compressedRows(
    _ rows: Int, _ columns: Int, _ start: [Int64], _ c: [Int32], base: Int
  ) throws -> Pattern.Sorted {
    try Pattern.compressedRows(
      rows: rows, columns: columns, rowStart: start, columnNumbers: c, base: base, owner: "linear layer 2")
  }

  func expectReference(_ pattern: Pattern) {
    let n = pattern.connections
    #expect((0...4).map { pattern.rowStart[$0] } == Self.rowStart)
    #expect((0..<n).map { Int32(pattern.column($0)) } == Self.columns)
    #expect((0...4).map { pattern.columnStart[$0] } == [0, 2, 3, 4, 6])
    #expect((0..<n).map { pattern.rowIndex.load(fromByteOffset: 2 * $0, as: UInt16.self) } == [1, 3, 0, 2, 0, 3])
    #expect((0..<n).map { pattern.slot[$0] } == [2, 4, 0, 3, 1, 5])
    #expect(pattern.violation() == nil)
  }

  @Test(arguments: [0, 1]) func aMatrixGivenInAnyOrderHasItsIndices(base: Int) throws {
    let b = Int32(base)
    let shuffled = try Self.coordinates(
      4, 4, [3, 0, 2, 0, 1, 3].map { $0 + b }, [3, 3, 2, 1, 0, 0].map { $0 + b }, base: base)
    expectReference(shuffled.pattern)
    #expect(Array(shuffled.order.span) == [3, 1, 4, 2, 5, 0])
    let rows = try Self.compressedRows(
      4, 4, Self.rowStart.map { $0 + Int64(base) }, [3, 1, 0, 2, 3, 0].map { $0 + b }, base: base)
    expectReference(rows.pattern)
    #expect(Array(rows.order.span) == [1, 0, 2, 3, 5, 4])
  }

  @Test func whatIsCopiedOutMakesTheSamePatternAgain() throws {
    for (seed, shape) in uglyShapes.enumerated() {
      var random = RandomSource(seed: UInt64(seed), stream: 5)
      let pattern = try Pattern(
        rows: shape.rows, columns: shape.columns, connections: shape.connections, random: &random)
      for base in [0, 1] {
        var start = [Int64](repeating: -1, count: shape.rows + 1)
        var rows = [Int32](repeating: -1, count: shape.connections)
        var columns = rows
        pattern.copy(base: base, rowStart: &start, rowNumbers: &rows, columnNumbers: &columns)
        pattern.copy(base: base, rowStart: nil, rowNumbers: nil, columnNumbers: nil)
        let again = try Self.compressedRows(shape.rows, shape.columns, start, columns, base: base).pattern
        #expect(positions(again) == positions(pattern))
        let places = Array(0..<shape.connections).shuffled(using: &random)
        let shuffled = try Self.coordinates(
          shape.rows, shape.columns, places.map { rows[$0] }, places.map { columns[$0] }, base: base)
        #expect(positions(shuffled.pattern) == positions(pattern))
        #expect(shuffled.order.span.map { places[Int($0)] } == Array(0..<shape.connections))
        #expect(shuffled.pattern.violation() == nil)
      }
    }
  }

  @Test func aDenseMatrixIsCopiedOutWithoutBeingHeld() {
    var start = [Int64](repeating: -1, count: 3)
    var rows = [Int32](repeating: -1, count: 6)
    var columns = rows
    Pattern.copyDense(rows: 2, columns: 3, base: 1, rowStart: &start, rowNumbers: &rows, columnNumbers: &columns)
    #expect(start == [1, 4, 7])
    #expect(rows == [1, 1, 1, 2, 2, 2])
    #expect(columns == [1, 2, 3, 1, 2, 3])
  }

  @Test func wrongCoordinatesAreNamedInTheCallersNumbering() {
    func message(_ r: [Int32], _ c: [Int32], base: Int) -> String? {
      let failure = failure { _ = try Self.coordinates(3, 4, r, c, base: base) }
      #expect(failure?.kind == .invalidArgument)
      return failure?.message
    }
    #expect(message([1, 4], [1, 2], base: 1) == "linear layer 2: rows[2] must be in 1 .. 3, got 4 (columns[2] is 2)")
    #expect(message([1, 3], [1, 2], base: 0) == "linear layer 2: rows[1] must be in 0 .. 2, got 3 (columns[1] is 2)")
    #expect(message([1, 0], [1, 2], base: 1) == "linear layer 2: rows[2] must be in 1 .. 3, got 0 (columns[2] is 2)")
    #expect(message([1, .min], [1, 2], base: 1)?.contains("got -2147483648") == true)
    #expect(message([1, 2], [5, 2], base: 1) == "linear layer 2: columns[1] must be in 1 .. 4, got 5 (its row is 1)")
    #expect(message([0], [-1], base: 0) == "linear layer 2: columns[0] must be in 0 .. 3, got -1 (its row is 0)")
    #expect(
      message([2, 1, 3, 1], [4, 2, 1, 2], base: 1)
        == "linear layer 2: the connection of row 1 and column 2 is given twice, by entries 2 and 4")
    #expect(message([0], [0], base: 2) == "linear layer 2: base must be 0 or 1, got 2")
    #expect(message([0, 1], [0], base: 0) == "linear layer 2: as many rows as columns are needed, got 2 and 1")
    #expect(
      message([], [], base: 0) == "linear layer 2: connections of a 3 x 4 pattern must be in 1 .. 12, got 0")
  }

  @Test func wrongCompressedRowsAreNamedInTheCallersNumbering() {
    func message(_ start: [Int64], _ c: [Int32], base: Int) -> String? {
      let failure = failure { _ = try Self.compressedRows(3, 4, start, c, base: base) }
      #expect(failure?.kind == .invalidArgument)
      return failure?.message
    }
    #expect(message([0, 1, 2, 3], [1, 1, 1], base: 1) == "linear layer 2: row_start[1] must be 1, the base, got 0")
    #expect(
      message([0, 2, 1, 3], [0, 1, 2], base: 0)
        == "linear layer 2: row_start must not decrease, but row_start[1] is 2 and row_start[2] is 1")
    #expect(
      message([1, 1, 6, 6], [1, 2, 3, 4, 1], base: 1)
        == "linear layer 2: row 2 has 4 columns, but row_start gives it 5 connections")
    // Absurd offsets are refused before a column is read.
    #expect(message([0, .max, .max, .max], [0], base: 0)?.contains("gives it 9223372036854775807") == true)
    #expect(message([0, 1, .min, 3], [0], base: 0)?.contains("must not decrease") == true)
    #expect(
      message([1, 2, 3, 4], [1, 0, 1], base: 1)
        == "linear layer 2: columns[2] must be in 1 .. 4, got 0 (its row is 2)")
    #expect(
      message([1, 3, 4, 4], [2, 2, 1], base: 1)
        == "linear layer 2: the connection of row 1 and column 2 is given twice, by entries 1 and 2")
    #expect(message([0, 0, 0, 0], [], base: 0)?.contains("connections of a 3 x 4 pattern") == true)
  }
}
