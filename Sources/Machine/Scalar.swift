import Base
import COpenBLAS
import CSystem
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

  /// QR of a column-major rows x columns matrix, rows >= columns, in place: R above the diagonal. Returns LAPACK's info.
  static func geqrf(rows: Int32, columns: Int32, a: UnsafeMutablePointer<Self>, tau: UnsafeMutablePointer<Self>) -> Int32

  /// The Q of `geqrf`, first `columns` columns, in place. Returns LAPACK's info.
  static func orgqr(rows: Int32, columns: Int32, a: UnsafeMutablePointer<Self>, tau: UnsafePointer<Self>) -> Int32

  /// 32 or 64, ESPALIER_FLOAT32 or ESPALIER_FLOAT64.
  static var bits: Int { get }
}

private func op(_ transpose: Bool) -> CBLAS_TRANSPOSE { transpose ? CblasTrans : CblasNoTrans }

extension Float: Scalar {
  public static let kernels = InstructionSet.chosen.kernels32
  public static let dense = DenseProducts<Float>()
  public static let bits = 32

  public static func gemm(
    transposeA: Bool, transposeB: Bool, m: Int, n: Int, k: Int, alpha: Float, a: UnsafePointer<Float>, lda: Int,
    b: UnsafePointer<Float>, ldb: Int, beta: Float, c: UnsafeMutablePointer<Float>, ldc: Int
  ) {
    csystem_begin_product()
    defer { csystem_end_product() }
    cblas_sgemm(
      CblasRowMajor, op(transposeA), op(transposeB), blasint(truncatingIfNeeded: m), blasint(truncatingIfNeeded: n),
      blasint(truncatingIfNeeded: k), alpha, a, blasint(truncatingIfNeeded: lda), b,
      blasint(truncatingIfNeeded: ldb), beta, c, blasint(truncatingIfNeeded: ldc))
  }

  public static func geqrf(
    rows: Int32, columns: Int32, a: UnsafeMutablePointer<Float>, tau: UnsafeMutablePointer<Float>
  ) -> Int32 {
    csystem_begin_product()
    defer { csystem_end_product() }
    return LAPACKE_sgeqrf(LAPACK_COL_MAJOR, rows, columns, a, rows, tau)
  }

  public static func orgqr(rows: Int32, columns: Int32, a: UnsafeMutablePointer<Float>, tau: UnsafePointer<Float>) -> Int32 {
    csystem_begin_product()
    defer { csystem_end_product() }
    return LAPACKE_sorgqr(LAPACK_COL_MAJOR, rows, columns, columns, a, rows, tau)
  }
}

extension Double: Scalar {
  public static let kernels = InstructionSet.chosen.kernels64
  public static let dense = DenseProducts<Double>()
  public static let bits = 64

  public static func gemm(
    transposeA: Bool, transposeB: Bool, m: Int, n: Int, k: Int, alpha: Double, a: UnsafePointer<Double>, lda: Int,
    b: UnsafePointer<Double>, ldb: Int, beta: Double, c: UnsafeMutablePointer<Double>, ldc: Int
  ) {
    csystem_begin_product()
    defer { csystem_end_product() }
    cblas_dgemm(
      CblasRowMajor, op(transposeA), op(transposeB), blasint(truncatingIfNeeded: m), blasint(truncatingIfNeeded: n),
      blasint(truncatingIfNeeded: k), alpha, a, blasint(truncatingIfNeeded: lda), b,
      blasint(truncatingIfNeeded: ldb), beta, c, blasint(truncatingIfNeeded: ldc))
  }

  public static func geqrf(
    rows: Int32, columns: Int32, a: UnsafeMutablePointer<Double>, tau: UnsafeMutablePointer<Double>
  ) -> Int32 {
    csystem_begin_product()
    defer { csystem_end_product() }
    return LAPACKE_dgeqrf(LAPACK_COL_MAJOR, rows, columns, a, rows, tau)
  }

  public static func orgqr(rows: Int32, columns: Int32, a: UnsafeMutablePointer<Double>, tau: UnsafePointer<Double>) -> Int32 {
    csystem_begin_product()
    defer { csystem_end_product() }
    return LAPACKE_dorgqr(LAPACK_COL_MAJOR, rows, columns, columns, a, rows, tau)
  }
}
