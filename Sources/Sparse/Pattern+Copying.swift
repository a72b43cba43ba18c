extension Pattern {
  /// Copy the pattern out in slot order, counted from `base`. Pointers that are nil are passed over.
  /// - rowStart: receives rows + 1 offsets. - rowNumbers, columnNumbers: receive `connections` numbers each.
  package func copy(
    base: Int, rowStart: UnsafeMutablePointer<Int64>?, rowNumbers: UnsafeMutablePointer<Int32>?,
    columnNumbers: UnsafeMutablePointer<Int32>?
  ) {
    if let rowStart {
      for row in 0...rows { rowStart[row] = self.rowStart[row] &+ Int64(base) }
    }
    if let rowNumbers {
      for row in 0..<rows {
        for slot in slots(row: row) { rowNumbers[slot] = Int32(truncatingIfNeeded: row &+ base) }
      }
    }
    if let columnNumbers {
      for slot in 0..<connections { columnNumbers[slot] = Int32(truncatingIfNeeded: column(slot) &+ base) }
    }
  }

  /// The same for a dense matrix, whose pattern is never held in memory.
  /// - rowNumbers, columnNumbers: receive rows columns numbers each.
  package static func copyDense(
    rows: Int, columns: Int, base: Int, rowStart: UnsafeMutablePointer<Int64>?, rowNumbers: UnsafeMutablePointer<Int32>?,
    columnNumbers: UnsafeMutablePointer<Int32>?
  ) {
    if let rowStart {
      for row in 0...rows { rowStart[row] = Int64(row &* columns &+ base) }
    }
    for row in 0..<rows {
      for column in 0..<columns {
        rowNumbers?[row &* columns &+ column] = Int32(truncatingIfNeeded: row &+ base)
        columnNumbers?[row &* columns &+ column] = Int32(truncatingIfNeeded: column &+ base)
      }
    }
  }
}
