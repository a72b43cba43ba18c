import KernelInterface

// dW of a convolution: a piece of a line of dz goes by eight connections at a time, each with its sum in a register. Pieces are
// gone through for all rows before the next, so that the planes that they are multiplied with stay in the second-level cache.

/// Elements of a piece of a line.
private let pieceBytes = 2048

@inline(never)
func correlationGradient<T: KernelScalar>(_ a: CorrelationGradientArguments<T>, _ begin: Int, _ end: Int) {
  let (g, lanes, planes) = (a.geometry, a.shape.width, a.geometry.padded)
  let (length, piece) = (g.width.output &* lanes, pieceBytes / MemoryLayout<T>.stride)
  let columns = Columns(a, lanes: lanes)
  for panel in 0..<a.shape.count {
    for line in 0..<g.depth.output &* g.height.output {
      let (z, y) = (line / g.height.output, line % g.height.output)
      let place = z &* g.depth.stride &* planes.slice &+ y &* g.height.stride &* planes.row
      for first in stride(from: 0, to: length, by: piece) {
        let adds = a.accumulate || panel > 0 || line > 0 || first > 0
        let source = a.planes + ((panel &* g.channels &* planes.places &+ place) &* lanes &+ first)
        let dz = a.gradient + (((panel &* g.filters &* g.depth.output &* g.height.output &+ line) &* length) &+ first)
        for unit in begin..<end {
          let row = a.firstRow &+ unit
          multiplyRow(
            dz + row &* g.outputPlaces &* lanes, min(piece, length &- first),
            source + row / g.groupFilters &* g.groupChannels &* planes.places &* lanes, columns, columns.slots(row),
            a.weightGradient, adds)
        }
      }
    }
  }
}

/// Which columns a row's connections have, and how far into the planes these lead.
private struct Columns<T> {
  let matrix: SparseMatrix<T>?
  let firstRow: Int
  let count: Int
  let offset: UnsafePointer<Int>
  let lanes: Int

  init(_ a: CorrelationGradientArguments<T>, lanes: Int) {
    matrix = a.matrix
    firstRow = a.firstRow
    count = a.geometry.columns
    offset = a.columnOffset
    self.lanes = lanes
  }

  @inline(__always)
  func slots(_ row: Int) -> Range<Int> {
    guard let matrix else { return (row &- firstRow) &* count..<(row &- firstRow &+ 1) &* count }
    return Int(matrix.rowStart[row])..<Int(matrix.rowStart[row &+ 1])
  }

  /// - base: the row's first slot.
  @inline(__always)
  func place(_ slot: Int, base: Int) -> Int {
    guard let matrix else { return offset[slot &- base] &* lanes }
    let column =
      matrix.indexBytes == 2
      ? Int(matrix.columnIndex.load(fromByteOffset: 2 &* slot, as: UInt16.self))
      : Int(matrix.columnIndex.load(fromByteOffset: 4 &* slot, as: UInt32.self))
    return offset[column] &* lanes
  }
}

/// dw of a row's connections (+)= products with a piece of dz.
@inline(never)
private func multiplyRow<T: KernelScalar>(
  _ dz: UnsafePointer<T>, _ count: Int, _ source: UnsafePointer<T>, _ columns: Columns<T>, _ slots: Range<Int>,
  _ dw: UnsafeMutablePointer<T>, _ adds: Bool
) {
  @inline(__always)
  func planes(_ slot: Int) -> UnsafePointer<T> {
    source + columns.place(min(slot, slots.upperBound &- 1), base: slots.lowerBound)
  }
  var slot = slots.lowerBound
  while slot &+ 4 < slots.upperBound {
    let (low, high) = products(
      dz, count, planes(slot), planes(slot &+ 1), planes(slot &+ 2), planes(slot &+ 3), planes(slot &+ 4),
      planes(slot &+ 5), planes(slot &+ 6), planes(slot &+ 7), T.Lanes128Bytes.V.self)
    put(low, dw + slot, 4, adds)
    put(high, dw + (slot &+ 4), slots.upperBound &- slot &- 4, adds)
    slot &+= 8
  }
  if slot < slots.upperBound {
    let sums = products(
      dz, count, planes(slot), planes(slot &+ 1), planes(slot &+ 2), planes(slot &+ 3), T.Lanes128Bytes.V.self)
    put(sums, dw + slot, slots.upperBound &- slot, adds)
  }
}

