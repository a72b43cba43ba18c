import CSystem

#if ESPALIER_AVX512

  /// Moves lanes to where the bits of a mask are, and back.
  struct Spread<T: KernelScalar> {
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
  struct Spread<T: KernelScalar> {
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
