import Base
import KernelInterface

/// Some positions of a matrix as compressed rows, in storage of a fixed size: what a kernel needs to visit them.
package final class PositionRows: Stateful {
  package let rows: Int
  package let columns: Int
  package private(set) var count = 0

  private let indexBytes: Int
  private let rowStarts: Buffer<Int64>
  private let columnIndices: Buffer<UInt16>

  /// - rows, columns: as for ``Pattern``. - capacity: the most positions. - Throws: `outOfMemory`
  package init(rows: Int, columns: Int, capacity: Int, of what: @autoclosure () -> String = "positions") throws(Failure) {
    self.rows = rows
    self.columns = columns
    indexBytes = max(rows, columns) <= 1 << 16 ? 2 : 4
    rowStarts = try Buffer(count: rows + 1, of: what())
    columnIndices = try Buffer(count: capacity * (indexBytes / 2), of: what())
  }

  package func visit(_ visitor: inout some StateVisitor) { visitor.scratch(rowStarts, columnIndices) }
  /// rows + 1 offsets of each row's positions.
  package var rowStart: UnsafePointer<Int64> { UnsafePointer(rowStarts.pointer) }

  /// Column of a position by its place in the order.
  @inline(__always)
  package func column(_ place: Int) -> Int {
    let numbers = UnsafeRawPointer(columnIndices.pointer)
    return indexBytes == 2
      ? Int(numbers.load(fromByteOffset: 2 &* place, as: UInt16.self))
      : Int(numbers.load(fromByteOffset: 4 &* place, as: UInt32.self))
  }

  /// Be these positions. - positions: ascending, each once, at most the capacity.
  package func set(_ positions: UnsafePointer<Position>, count: Int) {
    if indexBytes == 2 { fill(UInt16.self, positions, count) } else { fill(UInt32.self, positions, count) }
    self.count = count
  }

  private func fill<Index: PatternIndex>(_: Index.Type, _ positions: UnsafePointer<Position>, _ count: Int) {
    let numbers = UnsafeMutableRawPointer(columnIndices.pointer).assumingMemoryBound(to: Index.self)
    let starts = rowStarts.pointer
    starts.update(repeating: 0, count: rows + 1)
    for i in 0..<count {
      numbers[i] = Index(truncatingIfNeeded: positions[i].column)
      starts[positions[i].row &+ 1] &+= 1
    }
    for row in 0..<rows { starts[row &+ 1] &+= starts[row] }
  }

  /// For kernels that go by rows and read no values: there is no transposed index, its pointers must not be followed.
  package func matrix<T>(values: UnsafePointer<T>) -> SparseMatrix<T> {
    let index = UnsafeRawPointer(columnIndices.pointer)
    return SparseMatrix(
      rows: rows, columns: columns, rowStart: rowStart, columnIndex: index, indexBytes: indexBytes, values: values,
      columnStart: rowStart, rowIndex: index, slot: index.assumingMemoryBound(to: UInt32.self))
  }
}
