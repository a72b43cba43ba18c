import Base
import KernelInterface

/// Where a sparse layer has connections: compressed rows (units) over columns (inputs), and the transposed index of the same
/// slots. A slot is a connection's place in the order by row, then column; values, gradients and moments are stored by slot.
///
/// Memory is O(connections + rows + columns): (2 indexBytes + 4) bytes a connection, 8 a row and a column; half a byte a
/// connection more where a quarter of the positions can be connected. Row and column numbers take 2 bytes when there are at
/// most 65536 of either, else 4; counts are 64-bit.
///
/// A pattern changes only through ``change(dropping:growing:slots:)``, by whoever owns the layer; readers must not run then.
package final class Pattern: Stateful, @unchecked Sendable {
  package let rows: Int
  package let columns: Int
  /// Slots in use.
  package internal(set) var connections: Int
  /// Slots there is room for.
  package let capacity: Int
  /// Bytes of a row or column number, 2 or 4.
  @usableFromInline package let indexBytes: Int
  /// What the connections read, where that is not the number of their column.
  package internal(set) var placement: Placement?
  /// The same slots over the features that they read, if there is a `placement`: what kernels go through.
  package internal(set) var placed: Pattern?

  private let rowStarts: Buffer<Int64>
  private let columnStarts: Buffer<Int64>
  @usableFromInline let columnIndices: Buffer<UInt16>
  private let rowIndices: Buffer<UInt16>
  private let slots: Buffer<UInt32>
  /// One bit a position, where there is room for as many connections as make it worth while.
  private let bits: Buffer<UInt8>?

  /// Room for a pattern; the caller fills `columnNumbers` and `firstSlots` and calls `deriveIndices`.
  /// - Throws: `invalidArgument` when the sizes are out of range (see ``check(rows:columns:connections:owner:)``) or
  ///   capacity < connections, `outOfMemory`.
  init(rows: Int, columns: Int, connections: Int, capacity: Int?, owner: String) throws(Failure) {
    try Self.check(rows: rows, columns: columns, connections: connections, owner: owner)
    let capacity = capacity ?? connections
    guard capacity >= connections, capacity <= Self.maximumConnections else {
      throw Failure(
        .invalidArgument,
        "\(owner): capacity must be in \(connections) .. \(Self.maximumConnections) connections, got \(capacity)")
    }
    self.rows = rows
    self.columns = columns
    self.connections = connections
    self.capacity = capacity
    indexBytes = max(rows, columns) <= 1 << 16 ? 2 : 4
    let what = "\(owner), pattern of \(rows) x \(columns)"
    rowStarts = try Buffer(count: rows + 1, of: what)
    columnStarts = try Buffer(count: columns + 1, of: what)
    columnIndices = try Buffer(count: capacity * indexBytes / 2, of: what)
    rowIndices = try Buffer(count: capacity * indexBytes / 2, of: what)
    slots = try Buffer(count: capacity, of: what)
    bits =
      Self.goesByBits(capacity, of: rows * columns)
      ? try Buffer(count: rows * bitmapBytes(columns: columns), of: what) : nil
  }

  /// Whether so many of the positions are connected that it is quicker to look at all of them, eight at a time. Measured.
  private static func goesByBits(_ connections: Int, of positions: Int) -> Bool { connections >= positions / 4 }

  /// Slots are numbered in 32 bits.
  package static let maximumConnections = Int(UInt32.max)

  /// - Throws: `invalidArgument` unless rows and columns are in 1 ... 2^31 - 1 and connections in 1 ... rows columns and
  ///   below 2^32, naming `owner` and the value.
  package static func check(rows: Int, columns: Int, connections: Int, owner: String) throws(Failure) {
    for (name, size) in [("rows", rows), ("columns", columns)] where size < 1 || size > Int(Int32.max) {
      throw Failure(.invalidArgument, "\(owner): \(name) must be in 1 .. \(Int32.max), got \(size)")
    }
    let most = min(rows * columns, maximumConnections)
    guard connections >= 1, connections <= most else {
      throw Failure(
        .invalidArgument,
        "\(owner): connections of a \(rows) x \(columns) pattern must be in 1 .. \(most), got \(connections)")
    }
  }

  /// rows + 1 slot offsets from 0; also the prefix of work that balances rows over threads.
  package var rowStart: UnsafePointer<Int64> { UnsafePointer(rowStarts.pointer) }
  /// columns + 1 offsets from 0 into the transposed index.
  package var columnStart: UnsafePointer<Int64> { UnsafePointer(columnStarts.pointer) }
  /// Column of each slot, ascending in a row: UInt16 or UInt32 as `indexBytes` says.
  @inlinable package var columnIndex: UnsafeRawPointer { UnsafeRawPointer(columnIndices.pointer) }
  /// Row of each entry of the transposed index, ascending in a column: UInt16 or UInt32.
  package var rowIndex: UnsafeRawPointer { UnsafeRawPointer(rowIndices.pointer) }
  /// Slot of each entry of the transposed index.
  package var slot: UnsafePointer<UInt32> { UnsafePointer(slots.pointer) }

  /// Share of the positions that have a connection.
  package var density: Double { Double(connections) / (Double(rows) * Double(columns)) }

  package func visit(_ visitor: inout some StateVisitor) {
    visitor.number("connections", &connections)
    visitor.array("row_starts", rowStarts)
    visitor.array("column_starts", columnStarts)
    visitor.array("columns", columnIndices)
    visitor.array("rows", rowIndices)
    visitor.array("slots", slots)
    visitor.array("bits", bits)
    visitor.part("placed", placed)
  }

  /// The pattern with values, as kernels take it. - values: one a slot; must live as long as the result is used.
  package func matrix<T>(values: UnsafePointer<T>) -> SparseMatrix<T> {
    SparseMatrix(
      rows: rows, columns: columns, rowStart: rowStart, columnIndex: columnIndex, indexBytes: indexBytes, values: values,
      columnStart: columnStart, rowIndex: rowIndex, slot: slot,
      bitmap: Self.goesByBits(connections, of: rows * columns) ? bitmap.map { UnsafePointer($0) } : nil)
  }

  /// Column of a slot.
  @inlinable @inline(__always)
  package func column(_ slot: Int) -> Int {
    indexBytes == 2
      ? Int(columnIndex.load(fromByteOffset: 2 &* slot, as: UInt16.self))
      : Int(columnIndex.load(fromByteOffset: 4 &* slot, as: UInt32.self))
  }

  /// Slots of a row.
  package func slots(row: Int) -> Range<Int> { Int(rowStart[row])..<Int(rowStart[row + 1]) }

  /// Of some slots of one row, in ascending order: those from the first on whose column is not below one given.
  package func slots(_ slots: Range<Int>, from column: Int) -> Range<Int> {
    var first = slots.lowerBound
    while first < slots.upperBound, self.column(first) < column { first &+= 1 }
    return first..<slots.upperBound
  }

  /// Slot of a position, or nil when it has no connection. O(log fan-in).
  package func slot(row: Int, column: Int) -> Int? {
    var low = Int(rowStart[row])
    let end = Int(rowStart[row + 1])
    var high = end
    while low < high {
      let middle = (low &+ high) / 2
      if self.column(middle) < column { low = middle &+ 1 } else { high = middle }
    }
    return low < end && self.column(low) == column ? low : nil
  }

  // Writable views for the files that build and change the pattern.
  var firstSlots: UnsafeMutablePointer<Int64> { rowStarts.pointer }
  var firstEntries: UnsafeMutablePointer<Int64> { columnStarts.pointer }
  var entrySlots: UnsafeMutablePointer<UInt32> { slots.pointer }
  var bitmap: UnsafeMutablePointer<UInt8>? { bits?.pointer }
  func columnNumbers<Index: PatternIndex>(_: Index.Type) -> UnsafeMutablePointer<Index> {
    UnsafeMutableRawPointer(columnIndices.pointer).assumingMemoryBound(to: Index.self)
  }
  func rowNumbers<Index: PatternIndex>(_: Index.Type) -> UnsafeMutablePointer<Index> {
    UnsafeMutableRawPointer(rowIndices.pointer).assumingMemoryBound(to: Index.self)
  }
}

/// The two widths of a row or column number.
protocol PatternIndex: FixedWidthInteger, UnsignedInteger, BitwiseCopyable {}
extension UInt16: PatternIndex {}
extension UInt32: PatternIndex {}
