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
      let adds = a.accumulate || p > 0 || offset > 0
      for row in begin..<end {
        let dz = L(UnsafePointer(gradient) + (panelRow(p, row, features: m.rows, width: width) + offset))
        var k = Int(m.rowStart[row])
        let last = Int(m.rowStart[row + 1])
        while k &+ 4 <= last {
          var sums = L.V.sums(
            dz.fold(into: .zero, times: x + Int(index[k]) &* width),
            dz.fold(into: .zero, times: x + Int(index[k &+ 1]) &* width),
            dz.fold(into: .zero, times: x + Int(index[k &+ 2]) &* width),
            dz.fold(into: .zero, times: x + Int(index[k &+ 3]) &* width))
          if adds { sums += SIMD4(weightGradient + k) }
          sums.store(to: weightGradient + k)
          k &+= 4
        }
        while k < last {
          let sum = total(dz.fold(into: .zero, times: x + Int(index[k]) &* width))
          weightGradient[k] = adds ? weightGradient[k] + sum : sum
          k &+= 1
        }
      }
    }
  }
}

/// The sum of the lanes, in the order of `Vector.sums`.
@inline(__always)
func total<V: Vector>(_ vector: V) -> V.Scalar { V.sums(vector, .zero, .zero, .zero)[0] }
