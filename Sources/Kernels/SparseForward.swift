import KernelInterface

// a = f(W x + b) for sparse W, and dx = W^T dz: both sum rows of a panel into accumulators in registers, so that a connection
// costs one load a multiply-add and nothing is stored until a row is complete.
//
// A panel is often larger than the first-level cache, and rows fetched from the second level come at half the speed that the
// multipliers need. So where rows have enough connections, the features that are read are cut into tiles that fit the first
// level, and a block of rows goes through one tile after the other, its sums waiting in the output. Whether there are tiles,
// and which, follows from the whole matrix: how its rows are shared out among threads does not change the bits.

/// How a panel is gone through.
struct Tiles {
  /// Bytes of a tile: three quarters of the smallest first-level cache in use, 32 KiB.
  static var bytes: Int { 24 << 10 }
  /// Rows of a block.
  static var rows: Int { 256 }

  /// Features that are read, a tile.
  let features: Int

  /// - reads: features that can be read; connections: all those of `rows` rows, the whole matrix's where tiles change the
  ///   order of a sum; worthwhile: the connections of a row in a tile, on average, that make up for starting it again.
  ///   Measured.
  @inline(__always)
  init(reads: Int, rows: Int, connections: Int, rowBytes: Int, worthwhile: Int) {
    let fitting = Self.bytes / rowBytes
    let worthwhile = connections &* fitting >= worthwhile &* rows &* reads
    features = worthwhile ? fitting : reads
  }
}

/// Add a row's connections, from k on, of features below a limit, if there is one, and leave k behind the last of them.
@inline(__always)
private func add<L: Lanes, Index: FixedWidthInteger & UnsignedInteger>(
  _ sum: inout L, _ k: inout Int, _ last: Int, below limit: Int?, _ index: UnsafePointer<Index>,
  _ x: UnsafePointer<L.V.Scalar>, _ width: Int, _ value: (Int) -> L.V.Scalar
) {
  @inline(__always)
  func isInside(_ k: Int) -> Bool { k < last && limit.map { Int(index[k]) < $0 } ?? true }
  #if ESPALIER_AVX512
    // Two multiply-adds can start in a cycle and take four: the four registers of the widest row are half of what that
    // needs, so every second connection has a sum of its own.
    var other = L(repeating: 0)
    while isInside(k &+ 1) {
      sum.add(L.V(repeating: value(k)), times: x + Int(index[k]) &* width)
      other.add(L.V(repeating: value(k &+ 1)), times: x + Int(index[k &+ 1]) &* width)
      k &+= 2
    }
    sum = sum.zip(other) { $0 + $1 }
  #endif
  while isInside(k) {
    sum.add(L.V(repeating: value(k)), times: x + Int(index[k]) &* width)
    k &+= 1
  }
}

@inline(__always)
private func sumRows<L: Lanes, Index: FixedWidthInteger & UnsignedInteger>(
  _ begin: Int, _ end: Int, _ start: UnsafePointer<Int64>, _ index: UnsafePointer<Index>, _ x: UnsafePointer<L.V.Scalar>,
  _ y: UnsafeMutablePointer<L.V.Scalar>, _ width: Int, rows: Int, reads: Int, _: L.Type, value: (Int) -> L.V.Scalar,
  initial: (Int) -> L.V.Scalar, finish: (L, Int) -> Void
) {
  let tiles = Tiles(
    reads: reads, rows: rows, connections: Int(start[rows]),
    rowBytes: width &* MemoryLayout<L.V.Scalar>.stride, worthwhile: 8)
  if tiles.features >= reads {
    for row in begin..<end {
      var sum = L(repeating: initial(row))
      var k = Int(start[row])
      add(&sum, &k, Int(start[row &+ 1]), below: nil, index, x, width, value)
      finish(sum, row)
    }
    return
  }
  withUnsafeTemporaryAllocation(of: UInt32.self, capacity: Tiles.rows) { done in
    for first in stride(from: begin, to: end, by: Tiles.rows) {
      let last = min(first &+ Tiles.rows, end)
      var limit = tiles.features
      for row in first..<last {
        var sum = L(repeating: initial(row))
        var k = Int(start[row])
        add(&sum, &k, Int(start[row &+ 1]), below: limit, index, x, width, value)
        sum.store(to: y + row &* width)
        done[row &- first] = UInt32(truncatingIfNeeded: k &- Int(start[row]))
      }
      limit &+= tiles.features
      while limit < reads {
        for row in first..<last {
          var sum = L(UnsafePointer(y + row &* width))
          var k = Int(start[row]) &+ Int(done[row &- first])
          add(&sum, &k, Int(start[row &+ 1]), below: limit, index, x, width, value)
          sum.store(to: y + row &* width)
          done[row &- first] = UInt32(truncatingIfNeeded: k &- Int(start[row]))
        }
        limit &+= tiles.features
      }
      for row in first..<last {
        var sum = L(UnsafePointer(y + row &* width))
        var k = Int(start[row]) &+ Int(done[row &- first])
        add(&sum, &k, Int(start[row &+ 1]), below: nil, index, x, width, value)
        finish(sum, row)
      }
    }
  }
}

@inline(never)
func sparseForward<L: Lanes, Index: FixedWidthInteger & UnsignedInteger>(
  _ a: LinearArguments<L.V.Scalar>, _ m: SparseMatrix<L.V.Scalar>, _ begin: Int, _ end: Int, _: L.Type, _: Index.Type
) {
  let width = a.shape.width
  let index = m.columnIndex.assumingMemoryBound(to: Index.self)
  let values = m.values
  for p in 0..<a.shape.count {
    for offset in stride(from: 0, to: width, by: L.count) {
      let x = a.input + (panelRow(p, 0, features: m.columns, width: width) + offset)
      let y = panelRow(p, 0, features: m.rows, width: width) + offset
      sumRows(
        begin, end, m.rowStart, index, x, a.output + y, width, rows: m.rows, reads: m.columns, L.self,
        value: { values[$0] }, initial: { a.bias?[$0] ?? 0 }, finish: { finish($0, a, at: y + $1 &* width) })
    }
  }
}

@inline(never)
func sparseBackwardInput<L: Lanes, Index: FixedWidthInteger & UnsignedInteger>(
  _ a: LinearArguments<L.V.Scalar>, _ m: SparseMatrix<L.V.Scalar>, _ begin: Int, _ end: Int, _: L.Type, _: Index.Type
) {
  guard let gradient = a.gradient, let inputGradient = a.inputGradient else { return }
  let width = a.shape.width
  let index = m.rowIndex.assumingMemoryBound(to: Index.self)
  let (values, slot) = (m.values, m.slot)
  for p in 0..<a.shape.count {
    for offset in stride(from: 0, to: width, by: L.count) {
      let dz = UnsafePointer(gradient) + (panelRow(p, 0, features: m.rows, width: width) + offset)
      let dx = inputGradient + (panelRow(p, 0, features: m.columns, width: width) + offset)
      sumRows(
        begin, end, m.columnStart, index, dz, dx, width, rows: m.columns, reads: m.rows, L.self,
        value: { values[Int(slot[$0])] }, initial: { _ in 0 }, finish: { $0.store(to: dx + $1 &* width) })
    }
  }
}
