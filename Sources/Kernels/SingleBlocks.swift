import CSystem
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

  @inline(never)
  func blocksForward<T: KernelScalar>(
    _ a: LinearArguments<T>, _ m: SparseMatrix<T>, _ bitmap: UnsafePointer<UInt8>, _ begin: Int, _ end: Int
  ) {
    let (values, x, spread) = (m.values, a.input, Spread<T>())
    let slots = Int(m.rowStart[m.rows])
    @inline(__always)
    func sums(_ row: Int) -> SIMD8<T> {
      // Two of them, as a multiply-add would wait for the one before.
      var (sums, others) = (SIMD8<T>.zero, SIMD8<T>.zero)
      forEachBlock(of: row, m, bitmap, columns: 0, m.columns, slots: slots) { column, bits, slot in
        // Where there is no connection both factors are 0: infinity or NaN of an input stays where it is connected.
        let factors = spread.keep(SIMD8(x + column), bits)
        (sums, others) = (others.adding(factors, times: spread.expand(values + slot, bits)), sums)
      } single: { column, slot in
        sums[0] = Lane(sums[0]).adding(Lane(x[column]), times: Lane(values[slot])).value
      }
      return sums + others
    }
    var row = begin
    while row < end {
      // Past the last row, the same once more: sums of four rows cost what those of one do.
      let last = end &- 1
      let four = SIMD8<T>.sums(sums(row), sums(min(row &+ 1, last)), sums(min(row &+ 2, last)), sums(min(row &+ 3, last)))
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
    for row in 0..<m.rows {
      let (factor, factors) = (Lane(dz[row]), SIMD8(repeating: dz[row]))
      forEachBlock(of: row, m, bitmap, columns: begin, end, slots: slots) { column, bits, slot in
        let sums = SIMD8(UnsafePointer(dx + column))
        sums.adding(spread.expand(values + slot, bits), times: factors).store(to: dx + column)
      } single: { column, slot in
        dx[column] = Lane(dx[column]).adding(Lane(values[slot]), times: factor).value
      }
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

#if ESPALIER_AVX512

  /// Moves lanes to where the bits of a mask are, and back.
  private struct Spread<T: KernelScalar> {
    /// source[0 ...] at the bits of a mask, 0 elsewhere.
    @inline(__always)
    func expand(_ source: UnsafePointer<T>, _ mask: Int) -> SIMD8<T> { T.expand(source, mask) }

    /// The lanes at the bits of a mask, 0 elsewhere.
    @inline(__always)
    func keep(_ vector: SIMD8<T>, _ mask: Int) -> SIMD8<T> { T.keep(vector, mask) }

    /// The lanes at the bits of a mask go to destination[0 ...]; of the rest of its eight elements anything may become.
    @inline(__always)
    func compress(_ vector: SIMD8<T>, _ mask: Int, to destination: UnsafeMutablePointer<T>) {
      T.compress(vector, mask).store(to: destination)
    }
  }

  extension Float {
    @inline(__always)
    static func expand(_ source: UnsafePointer<Float>, _ mask: Int) -> SIMD8<Float> {
      csystem_expand_f8(source, UInt32(truncatingIfNeeded: mask))
    }

    @inline(__always)
    static func keep(_ vector: SIMD8<Float>, _ mask: Int) -> SIMD8<Float> {
      csystem_keep_f8(vector, UInt32(truncatingIfNeeded: mask))
    }

    @inline(__always)
    static func compress(_ vector: SIMD8<Float>, _ mask: Int) -> SIMD8<Float> {
      csystem_compress_f8(vector, UInt32(truncatingIfNeeded: mask))
    }
  }

  extension Double {
    @inline(__always)
    static func expand(_ source: UnsafePointer<Double>, _ mask: Int) -> SIMD8<Double> {
      csystem_expand_d8(source, UInt32(truncatingIfNeeded: mask))
    }

    @inline(__always)
    static func keep(_ vector: SIMD8<Double>, _ mask: Int) -> SIMD8<Double> {
      csystem_keep_d8(vector, UInt32(truncatingIfNeeded: mask))
    }

    @inline(__always)
    static func compress(_ vector: SIMD8<Double>, _ mask: Int) -> SIMD8<Double> {
      csystem_compress_d8(vector, UInt32(truncatingIfNeeded: mask))
    }
  }

#elseif ESPALIER_AVX2

  /// Moves lanes to where the bits of a mask are, and back. There is only an instruction that takes the number of a lane for
  /// each place: these are looked up.
  private struct Spread<T: KernelScalar> {
    private let tables = LaneNumbers.of(bytes: MemoryLayout<T>.stride)

    /// source[0 ...] at the bits of a mask, 0 elsewhere. Eight elements are read.
    @inline(__always)
    func expand(_ source: UnsafePointer<T>, _ mask: Int) -> SIMD8<T> { T.expand(source, mask, tables.expand) }

    /// The lanes at the bits of a mask, 0 elsewhere.
    @inline(__always)
    func keep(_ vector: SIMD8<T>, _ mask: Int) -> SIMD8<T> { T.keep(vector, mask, tables.expand) }

    /// The lanes at the bits of a mask go to destination[0 ...]; of the rest of its eight elements anything may become.
    @inline(__always)
    func compress(_ vector: SIMD8<T>, _ mask: Int, to destination: UnsafeMutablePointer<T>) {
      T.compress(vector, mask, tables.compress, to: destination)
    }
  }

  /// For every mask the numbers of eight lanes of 4 bytes. A mask has 8 bits for elements of 4 bytes, 4 for those of 8.
  private struct LaneNumbers: @unchecked Sendable {
    let expand: UnsafeMutableRawPointer
    let compress: UnsafeMutableRawPointer

    private static let single = LaneNumbers(bytes: 4)
    private static let double = LaneNumbers(bytes: 8)

    @inline(__always)
    static func of(bytes: Int) -> LaneNumbers { bytes == 4 ? single : double }

    private init(bytes: Int) {
      let (places, units) = (32 / bytes, bytes / 4)
      expand = .allocate(byteCount: 8 &<< places, alignment: 64)
      compress = .allocate(byteCount: 8 &<< places, alignment: 64)
      for mask in 0..<(1 &<< places) {
        var (ones, zeros) = (0, mask.nonzeroBitCount)
        func set(_ table: UnsafeMutableRawPointer, _ place: Int, _ lane: Int?) {
          for unit in 0..<units {
            table.storeBytes(
              of: lane.map { Int8($0 &* units &+ unit) } ?? -1, toByteOffset: 8 &* mask &+ units &* place &+ unit,
              as: Int8.self)
          }
        }
        for place in 0..<places {
          let isSet = mask &>> place & 1 != 0
          set(expand, place, isSet ? ones : nil)
          set(compress, isSet ? ones : zeros, place)
          if isSet { ones &+= 1 } else { zeros &+= 1 }
        }
      }
    }
  }

  extension Float {
    @inline(__always)
    static func expand(_ source: UnsafePointer<Float>, _ mask: Int, _ table: UnsafeRawPointer) -> SIMD8<Float> {
      csystem_expand_f8(source, table + 8 &* mask)
    }

    @inline(__always)
    static func keep(_ vector: SIMD8<Float>, _ mask: Int, _ table: UnsafeRawPointer) -> SIMD8<Float> {
      csystem_keep_f8(vector, table + 8 &* mask)
    }

    @inline(__always)
    static func compress(
      _ vector: SIMD8<Float>, _ mask: Int, _ table: UnsafeRawPointer, to destination: UnsafeMutablePointer<Float>
    ) {
      csystem_compress_f8(vector, table + 8 &* mask).store(to: destination)
    }
  }

  extension Double {
    // Four elements to a vector.

    @inline(__always)
    static func expand(_ source: UnsafePointer<Double>, _ mask: Int, _ table: UnsafeRawPointer) -> SIMD8<Double> {
      let (low, high) = (mask & 15, mask &>> 4)
      return SIMD8(
        lowHalf: unsafeBitCast(csystem_expand_f8(source, table + 8 &* low), to: SIMD4<Double>.self),
        highHalf: unsafeBitCast(
          csystem_expand_f8(source + low.nonzeroBitCount, table + 8 &* high), to: SIMD4<Double>.self))
    }

    @inline(__always)
    static func keep(_ vector: SIMD8<Double>, _ mask: Int, _ table: UnsafeRawPointer) -> SIMD8<Double> {
      @inline(__always)
      func keep(_ half: SIMD4<Double>, _ mask: Int) -> SIMD4<Double> {
        unsafeBitCast(
          csystem_keep_f8(unsafeBitCast(half, to: SIMD8<Float>.self), table + 8 &* mask), to: SIMD4<Double>.self)
      }
      return SIMD8(lowHalf: keep(vector.lowHalf, mask & 15), highHalf: keep(vector.highHalf, mask &>> 4))
    }

    @inline(__always)
    static func compress(
      _ vector: SIMD8<Double>, _ mask: Int, _ table: UnsafeRawPointer, to destination: UnsafeMutablePointer<Double>
    ) {
      let (low, high) = (mask & 15, mask &>> 4)
      @inline(__always)
      func compress(_ half: SIMD4<Double>, _ mask: Int) -> SIMD4<Double> {
        unsafeBitCast(
          csystem_compress_f8(unsafeBitCast(half, to: SIMD8<Float>.self), table + 8 &* mask), to: SIMD4<Double>.self)
      }
      compress(vector.lowHalf, low).store(to: destination)
      compress(vector.highHalf, high).store(to: destination + low.nonzeroBitCount)
    }
  }

#endif
