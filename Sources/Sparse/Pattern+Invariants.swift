import KernelInterface

extension Pattern {
  /// The first violation of what holds for every pattern, in words, or nil. For tests: O(connections) and it allocates.
  package func violation() -> String? {
    guard rows >= 1, columns >= 1, connections <= capacity else { return "sizes" }
    guard rowStart[0] == 0, rowStart[rows] == Int64(connections) else { return "row starts do not span the slots" }
    guard columnStart[0] == 0, columnStart[columns] == Int64(connections) else {
      return "column starts do not span the entries"
    }
    for row in 0..<rows {
      guard rowStart[row] <= rowStart[row + 1] else { return "row start \(row + 1) decreases" }
      for slot in slots(row: row) {
        guard column(slot) < columns else { return "column of slot \(slot) is out of range" }
        if slot > rowStart[row], column(slot) <= column(slot - 1) { return "columns of row \(row) do not ascend" }
      }
    }
    var seen = [Bool](repeating: false, count: connections)
    for column in 0..<columns {
      guard columnStart[column] <= columnStart[column + 1] else { return "column start \(column + 1) decreases" }
      var previous = -1
      for entry in Int(columnStart[column])..<Int(columnStart[column + 1]) {
        let row =
          indexBytes == 2
          ? Int(rowIndex.load(fromByteOffset: 2 * entry, as: UInt16.self))
          : Int(rowIndex.load(fromByteOffset: 4 * entry, as: UInt32.self))
        let slot = Int(self.slot[entry])
        guard row > previous, row < rows else { return "rows of column \(column) do not ascend" }
        previous = row
        guard slot < connections, !seen[slot] else { return "slot \(slot) is not entered just once" }
        seen[slot] = true
        guard slots(row: row).contains(slot), self.column(slot) == column else {
          return "entry \(entry) says row \(row), column \(column) of slot \(slot)"
        }
      }
    }
    guard let bitmap else { return nil }
    let bytes = bitmapBytes(columns: columns)
    for row in 0..<rows {
      for column in 0..<(8 * bytes) {
        let isSet = bitmap[row * bytes + column / 8] >> UInt8(truncatingIfNeeded: column % 8) & 1 != 0
        let isConnected = column < columns && slot(row: row, column: column) != nil
        if isSet != isConnected { return "the bit of row \(row), column \(column) is \(isSet)" }
      }
    }
    return nil
  }
}
