import CSystem
import KernelInterface

// a = f(W x + b) for sparse W, and dx = W^T dz: both sum rows of a panel into accumulators in registers, so that a connection
// costs one load a multiply-add and nothing is stored until a row is complete.
//
// A panel is larger than the first-level cache, and which of its rows come next is known long before they are needed but only
// to the index: the processor cannot guess it. So each connection asks for the row of a later one. Where units have many
// connections, features are gone through in tiles that fit the first level instead: Tiles.swift.

/// Asks for the rows of the panel that later connections will read, 16 of them ahead: long enough for the second-level cache
/// and mostly for the third. Measured.
struct Lookahead<Element, Index: FixedWidthInteger & UnsignedInteger> {
  let index: UnsafePointer<Index>
  /// The last connection at work on.
  let last: Int
  let x: UnsafePointer<Element>
  let width: Int

  /// - k: a connection, 0 ... last. - bytes: that are read of a row.
  @inline(__always)
  func prefetch(from k: Int, bytes: Int) {
    let row = UnsafeRawPointer(x + Int(index[min(k &+ 16, last)]) &* width)
    var line = 0
    while line < bytes {
      csystem_prefetch(row + line)
      line &+= 128
    }
  }
}

/// Adds a row's connections from `begin` on, up to `end` or, in a tile, up to the first whose index is not below `limit`;
/// returns the one after the last. Only without tiles is there anything to ask for ahead.
@inline(__always)
private func add<L: Lanes, Index: FixedWidthInteger & UnsignedInteger>(
  _ sum: inout L, _ begin: Int, _ end: Int, below limit: Int? = nil, _ ahead: Lookahead<L.V.Scalar, Index>,
  _ values: UnsafePointer<L.V.Scalar>
) -> Int {
  var k = begin
  @inline(__always)
  func row(_ k: Int) -> UnsafePointer<L.V.Scalar> {
    if limit == nil { ahead.prefetch(from: k, bytes: L.bytes) }
    return ahead.x + Int(ahead.index[k]) &* ahead.width
  }
  @inline(__always)
  func isInside(_ k: Int) -> Bool { k < end && limit.map { Int(ahead.index[k]) < $0 } ?? true }
  #if ESPALIER_AVX512
    // Two multiply-adds can start in a cycle and take four: the four registers of the widest row are half of what that
    // needs, so every second connection has a sum of its own.
    var other = L(repeating: 0)
    while isInside(k &+ 1) {
      sum.add(L.V(repeating: values[k]), times: row(k))
      other.add(L.V(repeating: values[k &+ 1]), times: row(k &+ 1))
      k &+= 2
    }
    sum = sum.zip(other) { $0 + $1 }
  #endif
  while isInside(k) {
    sum.add(L.V(repeating: values[k]), times: row(k))
    k &+= 1
  }
  return k
}

/// The sums of rows begin ..< end of a matrix in compressed form for one panel.
/// - y: where row r's is to be, at r width; sums wait there between tiles. - tiles: nil: none. - initial: of a row. - finish: gets a row's sum.
@inline(__always)
private func sumRows<L: Lanes, Index: FixedWidthInteger & UnsignedInteger>(
  _ begin: Int, _ end: Int, _ start: UnsafePointer<Int64>, _ ahead: Lookahead<L.V.Scalar, Index>,
  _ values: UnsafePointer<L.V.Scalar>, _ y: UnsafeMutablePointer<L.V.Scalar>, _ tiles: Tiles?, _: L.Type,
  initial: (Int) -> L.V.Scalar, finish: (L, Int) -> Void
) {
  guard let tiles else {
    for row in begin..<end {
      var sum = L(repeating: initial(row))
      _ = add(&sum, Int(start[row]), Int(start[row &+ 1]), ahead, values)
      finish(sum, row)
    }
    return
  }
  tiles.forEach(from: begin, to: end, start) { row, next, last, limit, position in
    var sum = position.isFirst ? L(repeating: initial(row)) : L(UnsafePointer(y + row &* ahead.width))
    let k = add(&sum, next, last, below: limit, ahead, values)
    if position.isLast { finish(sum, row) } else { sum.store(to: y + row &* ahead.width) }
    return k
  }
}

// With and without tiles in functions of their own: together, each would have fewer registers.