/// The products of a run with four others.
@inline(__always)
private func products<V: Vector>(
  _ dz: UnsafePointer<V.Scalar>, _ count: Int, _ p0: UnsafePointer<V.Scalar>, _ p1: UnsafePointer<V.Scalar>,
  _ p2: UnsafePointer<V.Scalar>, _ p3: UnsafePointer<V.Scalar>, _: V.Type
) -> SIMD4<V.Scalar> {
  var (s0, s1, s2, s3) = (V.zero, V.zero, V.zero, V.zero)
  var i = 0
  while i &+ V.scalarCount <= count {
    let z = V(dz + i)
    s0 = s0.adding(V(p0 + i), times: z)
    s1 = s1.adding(V(p1 + i), times: z)
    s2 = s2.adding(V(p2 + i), times: z)
    s3 = s3.adding(V(p3 + i), times: z)
    i &+= V.scalarCount
  }
  var sums = V.sums(s0, s1, s2, s3)
  while i < count {
    sums = sums.adding(SIMD4(p0[i], p1[i], p2[i], p3[i]), times: SIMD4(repeating: dz[i]))
    i &+= 1
  }
  return sums
}

/// The same with eight, in the same order: which connections are together does not change the bits.
@inline(__always)
private func products<V: Vector>(
  _ dz: UnsafePointer<V.Scalar>, _ count: Int, _ p0: UnsafePointer<V.Scalar>, _ p1: UnsafePointer<V.Scalar>,
  _ p2: UnsafePointer<V.Scalar>, _ p3: UnsafePointer<V.Scalar>, _ p4: UnsafePointer<V.Scalar>,
  _ p5: UnsafePointer<V.Scalar>, _ p6: UnsafePointer<V.Scalar>, _ p7: UnsafePointer<V.Scalar>, _: V.Type
) -> (SIMD4<V.Scalar>, SIMD4<V.Scalar>) {
  var (s0, s1, s2, s3) = (V.zero, V.zero, V.zero, V.zero)
  var (s4, s5, s6, s7) = (V.zero, V.zero, V.zero, V.zero)
  var i = 0
  while i &+ V.scalarCount <= count {
    let z = V(dz + i)
    s0 = s0.adding(V(p0 + i), times: z)
    s1 = s1.adding(V(p1 + i), times: z)
    s2 = s2.adding(V(p2 + i), times: z)
    s3 = s3.adding(V(p3 + i), times: z)
    s4 = s4.adding(V(p4 + i), times: z)
    s5 = s5.adding(V(p5 + i), times: z)
    s6 = s6.adding(V(p6 + i), times: z)
    s7 = s7.adding(V(p7 + i), times: z)
    i &+= V.scalarCount
  }
  var (low, high) = (V.sums(s0, s1, s2, s3), V.sums(s4, s5, s6, s7))
  while i < count {
    let z = SIMD4(repeating: dz[i])
    low = low.adding(SIMD4(p0[i], p1[i], p2[i], p3[i]), times: z)
    high = high.adding(SIMD4(p4[i], p5[i], p6[i], p7[i]), times: z)
    i &+= 1
  }
  return (low, high)
}

@inline(__always)
private func put<T: KernelScalar>(_ sums: SIMD4<T>, _ dw: UnsafeMutablePointer<T>, _ count: Int, _ adds: Bool) {
  if count >= 4 { return (adds ? SIMD4(UnsafePointer(dw)) + sums : sums).store(to: dw) }
  for i in 0..<count { dw[i] = adds ? dw[i] + sums[i] : sums[i] }
}
