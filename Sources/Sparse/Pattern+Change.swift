extension Pattern {
  /// Take connections away and add others, in place: close the gaps from the left, open new ones from the right, derive the
  /// transposed index again. O(connections + rows + columns), nothing allocated.
  ///
  /// - dropped: slots, ascending, each once.
  /// - grown: positions, ascending, each once, none with a connection that stays. A position just dropped may come back: as
  ///   a new connection, which the remap fills like any other grown one. connections - dropped + grown must be in
  ///   0 ... capacity.
  /// - slots: receives the new slot of each grown position, grown.count of them.
  /// - Returns: how everything in slot order must move. It borrows `dropped` and `slots`.
  package func change(
    dropping dropped: UnsafeBufferPointer<Int64>, growing grown: UnsafeBufferPointer<Position>,
    slots: UnsafeMutablePointer<Int64>
  ) -> SlotRemap {
    let remap = SlotRemap(
      dropped: dropped, grown: UnsafeBufferPointer(start: slots, count: grown.count), oldCount: connections)
    if dropped.isEmpty, grown.isEmpty { return remap }
    if indexBytes == 2 {
      close(UInt16.self, dropped)
      open(UInt16.self, grown, slots)
    } else {
      close(UInt32.self, dropped)
      open(UInt32.self, grown, slots)
    }
    deriveIndices()
    return remap
  }

  private func close<Index: PatternIndex>(_: Index.Type, _ dropped: UnsafeBufferPointer<Int64>) {
    let numbers = columnNumbers(Index.self)
    var kept = 0
    var next = 0
    var slot = 0
    for row in 0..<rows {
      let end = Int(firstSlots[row &+ 1])
      while slot < end {
        if next < dropped.count, dropped[next] == Int64(slot) {
          next &+= 1
        } else {
          numbers[kept] = numbers[slot]
          kept &+= 1
        }
        slot &+= 1
      }
      firstSlots[row &+ 1] = Int64(kept)
    }
    connections = kept
  }

  private func open<Index: PatternIndex>(
    _: Index.Type, _ grown: UnsafeBufferPointer<Position>, _ slots: UnsafeMutablePointer<Int64>
  ) {
    let numbers = columnNumbers(Index.self)
    var source = connections &- 1
    var come = grown.count &- 1
    var target = source &+ grown.count
    connections &+= grown.count
    for row in stride(from: rows &- 1, through: 0, by: -1) {
      // Nothing to come: what is left lies where it belongs.
      if come < 0 { return }
      let begin = Int(firstSlots[row])
      firstSlots[row &+ 1] = Int64(target &+ 1)
      while true {
        if come >= 0, grown[come].row == row, source < begin || Int(numbers[source]) < grown[come].column {
          numbers[target] = Index(truncatingIfNeeded: grown[come].column)
          slots[come] = Int64(target)
          come &-= 1
        } else if source >= begin {
          numbers[target] = numbers[source]
          source &-= 1
        } else {
          break
        }
        target &-= 1
      }
    }
  }
}
