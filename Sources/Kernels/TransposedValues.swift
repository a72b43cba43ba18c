import KernelInterface

/// W in the order of the transposed index, for columns begin ..< end.
///
/// In that order every value is in another line of the cache. Where the values of so many columns as lines hold do not fit the
/// second-level cache, rows are gone through in blocks, and each block for a number of columns, so that lines are still there
/// when their next value is wanted. Measured.
@inline(never)
func transposeValues<T: KernelScalar, Index: FixedWidthInteger & UnsignedInteger>(
  _ m: SparseMatrix<T>, _ begin: Int, _ end: Int, to transposed: UnsafeMutablePointer<T>, _: Index.Type
) {
  let (slot, values) = (m.slot, m.values)
  let connections = Int(m.rowStart[m.rows])
  // A column has some dozens of entries in a block then: fewer would not pay for finding them.
  let goesByBlocks = connections &* MemoryLayout<T>.stride > 8 << 20 && 8 &* connections > m.rows &* m.columns
  guard goesByBlocks else {
    for entry in Int(m.columnStart[begin])..<Int(m.columnStart[end]) { transposed[entry] = values[Int(slot[entry])] }
    return
  }
  let row = m.rowIndex.assumingMemoryBound(to: Index.self)
  // Where each column has come to. On the stack for certain, unlike a temporary allocation.
  var next = InlineArray<512, Int>(repeating: 0)
  for first in stride(from: begin, to: end, by: 512) {
    let columns = first..<min(first &+ 512, end)
    for column in columns { next[column &- first] = Int(m.columnStart[column]) }
    for block in stride(from: 512, to: m.rows &+ 512, by: 512) {
      for column in columns {
        var entry = next[column &- first]
        let last = Int(m.columnStart[column &+ 1])
        while entry < last, Int(row[entry]) < block {
          transposed[entry] = values[Int(slot[entry])]
          entry &+= 1
        }
        next[column &- first] = entry
      }
    }
  }
}
