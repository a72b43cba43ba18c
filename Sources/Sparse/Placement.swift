import Base

/// Which feature the connection at each position of a matrix reads, where that is not the number of its column: rowOffset[row] +
/// columnOffset[column]. The units of a layer on a field meet the same places around themselves, each in another part of the field.
package final class Placement: Stateful {
  package let rows: Int
  package let columns: Int
  /// Features that may be read.
  package let features: Int
  private let rowOffsets: Buffer<Int32>
  private let columnOffsets: Buffer<Int32>

  /// - rowOffset, columnOffset: >= 0, the sum of the largest below `features`; the latter ascending with the column.
  /// - Throws: `outOfMemory`.
  package init(
    rows: Int, columns: Int, features: Int, owner: String, rowOffset: (Int) -> Int, columnOffset: (Int) -> Int
  ) throws(Failure) {
    self.rows = rows
    self.columns = columns
    self.features = features
    rowOffsets = try Buffer(count: rows, of: "\(owner), where its units are")
    columnOffsets = try Buffer(count: columns, of: "\(owner), what its units meet")
    for row in 0..<rows { rowOffsets.pointer[row] = Int32(clamping: rowOffset(row)) }
    for column in 0..<columns { columnOffsets.pointer[column] = Int32(clamping: columnOffset(column)) }
  }

  package func visit(_ visitor: inout some StateVisitor) { visitor.scratch(rowOffsets, columnOffsets) }

  package var rowOffset: UnsafePointer<Int32> { UnsafePointer(rowOffsets.pointer) }
  package var columnOffset: UnsafePointer<Int32> { UnsafePointer(columnOffsets.pointer) }

  /// Whether both say the same of every position.
  func agrees(with other: Placement) -> Bool {
    guard rows == other.rows, columns == other.columns, features == other.features else { return false }
    for row in 0..<rows where rowOffset[row] != other.rowOffset[row] { return false }
    for column in 0..<columns where columnOffset[column] != other.columnOffset[column] { return false }
    return true
  }
}

extension Pattern {
  /// Every position of a placement's matrix connected, over the features that are read.
  /// - Throws: `invalidArgument` for more positions than slots can be numbered, `outOfMemory`.
  package convenience init(full placement: Placement, owner: String) throws(Failure) {
    let (rows, columns) = (placement.rows, placement.columns)
    try self.init(
      rows: rows, columns: placement.features, connections: rows.multipliedClamped(by: columns), capacity: nil, owner: owner)
    var slot = 0
    for row in 0..<rows {
      for column in 0..<columns {
        setColumn(Int(placement.rowOffset[row] &+ placement.columnOffset[column]), of: slot)
        slot &+= 1
      }
      firstSlots[row &+ 1] = Int64(slot)
    }
    deriveIndices()
  }

  /// Hold the same slots over the features that are read, too, from now on and through every change: ``placed``.
  /// - Throws: `outOfMemory`. Nothing has changed then.
  package func place(by placement: Placement?, owner: String) throws(Failure) {
    guard let placement else { return }
    if let present = self.placement, present.agrees(with: placement) { return }
    placed = try Pattern(rows: rows, columns: placement.features, connections: connections, capacity: capacity, owner: owner)
    self.placement = placement
    movePlaced()
  }

  /// Let the placed pattern have the connections of this one.
  func movePlaced() {
    guard let placed, let placement else { return }
    let (rowOffset, columnOffset) = (placement.rowOffset, placement.columnOffset)
    placed.connections = connections
    for row in 0..<rows {
      for slot in slots(row: row) { placed.setColumn(Int(rowOffset[row] &+ columnOffset[column(slot)]), of: slot) }
      placed.firstSlots[row &+ 1] = firstSlots[row &+ 1]
    }
    placed.deriveIndices()
  }
}
