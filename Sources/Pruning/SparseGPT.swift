import Base
import KernelInterface
import Machine
import Sparse

/// SparseGPT (Frantar and Alistarh 2023, algorithm 1): the inputs of all units in order, in blocks. In a block those
/// connections go whose w^2 / [U]_ii^2 is least, with H^-1 = U^T U; the error that a connection leaves is passed on to the
/// inputs after it by U's row. A connection that is absent counts as one that goes; U, common to all units, does not know of it,
/// so that in a layer that is sparse already the choice is worse than ``OptimalBrainSurgeon``'s.
///
/// Unlike the reference code, which prunes one too many in each block, the counts are exact: a block gives its share of the
/// connections that go in all. Biases stay.
///
/// Time: inputs^3 + units inputs^2. Memory in doubles: inputs^2, units x (inputs + 2 block).
package enum SparseGPT {
  /// Prune. The layer's marks and weights are the result; `moments` are used up.
  /// - damping: share of the mean diagonal of the moments that is added to it. - block: inputs a block, >= 1; rounded up to
  ///   whole groups.
  /// - Throws: `invalidArgument` for a target that the layer cannot come to; `numerical` when the moments cannot be inverted;
  ///   `nonFinite`, `outOfMemory`. The layer's weights are of no use then.
  package static func prune(
    _ layer: Reconstruction, _ moments: SecondMoments, _ target: Reconstruction.Target, damping: Double, block: Int,
    executor: any Executor
  ) throws(Failure) {
    try target.check(inputs: layer.inputs, name: layer.name)
    let size = try layer.lapackSize(layer.inputs)
    let (units, inputs) = (Double(layer.units), Double(layer.inputs))
    try SecondMoments.require(
      doubles: inputs * inputs + units * (inputs * 9 / 8 + 2 * Double(min(block, layer.inputs))),
      "\(layer.name): a matrix of its \(layer.inputs) inputs and its \(layer.units) units' weights")
    layer.silence(try moments.condition(damping: damping))
    let u = moments.matrix.pointer
    try layer.requireFactor(Symmetric.factor(u, n: size, stride: size), "Cholesky factor")
    try layer.requireFactor(Symmetric.invert(factor: u, n: size, stride: size), "inverse")
    try layer.requireFactor(Symmetric.factor(u, n: size, stride: size), "Cholesky factor of the inverse")

    var width = min(block, layer.inputs)
    if case .groups(_, let size) = target { width = (width + size - 1) / size * size }
    let sheet = try Sheet(layer, u, width: width)
    var share = Share(layer, target)
    var begin = 0
    while begin < layer.inputs {
      let end = min(begin + width, layer.inputs)
      sheet.score(begin..<end)
      if case .connections = target { sheet.keepLargest(begin..<end) { share.next($0) } }
      sheet.eliminate(begin..<end, target, executor)
      begin = end
    }
    sheet.write(into: layer)
  }

  /// How many connections each block keeps, so that all together keep just so many.
  private struct Share {
    let going: Int
    let present: Int
    var seen = 0
    var gone = 0

    init(_ layer: Reconstruction, _ target: Reconstruction.Target) {
      present = layer.connections
      if case .connections(let keep) = target { going = max(0, present - keep) } else { going = 0 }
    }

    /// - count: connections of the next block. - Returns: how many of them stay.
    mutating func next(_ count: Int) -> Int {
      seen += count
      // The product may take more than 64 bits. As no more are seen than are present, the quotient is at most `going`.
      let product = going.magnitude.multipliedFullWidth(by: seen.magnitude)
      let due = Int(truncatingIfNeeded: present.magnitude.dividingFullWidth(product).quotient)
      let go = due - gone
      gone = due
      return count - go
    }
  }
}

/// All weights of a layer, absent ones too, while errors travel through them.
private final class Sheet {
  let units: Int
  let inputs: Int
  let width: Int
  let u: UnsafePointer<Double>
  /// (inputs, units), row-major by unit.
  private let w: Buffer<Double>
  private let stays: Buffer<UInt8>
  /// (width, units)
  private let errors: Buffer<Double>
  private let scores: Buffer<Double>

