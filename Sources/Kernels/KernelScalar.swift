#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// An element type of the kernels, with what of the C library they need.
protocol KernelScalar: BinaryFloatingPoint, BitwiseCopyable, SIMDScalar, Codable, Sendable {
  /// Lanes of a whole row of a panel, for the widest panels (or a half of it, with few registers) and for the narrower ones.
  associatedtype Lanes256Bytes: Lanes where Lanes256Bytes.V.Scalar == Self
  associatedtype Lanes128Bytes: Lanes where Lanes128Bytes.V.Scalar == Self
  associatedtype Lanes64Bytes: Lanes where Lanes64Bytes.V.Scalar == Self
  associatedtype Lanes32Bytes: Lanes where Lanes32Bytes.V.Scalar == Self
  associatedtype Lanes16Bytes: Lanes where Lanes16Bytes.V.Scalar == Self
  /// Eight vectors of sums: two multiply-adds can start in a cycle, and each takes four.
  associatedtype LanesOfTile: Lanes where LanesOfTile.V.Scalar == Self
  /// Of which six, a quarter of them and a few more are as many registers as there are: sums of six rows at once.
  associatedtype LanesOfSix: Lanes where LanesOfSix.V.Scalar == Self
  /// Of which two are no more than half of the registers that there are.
  associatedtype LanesOfPair: Lanes where LanesOfPair.V.Scalar == Self
  /// What samples are packed by.
  associatedtype WidestSquares: Squares & Vector where WidestSquares.Scalar == Self

  static func transpose(
    _ a: SIMD4<Self>, _ b: SIMD4<Self>, _ c: SIMD4<Self>, _ d: SIMD4<Self>
  ) -> (SIMD4<Self>, SIMD4<Self>, SIMD4<Self>, SIMD4<Self>)
  static func multiplyAdd(_ a: SIMD4<Self>, _ b: SIMD4<Self>, _ c: SIMD4<Self>) -> SIMD4<Self>
  static func sums(_ a: SIMD4<Self>, _ b: SIMD4<Self>, _ c: SIMD4<Self>, _ d: SIMD4<Self>) -> SIMD4<Self>
  static func below(_ a: SIMD4<Self>, _ b: SIMD4<Self>, _ x: SIMD4<Self>, _ y: SIMD4<Self>) -> SIMD4<Self>
  static func atMost(_ a: SIMD4<Self>, _ b: SIMD4<Self>, _ x: SIMD4<Self>, _ y: SIMD4<Self>) -> SIMD4<Self>
  #if ESPALIER_AVX2 || ESPALIER_AVX512
    static func multiplyAdd(_ a: SIMD8<Self>, _ b: SIMD8<Self>, _ c: SIMD8<Self>) -> SIMD8<Self>
    static func sums(_ a: SIMD8<Self>, _ b: SIMD8<Self>, _ c: SIMD8<Self>, _ d: SIMD8<Self>) -> SIMD4<Self>
    static func below(_ a: SIMD8<Self>, _ b: SIMD8<Self>, _ x: SIMD8<Self>, _ y: SIMD8<Self>) -> SIMD8<Self>
    static func atMost(_ a: SIMD8<Self>, _ b: SIMD8<Self>, _ x: SIMD8<Self>, _ y: SIMD8<Self>) -> SIMD8<Self>
  #endif
  #if ESPALIER_AVX512
    static func expand(_ source: UnsafePointer<Self>, _ mask: Int) -> SIMD8<Self>
    static func keep(_ vector: SIMD8<Self>, _ mask: Int) -> SIMD8<Self>
    static func compress(_ vector: SIMD8<Self>, _ mask: Int) -> SIMD8<Self>
  #elseif ESPALIER_AVX2
    static func expand(_ source: UnsafePointer<Self>, _ mask: Int, _ table: UnsafeRawPointer) -> SIMD8<Self>
    static func keep(_ vector: SIMD8<Self>, _ mask: Int, _ table: UnsafeRawPointer) -> SIMD8<Self>
    static func compress(
      _ vector: SIMD8<Self>, _ mask: Int, _ table: UnsafeRawPointer, to destination: UnsafeMutablePointer<Self>)
  #endif

  static func exp(_ x: Self) -> Self
}

extension Float: KernelScalar {
  typealias Lanes256Bytes = Float64Lanes
  typealias Lanes128Bytes = Float32Lanes
  typealias Lanes64Bytes = Float16Lanes
  typealias Lanes32Bytes = Float8Lanes
  typealias Lanes16Bytes = One<SIMD4<Float>>
  typealias LanesOfTile = FloatTile
  typealias LanesOfSix = FloatSixth
  typealias LanesOfPair = FloatHalf
  #if ESPALIER_AVX2 || ESPALIER_AVX512
    typealias WidestSquares = SIMD8<Float>
  #else
    typealias WidestSquares = SIMD4<Float>
  #endif

  static func exp(_ x: Float) -> Float { expf(x) }
}

extension Double: KernelScalar {
  typealias Lanes256Bytes = Double32Lanes
  typealias Lanes128Bytes = Double16Lanes
  typealias Lanes64Bytes = Double8Lanes
  typealias Lanes32Bytes = Double4Lanes
  typealias Lanes16Bytes = One<SIMD2<Double>>
  typealias LanesOfTile = DoubleTile
  typealias LanesOfSix = DoubleSixth
  typealias LanesOfPair = DoubleHalf
  typealias WidestSquares = SIMD4<Double>

  #if canImport(Glibc)
    static func exp(_ x: Double) -> Double { Glibc.exp(x) }
  #elseif canImport(Musl)
    static func exp(_ x: Double) -> Double { Musl.exp(x) }
  #endif
}

/// A namespace for reading the index arrays of a sparse matrix.
enum SparseIndex {
  /// Entry k of an index array of `bytes` (2 or 4) an entry.
  @inline(__always)
  static func at(_ k: Int, of base: UnsafeRawPointer, bytes: Int) -> Int {
    bytes == 2
      ? Int(base.load(fromByteOffset: 2 &* k, as: UInt16.self)) : Int(base.load(fromByteOffset: 4 &* k, as: UInt32.self))
  }
}
