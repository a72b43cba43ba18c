import Base
import COpenBLAS

/// OpenBLAS and LAPACKE, opened when a network first needs them: dense products, an orthogonal initializer, some prunings.
package enum OpenBLAS {
  /// Whoever is about to call OpenBLAS from `callers` threads at the same time, now or later, says so here, where it can still
  /// fail: a call that finds no memory never returns.
  /// - Throws: `outOfMemory`; `numerical` when a library is missing or gives wrong results.
  package static func reserve(callers: Int) throws(Failure) {
    var kind: Failure.Kind?
    let message = withUnsafeTemporaryAllocation(of: CChar.self, capacity: 1024) { text in
      text.initialize(repeating: 0)
      switch Int(copenblas_reserve(Int32(clamping: callers), text.baseAddress, text.count)) {
      case Int(COPENBLAS_OK): return ""
      case Int(COPENBLAS_NO_MEMORY): kind = .outOfMemory
      default: kind = .numerical
      }
      return text.baseAddress.map { String(cString: $0) } ?? ""
    }
    if let kind { throw Failure(kind, message) }
    guard copenblas_is_verified() == 0 else { return }
    try verify()
    copenblas_set_verified()
  }

  /// Compare what the libraries compute with plain loops. Another library with functions of the same names, in the place of one
  /// of these or called by one of these, may take its integers in 64 bits and compute something else, and says nothing.
  private static func verify() throws(Failure) {
    let environment = FloatingPointEnvironment.begin()
    defer { environment.end() }
    let hold = BLASThreads.begin()
    defer { hold.end() }
    try verifyProduct("cblas_sgemm", Float.self)
    try verifyProduct("cblas_dgemm", Double.self)
    try verifySymmetric()
    try verifyQR("LAPACKE_sgeqrf_work", calls: "sgemm_", tolerance: 1e-3, Float.self)
    try verifyQR("LAPACKE_dgeqrf_work", calls: "dgemm_", tolerance: 1e-11, Double.self)
  }

  /// - calls: what the function calls by name, which may have been found elsewhere.
  private static func require(_ isRight: Bool, _ function: String, calls other: String? = nil) throws(Failure) {
    guard !isRight else { return }
    func place(_ name: String) -> String { "\(name) of \(String(cString: copenblas_file(name)))" }
    let through = other.map { ", which may call \(place($0))," } ?? ""
    throw Failure(.numerical, "\(place(function))\(through) gives a wrong result; the library needs OpenBLAS and LAPACKE")
  }

  /// Whole numbers, small enough for exact sums of products, that look random.
  private static func number(_ i: Int, _ j: Int) -> Int {
    var bits = UInt32(truncatingIfNeeded: i) &* 0x9E37_79B1 ^ UInt32(truncatingIfNeeded: j) &* 0x85EB_CA77
    bits = (bits ^ bits >> 15) &* 0x2C1B_3C6D
    return Int((bits ^ bits >> 12) % 17) - 8
  }

  private static func matrix<T: Scalar>(_ rows: Int, _ columns: Int, _: T.Type) throws(Failure) -> Buffer<T> {
    let made = try Buffer<T>(count: rows * columns, of: "a test of OpenBLAS")
    for i in 0..<rows {
      for j in 0..<columns { made.pointer[i * columns + j] = T(number(i, j)) }
    }
    return made
  }

  private static func verifyProduct<T: Scalar>(_ name: String, _: T.Type) throws(Failure) {
    let (m, n, k) = (37, 29, 45)
    for (transposeA, transposeB) in [(false, false), (true, false), (false, true)] {
      let a = try matrix(transposeA ? k : m, transposeA ? m : k, T.self)
      let b = try matrix(transposeB ? n : k, transposeB ? k : n, T.self)
      let c = try matrix(m, n, T.self)
      T.gemm(
        transposeA: transposeA, transposeB: transposeB, m: m, n: n, k: k, alpha: 2, a: a.pointer, lda: transposeA ? m : k,
        b: b.pointer, ldb: transposeB ? k : n, beta: -1, c: c.pointer, ldc: n)
      for i in 0..<m {
        for j in 0..<n {
          var sum = -number(i, j)
          for p in 0..<k { sum += 2 * (transposeA ? number(p, i) : number(i, p)) * (transposeB ? number(j, p) : number(p, j)) }
          try require(c.pointer[i * n + j] == T(sum), name)
        }
      }
    }
  }

  private static func verifySymmetric() throws(Failure) {
    // a: the upper triangle of a sum of outer products, larger on the diagonal, so positive definite.
    let n = 70
    let a = try matrix(n, n, Double.self)
    let x = try matrix(n, n, Double.self)
    let whole = try matrix(n, n, Double.self)
    let expected = whole.pointer
    a.span.update(repeating: 0)
    for i in 0..<n { a.pointer[i * n + i] = 1000 }
    for k in 0..<n { Symmetric.addOuterProduct(a.pointer, n: n, stride: n, alpha: 1, x: x.pointer + k * n) }
    for i in 0..<n {
      for j in i..<n {
        var sum = i == j ? 1000 : 0
        for k in 0..<n { sum += number(k, i) * number(k, j) }
        expected[i * n + j] = Double(sum)
        expected[j * n + i] = Double(sum)
        try require(a.pointer[i * n + j] == Double(sum), "cblas_dsyr")
      }
    }
    let size = Int32(truncatingIfNeeded: n)
    var isRight = Symmetric.factor(a.pointer, n: size, stride: size) == 0
    for i in 0..<n where isRight {
      for j in i..<n {
        var sum = 0.0
        for k in 0...i { sum += a.pointer[k * n + i] * a.pointer[k * n + j] }
        if !((sum - expected[i * n + j]).magnitude <= 1e-8) { isRight = false }
      }
    }
    try require(isRight, "LAPACKE_dpotrf_work", calls: "dtrsm_")
    // The solution is 1, -2, 3, ...
    for i in 0..<n {
      x.pointer[i] = 0
      for j in 0..<n { x.pointer[i] += expected[i * n + j] * (j % 2 == 0 ? Double(j + 1) : -Double(j + 1)) }
    }
    isRight = Symmetric.solve(factor: a.pointer, n: size, stride: size, b: x.pointer) == 0
    for i in 0..<n where !((x.pointer[i].magnitude - Double(i + 1)).magnitude <= 1e-8) { isRight = false }
    try require(isRight, "LAPACKE_dpotrs_work", calls: "dtrsm_")
    isRight = Symmetric.invert(factor: a.pointer, n: size, stride: size) == 0
    for i in 0..<n {
      for j in stride(from: 0, to: n, by: 3) {
        var sum = 0.0
        for k in 0..<n { sum += a.pointer[min(i, k) * n + max(i, k)] * expected[k * n + j] }
        if !((sum - (i == j ? 1 : 0)).magnitude <= 1e-10) { isRight = false }
      }
    }
    try require(isRight, "LAPACKE_dpotri_work", calls: "dtrmm_")
  }

  private static func verifyQR<T: Scalar>(_ name: String, calls other: String, tolerance: T, _: T.Type) throws(Failure) {
    // More than 128 columns, so that LAPACK works on blocks, by other functions of BLAS.
    let (rows, columns) = (150, 140)
    let q = try matrix(columns, rows, T.self)
    let factored = try matrix(columns, rows, T.self)
    let r = factored.pointer
    let info = try T.orthogonalize(q.pointer, rows: 150, columns: 140, of: "a test of OpenBLAS") {
      r.update(from: $0, count: rows * columns)
    }
    var isRight = info == 0
    for j in stride(from: 0, to: columns, by: 9) {
      for i in 0..<rows {
        var sum: T = 0
        for k in 0...j { sum += q.pointer[k * rows + i] * r[j * rows + k] }
        if !((sum - T(number(j, i))).magnitude <= 100 * tolerance) { isRight = false }
      }
      for i in 0..<columns {
        var sum: T = 0
        for k in 0..<rows { sum += q.pointer[i * rows + k] * q.pointer[j * rows + k] }
        if !((sum - (i == j ? 1 : 0)).magnitude <= tolerance) { isRight = false }
      }
    }
    try require(isRight, name, calls: other)
  }
}
