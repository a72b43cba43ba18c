#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// An element type of the kernels, with what of the C library they need.
protocol KernelScalar: BinaryFloatingPoint, BitwiseCopyable, SIMDScalar, Codable, Sendable {
  static func exp(_ x: Self) -> Self
  static func tanh(_ x: Self) -> Self
  static func erf(_ x: Self) -> Self
}

extension Float: KernelScalar {
  static func exp(_ x: Float) -> Float { expf(x) }
  static func tanh(_ x: Float) -> Float { tanhf(x) }
  static func erf(_ x: Float) -> Float { erff(x) }
}

extension Double: KernelScalar {
  #if canImport(Glibc)
    static func exp(_ x: Double) -> Double { Glibc.exp(x) }
    static func tanh(_ x: Double) -> Double { Glibc.tanh(x) }
    static func erf(_ x: Double) -> Double { Glibc.erf(x) }
  #elseif canImport(Musl)
    static func exp(_ x: Double) -> Double { Musl.exp(x) }
    static func tanh(_ x: Double) -> Double { Musl.tanh(x) }
    static func erf(_ x: Double) -> Double { Musl.erf(x) }
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
