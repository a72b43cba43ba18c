import COpenBLAS
import CSystem

/// Symmetric matrices in double precision, n x n, row-major in rows of `stride`, of which only the upper triangle is read and
/// written: products by OpenBLAS, whose threads the caller holds back (``BLASThreads``), factorisations by LAPACK.
public enum Symmetric {
  /// a += alpha x x^T, x: n.
  public static func addOuterProduct(
    _ a: UnsafeMutablePointer<Double>, n: Int, stride: Int, alpha: Double, x: UnsafePointer<Double>
  ) {
    csystem_begin_product()
    defer { csystem_end_product() }
    cblas_dsyr(CblasRowMajor, CblasUpper, blasint(truncatingIfNeeded: n), alpha, x, 1, a, blasint(truncatingIfNeeded: stride))
  }

  /// U with a = U^T U, U upper triangular, in a's place. Returns LAPACK's info: 0, or > 0 when `a` is not positive definite.
  public static func factor(_ a: UnsafeMutablePointer<Double>, n: Int32, stride: Int32) -> Int32 {
    // The upper triangle by rows is the lower one by columns, which is the order that LAPACK works in.
    csystem_begin_product()
    defer { csystem_end_product() }
    return LAPACKE_dpotrf(LAPACK_COL_MAJOR, lower, n, a, stride)
  }

  /// The inverse of the matrix that ``factor(_:n:stride:)`` made `a` of, in its place. Returns LAPACK's info.
  public static func invert(factor a: UnsafeMutablePointer<Double>, n: Int32, stride: Int32) -> Int32 {
    csystem_begin_product()
    defer { csystem_end_product() }
    return LAPACKE_dpotri(LAPACK_COL_MAJOR, lower, n, a, stride)
  }

  /// Solve a y = b in b's place, with `a` as ``factor(_:n:stride:)`` left it. Returns LAPACK's info.
  public static func solve(
    factor a: UnsafePointer<Double>, n: Int32, stride: Int32, b: UnsafeMutablePointer<Double>
  ) -> Int32 {
    csystem_begin_product()
    defer { csystem_end_product() }
    return LAPACKE_dpotrs(LAPACK_COL_MAJOR, lower, n, 1, a, stride, b, n)
  }

  private static let lower = CChar(bitPattern: UInt8(ascii: "L"))
}