  init(_ layer: Reconstruction, _ u: UnsafePointer<Double>, width: Int) throws(Failure) {
    units = layer.units
    inputs = layer.inputs
    self.width = width
    self.u = u
    let what = "\(layer.name), SparseGPT"
    w = try Buffer(count: units * inputs, of: what)
    stays = try Buffer(count: units * inputs, of: what)
    errors = try Buffer(count: units * width, of: what)
    scores = try Buffer(count: units * width, of: what)
    for unit in 0..<units {
      for slot in layer.slots(unit) {
        let place = unit * inputs + layer.input(slot, unit)
        w.pointer[place] = layer.weights.pointer[slot]
        stays.pointer[place] = 1
      }
    }
  }

  func write(into layer: Reconstruction) {
    for unit in 0..<units {
      for slot in layer.slots(unit) {
        let place = unit * inputs + layer.input(slot, unit)
        layer.weights.pointer[slot] = w.pointer[place]
        layer.marks.pointer[slot] = stays.pointer[place]
      }
    }
  }

  /// Scores of a block's connections as they are now.
  func score(_ block: Range<Int>) {
    for unit in 0..<units {
      for i in block { scores.pointer[unit * width + i - block.lowerBound] = score(unit, i) }
    }
  }

  @inline(__always)
  private func score(_ unit: Int, _ i: Int) -> Double {
    let quotient = w.pointer[unit * inputs + i] / u[i * inputs + i]
    return quotient * quotient
  }

  /// Keep the largest scores of a block. - stay: is told how many there are, and tells how many stay.
  func keepLargest(_ block: Range<Int>, _ stay: (Int) -> Int) {
    let bits = UnsafePointer(scores.pointer).bits(UInt64.self)
    let (width, inputs, stays) = (width, inputs, stays.pointer)
    func key(_ unit: Int, _ i: Int) -> UInt64 {
      stays[unit * inputs + block.lowerBound + i] == 0 ? 0 : bits[unit * width + i].rank
    }
    var present = 0
    for unit in 0..<units { for i in block where stays[unit * inputs + i] != 0 { present += 1 } }
    let keep = stay(present)
    if keep == present { return }
    let last =
      keep == 0
      ? (key: UInt64.max, larger: 0)
      : kthLargest(
        keep, segments: units, count: { _ in block.count }, key: key)
    var equal = keep - last.larger
    for unit in 0..<units {
      for i in 0..<block.count {
        let key = key(unit, i)
        if key > last.key { continue }
        if key == last.key, equal > 0 {
          equal -= 1
        } else {
          stays[unit * inputs + block.lowerBound + i] = 0
        }
      }
    }
  }

  /// Let those of a block that do not stay go, and pass their errors on. In pieces of units, so that the bits do not depend on
  /// the number of threads.
  func eliminate(_ block: Range<Int>, _ target: Reconstruction.Target, _ executor: any Executor) {
    let piece = 64
    let work = SheetWork(piece: piece, body: { begin, end in self.eliminate(block, target, units: begin..<end) }, units: units)
    withUnsafePointer(to: work) {
      executor.run(
        { $0.load(as: SheetWork.self).run($1, $2) }, $0, units: (units + piece - 1) / piece,
        work: 2 * units * block.count * (inputs - block.lowerBound), balancedBy: nil)
    }
  }

  private func eliminate(_ block: Range<Int>, _ target: Reconstruction.Target, units: Range<Int>) {
    for unit in units {
      let row = w.pointer + unit * inputs
      let stays = stays.pointer + unit * inputs
      let errors = errors.pointer + unit * width
      for i in block {
        if case .groups(let keep, let size) = target, i % size == 0 {
          Groups.keepLargest(keep, of: size, stays + i) { score(unit, i + $0).bitPattern.rank }
        }
        if stays[i] != 0 {
          errors[i - block.lowerBound] = 0
          continue
        }
        let factors = u + i * inputs
        let error = row[i] / factors[i]
        for j in i + 1..<max(i + 1, block.upperBound) { row[j] -= error * factors[j] }
        row[i] = 0
        errors[i - block.lowerBound] = error
      }
    }
    let rest = inputs - block.upperBound
    if rest == 0 { return }
    Double.gemm(
      transposeA: false, transposeB: false, m: units.count, n: rest, k: block.count, alpha: -1,
      a: errors.pointer + units.lowerBound * width, lda: width, b: u + block.lowerBound * inputs + block.upperBound,
      ldb: inputs, beta: 1, c: w.pointer + units.lowerBound * inputs + block.upperBound, ldc: inputs)
  }
}

private struct SheetWork {
  let piece: Int
  let body: (Int, Int) -> Void
  let units: Int

  func run(_ begin: Int, _ end: Int) {
    for unit in begin..<end { body(unit * piece, min(units, (unit + 1) * piece)) }
  }
}
