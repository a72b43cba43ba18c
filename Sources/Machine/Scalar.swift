import Base
import COpenBLAS
import KernelInterface

/// An element type of the library: Float or Double.
public protocol Scalar: BinaryFloatingPoint, BitwiseCopyable, SIMDScalar, Codable, Sendable {
  /// Everything that differs between the two. Only the library can make one.
  static var implementation: ScalarImplementation<Self> { get }
}

/// What the library does in another way for each element type. Programs have no use for it: it is public because ``Scalar`` is.
public final class ScalarImplementation<T: Scalar>: Sendable {
  /// Of gemm: transposed a and b, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc.
  @usableFromInline
  package typealias Product =
    @Sendable (
      Bool, Bool, Int, Int, Int, T, UnsafePointer<T>, Int, UnsafePointer<T>, Int, T, UnsafeMutablePointer<T>, Int
    ) -> Void
  /// Of geqrf: rows, columns, a, tau, work, size.
  package typealias Factorisation =
    @Sendable (
      Int32, Int32, UnsafeMutablePointer<T>, UnsafeMutablePointer<T>, UnsafeMutablePointer<T>, Int32
    ) -> Int32
  /// Of orgqr: the same.
  package typealias Expansion =
    @Sendable (
      Int32, Int32, UnsafeMutablePointer<T>, UnsafePointer<T>, UnsafeMutablePointer<T>, Int32
    ) -> Int32

  /// 32 or 64, ESPALIER_FLOAT32 or ESPALIER_FLOAT64.
  @usableFromInline package let bits: Int
  /// The kernels that this machine runs best, chosen once.
  @usableFromInline package let kernels: KernelTable<T>
  /// Dense products on panels.
  @usableFromInline package let dense = DenseProducts<T>()
  @usableFromInline package let gemm: Product
  package let geqrf: Factorisation
  package let orgqr: Expansion

  init(
    bits: Int, kernels: KernelTable<T>, gemm: @escaping Product, geqrf: @escaping Factorisation, orgqr: @escaping Expansion
  ) {
    self.bits = bits
    self.kernels = kernels
    self.gemm = gemm
    self.geqrf = geqrf
    self.orgqr = orgqr
  }
}

extension Scalar {
  @inlinable package static var kernels: KernelTable<Self> { implementation.kernels }
  @inlinable package static var dense: DenseProducts<Self> { implementation.dense }
  @inlinable package static var bits: Int { implementation.bits }

  /// c = alpha op(a) op(b) + beta c, row-major; op(a): m x k, op(b): k x n, c: m x n.
  @inlinable
  package static func gemm(
    transposeA: Bool, transposeB: Bool, m: Int, n: Int, k: Int, alpha: Self, a: UnsafePointer<Self>, lda: Int,
    b: UnsafePointer<Self>, ldb: Int, beta: Self, c: UnsafeMutablePointer<Self>, ldc: Int
  ) {
    implementation.gemm(transposeA, transposeB, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc)
  }

  /// QR of a column-major rows x columns matrix, rows >= columns, in place: R above the diagonal. `work` has `size` elements;
  /// for -1 its first becomes the size that it should have. Returns LAPACK's info.
  package static func geqrf(
    rows: Int32, columns: Int32, a: UnsafeMutablePointer<Self>, tau: UnsafeMutablePointer<Self>,
    work: UnsafeMutablePointer<Self>, size: Int32
  ) -> Int32 { implementation.geqrf(rows, columns, a, tau, work, size) }

  /// The Q of `geqrf`, first `columns` columns, in place; `work` and `size` as there. Returns LAPACK's info.
  package static func orgqr(
    rows: Int32, columns: Int32, a: UnsafeMutablePointer<Self>, tau: UnsafePointer<Self>, work: UnsafeMutablePointer<Self>,
    size: Int32
  ) -> Int32 { implementation.orgqr(rows, columns, a, tau, work, size) }
}

extension Scalar {
  /// Q of the QR factorisation of a column-major rows x columns matrix, rows >= columns, in its place.
  /// - factored: gets what LAPACK makes of the matrix first, R on and above its diagonal.
  /// - Returns: LAPACK's info. - Throws: `outOfMemory`
  package static func orthogonalize(
    _ a: UnsafeMutablePointer<Self>, rows: Int32, columns: Int32, of what: String,
    factored: (UnsafePointer<Self>) throws(Failure) -> Void
  ) throws(Failure) -> Int32 {
    let tau = try Buffer<Self>(count: Int(columns), of: what)
    var (size, other): (Self, Self) = (0, 0)
    var info = geqrf(rows: rows, columns: columns, a: a, tau: tau.pointer, work: &size, size: -1)
    if info == 0 { info = orgqr(rows: rows, columns: columns, a: a, tau: tau.pointer, work: &other, size: -1) }
    guard info == 0 else { return info }
    guard let elements = Int32(exactly: max(size, other, Self(columns))) else {
      throw Failure(.outOfMemory, "\(what): LAPACK wants \(max(size, other)) elements of memory")
    }
    let work = try Buffer<Self>(count: Int(elements), of: what)
    info = geqrf(rows: rows, columns: columns, a: a, tau: tau.pointer, work: work.pointer, size: elements)
    guard info == 0 else { return info }
    try factored(a)
    return orgqr(rows: rows, columns: columns, a: a, tau: tau.pointer, work: work.pointer, size: elements)
  }
}

extension Float: Scalar {
  public static let implementation = ScalarImplementation<Float>(
    bits: 32, kernels: InstructionSet.chosen.kernels32,
    gemm: { copenblas_sgemm($0 ? 1 : 0, $1 ? 1 : 0, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) },
    geqrf: { copenblas_sgeqrf($0, $1, $2, $3, $4, $5) }, orgqr: { copenblas_sorgqr($0, $1, $2, $3, $4, $5) })
}

extension Double: Scalar {
  public static let implementation = ScalarImplementation<Double>(
    bits: 64, kernels: InstructionSet.chosen.kernels64,
    gemm: { copenblas_dgemm($0 ? 1 : 0, $1 ? 1 : 0, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) },
    geqrf: { copenblas_dgeqrf($0, $1, $2, $3, $4, $5) }, orgqr: { copenblas_dorgqr($0, $1, $2, $3, $4, $5) })
}
