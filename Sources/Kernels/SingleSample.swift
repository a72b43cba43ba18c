import KernelInterface

// Linear layers for a batch of one: panels are plain vectors, so a row of W is a sparse dot product, and what is done value
// by value is done to several rows at a time. Gathering is by scalar loads: the gather instruction is slower on many machines.
// Patterns with a bitmap go by blocks of columns instead, where the instruction set can: SingleBlocks.swift.

/// Values of x at four consecutive entries of an index array.
@inline(__always)
private func gather<T: KernelScalar, Index: FixedWidthInteger & UnsignedInteger>(
  _ x: UnsafePointer<T>, _ index: UnsafePointer<Index>
) -> SIMD4<T> {
  SIMD4(x[Int(index[0])], x[Int(index[1])], x[Int(index[2])], x[Int(index[3])])
}

/// initial + the products of a row: eight partial sums, one of every eighth connection, and the rest one after another.
@inline(__always)
private func dot<T: KernelScalar, Index: FixedWidthInteger & UnsignedInteger>(
  _ begin: Int, _ end: Int, _ index: UnsafePointer<Index>, _ x: UnsafePointer<T>, initial: T, four: (Int) -> SIMD4<T>,
  one: (Int) -> T
) -> T {
  var (sums, more) = (SIMD4<T>.zero, SIMD4<T>.zero)
  var rest = Lane(initial)
  var k = begin
  while k &+ 8 <= end {
    sums = sums.adding(gather(x, index + k), times: four(k))
    more = more.adding(gather(x, index + (k &+ 4)), times: four(k &+ 4))
    k &+= 8
  }
  if k &+ 4 <= end {
    sums = sums.adding(gather(x, index + k), times: four(k))
    k &+= 4
  }
  sums += more
  while k < end {
    rest = rest.adding(Lane(x[Int(index[k])]), times: Lane(one(k)))
    k &+= 1
  }
  let pairs = sums.lowHalf + sums.highHalf
  return (pairs[0] + pairs[1]) + rest.value
}

@inline(never)
func singleForward<T: KernelScalar, Index: FixedWidthInteger & UnsignedInteger>(
  _ a: LinearArguments<T>, _ m: SparseMatrix<T>, _ begin: Int, _ end: Int, _: Index.Type
) {
  #if ESPALIER_AVX2 || ESPALIER_AVX512
    if let bitmap = m.bitmap { return blocksForward(a, m, bitmap, begin, end) }
  #endif
  let index = m.columnIndex.assumingMemoryBound(to: Index.self)
  let (values, x, start) = (m.values, a.input, m.rowStart)
  for row in begin..<end {
    a.output[row] = dot(
      Int(start[row]), Int(start[row &+ 1]), index, x, initial: a.bias?[row] ?? 0, four: { SIMD4(values + $0) },
      one: { values[$0] })
  }
  finishRows(a, begin, end)
}

@inline(never)
func singleBackwardInput<T: KernelScalar, Index: FixedWidthInteger & UnsignedInteger>(
  _ a: LinearArguments<T>, _ m: SparseMatrix<T>, _ begin: Int, _ end: Int, _: Index.Type
) {
  #if ESPALIER_AVX2 || ESPALIER_AVX512
    if let bitmap = m.bitmap { return blocksBackwardInput(a, m, bitmap, begin, end) }
  #endif
  guard let gradient = a.gradient, let dx = a.inputGradient else { return }
  let index = m.rowIndex.assumingMemoryBound(to: Index.self)
  let (values, slot, start) = (m.values, m.slot, m.columnStart)
  for column in begin..<end {
    dx[column] = dot(
      Int(start[column]), Int(start[column &+ 1]), index, UnsafePointer(gradient), initial: 0,
      four: { gather(values, slot + $0) }, one: { values[Int(slot[$0])] })
  }
}

