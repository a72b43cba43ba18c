import KernelInterface

// dz = da f'(.) in place, db, and dW at the pattern's positions: products of rows of dz with rows of x. A row of dz stays in
// registers while its connections stream by, four at a time, so that their horizontal sums cost one transposition.

@inline(never)
func sparseBackwardWeight<L: Lanes, Index: FixedWidthInteger & UnsignedInteger>(
  _ a: LinearArguments<L.V.Scalar>, _ m: SparseMatrix<L.V.Scalar>, _ begin: Int, _ end: Int, _: L.Type, _: Index.Type
) {
  backwardPrologue(a, begin, end, L.self)
  guard let gradient = a.gradient, let weightGradient = a.weightGradient else { return }
  let width = a.shape.width
  let index = m.columnIndex.assumingMemoryBound(to: Index.self)
  for p in 0..<a.shape.count {
    for offset in stride(from: 0, to: width, by: L.count) {
      let x = a.input + (panelRow(p, 0, features: m.columns, width: width) + offset)
      let dz = UnsafePointer(gradient) + (panelRow(p, 0, features: m.rows, width: width) + offset)
      multiplyRows(
        begin, end, m.rowStart, index, x, dz, weightGradient, width, reads: m.columns,
        adds: a.accumulate || p > 0 || offset > 0, L.self)
    }
  }
}

/// The products of rows of dz with rows of x for one panel, in tiles of x where that pays: ``Tiles``.
@inline(__always)
private func multiplyRows<L: Lanes, Index: FixedWidthInteger & UnsignedInteger>(
  _ begin: Int, _ end: Int, _ start: UnsafePointer<Int64>, _ index: UnsafePointer<Index>, _ x: UnsafePointer<L.V.Scalar>,
  _ dz: UnsafePointer<L.V.Scalar>, _ dw: UnsafeMutablePointer<L.V.Scalar>, _ width: Int, reads: Int, adds: Bool, _: L.Type
) {
  let tiles = Tiles(
    reads: reads, rows: end &- begin, connections: Int(start[end] &- start[begin]),
    rowBytes: width &* MemoryLayout<L.V.Scalar>.stride, worthwhile: 12)
  if tiles.features >= reads {
    for row in begin..<end {
      multiplyRow(L(dz + row &* width), Int(start[row]), Int(start[row &+ 1]), index, x, dw, width, adds)
    }
    return
  }
  withUnsafeTemporaryAllocation(of: UInt32.self, capacity: Tiles.rows) { done in
    for first in stride(from: begin, to: end, by: Tiles.rows) {
      let last = min(first &+ Tiles.rows, end)
      for row in first..<last { done[row &- first] = 0 }
      for limit in stride(from: tiles.features, to: reads &+ tiles.features, by: tiles.features) {
        for row in first..<last {
          let k = Int(start[row]) &+ Int(done[row &- first])
          let stop = Int(start[row &+ 1])
          var next = k
          while next < stop, Int(index[next]) < limit { next &+= 1 }
          multiplyRow(L(dz + row &* width), k, next, index, x, dw, width, adds)
          done[row &- first] = UInt32(truncatingIfNeeded: next &- Int(start[row]))
        }
      }
    }
  }
}

/// dw[k] (+)= dz . x[index[k]] for k in begin ..< end. How the connections are grouped does not change the bits.
@inline(__always)
private func multiplyRow<L: Lanes, Index: FixedWidthInteger & UnsignedInteger>(
  _ dz: L, _ begin: Int, _ end: Int, _ index: UnsafePointer<Index>, _ x: UnsafePointer<L.V.Scalar>,
  _ dw: UnsafeMutablePointer<L.V.Scalar>, _ width: Int, _ adds: Bool
) {
  var k = begin
  while k &+ 4 <= end {
    var sums = L.V.sums(
      dz.fold(into: .zero, times: x + Int(index[k]) &* width),
      dz.fold(into: .zero, times: x + Int(index[k &+ 1]) &* width),
      dz.fold(into: .zero, times: x + Int(index[k &+ 2]) &* width),
      dz.fold(into: .zero, times: x + Int(index[k &+ 3]) &* width))
    if adds { sums += SIMD4(UnsafePointer(dw + k)) }
    sums.store(to: dw + k)
    k &+= 4
  }
  while k < end {
    let sum = total(dz.fold(into: .zero, times: x + Int(index[k]) &* width))
    dw[k] = adds ? dw[k] + sum : sum
    k &+= 1
  }
}

/// The sum of the lanes, in the order of `Vector.sums`.
@inline(__always)
func total<V: Vector>(_ vector: V) -> V.Scalar { V.sums(vector, .zero, .zero, .zero)[0] }
