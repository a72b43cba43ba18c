/// A place in a matrix as one number that sorts by row, then column: row 2^32 + column.
package struct Position: Comparable, Hashable, BitwiseCopyable, Sendable {
  package let key: UInt64

  package init(key: UInt64) { self.key = key }
  package init(row: Int, column: Int) {
    key = UInt64(truncatingIfNeeded: row) << 32 | UInt64(truncatingIfNeeded: column)
  }

  package var row: Int { Int(truncatingIfNeeded: key >> 32) }
  package var column: Int { Int(truncatingIfNeeded: key & 0xFFFF_FFFF) }

  package static func < (a: Position, b: Position) -> Bool { a.key < b.key }
}

extension Position {
  /// Whether it is one of some ascending positions. O(log count).
  package func isAmong(_ positions: UnsafePointer<Position>, count: Int) -> Bool {
    var low = 0
    var high = count
    while low < high {
      let middle = (low &+ high) / 2
      if positions[middle] < self { low = middle &+ 1 } else { high = middle }
    }
    return low < count && positions[low] == self
  }

  /// Sort positions ascending, stably, in time linear in their number: by bytes from the lowest, bytes that are all equal
  /// skipped. Nothing allocated (1 KB of stack).
  /// - count: below 2^32. - scratch: room for `count`.
  /// - payload, payloadScratch: numbers that travel with their position, or nil.
  package static func sort(
    _ positions: UnsafeMutablePointer<Position>, count: Int, scratch: UnsafeMutablePointer<Position>,
    payload: UnsafeMutablePointer<UInt32>? = nil, payloadScratch: UnsafeMutablePointer<UInt32>? = nil
  ) {
    guard count > 1 else { return }
    var source = positions
    var target = scratch
    var carried = payload
    var carriedTarget = payloadScratch
    withUnsafeTemporaryAllocation(of: UInt32.self, capacity: 256) { next in
      for shift in stride(from: UInt64(0), to: 64, by: 8) {
        next.update(repeating: 0)
        for i in 0..<count { next[Int(truncatingIfNeeded: source[i].key &>> shift & 255)] &+= 1 }
        if next[Int(truncatingIfNeeded: source[0].key &>> shift & 255)] == UInt32(truncatingIfNeeded: count) { continue }
        var sum: UInt32 = 0
        for digit in 0..<256 { (next[digit], sum) = (sum, sum &+ next[digit]) }
        for i in 0..<count {
          let digit = Int(truncatingIfNeeded: source[i].key &>> shift & 255)
          let place = Int(next[digit])
          next[digit] &+= 1
          target[place] = source[i]
          if let carried, let carriedTarget { carriedTarget[place] = carried[i] }
        }
        swap(&source, &target)
        swap(&carried, &carriedTarget)
      }
    }
    guard source != positions else { return }
    positions.update(from: source, count: count)
    if let payload, let carried { payload.update(from: carried, count: count) }
  }
}