@inline(never)
func singleBackwardWeight<T: KernelScalar, Index: FixedWidthInteger & UnsignedInteger>(
  _ a: LinearArguments<T>, _ m: SparseMatrix<T>, _ begin: Int, _ end: Int, _: Index.Type
) {
  singleBackwardPrologue(a, begin, end)
  #if ESPALIER_AVX2 || ESPALIER_AVX512
    // To add, what was written a moment ago would have to be read again in other pieces, for which processors wait.
    if let bitmap = m.bitmap, !a.accumulate { return blocksBackwardWeight(a, m, bitmap, begin, end) }
  #endif
  guard let gradient = a.gradient, let dw = a.weightGradient else { return }
  if a.accumulate {
    multiplyRows(m, begin, end, a.input, gradient, dw, adds: true, Index.self)
  } else {
    multiplyRows(m, begin, end, a.input, gradient, dw, adds: false, Index.self)
  }
}

/// dw[k] (+)= dz x[index[k]] for all connections of some rows.
@inline(__always)
private func multiplyRows<T: KernelScalar, Index: FixedWidthInteger & UnsignedInteger>(
  _ m: SparseMatrix<T>, _ begin: Int, _ end: Int, _ x: UnsafePointer<T>, _ dz: UnsafeMutablePointer<T>,
  _ dw: UnsafeMutablePointer<T>, adds: Bool, _: Index.Type
) {
  let index = m.columnIndex.assumingMemoryBound(to: Index.self)
  for row in begin..<end {
    let factor = dz[row]
    var k = Int(m.rowStart[row])
    let last = Int(m.rowStart[row &+ 1])
    @inline(__always)
    func multiplyFour(_ k: Int) {
      var products = gather(x, index + k) * SIMD4(repeating: factor)
      if adds { products += SIMD4(UnsafePointer(dw + k)) }
      products.store(to: dw + k)
    }
    while k &+ 8 <= last {
      multiplyFour(k)
      multiplyFour(k &+ 4)
      k &+= 8
    }
    if k &+ 4 <= last {
      multiplyFour(k)
      k &+= 4
    }
    while k < last {
      let product = x[Int(index[k])] * factor
      dw[k] = adds ? dw[k] + product : product
      k &+= 1
    }
  }
}

@inline(never)
func singleForwardEpilogue<T: KernelScalar>(_ a: LinearArguments<T>, _ begin: Int, _ end: Int) {
  if let bias = a.bias { for row in begin..<end { a.output[row] += bias[row] } }
  finishRows(a, begin, end)
}

/// From z in `output` to a.
@inline(__always)
func finishRows<T: KernelScalar>(_ a: LinearArguments<T>, _ begin: Int, _ end: Int) {
  var row = begin
  while row &+ T.Lanes32Bytes.count <= end {
    finish(T.Lanes32Bytes(UnsafePointer(a.output + row)), a, at: row)
    row &+= T.Lanes32Bytes.count
  }
  while row < end {
    finish(One<Lane<T>>(UnsafePointer(a.output + row)), a, at: row)
    row &+= 1
  }
}

@inline(never)
func singleBackwardPrologue<T: KernelScalar>(_ a: LinearArguments<T>, _ begin: Int, _ end: Int) {
  guard let gradient = a.gradient else { return }
  @inline(__always)
  func backpropagateRows<L: Lanes>(at row: Int, _: L.Type) where L.V.Scalar == T {
    let dz = backpropagate(a, at: row, L.self)
    dz.store(to: gradient + row)
    guard let db = a.biasGradient else { return }
    (a.accumulate ? L(UnsafePointer(db + row)).zip(dz) { $0 + $1 } : dz).store(to: db + row)
  }
  var row = begin
  while row &+ T.Lanes32Bytes.count <= end {
    backpropagateRows(at: row, T.Lanes32Bytes.self)
    row &+= T.Lanes32Bytes.count
  }
  while row < end {
    backpropagateRows(at: row, One<Lane<T>>.self)
    row &+= 1
  }
}
