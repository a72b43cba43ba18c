import Base

extension Pattern {
  /// The same connections in storage of another size.
  /// - capacity: slots to make room for, >= connections. - Throws: `invalidArgument`, `outOfMemory`.
  package convenience init(copying other: Pattern, capacity: Int, owner: String = "pattern") throws(Failure) {
    try self.init(
      rows: other.rows, columns: other.columns, connections: other.connections, capacity: capacity, owner: owner)
    fill(from: other, isKept: { _ in true })
    try place(by: other.placement, owner: owner)
  }

  /// Every position connected.
  /// - placement: what they read, if not their columns.
  /// - Throws: `invalidArgument` for more positions than slots can be numbered, `outOfMemory`.
  package convenience init(
    fullRows rows: Int, columns: Int, placement: Placement? = nil, owner: String = "pattern"
  ) throws(Failure) {
    try self.init(rows: rows, columns: columns, connections: rows * columns, capacity: nil, owner: owner)
    var slot = 0
    for row in 0..<rows {
      for column in 0..<columns {
        setColumn(column, of: slot)
        slot += 1
      }
      firstSlots[row + 1] = Int64(slot)
    }
    deriveIndices()
    try place(by: placement, owner: owner)
  }

  /// Some of the connections of another pattern.
  /// - other: nil stands for the full pattern of `rows` x `columns`. - placement: what they read, if that is not their columns;
  ///   of `other` when there is one.
  /// - kept: how many are kept, >= 1. - isKept: asked once for every slot of `other`, ascending.
  /// - capacity: slots to make room for; nil: just as many as are kept.
  /// - Throws: `invalidArgument`, `outOfMemory`.
  package convenience init(
    rows: Int, columns: Int, of other: Pattern?, kept: Int, capacity: Int? = nil, placement: Placement? = nil,
    owner: String = "pattern", isKept: (Int) -> Bool
  ) throws(Failure) {
    try self.init(rows: rows, columns: columns, connections: kept, capacity: capacity, owner: owner)
    if let other {
      fill(from: other, isKept: isKept)
      try place(by: other.placement, owner: owner)
      return
    }
    var next = 0
    for row in 0..<rows {
      for column in 0..<columns where isKept(row &* columns &+ column) {
        setColumn(column, of: next)
        next &+= 1
      }
      firstSlots[row &+ 1] = Int64(next)
    }
    deriveIndices()
    try place(by: placement, owner: owner)
  }

  /// Become some of the connections of another pattern of the same shape, in place; nothing is allocated.
  /// - count: how many, 1 ... capacity. - isKept: asked once for every slot of `other`, ascending.
  package func refill(from other: Pattern, count: Int, isKept: (Int) -> Bool) {
    connections = count
    fill(from: other, isKept: isKept)
  }

  private func fill(from other: Pattern, isKept: (Int) -> Bool) {
    var next = 0
    for row in 0..<rows {
      for slot in other.slots(row: row) where isKept(slot) {
        setColumn(other.column(slot), of: next)
        next &+= 1
      }
      firstSlots[row &+ 1] = Int64(next)
    }
    deriveIndices()
  }

  func setColumn(_ column: Int, of slot: Int) {
    if indexBytes == 2 {
      columnNumbers(UInt16.self)[slot] = UInt16(truncatingIfNeeded: column)
    } else {
      columnNumbers(UInt32.self)[slot] = UInt32(truncatingIfNeeded: column)
    }
  }
}
