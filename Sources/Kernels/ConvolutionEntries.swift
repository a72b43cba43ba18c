import KernelInterface

/// The entries of ``EntryArguments``. They are few beside the work that they are for, so one thread makes them.
@inline(never)
func convolutionEntries<T: KernelScalar>(_ a: EntryArguments<T>) {
  if a.transposed { transposedEntries(a) } else { forwardEntries(a) }
}

private func forwardEntries<T: KernelScalar>(_ a: EntryArguments<T>) {
  let (g, places) = (a.geometry, a.geometry.padded.places)
  for row in 0..<g.filters {
    let channel = row / g.groupFilters &* g.groupChannels
    let first = a.matrix.map { Int($0.rowStart[row]) } ?? row &* g.columns
    let end = a.matrix.map { Int($0.rowStart[row &+ 1]) } ?? first &+ g.columns
    var part = 0
    a.start[row &* a.parts] = Int64(first)
    for slot in first..<end {
      let column = a.matrix.map { SparseIndex.at(slot, of: $0.columnIndex, bytes: $0.indexBytes) } ?? slot &- first
      while column >= (part &+ 1) &* a.partPlanes &* g.taps {
        part &+= 1
        a.start[row &* a.parts &+ part] = Int64(slot)
      }
      a.offset[slot] = (channel &* places &+ a.columnOffset[column]) &* a.lanes
    }
    while part < a.parts {
      part &+= 1
      a.start[row &* a.parts &+ part] = Int64(end)
    }
  }
}

private func transposedEntries<T: KernelScalar>(_ a: EntryArguments<T>) {
  let (g, places) = (a.geometry, a.geometry.spread.places)
  var end = 0
  @inline(__always)
  func begin(_ row: Int, _ entry: Int) { a.start[row] = Int64(entry) }
  forTransposedEntries(a, 0..<g.channels, from: 0, begins: begin) { entry, filter, tap, slot in
    a.offset[entry] = (filter &* places &+ g.spreadOffset(tap)) &* a.lanes
    a.weight[entry] = a.values[slot]
    end = entry &+ 1
  }
  a.start[g.channels &* g.kinds &* a.parts] = Int64(end)
}

/// Calls body(entry, filter, tap, slot) for the transposed entries of some channels, in their order.
/// - first: the number of the first one. - begins: is told of each channel, kind and part with which entry it begins.
@inline(__always)
func forTransposedEntries<T: KernelScalar>(
  _ a: EntryArguments<T>, _ channels: Range<Int>, from first: Int, begins: ((Int, Int) -> Void)? = nil,
  _ body: (Int, Int, Int, Int) -> Void
) {
  let (g, kinds) = (a.geometry, a.geometry.kinds)
  var next = first
  for channel in channels {
    let group = channel / g.groupChannels
    for kind in 0..<kinds {
      for part in 0..<a.parts {
        let low = group &* g.groupFilters &+ part &* a.partPlanes
        let filters = low..<min(low &+ a.partPlanes, (group &+ 1) &* g.groupFilters)
        begins?((channel &* kinds &+ kind) &* a.parts &+ part, next)
        for tap in 0..<g.taps where kinds == 1 || g.kind(tap) == kind {
          let column = channel % g.groupChannels &* g.taps &+ tap
          guard let m = a.matrix else {
            for filter in filters {
              body(next, filter, tap, filter &* g.columns &+ column)
              next &+= 1
            }
            continue
          }
          let end = Int(m.columnStart[column &+ 1])
          var entry = firstEntry(m, Int(m.columnStart[column]), end, from: filters.lowerBound)
          while entry < end {
            let filter = SparseIndex.at(entry, of: m.rowIndex, bytes: m.indexBytes)
            guard filter < filters.upperBound else { break }
            body(next, filter, tap, Int(m.slot[entry]))
            next &+= 1
            entry &+= 1
          }
        }
      }
    }
  }
}

/// The first of a column's entries whose row is not below one given.
private func firstEntry<T>(_ m: SparseMatrix<T>, _ begin: Int, _ end: Int, from row: Int) -> Int {
  var (low, high) = (begin, row == 0 ? begin : end)
  while low < high {
    let middle = (low &+ high) / 2
    if SparseIndex.at(middle, of: m.rowIndex, bytes: m.indexBytes) < row { low = middle &+ 1 } else { high = middle }
  }
  return low
}
