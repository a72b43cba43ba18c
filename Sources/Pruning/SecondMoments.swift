import Base
import KernelInterface
import Machine

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// H = (2 / n) sum x x^T over n inputs x of a linear layer: the second derivatives of the mean squared change of any of its
/// outputs by that output's weights (Hassibi and Stork 1993; Frantar and Alistarh 2022, 2023).
///
/// In double precision, inputs x inputs, upper triangle by rows. Memory: that, and inputs x batch doubles while samples come.
package final class SecondMoments {
  package let inputs: Int
  /// Row-major in rows of `inputs`; nothing below the diagonal counts.
  let matrix: Buffer<Double>
  private let owner: String
  private let scale: Double
  private var samples: Buffer<Double>

  /// - samples: that are to come in all. - batch: the most that come at once. - owner: for messages, "linear layer 2".
  /// - Throws: `outOfMemory`, before anything is tried that the machine's memory cannot hold.
  package init(inputs: Int, samples: Int, batch: Int, owner: String) throws(Failure) {
    self.inputs = inputs
    self.owner = owner
    scale = 2 / Double(samples)
    try Self.require(
      doubles: Double(inputs) * Double(inputs + batch), "\(owner): the second moments of its \(inputs) inputs")
    matrix = try Buffer(count: inputs * inputs, of: "\(owner), second moments of \(inputs) inputs")
    try OpenBLAS.reserve(callers: 1)
    self.samples = try Buffer(count: inputs * batch, of: "\(owner), second moments of \(inputs) inputs")
  }

  /// A system that promises more memory than it has would end the process in the middle of the work.
  /// - Throws: `outOfMemory` when `what` takes more than the machine has.
  static func require(doubles: Double, _ what: @autoclosure () -> String) throws(Failure) {
    let memory =
      Double(sysconf(Int32(truncatingIfNeeded: _SC_PHYS_PAGES))) * Double(sysconf(Int32(truncatingIfNeeded: _SC_PAGESIZE)))
    guard 8 * doubles <= memory else {
      func gibibytes(_ bytes: Double) -> Int { Int(clamping: (bytes / 0x1p30).rounded(.up)) }
      throw Failure(
        .outOfMemory, "\(what()) take \(gibibytes(8 * doubles)) GiB, the machine has \(gibibytes(memory))")
    }
  }

  /// Count a batch in. OpenBLAS's threads are held back by the caller. The same bits for any number of threads.
  /// - panels: (inputs, batch) as `shape` says; lanes beyond the batch are passed over.
  package func add<T: Scalar>(_ panels: UnsafePointer<T>, _ shape: PanelShape, executor: any Executor) {
    let batch = shape.batch
    let x = samples.pointer
    for panel in 0..<shape.count {
      let first = panel * shape.width
      for feature in 0..<inputs {
        let row = panels + (panel * inputs + feature) * shape.width
        for lane in 0..<min(shape.width, batch - first) { x[feature * batch + first + lane] = Double(row[lane]) }
      }
    }
    let product = MomentsProduct(inputs: inputs, batch: batch, scale: scale, x: UnsafePointer(x), h: matrix.pointer)
    withUnsafePointer(to: product) {
      executor.run(
        { $0.load(as: MomentsProduct.self).run($1, $2) }, $0, units: product.units, work: inputs * inputs * batch,
        balancedBy: nil)
    }
  }

  /// All samples are in: make it something that can be inverted. An input that was always 0 gets 1 on the diagonal, and
  /// `damping` times the mean of the diagonal is added to all of it.
  /// - Returns: one mark an input, 1 for those that were always 0.
  /// - Throws: `nonFinite` when a moment is not finite; `outOfMemory`.
  func condition(damping: Double) throws(Failure) -> Buffer<UInt8> {
    samples = try Buffer(count: 0)
    let dead = try Buffer<UInt8>(count: inputs, of: "\(owner), inputs")
    let h = matrix.pointer
    var sum = 0.0
    for i in 0..<inputs {
      let place = i * inputs + i
      if h[place] == 0 {
        dead.pointer[i] = 1
        h[place] = 1
      }
      sum += h[place]
    }
    // An x that is not finite makes its own diagonal element such.
    guard sum.isFinite else { throw Failure(.nonFinite, "\(owner): the second moments of its inputs are not finite") }
    for i in 0..<inputs { h[i * inputs + i] += damping * sum / Double(inputs) }
    return dead
  }
}

/// H += scale x x^T in blocks of rows, each a unit: its bits do not depend on the number of threads.
private struct MomentsProduct {
  let inputs: Int
  let batch: Int
  let scale: Double
  /// (batch, inputs): the samples of a feature are contiguous.
  let x: UnsafePointer<Double>
  let h: UnsafeMutablePointer<Double>

  private static let block = 64
  var units: Int { (inputs + Self.block - 1) / Self.block }

  func run(_ begin: Int, _ end: Int) {
    for unit in begin..<end {
      let row = unit * Self.block
      Double.gemm(
        transposeA: false, transposeB: true, m: min(Self.block, inputs - row), n: inputs - row, k: batch, alpha: scale,
        a: x + row * batch, lda: batch, b: x + row * batch, ldb: batch, beta: 1, c: h + row * inputs + row, ldc: inputs)
    }
  }
}
