/// A vector of one lane: panels of a single sample go through the same code as wider ones.
struct Lane<Scalar: SIMDScalar>: SIMD {
  typealias MaskStorage = Lane<Scalar.SIMDMaskScalar>
  var value: Scalar

  @inline(__always) init(_ value: Scalar) { self.value = value }
  @inline(__always) init() { value = unsafeBitCast(Scalar.SIMDMaskScalar.zero, to: Scalar.self) }
  @inline(__always) var scalarCount: Int { 1 }
  @inline(__always) subscript(_: Int) -> Scalar {
    get { value }
    set { value = newValue }
  }
}

extension Lane: Vector where Scalar: KernelScalar {
  /// Rounded as a lane of a longer vector is, so that which rows are computed together does not change the bits.
  @inline(__always)
  func adding(_ a: Self, times b: Self) -> Self {
    #if ESPALIER_AVX2 || ESPALIER_AVX512 || arch(arm64)
      Self(value.addingProduct(a.value, b.value))
    #else
      Self(value + a.value * b.value)
    #endif
  }

  @inline(__always)
  func replacing(with x: Self, where a: Self, isBelow b: Self) -> Self { a.value < b.value ? x : self }

  @inline(__always)
  func replacing(with x: Self, where a: Self, isAtMost b: Self) -> Self { a.value <= b.value ? x : self }

  @inline(__always)
  static func sums(_ a: Self, _ b: Self, _ c: Self, _ d: Self) -> SIMD4<Scalar> {
    SIMD4(a.value, b.value, c.value, d.value)
  }
}