@inline(never)
func sparseForward<L: Lanes, Index: FixedWidthInteger & UnsignedInteger>(
  _ a: LinearArguments<L.V.Scalar>, _ m: SparseMatrix<L.V.Scalar>, _ begin: Int, _ end: Int, _: L.Type, _: Index.Type
) {
  let tiles = Tiles(reads: m.columns, rows: m.rows, connections: m.rowStart[m.rows], a.shape, L.V.Scalar.self)
  if let tiles { return tiledForward(a, m, begin, end, tiles, L.self, Index.self) }
  forward(a, m, begin, end, nil, L.self, Index.self)
}

@inline(never)
private func tiledForward<L: Lanes, Index: FixedWidthInteger & UnsignedInteger>(
  _ a: LinearArguments<L.V.Scalar>, _ m: SparseMatrix<L.V.Scalar>, _ begin: Int, _ end: Int, _ tiles: Tiles, _: L.Type,
  _: Index.Type
) { forward(a, m, begin, end, tiles, L.self, Index.self) }

@inline(__always)
private func forward<L: Lanes, Index: FixedWidthInteger & UnsignedInteger>(
  _ a: LinearArguments<L.V.Scalar>, _ m: SparseMatrix<L.V.Scalar>, _ begin: Int, _ end: Int, _ tiles: Tiles?, _: L.Type,
  _: Index.Type
) {
  let width = a.shape.width
  let index = m.columnIndex.assumingMemoryBound(to: Index.self)
  for p in 0..<a.shape.count {
    for offset in stride(from: 0, to: width, by: L.count) {
      let x = a.input + (panelRow(p, 0, features: m.columns, width: width) + offset)
      let y = panelRow(p, 0, features: m.rows, width: width) + offset
      let ahead = Lookahead(index: index, last: Int(m.rowStart[end]) &- 1, x: x, width: width)
      sumRows(begin, end, m.rowStart, ahead, m.values, a.output + y, tiles, L.self) {
        a.bias?[$0] ?? 0
      } finish: {
        finish($0, a, at: y + $1 &* width)
      }
    }
  }
}

@inline(never)
func sparseBackwardInput<L: Lanes, Index: FixedWidthInteger & UnsignedInteger>(
  _ a: LinearArguments<L.V.Scalar>, _ m: SparseMatrix<L.V.Scalar>, _ begin: Int, _ end: Int, _: L.Type, _: Index.Type
) {
  guard let values = a.transposedValues else { return }
  // Once for all panels.
  transposeValues(m, begin, end, to: values, Index.self)
  let tiles = Tiles(reads: m.rows, rows: m.columns, connections: m.columnStart[m.columns], a.shape, L.V.Scalar.self)
  if let tiles { return tiledBackwardInput(a, m, begin, end, tiles, L.self, Index.self) }
  backwardInput(a, m, begin, end, nil, L.self, Index.self)
}

@inline(never)
private func tiledBackwardInput<L: Lanes, Index: FixedWidthInteger & UnsignedInteger>(
  _ a: LinearArguments<L.V.Scalar>, _ m: SparseMatrix<L.V.Scalar>, _ begin: Int, _ end: Int, _ tiles: Tiles, _: L.Type,
  _: Index.Type
) { backwardInput(a, m, begin, end, tiles, L.self, Index.self) }

@inline(__always)
private func backwardInput<L: Lanes, Index: FixedWidthInteger & UnsignedInteger>(
  _ a: LinearArguments<L.V.Scalar>, _ m: SparseMatrix<L.V.Scalar>, _ begin: Int, _ end: Int, _ tiles: Tiles?, _: L.Type,
  _: Index.Type
) {
  guard let gradient = a.gradient, let inputGradient = a.inputGradient, let values = a.transposedValues else { return }
  let width = a.shape.width
  let index = m.rowIndex.assumingMemoryBound(to: Index.self)
  for p in 0..<a.shape.count {
    for offset in stride(from: 0, to: width, by: L.count) {
      let dz = UnsafePointer(gradient) + (panelRow(p, 0, features: m.rows, width: width) + offset)
      let dx = inputGradient + (panelRow(p, 0, features: m.columns, width: width) + offset)
      let ahead = Lookahead(index: index, last: Int(m.columnStart[end]) &- 1, x: dz, width: width)
      sumRows(begin, end, m.columnStart, ahead, UnsafePointer(values), dx, tiles, L.self) {
        _ in
        0
      } finish: {
        $0.store(to: dx + $1 &* width)
      }
    }
  }
}
