import KernelInterface

// Products of small matrices, one for each lane of a panel: an element is a row of lanes, and lanes do not meet. Panels of a
// single sample are plain matrices; their vectors go along the places instead.

/// A matrix in memory: element (i, k) is at base + i * row + k * step.
struct Operand<T> {
  var base: UnsafePointer<T>
  var row: Int
  var step: Int
}

/// Where a product goes: element (i, j) is at base + i * row + j * column.
struct ProductPlace<T> {
  var base: UnsafeMutablePointer<T>
  var row: Int
  var column: Int
}

/// Three elements of a column of a product.
private struct Triple<V: Vector> {
  var a = V.zero
  var b = V.zero
  var c = V.zero

  @inline(__always)
  mutating func add(_ x: (V, V, V), times y: V) {
    a = a.adding(x.0, times: y)
    b = b.adding(x.1, times: y)
    c = c.adding(x.2, times: y)
  }

  @inline(__always)
  func store(_ scale: V, _ i: (Int, Int, Int), _ column: UnsafeMutablePointer<V.Scalar>) {
    (a * scale).store(to: column + i.0)
    (b * scale).store(to: column + i.1)
    (c * scale).store(to: column + i.2)
  }
}

/// place = scale a b^T, lane by lane: element (i, j) is scale times the sum over k of a(i, k) b(j, k), in this order.
/// - rows, columns: of the product, at least 1. - inner: how many k there are; none gives zeros.
@inline(__always)
func multiplyLanes<V: Vector>(
  _ a: Operand<V.Scalar>, _ b: Operand<V.Scalar>, rows: Int, columns: Int, inner: Int, scale: V.Scalar,
  _ place: ProductPlace<V.Scalar>, _: V.Type
) {
  let factor = V(repeating: scale)
  // Twelve sums at a time. Beyond the edge they are those of the last row or column once more.
  for i in stride(from: 0, to: rows, by: 3) {
    let (i1, i2) = (min(i &+ 1, rows &- 1), min(i &+ 2, rows &- 1))
    let (a0, a1, a2) = (a.base + i &* a.row, a.base + i1 &* a.row, a.base + i2 &* a.row)
    let to = (i &* place.row, i1 &* place.row, i2 &* place.row)
    for j in stride(from: 0, to: columns, by: 4) {
      let (j1, j2, j3) = (min(j &+ 1, columns &- 1), min(j &+ 2, columns &- 1), min(j &+ 3, columns &- 1))
      let (b0, b1) = (b.base + j &* b.row, b.base + j1 &* b.row)
      let (b2, b3) = (b.base + j2 &* b.row, b.base + j3 &* b.row)
      var (c0, c1, c2, c3) = (Triple<V>(), Triple<V>(), Triple<V>(), Triple<V>())
      for k in 0..<inner {
        let (at, bt) = (k &* a.step, k &* b.step)
        let x = (V(a0 + at), V(a1 + at), V(a2 + at))
        c0.add(x, times: V(b0 + bt))
        c1.add(x, times: V(b1 + bt))
        c2.add(x, times: V(b2 + bt))
        c3.add(x, times: V(b3 + bt))
      }
      c0.store(factor, to, place.base + j &* place.column)
      c1.store(factor, to, place.base + j1 &* place.column)
      c2.store(factor, to, place.base + j2 &* place.column)
      c3.store(factor, to, place.base + j3 &* place.column)
    }
  }
}

/// The same for a single sample. Either b's rows and the columns of the product are neighbours in memory, or the steps of a and
/// of b are.
@inline(__always)
func multiplySingle<T: KernelScalar>(
  _ a: Operand<T>, _ b: Operand<T>, rows: Int, columns: Int, inner: Int, scale: T, _ place: ProductPlace<T>
) {
  if b.row == 1 {
    var j = 0
    while columns &- j >= T.Lanes64Bytes.count {
      multiplyStrip(a, b, j, rows: rows, inner: inner, scale: scale, place, T.Lanes64Bytes.self)
      j &+= T.Lanes64Bytes.count
    }
    while columns &- j >= T.Lanes16Bytes.count {
      multiplyStrip(a, b, j, rows: rows, inner: inner, scale: scale, place, T.Lanes16Bytes.self)
      j &+= T.Lanes16Bytes.count
    }
    while j < columns {
      multiplyStrip(a, b, j, rows: rows, inner: inner, scale: scale, place, One<Lane<T>>.self)
      j &+= 1
    }
  } else {
    for i in 0..<rows {
      for j in stride(from: 0, to: columns, by: 4) {
        multiplyAlong(a, b, i, j, columns: columns, inner: inner, scale: scale, place, T.Lanes32Bytes.V.self)
      }
    }
  }
}

