import CSystem
import KernelInterface

// a = f(W x + b) for sparse W, and dx = W^T dz: both sum rows of a panel into accumulators in registers, so that a connection
// costs one load a multiply-add and nothing is stored until a row is complete.
//
// A panel is larger than the first-level cache, and which of its rows come next is known long before they are needed but only
// to the index: the processor cannot guess it. So each connection asks for the row of a later one.

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
      line &+= 64
    }
  }
}

/// The sum of a row's connections and an initial value.
@inline(__always)
private func sumRow<L: Lanes, Index: FixedWidthInteger & UnsignedInteger>(
  _ begin: Int, _ end: Int, initial: L.V.Scalar, _ ahead: Lookahead<L.V.Scalar, Index>,
  _ values: UnsafePointer<L.V.Scalar>, _: L.Type
) -> L {
  var sum = L(repeating: initial)
  var k = begin
  @inline(__always)
  func row(_ k: Int) -> UnsafePointer<L.V.Scalar> { ahead.x + Int(ahead.index[k]) &* ahead.width }
  #if ESPALIER_AVX512
    // Two multiply-adds can start in a cycle and take four: the four registers of the widest row are half of what that
    // needs, so every second connection has a sum of its own.
    var other = L(repeating: 0)
    while k &+ 1 < end {
      ahead.prefetch(from: k, bytes: L.bytes)
      ahead.prefetch(from: k &+ 1, bytes: L.bytes)
      sum.add(L.V(repeating: values[k]), times: row(k))
      other.add(L.V(repeating: values[k &+ 1]), times: row(k &+ 1))
      k &+= 2
    }
    sum = sum.zip(other) { $0 + $1 }
  #endif
  while k < end {
    ahead.prefetch(from: k, bytes: L.bytes)
    sum.add(L.V(repeating: values[k]), times: row(k))
    k &+= 1
  }
  return sum
}

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
      let ahead = Lookahead(index: index, last: Int(m.rowStart[end]) &- 1, x: x, width: width)
      for row in begin..<end {
        let sum = sumRow(
          Int(m.rowStart[row]), Int(m.rowStart[row &+ 1]), initial: a.bias?[row] ?? 0, ahead, m.values, L.self)
        finish(sum, a, at: y + row &* width)
      }
    }
  }
}

@inline(never)
func sparseBackwardInput<L: Lanes, Index: FixedWidthInteger & UnsignedInteger>(
  _ a: LinearArguments<L.V.Scalar>, _ m: SparseMatrix<L.V.Scalar>, _ begin: Int, _ end: Int, _: L.Type, _: Index.Type
) {
  guard let gradient = a.gradient, let inputGradient = a.inputGradient, let values = a.transposedValues else { return }
  let width = a.shape.width
  let index = m.rowIndex.assumingMemoryBound(to: Index.self)
  // Once for all panels: in the order of the transposed index every value is in another line of the cache.
  for entry in Int(m.columnStart[begin])..<Int(m.columnStart[end]) { values[entry] = m.values[Int(m.slot[entry])] }
  for p in 0..<a.shape.count {
    for offset in stride(from: 0, to: width, by: L.count) {
      let dz = UnsafePointer(gradient) + (panelRow(p, 0, features: m.rows, width: width) + offset)
      let dx = inputGradient + (panelRow(p, 0, features: m.columns, width: width) + offset)
      let ahead = Lookahead(index: index, last: Int(m.columnStart[end]) &- 1, x: dz, width: width)
      for column in begin..<end {
        sumRow(
          Int(m.columnStart[column]), Int(m.columnStart[column &+ 1]), initial: 0, ahead, UnsafePointer(values), L.self
        ).store(to: dx + column &* width)
      }
    }
  }
}
