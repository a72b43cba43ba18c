import CSystem

// Choosing lanes by a comparison: x where a < b (below) or a <= b (at most), else y.

extension Float {
  @inline(__always)
  static func below(_ a: SIMD4<Float>, _ b: SIMD4<Float>, _ x: SIMD4<Float>, _ y: SIMD4<Float>) -> SIMD4<Float> {
    csystem_below_f4(a, b, x, y)
  }

  @inline(__always)
  static func atMost(_ a: SIMD4<Float>, _ b: SIMD4<Float>, _ x: SIMD4<Float>, _ y: SIMD4<Float>) -> SIMD4<Float> {
    csystem_at_most_f4(a, b, x, y)
  }

  #if ESPALIER_AVX2 || ESPALIER_AVX512
    @inline(__always)
    static func below(_ a: SIMD8<Float>, _ b: SIMD8<Float>, _ x: SIMD8<Float>, _ y: SIMD8<Float>) -> SIMD8<Float> {
      csystem_below_f8(a, b, x, y)
    }

    @inline(__always)
    static func atMost(_ a: SIMD8<Float>, _ b: SIMD8<Float>, _ x: SIMD8<Float>, _ y: SIMD8<Float>) -> SIMD8<Float> {
      csystem_at_most_f8(a, b, x, y)
    }
  #endif
}

extension Double {
  #if ESPALIER_AVX2 || ESPALIER_AVX512
    @inline(__always)
    static func below(_ a: SIMD4<Double>, _ b: SIMD4<Double>, _ x: SIMD4<Double>, _ y: SIMD4<Double>) -> SIMD4<Double> {
      csystem_below_d4(a, b, x, y)
    }

    @inline(__always)
    static func atMost(_ a: SIMD4<Double>, _ b: SIMD4<Double>, _ x: SIMD4<Double>, _ y: SIMD4<Double>) -> SIMD4<Double> {
      csystem_at_most_d4(a, b, x, y)
    }
  #else
    @inline(__always)
    static func below(_ a: SIMD4<Double>, _ b: SIMD4<Double>, _ x: SIMD4<Double>, _ y: SIMD4<Double>) -> SIMD4<Double> {
      SIMD4<Double>(
        lowHalf: csystem_below_d2(a.lowHalf, b.lowHalf, x.lowHalf, y.lowHalf),
        highHalf: csystem_below_d2(a.highHalf, b.highHalf, x.highHalf, y.highHalf))
    }

    @inline(__always)
    static func atMost(_ a: SIMD4<Double>, _ b: SIMD4<Double>, _ x: SIMD4<Double>, _ y: SIMD4<Double>) -> SIMD4<Double> {
      SIMD4<Double>(
        lowHalf: csystem_at_most_d2(a.lowHalf, b.lowHalf, x.lowHalf, y.lowHalf),
        highHalf: csystem_at_most_d2(a.highHalf, b.highHalf, x.highHalf, y.highHalf))
    }
  #endif

  #if ESPALIER_AVX512
    @inline(__always)
    static func below(_ a: SIMD8<Double>, _ b: SIMD8<Double>, _ x: SIMD8<Double>, _ y: SIMD8<Double>) -> SIMD8<Double> {
      csystem_below_d8(a, b, x, y)
    }

    @inline(__always)
    static func atMost(_ a: SIMD8<Double>, _ b: SIMD8<Double>, _ x: SIMD8<Double>, _ y: SIMD8<Double>) -> SIMD8<Double> {
      csystem_at_most_d8(a, b, x, y)
    }
  #elseif ESPALIER_AVX2
    @inline(__always)
    static func below(_ a: SIMD8<Double>, _ b: SIMD8<Double>, _ x: SIMD8<Double>, _ y: SIMD8<Double>) -> SIMD8<Double> {
      SIMD8<Double>(
        lowHalf: csystem_below_d4(a.lowHalf, b.lowHalf, x.lowHalf, y.lowHalf),
        highHalf: csystem_below_d4(a.highHalf, b.highHalf, x.highHalf, y.highHalf))
    }

    @inline(__always)
    static func atMost(_ a: SIMD8<Double>, _ b: SIMD8<Double>, _ x: SIMD8<Double>, _ y: SIMD8<Double>) -> SIMD8<Double> {
      SIMD8<Double>(
        lowHalf: csystem_at_most_d4(a.lowHalf, b.lowHalf, x.lowHalf, y.lowHalf),
        highHalf: csystem_at_most_d4(a.highHalf, b.highHalf, x.highHalf, y.highHalf))
    }
  #endif
}
