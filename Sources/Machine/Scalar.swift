import Base
import COpenBLAS
import KernelInterface

/// An element type of the library: Float or Double. Everything that differs between the two is here.
public protocol Scalar: BinaryFloatingPoint, BitwiseCopyable, SIMDScalar, Codable, Sendable {
  /// The kernels that this machine runs best, chosen once.
  static var kernels: KernelTable<Self> { get }

  /// Dense products on panels.
  static var dense: DenseProducts<Self> { get }

  /// c = alpha op(a) op(b) + beta c, row-major; op(a): m x k, op(b): k x n, c: m x n.
  static func gemm(
    transposeA: Bool, transposeB: Bool, m: Int, n: Int, k: Int, alpha: Self, a: UnsafePointer<Self>, lda: Int,
    b: UnsafePointer<Self>, ldb: Int, beta: Self, c: UnsafeMutablePointer<Self>, ldc: Int)

  /// QR of a column-major rows x columns matrix, rows >= columns, in place: R above the diagonal. `work` has `size` elements;
  /// for -1 its first becomes the size that it should have. Returns LAPACK's info.
  static func geqrf(
    rows: Int32, columns: Int32, a: UnsafeMutablePointer<Self>, tau: UnsafeMutablePointer<Self>,
    work: UnsafeMutablePointer<Self>, size: Int32
  ) -> Int32

  /// The Q of `geqrf`, first `columns` columns, in place; `work` and `size` as there. Returns LAPACK's info.
  static func orgqr(
    rows: Int32, columns: Int32, a: UnsafeMutablePointer<Self>, tau: UnsafePointer<Self>, work: UnsafeMutablePointer<Self>,
    size: Int32
  ) -> Int32

  /// 32 or 64, ESPALIER_FLOAT32 or ESPALIER_FLOAT64.
  static var bits: Int { get }
}

extension Scalar {
  /// Q of the QR factorisation of a column-major rows x columns matrix, rows >= columns, in its place.
  /// - factored: gets what LAPACK makes of the matrix first, R on and above its diagonal.
  /// - Returns: LAPACK's info. - Throws: `outOfMemory`
  public static func orthogonalize(
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
  public static let kernels = InstructionSet.chosen.kernels32
  public static let dense = DenseProducts<Float>()
  public static let bits = 32

  public static func gemm(
    transposeA: Bool, transposeB: Bool, m: Int, n: Int, k: Int, alpha: Float, a: UnsafePointer<Float>, lda: Int,
    b: UnsafePointer<Float>, ldb: Int, beta: Float, c: UnsafeMutablePointer<Float>, ldc: Int
  ) {
    copenblas_sgemm(transposeA ? 1 : 0, transposeB ? 1 : 0, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc)
  }

  public static func geqrf(
    rows: Int32, columns: Int32, a: UnsafeMutablePointer<Float>, tau: UnsafeMutablePointer<Float>,
    work: UnsafeMutablePointer<Float>, size: Int32
  ) -> Int32 { copenblas_sgeqrf(rows, columns, a, tau, work, size) }

  public static func orgqr(
    rows: Int32, columns: Int32, a: UnsafeMutablePointer<Float>, tau: UnsafePointer<Float>, work: UnsafeMutablePointer<Float>,
    size: Int32
  ) -> Int32 { copenblas_sorgqr(rows, columns, a, tau, work, size) }
}

extension Double: Scalar {
  public static let kernels = InstructionSet.chosen.kernels64
  public static let dense = DenseProducts<Double>()
  public static let bits = 64

  public static func gemm(
    transposeA: Bool, transposeB: Bool, m: Int, n: Int, k: Int, alpha: Double, a: UnsafePointer<Double>, lda: Int,
    b: UnsafePointer<Double>, ldb: Int, beta: Double, c: UnsafeMutablePointer<Double>, ldc: Int
  ) {
    copenblas_dgemm(transposeA ? 1 : 0, transposeB ? 1 : 0, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc)
  }

  public static func geqrf(
    rows: Int32, columns: Int32, a: UnsafeMutablePointer<Double>, tau: UnsafeMutablePointer<Double>,
    work: UnsafeMutablePointer<Double>, size: Int32
  ) -> Int32 { copenblas_dgeqrf(rows, columns, a, tau, work, size) }

  public static func orgqr(
    rows: Int32, columns: Int32, a: UnsafeMutablePointer<Double>, tau: UnsafePointer<Double>,
    work: UnsafeMutablePointer<Double>, size: Int32
  ) -> Int32 { copenblas_dorgqr(rows, columns, a, tau, work, size) }
}
