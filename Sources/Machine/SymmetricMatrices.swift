import COpenBLAS

/// Symmetric matrices in double precision, n x n, row-major in rows of `stride`, of which only the upper triangle is read and
/// written: products and factorisations by OpenBLAS and LAPACK, whose threads the caller holds back (``BLASThreads``). The upper
/// triangle by rows is the lower one by columns, which is the order that LAPACK works in.
package enum Symmetric {
  /// a += alpha x x^T, x: n.
  package static func addOuterProduct(
    _ a: UnsafeMutablePointer<Double>, n: Int, stride: Int, alpha: Double, x: UnsafePointer<Double>
  ) {
    copenblas_dsyr(n, alpha, x, a, stride)
  }

  /// U with a = U^T U, U upper triangular, in a's place. Returns LAPACK's info: 0, or > 0 when `a` is not positive definite or
  /// has an element that is NaN, which OpenBLAS does not notice: it comes out on the diagonal.
  package static func factor(_ a: UnsafeMutablePointer<Double>, n: Int32, stride: Int32) -> Int32 {
    let info = copenblas_dpotrf(n, a, stride)
    if info != 0 { return info }
    for i in 0..<Int(n) where a[i * (Int(stride) + 1)].isNaN { return Int32(truncatingIfNeeded: i + 1) }
    return 0
  }

  /// The inverse of the matrix that ``factor(_:n:stride:)`` made `a` of, in its place. Returns LAPACK's info.
  package static func invert(factor a: UnsafeMutablePointer<Double>, n: Int32, stride: Int32) -> Int32 {
    copenblas_dpotri(n, a, stride)
  }

  /// Solve a y = b in b's place, with `a` as ``factor(_:n:stride:)`` left it. Returns LAPACK's info.
  package static func solve(
    factor a: UnsafePointer<Double>, n: Int32, stride: Int32, b: UnsafeMutablePointer<Double>
  ) -> Int32 {
    copenblas_dpotrs(n, a, stride, b)
  }
}
