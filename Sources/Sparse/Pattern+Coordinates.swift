import Base

extension Pattern {
  /// A pattern as the caller described it, and how the caller's entries are ordered in it.
  package struct Sorted {
    package let pattern: Pattern
    /// Entry number (from 0) of each slot: the value of slot s is values[order[s]].
    package let order: Buffer<UInt32>
  }

  /// From coordinates in any order.
  /// - rowNumbers, columnNumbers: of each connection, from `base`, the same number of both. - base: 0 or 1.
  /// - Throws: `invalidArgument` when an index is out of range or a position occurs twice, naming the entry in the caller's
  ///   numbering: "linear layer 2: columns[12] must be in 1 .. 784, got 785 (its row is 3)"; `outOfMemory`.
  package static func coordinates(
    rows: Int, columns: Int, rowNumbers: UnsafeBufferPointer<Int32>, columnNumbers: UnsafeBufferPointer<Int32>, base: Int,
    owner: String = "pattern"
  ) throws(Failure) -> Sorted {
    try check(base: base, owner: owner)
    guard rowNumbers.count == columnNumbers.count else {
      throw Failure(
        .invalidArgument, "\(owner): as many rows as columns are needed, got \(rowNumbers.count) and \(columnNumbers.count)")
    }
    let entries = try Entries(rows: rows, columns: columns, connections: rowNumbers.count, base: base, owner: owner)
    for entry in 0..<rowNumbers.count {
      try entries.put(entry, row: Int(rowNumbers[entry]), column: Int(columnNumbers[entry]))
    }
    return try entries.sorted()
  }

  /// From compressed rows.
  /// - rowStart: rows + 1 offsets from `base` that do not decrease, the first equal to `base`.
  /// - columnNumbers: rowStart[rows] - base columns from `base`, in a row in any order. - base: 0 or 1.
  /// - Throws: `invalidArgument` when the offsets are wrong, a column is out of range or occurs twice in a row;
  ///   `outOfMemory`. Columns are read only after the offsets were found right.
  package static func compressedRows(
    rows: Int, columns: Int, rowStart: UnsafePointer<Int64>, columnNumbers: UnsafePointer<Int32>, base: Int,
    owner: String = "pattern"
  ) throws(Failure) -> Sorted {
    try check(base: base, owner: owner)
    try check(rows: rows, columns: columns, connections: 1, owner: owner)
    guard rowStart[0] == Int64(base) else {
      throw Failure(.invalidArgument, "\(owner): row_start[\(base)] must be \(base), the base, got \(rowStart[0])")
    }
    for row in 0..<rows where rowStart[row + 1] < rowStart[row] {
      throw Failure(
        .invalidArgument,
        "\(owner): row_start must not decrease, but row_start[\(row + base)] is \(rowStart[row]) and "
          + "row_start[\(row + 1 + base)] is \(rowStart[row + 1])")
    }
    for row in 0..<rows where rowStart[row + 1] - rowStart[row] > columns {
      throw Failure(
        .invalidArgument,
        "\(owner): row \(row + base) has \(columns) columns, but row_start gives it "
          + "\(rowStart[row + 1] - rowStart[row]) connections")
    }
    let connections = Int(rowStart[rows]) - base
    let entries = try Entries(rows: rows, columns: columns, connections: connections, base: base, owner: owner)
    for row in 0..<rows {
      for entry in Int(rowStart[row]) - base..<Int(rowStart[row + 1]) - base {
        try entries.put(entry, row: row + base, column: Int(columnNumbers[entry]))
      }
    }
    return try entries.sorted()
  }

  private static func check(base: Int, owner: String) throws(Failure) {
    guard base == 0 || base == 1 else { throw Failure(.invalidArgument, "\(owner): base must be 0 or 1, got \(base)") }
  }

  /// The caller's entries on their way to being sorted.
  private struct Entries {
    let rows: Int
    let columns: Int
    let base: Int
    let owner: String
    let positions: Buffer<Position>
    let order: Buffer<UInt32>

    init(rows: Int, columns: Int, connections: Int, base: Int, owner: String) throws(Failure) {
      try check(rows: rows, columns: columns, connections: connections, owner: owner)
      self.rows = rows
      self.columns = columns
      self.base = base
      self.owner = owner
      positions = try Buffer(count: connections, of: "\(owner), pattern given by the caller")
      order = try Buffer(count: connections, of: "\(owner), pattern given by the caller")
    }

    /// Check and keep an entry. - row, column: from `base`.
    func put(_ entry: Int, row: Int, column: Int) throws(Failure) {
      let (r, c) = (row - base, column - base)
      guard r >= 0, r < rows else {
        throw Failure(
          .invalidArgument,
          "\(owner): rows[\(entry + base)] must be in \(base) .. \(rows - 1 + base), got \(row) "
            + "(columns[\(entry + base)] is \(column))")
      }
      guard c >= 0, c < columns else {
        throw Failure(
          .invalidArgument,
          "\(owner): columns[\(entry + base)] must be in \(base) .. \(columns - 1 + base), got \(column) "
            + "(its row is \(row))")
      }
      positions.pointer[entry] = Position(row: r, column: c)
      order.pointer[entry] = UInt32(truncatingIfNeeded: entry)
    }

    func sorted() throws(Failure) -> Sorted {
      let count = positions.count
      do {
        let scratch = try Buffer<Position>(count: count, of: "\(owner), sorting a pattern")
        let orderScratch = try Buffer<UInt32>(count: count, of: "\(owner), sorting a pattern")
        Position.sort(
          positions.pointer, count: count, scratch: scratch.pointer, payload: order.pointer,
          payloadScratch: orderScratch.pointer)
      }
      for slot in 1..<max(count, 1) where positions.pointer[slot] == positions.pointer[slot - 1] {
        let position = positions.pointer[slot]
        throw Failure(
          .invalidArgument,
          "\(owner): the connection of row \(position.row + base) and column \(position.column + base) is given twice, "
            + "by entries \(Int(order.pointer[slot - 1]) + base) and \(Int(order.pointer[slot]) + base)")
      }
      let pattern = try Pattern(rows: rows, columns: columns, connections: count, capacity: nil, owner: owner)
      pattern.fill(sorted: positions.pointer)
      pattern.deriveIndices()
      return Sorted(pattern: pattern, order: order)
    }
  }
}
