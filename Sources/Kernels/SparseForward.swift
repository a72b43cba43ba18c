import KernelInterface

// a = f(W x + b) for sparse W, and dx = W^T dz: both sum rows of a panel into accumulators in registers, so that a connection
// costs one load a multiply-add and nothing is stored until a row is complete.

@inline(never)
func sparseForward<L: Lanes, Index: FixedWidthInteger & UnsignedInteger>(
  _ a: LinearArguments<L.V.Scalar>, _ m: SparseMatrix<L.V.Scalar>, _ begin: Int, _ end: Int, _: L.Type, _: Index.Type
) {
  let width = a.shape.width
  let index = m.columnIndex.assumingMemoryBound(to: Index.self)
  for p in 0..<a.shape.count {
    for offset in stride(from: 0, to: width, by: L.count) {
      let x = a.input + (panelRow(p, 0, features: m.columns, width: width) + offset)
      let y = panelRow(p, 0, features: m.rows, width: width) + offset
      for row in begin..<end {
        var sum = L(repeating: a.bias?[row] ?? 0)
        for k in Int(m.rowStart[row])..<Int(m.rowStart[row + 1]) {
          sum.add(L.V(repeating: m.values[k]), times: x + Int(index[k]) &* width)
        }
        finish(sum, a, at: y + row &* width)
      }
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
  for p in 0..<a.shape.count {
    for offset in stride(from: 0, to: width, by: L.count) {
      let dz = UnsafePointer(gradient) + (panelRow(p, 0, features: m.rows, width: width) + offset)
      let dx = inputGradient + (panelRow(p, 0, features: m.columns, width: width) + offset)
      for column in begin..<end {
        var sum = L(repeating: 0)
        for k in Int(m.columnStart[column])..<Int(m.columnStart[column + 1]) {
          sum.add(L.V(repeating: m.values[Int(m.slot[k])]), times: dz + Int(index[k]) &* width)
        }
        sum.store(to: dx + column &* width)
      }
    }
  }
}
