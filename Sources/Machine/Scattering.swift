import KernelInterface

// Between a pattern's slots and a dense matrix, for the products of nearly dense patterns. Units: rows.

/// dense = the matrix, 0 where it has no connection.
func scatter<T: Scalar>(_ a: ScatterArguments<T>, _ begin: Int, _ end: Int) {
  if a.matrix.indexBytes == 2 {
    scatter(a, begin, end, UInt16.self)
  } else {
    scatter(a, begin, end, UInt32.self)
  }
}

/// gathered (+)= dense at the matrix's connections.
func gather<T: Scalar>(_ a: ScatterArguments<T>, _ begin: Int, _ end: Int) {
  if a.matrix.indexBytes == 2 {
    gather(a, begin, end, UInt16.self)
  } else {
    gather(a, begin, end, UInt32.self)
  }
}

private func scatter<T: Scalar, Index: FixedWidthInteger>(
  _ a: ScatterArguments<T>, _ begin: Int, _ end: Int, _: Index.Type
) {
  let (m, column) = (a.matrix, a.matrix.columnIndex.assumingMemoryBound(to: Index.self))
  for row in begin..<end {
    let values = a.dense + row &* m.columns
    values.update(repeating: 0, count: m.columns)
    for slot in Int(m.rowStart[row])..<Int(m.rowStart[row &+ 1]) { values[Int(column[slot])] = m.values[slot] }
  }
}

private func gather<T: Scalar, Index: FixedWidthInteger>(
  _ a: ScatterArguments<T>, _ begin: Int, _ end: Int, _: Index.Type
) {
  guard let gathered = a.gathered else { return }
  let (m, column) = (a.matrix, a.matrix.columnIndex.assumingMemoryBound(to: Index.self))
  for row in begin..<end {
    let values = a.dense + row &* m.columns
    for slot in Int(m.rowStart[row])..<Int(m.rowStart[row &+ 1]) {
      let value = values[Int(column[slot])]
      gathered[slot] = a.accumulate ? gathered[slot] + value : value
    }
  }
}
