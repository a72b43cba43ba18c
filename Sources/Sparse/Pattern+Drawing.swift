import Base

extension Pattern {
  /// A pattern with exactly `connections` connections, every such pattern equally likely. Time and memory are linear in
  /// connections + rows + columns.
  /// - capacity: slots to make room for; nil: just as many as there are.
  /// - Throws: `invalidArgument` when a size is out of range, `outOfMemory`; messages start with `owner`.
  package convenience init(
    rows: Int, columns: Int, connections: Int, capacity: Int? = nil, random: inout RandomSource, owner: String = "pattern"
  ) throws(Failure) {
    try self.init(rows: rows, columns: columns, connections: connections, capacity: capacity, owner: owner)
    if PositionSampler.prefersSparse(rows: rows, columns: columns, taken: 0, count: connections) {
      let positions = try Buffer<Position>(count: connections, of: "\(owner), drawing a pattern")
      let scratch = try Buffer<Position>(count: connections, of: "\(owner), drawing a pattern")
      PositionSampler.sparse(
        rows: rows, columns: columns, count: connections, positions: positions.pointer, scratch: scratch.pointer,
        random: &random, isTaken: { _, _ in false })
      fill(sorted: positions.pointer)
    } else if indexBytes == 2 {
      drawInOrder(UInt16.self, random: &random)
    } else {
      drawInOrder(UInt32.self, random: &random)
    }
    deriveIndices()
  }

  /// A pattern in which every row has the same number of connections, constantFanIn / rows, rounded down, every such pattern
  /// equally likely; with fewer connections than rows, so many rows have one and the others none.
  /// - constantFanIn: connections to share out, 1 ... rows columns. - Throws: as above.
  package convenience init(
    rows: Int, columns: Int, constantFanIn: Int, random: inout RandomSource, owner: String = "pattern"
  ) throws(Failure) {
    try Self.check(rows: rows, columns: columns, connections: constantFanIn, owner: owner)
    let fanIn = max(1, constantFanIn / rows)
    try self.init(
      rows: rows, columns: columns, connections: constantFanIn < rows ? constantFanIn : fanIn * rows, capacity: nil,
      owner: owner)
    let positions = try Buffer<Position>(count: connections, of: "\(owner), drawing a pattern")
    let scratch = try Buffer<Position>(count: fanIn, of: "\(owner), drawing a pattern")
    var drawn = 0
    for row in 0..<rows {
      // Every set of rows equally likely, where not all have connections.
      if connections < rows, random.below(rows - row) >= connections - drawn { continue }
      let begin = positions.pointer + drawn
      if PositionSampler.prefersSparse(rows: 1, columns: columns, taken: 0, count: fanIn) {
        PositionSampler.sparse(
          rows: 1, columns: columns, count: fanIn, positions: begin, scratch: scratch.pointer, random: &random,
          isTaken: { _, _ in false })
      } else {
        var next = 0
        PositionSampler.inOrder(
          rows: 1, columns: columns, count: fanIn, free: columns, random: &random, isTaken: { _, _ in false },
          visit: { _, column in
            begin[next] = Position(row: 0, column: column)
            next += 1
          })
      }
      for i in 0..<fanIn { begin[i] = Position(row: row, column: begin[i].column) }
      drawn += fanIn
    }
    fill(sorted: positions.pointer)
    deriveIndices()
  }

  private func drawInOrder<Index: PatternIndex>(_: Index.Type, random: inout RandomSource) {
    let numbers = columnNumbers(Index.self)
    var slot = 0
    PositionSampler.inOrder(
      rows: rows, columns: columns, count: connections, free: rows * columns, random: &random,
      isTaken: { _, _ in false },
      visit: { row, column in
        numbers[slot] = Index(truncatingIfNeeded: column)
        slot += 1
        firstSlots[row + 1] += 1
      })
    sumFirstSlots()
  }

  /// Compressed rows from `connections` ascending positions. The row starts must be zero.
  func fill(sorted positions: UnsafePointer<Position>) {
    if indexBytes == 2 { fill(UInt16.self, positions) } else { fill(UInt32.self, positions) }
  }

  private func fill<Index: PatternIndex>(_: Index.Type, _ positions: UnsafePointer<Position>) {
    let numbers = columnNumbers(Index.self)
    for slot in 0..<connections {
      numbers[slot] = Index(truncatingIfNeeded: positions[slot].column)
      firstSlots[positions[slot].row &+ 1] &+= 1
    }
    sumFirstSlots()
  }

  /// Row lengths (at row + 1) -> row starts.
  private func sumFirstSlots() {
    for row in 0..<rows { firstSlots[row &+ 1] &+= firstSlots[row] }
  }
}
