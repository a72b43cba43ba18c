import KernelInterface

// dz = da f'(.) in place, db, and dW at the pattern's positions: products of rows of dz with rows of x. A row of dz stays in
// registers while its connections stream by, four at a time, so that their horizontal sums cost one transposition.

@inline(never)
func sparseBackwardWeight<L: Lanes, Index: FixedWidthInteger & UnsignedInteger>(
  _ a: LinearArguments<L.V.Scalar>, _ m: SparseMatrix<L.V.Scalar>, _ begin: Int, _ end: Int, _: L.Type, _: Index.Type
) {
  backwardPrologue(a, begin, end, L.self)
  let tiles = Tiles(reads: m.columns, rows: m.rows, connections: m.rowStart[m.rows], a.shape, L.V.Scalar.self)
  if let tiles { return tiledBackwardWeight(a, m, begin, end, tiles, L.self, Index.self) }
  backwardWeight(a, m, begin, end, nil, L.self, Index.self)
}

@inline(never)
private func tiledBackwardWeight<L: Lanes, Index: FixedWidthInteger & UnsignedInteger>(
  _ a: LinearArguments<L.V.Scalar>, _ m: SparseMatrix<L.V.Scalar>, _ begin: Int, _ end: Int, _ tiles: Tiles, _: L.Type,
  _: Index.Type
) { backwardWeight(a, m, begin, end, tiles, L.self, Index.self) }

@inline(__always)
private func backwardWeight<L: Lanes, Index: FixedWidthInteger & UnsignedInteger>(
  _ a: LinearArguments<L.V.Scalar>, _ m: SparseMatrix<L.V.Scalar>, _ begin: Int, _ end: Int, _ tiles: Tiles?, _: L.Type,
  _: Index.Type
) {
  guard let gradient = a.gradient, let dw = a.weightGradient else { return }
  let width = a.shape.width
  let index = m.columnIndex.assumingMemoryBound(to: Index.self)
  for p in 0..<a.shape.count {
    for offset in stride(from: 0, to: width, by: L.count) {
      let x = a.input + (panelRow(p, 0, features: m.columns, width: width) + offset)
      let dz = UnsafePointer(gradient) + (panelRow(p, 0, features: m.rows, width: width) + offset)
      let adds = a.accumulate || p > 0 || offset > 0
      let ahead = Lookahead(index: index, last: Int(m.rowStart[end]) &- 1, x: x, width: width)
      if let tiles {
        tiles.forEach(from: begin, to: end, m.rowStart) { row, next, last, limit, _ in
          multiplyRow(L(dz + row &* width), next, last, below: limit, ahead, dw, adds)
        }
      } else {
        for row in begin..<end {
          _ = multiplyRow(L(dz + row &* width), Int(m.rowStart[row]), Int(m.rowStart[row &+ 1]), ahead, dw, adds)
        }
      }
    }
  }
}

/// dw[k] (+)= dz . x[index[k]] for k from `begin` on, up to `end` or, in a tile, up to the first whose index is not below
/// `limit`; returns the one after the last. How the connections are grouped does not change the bits.
///
/// Transparent, because `@inline(__always)` leaves it a function of its own, to which dz goes through memory for every row.
@_transparent
private func multiplyRow<L: Lanes, Index: FixedWidthInteger & UnsignedInteger>(
  _ dz: L, _ begin: Int, _ end: Int, below limit: Int? = nil, _ ahead: Lookahead<L.V.Scalar, Index>,
  _ dw: UnsafeMutablePointer<L.V.Scalar>, _ adds: Bool
) -> Int {
  @inline(__always)
  func product(_ k: Int) -> L.V {
    if limit == nil { ahead.prefetch(from: k, bytes: L.bytes) }
    return dz.fold(into: .zero, times: ahead.x + Int(ahead.index[k]) &* ahead.width)
  }
  @inline(__always)
  func isInside(_ k: Int) -> Bool { k < end && limit.map { Int(ahead.index[k]) < $0 } ?? true }
  var k = begin
  while isInside(k &+ 3) {
    var sums = L.V.sums(product(k), product(k &+ 1), product(k &+ 2), product(k &+ 3))
    if adds { sums += SIMD4(UnsafePointer(dw + k)) }
    sums.store(to: dw + k)
    k &+= 4
  }
  // Up to three are left, for which a horizontal sum each would cost more than their products.
  guard isInside(k) else { return k }
  let two = isInside(k &+ 1)
  let three = isInside(k &+ 2)
  let sums = L.V.sums(product(k), two ? product(k &+ 1) : .zero, three ? product(k &+ 2) : .zero, .zero)
  @inline(__always)
  func put(_ i: Int) { dw[k &+ i] = adds ? dw[k &+ i] + sums[i] : sums[i] }
  put(0)
  if two { put(1) }
  if three { put(2) }
  return k &+ 1 &+ (two ? 1 : 0) &+ (three ? 1 : 0)
}

/// The sum of the lanes, in the order of `Vector.sums`.
@inline(__always)
func total<V: Vector>(_ vector: V) -> V.Scalar { V.sums(vector, .zero, .zero, .zero)[0] }