/// The columns j ..< j + L.count, four rows at a time.
@inline(__always)
private func multiplyStrip<L: Lanes>(
  _ a: Operand<L.V.Scalar>, _ b: Operand<L.V.Scalar>, _ j: Int, rows: Int, inner: Int, scale: L.V.Scalar,
  _ place: ProductPlace<L.V.Scalar>, _: L.Type
) {
  typealias V = L.V
  let factor = V(repeating: scale)
  for i in stride(from: 0, to: rows, by: 4) {
    let (i1, i2, i3) = (min(i &+ 1, rows &- 1), min(i &+ 2, rows &- 1), min(i &+ 3, rows &- 1))
    let (a0, a1) = (a.base + i &* a.row, a.base + i1 &* a.row)
    let (a2, a3) = (a.base + i2 &* a.row, a.base + i3 &* a.row)
    var (c0, c1) = (L(repeating: 0), L(repeating: 0))
    var (c2, c3) = (L(repeating: 0), L(repeating: 0))
    for k in 0..<inner {
      let (at, row) = (k &* a.step, b.base + (j &+ k &* b.step))
      c0.add(V(repeating: a0[at]), times: row)
      c1.add(V(repeating: a1[at]), times: row)
      c2.add(V(repeating: a2[at]), times: row)
      c3.add(V(repeating: a3[at]), times: row)
    }
    let column = place.base + j &* place.column
    c0.map { $0 * factor }.store(to: column + i &* place.row)
    c1.map { $0 * factor }.store(to: column + i1 &* place.row)
    c2.map { $0 * factor }.store(to: column + i2 &* place.row)
    c3.map { $0 * factor }.store(to: column + i3 &* place.row)
  }
}

/// Row i and four columns from j on, vectors going along the steps.
@inline(__always)
private func multiplyAlong<V: Vector>(
  _ a: Operand<V.Scalar>, _ b: Operand<V.Scalar>, _ i: Int, _ j: Int, columns: Int, inner: Int, scale: V.Scalar,
  _ place: ProductPlace<V.Scalar>, _: V.Type
) {
  typealias T = V.Scalar
  let (j1, j2, j3) = (min(j &+ 1, columns &- 1), min(j &+ 2, columns &- 1), min(j &+ 3, columns &- 1))
  let x = a.base + i &* a.row
  let (b0, b1) = (b.base + j &* b.row, b.base + j1 &* b.row)
  let (b2, b3) = (b.base + j2 &* b.row, b.base + j3 &* b.row)
  var (s0, s1, s2, s3) = (V.zero, V.zero, V.zero, V.zero)
  var k = 0
  while inner &- k >= V.scalarCount {
    let factor = V(x + k)
    s0 = s0.adding(factor, times: V(b0 + k))
    s1 = s1.adding(factor, times: V(b1 + k))
    s2 = s2.adding(factor, times: V(b2 + k))
    s3 = s3.adding(factor, times: V(b3 + k))
    k &+= V.scalarCount
  }
  var sums = V.sums(s0, s1, s2, s3)
  while k < inner {
    sums = T.multiplyAdd(SIMD4(repeating: x[k]), SIMD4(b0[k], b1[k], b2[k], b3[k]), sums)
    k &+= 1
  }
  sums *= SIMD4(repeating: scale)
  let row = place.base + i &* place.row
  row[j &* place.column] = sums[0]
  row[j1 &* place.column] = sums[1]
  row[j2 &* place.column] = sums[2]
  row[j3 &* place.column] = sums[3]
}
