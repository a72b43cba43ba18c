import KernelInterface

// dW of a convolution: a piece of a line of dz goes by eight connections at a time, each with its sum in a register. Pieces are
// gone through for all rows before the next, so that the planes that they are multiplied with stay in the second-level cache.

@inline(never)
func correlationGradient<T: KernelScalar>(_ a: CorrelationGradientArguments<T>, _ begin: Int, _ end: Int) {
  let (g, lanes, planes) = (a.geometry, a.shape.width, a.geometry.padded)
  let length = g.width.output &* lanes
  let columns = Columns(a, lanes: lanes)
  let parts = (g.columns &+ a.partColumns &- 1) / a.partColumns
  for unit in begin..<end { columns.divide(a.firstRow &+ unit, a.partColumns, parts, into: a.start + unit &* (parts &+ 1)) }
  for panel in 0..<a.shape.count {
    for line in 0..<g.depth.output &* g.height.output {
      let (z, y) = (line / g.height.output, line % g.height.output)
      let place = z &* g.depth.stride &* planes.slice &+ y &* g.height.stride &* planes.row
      for first in stride(from: 0, to: length, by: a.piece) {
        let adds = a.accumulate || panel > 0 || line > 0 || first > 0
        let source = a.planes + ((panel &* g.channels &* planes.places &+ place) &* lanes &+ first)
        let dz = a.gradient + (((panel &* g.filters &* g.depth.output &* g.height.output &+ line) &* length) &+ first)
        for part in 0..<parts {
          var unit = begin
          while unit < end {
            let row = a.firstRow &+ unit
            let start = a.start + (unit &* (parts &+ 1) &+ part)
            if a.matrix == nil, unit &+ 3 <= end, row % g.groupFilters &+ 3 <= g.groupFilters {
              multiplyThree(
                dz + row &* g.outputPlaces &* lanes, g.outputPlaces &* lanes, min(a.piece, length &- first),
                source + row / g.groupFilters &* g.groupChannels &* planes.places &* lanes, columns,
                Int(start[0])..<Int(start[1]), base: Int(a.start[unit &* (parts &+ 1)]), a.weightGradient, g.columns, adds)
              unit &+= 3
              continue
            }
            multiplyRow(
              dz + row &* g.outputPlaces &* lanes, min(a.piece, length &- first),
              source + row / g.groupFilters &* g.groupChannels &* planes.places &* lanes, columns,
              Int(start[0])..<Int(start[1]), base: Int(a.start[unit &* (parts &+ 1)]), a.weightGradient, adds)
            unit &+= 1
          }
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

  /// Where each part of a row's slots begins, and where the last one ends.
  func divide(_ row: Int, _ size: Int, _ parts: Int, into start: UnsafeMutablePointer<Int64>) {
    let slots = slots(row)
    var part = 0
    start[0] = Int64(slots.lowerBound)
    if parts > 1 {
      for slot in slots {
        while column(slot, base: slots.lowerBound) >= (part &+ 1) &* size {
          part &+= 1
          start[part] = Int64(slot)
        }
      }
    }
    while part < parts {
      part &+= 1
      start[part] = Int64(slots.upperBound)
    }
  }

  /// - base: the row's first slot.
  @inline(__always)
  func column(_ slot: Int, base: Int) -> Int {
    guard let matrix else { return slot &- base }
    return matrix.indexBytes == 2
      ? Int(matrix.columnIndex.load(fromByteOffset: 2 &* slot, as: UInt16.self))
      : Int(matrix.columnIndex.load(fromByteOffset: 4 &* slot, as: UInt32.self))
  }

  @inline(__always)
  func place(_ slot: Int, base: Int) -> Int { offset[column(slot, base: base)] &* lanes }
}

/// dw of a row's connections (+)= products with a piece of dz.
@inline(never)
private func multiplyRow<T: KernelScalar>(
  _ dz: UnsafePointer<T>, _ count: Int, _ source: UnsafePointer<T>, _ columns: Columns<T>, _ slots: Range<Int>,
  base: Int, _ dw: UnsafeMutablePointer<T>, _ adds: Bool
) {
  @inline(__always)
  func planes(_ slot: Int) -> UnsafePointer<T> {
    source + columns.place(min(slot, slots.upperBound &- 1), base: base)
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

/// The same for three rows that are connected with all columns. - rowStep: from a row of dz to the next. - columnCount: from a
/// row of dw to the next.
@inline(never)
private func multiplyThree<T: KernelScalar>(
  _ dz: UnsafePointer<T>, _ rowStep: Int, _ count: Int, _ source: UnsafePointer<T>, _ columns: Columns<T>,
  _ slots: Range<Int>, base: Int, _ dw: UnsafeMutablePointer<T>, _ columnCount: Int, _ adds: Bool
) {
  @inline(__always)
  func planes(_ slot: Int) -> UnsafePointer<T> { source + columns.place(min(slot, slots.upperBound &- 1), base: base) }
  for slot in stride(from: slots.lowerBound, to: slots.upperBound, by: 4) {
    let sums = products(
      dz, dz + rowStep, dz + 2 &* rowStep, count, planes(slot), planes(slot &+ 1), planes(slot &+ 2), planes(slot &+ 3),
      T.Lanes128Bytes.V.self)
    let left = slots.upperBound &- slot
    put(sums.0, dw + slot, left, adds)
    put(sums.1, dw + (slot &+ columnCount), left, adds)
    put(sums.2, dw + (slot &+ 2 &* columnCount), left, adds)
  }
}

/// The products of three runs with four others.
@inline(__always)
private func products<V: Vector>(
  _ z0: UnsafePointer<V.Scalar>, _ z1: UnsafePointer<V.Scalar>, _ z2: UnsafePointer<V.Scalar>, _ count: Int,
  _ p0: UnsafePointer<V.Scalar>, _ p1: UnsafePointer<V.Scalar>, _ p2: UnsafePointer<V.Scalar>,
  _ p3: UnsafePointer<V.Scalar>, _: V.Type
) -> (SIMD4<V.Scalar>, SIMD4<V.Scalar>, SIMD4<V.Scalar>) {
  var (a0, a1, a2, a3) = (V.zero, V.zero, V.zero, V.zero)
  var (b0, b1, b2, b3) = (V.zero, V.zero, V.zero, V.zero)
  var (c0, c1, c2, c3) = (V.zero, V.zero, V.zero, V.zero)
  var i = 0
  while i &+ V.scalarCount <= count {
    let (x, y, z) = (V(z0 + i), V(z1 + i), V(z2 + i))
    @inline(__always)
    func add(_ p: UnsafePointer<V.Scalar>, _ a: inout V, _ b: inout V, _ c: inout V) {
      let plane = V(p + i)
      a = a.adding(plane, times: x)
      b = b.adding(plane, times: y)
      c = c.adding(plane, times: z)
    }
    add(p0, &a0, &b0, &c0)
    add(p1, &a1, &b1, &c1)
    add(p2, &a2, &b2, &c2)
    add(p3, &a3, &b3, &c3)
    i &+= V.scalarCount
  }
  var (a, b, c) = (V.sums(a0, a1, a2, a3), V.sums(b0, b1, b2, b3), V.sums(c0, c1, c2, c3))
  while i < count {
    let planes = SIMD4(p0[i], p1[i], p2[i], p3[i])
    a = a.adding(planes, times: SIMD4(repeating: z0[i]))
    b = b.adding(planes, times: SIMD4(repeating: z1[i]))
    c = c.adding(planes, times: SIMD4(repeating: z2[i]))
    i &+= 1
  }
  return (a, b, c)
}
