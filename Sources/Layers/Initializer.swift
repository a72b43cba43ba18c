import Base
import Machine
import Sparse

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// How a linear layer's weights start. The raw values are those of include/espalier.h. Biases start at 0.
///
/// Fan-in and fan-out are counted over the pattern: a unit with few connections gets larger weights, so that its output
/// has the variance that the dense formula intends (Evci et al. 2020, "Gradient Flow in Sparse Neural Networks").
public enum Initializer: Int32, Sendable, CaseIterable {
  case heUniform = 0
  case heNormal, glorotUniform, glorotNormal, orthogonal, zeros

  /// Standard deviation of the weights of a unit.
  /// - fanIn: connections of the unit. - fanOut: mean connections of an input.
  package func deviation(fanIn: Double, fanOut: Double) -> Double {
    switch self {
    case .heUniform, .heNormal: (2 / max(1, fanIn)).squareRoot()
    case .glorotUniform, .glorotNormal: (2 / max(1, fanIn + fanOut)).squareRoot()
    case .orthogonal, .zeros: 0
    }
  }

  /// Fill one value a connection.
  /// - inputs: that fan-out is a mean over; nil: `columns`, each an input of its own.
  /// - rowStart: rows + 1 offsets of the units' connections; nil: dense, `columns` each.
  /// - Throws: `numerical` when LAPACK fails, `invalidArgument` for orthogonal on a sparse layer, `outOfMemory`.
  func fill<T: Scalar>(
    _ values: UnsafeMutablePointer<T>, rows: Int, columns: Int, inputs: Int? = nil, rowStart: UnsafePointer<Int64>?,
    random: inout RandomSource, owner: String
  ) throws(Failure) {
    let connections = rowStart.map { Int($0[rows]) } ?? rows * columns
    let fanOut = Double(connections) / Double(max(1, inputs ?? columns))
    switch self {
    case .zeros: values.update(repeating: 0, count: connections)
    case .orthogonal:
      guard rowStart == nil else {
        throw Failure(.invalidArgument, "\(owner): the orthogonal initializer needs a dense layer")
      }
      try fillOrthogonal(values, rows: rows, columns: columns, random: &random, owner: owner)
    case .heUniform, .glorotUniform, .heNormal, .glorotNormal:
      let isUniform = self == .heUniform || self == .glorotUniform
      for row in 0..<rows {
        let slots = rowStart.map { Int($0[row])..<Int($0[row + 1]) } ?? row * columns..<(row + 1) * columns
        let deviation = deviation(fanIn: Double(slots.count), fanOut: fanOut)
        // A uniform distribution on (-limit, limit) has the variance limit^2 / 3.
        let limit = deviation * 3.0.squareRoot()
        for slot in slots {
          values[slot] = T(isUniform ? (2 * random.uniform() - 1) * limit : random.normal() * deviation)
        }
      }
    }
  }
}

/// Rows (or columns, of a tall matrix) orthonormal: the Q of a random normal matrix, its signs fixed by R's diagonal so that
/// it is uniform over the orthogonal matrices (Saxe et al. 2014; Mezzadri 2007).
private func fillOrthogonal<T: Scalar>(
  _ values: UnsafeMutablePointer<T>, rows: Int, columns: Int, random: inout RandomSource, owner: String
) throws(Failure) {
  let long = max(rows, columns)
  let short = min(rows, columns)
  guard let m = Int32(exactly: long), let n = Int32(exactly: short) else {
    throw Failure(.invalidArgument, "\(owner): too large for LAPACK, \(rows) x \(columns)")
  }
  let q = try Buffer<T>(count: rows * columns, of: "\(owner), orthogonal initializer")
  let signs = try Buffer<T>(count: short, of: "\(owner), orthogonal initializer")
  for i in 0..<q.count { q.pointer[i] = T(random.normal()) }
  try OpenBLAS.reserve(callers: 1)
  let hold = BLASThreads.begin()
  defer { hold.end() }
  let info = try T.orthogonalize(q.pointer, rows: m, columns: n, of: "\(owner), orthogonal initializer") { r in
    for j in 0..<short { signs.pointer[j] = r[j * long + j] < 0 ? -1 : 1 }
  }
  guard info == 0 else { throw Failure(.numerical, "\(owner), orthogonal initializer: LAPACK's QR returned \(info)") }
  // q is long x short by columns. W is rows x columns by rows: a wide W has the columns of q as rows, a tall one is q.
  for j in 0..<short {
    for i in 0..<long {
      values[rows <= columns ? j * columns + i : i * columns + j] = q.pointer[j * long + i] * signs.pointer[j]
    }
  }
}
