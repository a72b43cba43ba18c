import KernelInterface

extension Pattern {
  /// Derive what follows from the compressed rows: the transposed index, the bitmap and the placed pattern. In place,
  /// O(connections + rows + columns), nothing allocated.
  func deriveIndices() {
    if indexBytes == 2 { deriveIndices(UInt16.self) } else { deriveIndices(UInt32.self) }
    movePlaced()
  }

  private func deriveIndices<Index: PatternIndex>(_: Index.Type) {
    rebuildTransposedIndex(Index.self)
    if let bitmap { rebuild(bitmap, Index.self) }
  }

  private func rebuild<Index: PatternIndex>(_ bitmap: UnsafeMutablePointer<UInt8>, _: Index.Type) {
    let column = columnNumbers(Index.self)
    let bytes = bitmapBytes(columns: columns)
    bitmap.update(repeating: 0, count: rows * bytes)
    for row in 0..<rows {
      let bits = bitmap + row &* bytes
      for slot in Int(firstSlots[row])..<Int(firstSlots[row &+ 1]) {
        let c = Int(column[slot])
        bits[c &>> 3] |= 1 &<< UInt8(truncatingIfNeeded: c & 7)
      }
    }
  }

  /// A counting sort by column, which keeps rows ascending in a column.
  private func rebuildTransposedIndex<Index: PatternIndex>(_: Index.Type) {
    let column = columnNumbers(Index.self)
    let row = rowNumbers(Index.self)
    let next = firstEntries
    next.update(repeating: 0, count: columns + 1)
    for slot in 0..<connections { next[Int(column[slot]) &+ 1] &+= 1 }
    for c in 0..<columns { next[c &+ 1] &+= next[c] }
    for r in 0..<rows {
      for slot in Int(firstSlots[r])..<Int(firstSlots[r &+ 1]) {
        let c = Int(column[slot])
        let entry = Int(next[c])
        row[entry] = Index(truncatingIfNeeded: r)
        entrySlots[entry] = UInt32(truncatingIfNeeded: slot)
        next[c] = Int64(entry &+ 1)
      }
    }
    // Every start has moved on to its column's end, which is the next column's start.
    for c in stride(from: columns, to: 0, by: -1) { next[c] = next[c &- 1] }
    next[0] = 0
  }
}
