import KernelInterface

/// How a matrix with many connections goes through a panel: the features that are read are cut into tiles that fit the
/// first-level cache, and a block of rows takes one tile after the other, while what it has summed so far waits in memory.
/// That is as often moved in and out as there are tiles, which pays only where a row has many connections in each.
///
/// Whether there are tiles, and which, follows from the whole matrix: how its rows are shared out does not change the bits.
struct Tiles {
  /// Bytes of a tile: three quarters of the smallest first-level cache in use, 32 KiB.
  private static var bytes: Int { 24 << 10 }
  /// Connections of a row in a tile, on average, above which tiles are quicker than looking ahead. Measured.
  private static var worthwhile: Int { 32 }
  /// Rows of a block: where they have come to is 1024 bytes, the most that is certain to be on the stack.
  private static var rows: Int { 128 }

  /// Features of a tile.
  private let features: Int
  private let reads: Int

  /// Which of a row's tiles.
  struct Position {
    let isFirst: Bool
    let isLast: Bool
  }

  /// nil where tiles do not pay.
  /// - reads: features that can be read. - connections: of all `rows` rows.
  init?<T: KernelScalar>(reads: Int, rows: Int, connections: Int64, _ shape: PanelShape, _: T.Type) {
    self.reads = reads
    features = Self.bytes / bytesOfRow(shape, T.self)
    guard features < reads, Int(connections) &* features >= Self.worthwhile &* rows &* reads else { return nil }
  }

  /// Calls body(row, next connection, end of the row, limit, which) for every tile of rows begin ..< end, of a row in
  /// ascending order. It takes the connections whose index is below the limit and returns the one after them.
  @inline(__always)
  func forEach(
    from begin: Int, to end: Int, _ start: UnsafePointer<Int64>, _ body: (Int, Int, Int, Int, Position) -> Int
  ) {
    // Where each row of a block has come to.
    withUnsafeTemporaryAllocation(of: Int.self, capacity: Self.rows) { next in
      for block in stride(from: begin, to: end, by: Self.rows) {
        let rows = min(Self.rows, end &- block)
        for i in 0..<rows { next[i] = Int(start[block &+ i]) }
        for low in stride(from: 0, to: reads, by: features) {
          let position = Position(isFirst: low == 0, isLast: low &+ features >= reads)
          for i in 0..<rows {
            next[i] = body(block &+ i, next[i], Int(start[block &+ i &+ 1]), low &+ features, position)
          }
        }
      }
    }
  }
}
