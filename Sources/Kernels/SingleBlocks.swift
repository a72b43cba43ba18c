import KernelInterface

// Linear layers for a batch of one, when many positions are connected: eight columns of a row at a time, by their bits in the
// pattern's bitmap. Weights are spread to their columns, so that nothing is gathered one by one, and dx is summed by rows,
// without the transposed index.

#if ESPALIER_AVX2 || ESPALIER_AVX512

  /// Goes through the connections of a row in columns begin ..< end, ascending.
  /// - slots: whole blocks may touch the slots before it, also behind their own; nearer to it, it goes one by one.
  /// - whole: first column of eight, their bits, slot of the first connection. - single: column, slot.
  @inline(__always)
  private func forEachBlock<T>(
    of row: Int, _ m: SparseMatrix<T>, _ bitmap: UnsafePointer<UInt8>, columns begin: Int, _ end: Int, slots: Int,
    whole: (Int, Int, Int) -> Void, single: (Int, Int) -> Void
  ) {
    let bytes = bitmap + row &* bitmapBytes(columns: m.columns)
    var slot = Int(m.rowStart[row])
    @inline(__always)
    func singles(_ begin: Int, _ end: Int) {
      var column = begin
      while column < end {
        if bytes[column &>> 3] &>> UInt8(truncatingIfNeeded: column & 7) & 1 != 0 {
          single(column, slot)
          slot &+= 1
        }
        column &+= 1
      }
    }
    // Where a part of the columns begins is only known by counting.
    for block in 0..<(begin &>> 3) { slot &+= bytes[block].nonzeroBitCount }
    var block = (begin &+ 7) &>> 3
    if begin & 7 != 0 {
      slot &+= (Int(bytes[begin &>> 3]) & ((1 &<< (begin & 7)) &- 1)).nonzeroBitCount
      singles(begin, min(block &<< 3, end))
    }
    let last = end &>> 3
    @inline(__always)
    func wholes(while isSafe: (Int) -> Bool) {
      while block < last, isSafe(slot) {
        let bits = Int(bytes[block])
        whole(block &<< 3, bits, slot)
        slot &+= bits.nonzeroBitCount
        block &+= 1
      }
    }
    if Int(m.rowStart[row &+ 1]) &+ 8 <= slots { wholes { _ in true } } else { wholes { $0 &+ 8 <= slots } }
    singles(block &<< 3, end)
  }

  /// Eight columns of a row: their bits, and the slot of the first connection.
  private typealias Block = (bits: Int, slot: Int)

  /// Goes through the whole blocks of four rows together: what all of them need is loaded once, and none waits for another.
  /// Only for rows behind which there are eight more slots. Returns the slots of what is left of the rows.
  @inline(__always)
  private func forEachBlock<T>(
    ofFour row: Int, _ m: SparseMatrix<T>, _ bitmap: UnsafePointer<UInt8>,
    whole: (_ column: Int, Block, Block, Block, Block) -> Void
  ) -> (Int, Int, Int, Int) {
    let stride = bitmapBytes(columns: m.columns)
    var bytes = bitmap + row &* stride
    let start = m.rowStart + row
    var (slot0, slot1, slot2, slot3) = (Int(start[0]), Int(start[1]), Int(start[2]), Int(start[3]))
    var column = 0
    while column &+ 8 <= m.columns {
      let (bits0, bits1) = (Int(bytes[0]), Int(bytes[stride]))
      let (bits2, bits3) = (Int(bytes[2 &* stride]), Int(bytes[3 &* stride]))
      whole(column, (bits0, slot0), (bits1, slot1), (bits2, slot2), (bits3, slot3))
      slot0 &+= bits0.nonzeroBitCount
      slot1 &+= bits1.nonzeroBitCount
      slot2 &+= bits2.nonzeroBitCount
      slot3 &+= bits3.nonzeroBitCount
      column &+= 8
      bytes += 1
    }
    return (slot0, slot1, slot2, slot3)
  }

  /// Whether four rows from one on can be gone through together.
  @inline(__always)
  private func areFour<T>(from row: Int, before end: Int, _ m: SparseMatrix<T>, slots: Int) -> Bool {
    row &+ 4 <= end && Int(m.rowStart[row &+ 4]) &+ 8 <= slots
  }

  /// The connections of a row in the last columns, which are no whole block. - slot: of the first of them.
  @inline(__always)
  private func forEachRest<T>(
    of row: Int, _ m: SparseMatrix<T>, _ bitmap: UnsafePointer<UInt8>, _ slot: Int, single: (Int, Int) -> Void
  ) {
    guard m.columns & 7 != 0 else { return }
    let bits = Int(bitmap[row &* bitmapBytes(columns: m.columns) &+ m.columns &>> 3])
    var slot = slot
    for column in 0..<(m.columns & 7) where bits &>> column & 1 != 0 {
      single(m.columns & ~7 &+ column, slot)
      slot &+= 1
    }
  }

  /// Whether infinity times 0 can be left out of account.
  @inline(__always)
  private func areFinite<T: KernelScalar>(_ x: UnsafePointer<T>, _ count: Int) -> Bool {
    var residue = SIMD8<T>.zero
    var i = 0
    while i &+ 8 <= count {
      residue = residue.adding(SIMD8(x + i), times: .zero)
      i &+= 8
    }
    var rest: T = 0
    while i < count {
      rest += 0 * x[i]
      i &+= 1
    }
    return SIMD8<T>.sums(residue, .zero, .zero, .zero)[0] + rest == 0
  }

  @inline(never)
  func blocksForward<T: KernelScalar>(
    _ a: LinearArguments<T>, _ m: SparseMatrix<T>, _ bitmap: UnsafePointer<UInt8>, _ begin: Int, _ end: Int
  ) {
    let (values, x, spread) = (m.values, a.input, Spread<T>())
    let slots = Int(m.rowStart[m.rows])
    @inline(__always)
    func add(_ sums: inout SIMD8<T>, single column: Int, _ slot: Int) {
      sums[0] = Lane(sums[0]).adding(Lane(x[column]), times: Lane(values[slot])).value
    }
    /// A row by itself. Where there is no connection both factors are 0: infinity or NaN of an input stays where it is
    /// connected.
    func sums(_ row: Int) -> SIMD8<T> {
      var sums = SIMD8<T>.zero
      forEachBlock(of: row, m, bitmap, columns: 0, m.columns, slots: slots) { column, bits, slot in
        sums = sums.adding(spread.keep(SIMD8(x + column), bits), times: spread.expand(values + slot, bits))
      } single: { column, slot in
        add(&sums, single: column, slot)
      }
      return sums
    }
    let isFinite = areFinite(x, m.columns)
    var row = begin
    while row < end {
      var (sums0, sums1, sums2, sums3) = (SIMD8<T>.zero, SIMD8<T>.zero, SIMD8<T>.zero, SIMD8<T>.zero)
      if isFinite, areFour(from: row, before: end, m, slots: slots) {
        let rest = forEachBlock(ofFour: row, m, bitmap) { column, first, second, third, fourth in
          let factors = SIMD8(x + column)
          sums0 = sums0.adding(factors, times: spread.expand(values + first.slot, first.bits))
          sums1 = sums1.adding(factors, times: spread.expand(values + second.slot, second.bits))
          sums2 = sums2.adding(factors, times: spread.expand(values + third.slot, third.bits))
          sums3 = sums3.adding(factors, times: spread.expand(values + fourth.slot, fourth.bits))
        }
        forEachRest(of: row, m, bitmap, rest.0) { add(&sums0, single: $0, $1) }
        forEachRest(of: row &+ 1, m, bitmap, rest.1) { add(&sums1, single: $0, $1) }
        forEachRest(of: row &+ 2, m, bitmap, rest.2) { add(&sums2, single: $0, $1) }
        forEachRest(of: row &+ 3, m, bitmap, rest.3) { add(&sums3, single: $0, $1) }
      } else {
        // Past the last row, the same once more: horizontal sums of four cost what those of one do.
        let last = end &- 1
        sums0 = sums(row)
        sums1 = sums(min(row &+ 1, last))
        sums2 = sums(min(row &+ 2, last))
        sums3 = sums(min(row &+ 3, last))
      }
      let four = SIMD8<T>.sums(sums0, sums1, sums2, sums3)
      if row &+ 4 <= end {
        (a.bias.map { four + SIMD4($0 + row) } ?? four).store(to: a.output + row)
      } else {
        for i in 0..<(end &- row) { a.output[row &+ i] = (a.bias?[row &+ i] ?? 0) + four[i] }
      }
      row &+= 4
    }
    finishRows(a, begin, end)
  }

  @inline(never)
  func blocksBackwardInput<T: KernelScalar>(
    _ a: LinearArguments<T>, _ m: SparseMatrix<T>, _ bitmap: UnsafePointer<UInt8>, _ begin: Int, _ end: Int
  ) {
    guard let dz = a.gradient, let dx = a.inputGradient else { return }
    let (values, spread) = (m.values, Spread<T>())
    let slots = Int(m.rowStart[m.rows])
    (dx + begin).update(repeating: 0, count: end &- begin)
    @inline(__always)
    func add(single column: Int, _ slot: Int, _ factor: T) {
      dx[column] = Lane(dx[column]).adding(Lane(values[slot]), times: Lane(factor)).value
    }
    /// A row by itself, both factors 0 where there is no connection.
    func add(_ row: Int) {
      let (factor, factors) = (dz[row], SIMD8(repeating: dz[row]))
      forEachBlock(of: row, m, bitmap, columns: begin, end, slots: slots) { column, bits, slot in
        let sums = SIMD8(UnsafePointer(dx + column))
        sums.adding(spread.expand(values + slot, bits), times: spread.keep(factors, bits)).store(to: dx + column)
      } single: { column, slot in
        add(single: column, slot, factor)
      }
    }
    let takesFour = begin == 0 && end == m.columns && areFinite(UnsafePointer(dz), m.rows)
    var row = 0
    while row < m.rows {
      guard takesFour, areFour(from: row, before: m.rows, m, slots: slots) else {
        add(row)
        row &+= 1
        continue
      }
      let (factor0, factor1) = (SIMD8(repeating: dz[row]), SIMD8(repeating: dz[row &+ 1]))
      let (factor2, factor3) = (SIMD8(repeating: dz[row &+ 2]), SIMD8(repeating: dz[row &+ 3]))
      let rest = forEachBlock(ofFour: row, m, bitmap) { column, first, second, third, fourth in
        SIMD8(UnsafePointer(dx + column))
          .adding(spread.expand(values + first.slot, first.bits), times: factor0)
          .adding(spread.expand(values + second.slot, second.bits), times: factor1)
          .adding(spread.expand(values + third.slot, third.bits), times: factor2)
          .adding(spread.expand(values + fourth.slot, fourth.bits), times: factor3)
          .store(to: dx + column)
      }
      forEachRest(of: row, m, bitmap, rest.0) { add(single: $0, $1, factor0[0]) }
      forEachRest(of: row &+ 1, m, bitmap, rest.1) { add(single: $0, $1, factor1[0]) }
      forEachRest(of: row &+ 2, m, bitmap, rest.2) { add(single: $0, $1, factor2[0]) }
      forEachRest(of: row &+ 3, m, bitmap, rest.3) { add(single: $0, $1, factor3[0]) }
      row &+= 4
    }
  }

  /// dw = dz x for all connections of some rows; what was there is lost.
  @inline(never)
  func blocksBackwardWeight<T: KernelScalar>(
    _ a: LinearArguments<T>, _ m: SparseMatrix<T>, _ bitmap: UnsafePointer<UInt8>, _ begin: Int, _ end: Int
  ) {
    guard let dz = a.gradient, let dw = a.weightGradient else { return }
    let (x, spread) = (a.input, Spread<T>())
    // A block writes eight slots: those behind its own are written again by the blocks that they belong to.
    let slots = Int(m.rowStart[end])
    for row in begin..<end {
      let factor = dz[row]
      forEachBlock(of: row, m, bitmap, columns: 0, m.columns, slots: slots) { column, bits, slot in
        spread.compress(SIMD8(x + column) * factor, bits, to: dw + slot)
      } single: { column, slot in
        dw[slot] = x[column] * factor
      }
    }
  }

#endif
