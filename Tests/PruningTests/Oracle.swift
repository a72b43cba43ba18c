import Base
import KernelInterface
import Machine
import Sparse

@testable import Pruning

/// The obvious formulas for one unit: plain arrays, Gauss-Jordan, one removal at a time.
enum Oracle {
  typealias Matrix = [[Double]]

  static func inverse(_ a: Matrix) -> Matrix {
    let n = a.count
    var a = a
    var b = (0..<n).map { i in (0..<n).map { $0 == i ? 1.0 : 0.0 } }
    for i in 0..<n {
      let pivot = (i..<n).max { abs(a[$0][i]) < abs(a[$1][i]) }!
      a.swapAt(i, pivot)
      b.swapAt(i, pivot)
      let factor = a[i][i]
      for j in 0..<n {
        a[i][j] /= factor
        b[i][j] /= factor
      }
      for k in 0..<n where k != i {
        let factor = a[k][i]
        for j in 0..<n {
          a[k][j] -= factor * a[i][j]
          b[k][j] -= factor * b[i][j]
        }
      }
    }
    return b
  }

  /// The weights that change the outputs least when only those of `support` stay: H_SS w_S = (H w)_S.
  static func leastSquares(_ h: Matrix, _ w: [Double], support: [Int]) -> [Double] {
    var result = [Double](repeating: 0, count: w.count)
    guard !support.isEmpty else { return result }
    let inverse = inverse(support.map { i in support.map { h[i][$0] } })
    let right = support.map { i in w.indices.reduce(0) { $0 + h[i][$1] * w[$1] } }
    for (row, i) in support.enumerated() { result[i] = right.indices.reduce(0) { $0 + inverse[row][$1] * right[$1] } }
    return result
  }

  /// What a change of the weights costs: 1/2 d^T H d.
  static func cost(_ h: Matrix, _ old: [Double], _ new: [Double]) -> Double {
    let d = zip(old, new).map { $0 - $1 }
    return d.indices.reduce(0) { sum, i in sum + d.indices.reduce(0) { $0 + d[i] * h[i][$1] * d[$1] } } / 2
  }

  /// Which connections go one after the other, and what that costs in all after each: the best single removal each time,
  /// tried out by least squares.
  static func removals(
    _ h: Matrix, _ w: [Double], of places: [Int], where mayGo: ([Int], Int) -> Bool = { _, _ in true }
  ) -> [(place: Int, cost: Double)] {
    var left = places
    var steps: [(place: Int, cost: Double)] = []
    while true {
      let tries = left.filter { mayGo(left, $0) }.map { q in
        (place: q, cost: cost(h, w, leastSquares(h, w, support: left.filter { $0 != q })))
      }
      guard let best = tries.min(by: { $0.cost < $1.cost }) else { return steps }
      steps.append(best)
      left.removeAll { $0 == best.place }
    }
  }

  /// SparseGPT as a sum of exact steps: when input i goes, those after it make up for it by the inverse of the trailing part
  /// of H.
  static func passOn(_ h: Matrix, _ w: [Double], at i: Int) -> [Double] {
    let inverse = inverse((i..<w.count).map { row in (i..<w.count).map { h[row][$0] } })
    var w = w
    let error = w[i] / inverse[0][0]
    for j in i..<w.count { w[j] -= error * inverse[0][j - i] }
    w[i] = 0
    return w
  }

  static func score(_ h: Matrix, _ w: [Double], at i: Int) -> Double {
    w[i] * w[i] / inverse((i..<w.count).map { row in (i..<w.count).map { h[row][$0] } })[0][0]
  }
}

/// A layer with inputs that hang together, as activations do.
struct Problem {
  let units: Int
  let inputs: Int
  /// (inputs, samples), a sample contiguous
  let x: [Double]
  let samples: Int
  let weights: [Double]
  let pattern: Pattern?

  init(units: Int, inputs: Int, samples: Int, connections: Int? = nil, seed: UInt64 = 1) throws {
    var random = RandomSource(seed: seed)
    self.units = units
    self.inputs = inputs
    self.samples = samples
    let sources = max(1, inputs / 2)
    let mixing = (0..<inputs * sources).map { _ in random.normal() }
    var x: [Double] = []
    for _ in 0..<samples {
      let hidden = (0..<sources).map { _ in random.normal() }
      for i in 0..<inputs {
        x.append((0..<sources).reduce(0.3 * random.normal()) { $0 + mixing[i * sources + $1] * hidden[$1] })
      }
    }
    self.x = x
    pattern = try connections.map { try Pattern(rows: units, columns: inputs, connections: $0, random: &random) }
    weights = (0..<(connections ?? units * inputs)).map { _ in random.normal() }
  }

  func layer<T: Scalar>(_: T.Type = Double.self) throws -> Reconstruction {
    let weights = weights.map { T($0) }
    return try weights.withUnsafeBufferPointer {
      try Reconstruction(name: "linear layer 1", units: units, inputs: inputs, pattern: pattern, weights: $0.baseAddress!)
    }
  }

  /// In batches of `batch`, as panels.
  func moments<T: Scalar>(_: T.Type = Double.self, batch: Int = 7, executor: any Executor) throws -> SecondMoments {
    let moments = try SecondMoments(inputs: inputs, samples: samples, batch: min(batch, samples), owner: "linear layer 1")
    var done = 0
    while done < samples {
      let count = min(batch, samples - done)
      let shape = PanelShape(batch: count, elementSize: MemoryLayout<T>.stride)
      // Whatever is in the lanes beyond the batch must not count.
      var panels = [T](repeating: 77, count: shape.elements(features: inputs))
      for sample in 0..<count {
        for i in 0..<inputs {
          panels[((sample / shape.width) * inputs + i) * shape.width + sample % shape.width] = T(
            x[(done + sample) * inputs + i])
        }
      }
      moments.add(panels, shape, executor: executor)
      done += count
    }
    return moments
  }

  /// H, damped as the methods do it.
  func matrix(damping: Double) -> Oracle.Matrix {
    var h = (0..<inputs).map { i in
      (0..<inputs).map { j in
        (0..<samples).reduce(0) { $0 + x[$1 * inputs + i] * x[$1 * inputs + j] } * 2 / Double(samples)
      }
    }
    let mean = (0..<inputs).reduce(0) { $0 + h[$1][$1] } / Double(inputs)
    for i in 0..<inputs { h[i][i] += damping * mean }
    return h
  }

  /// Places of a unit's connections in the order of the weights.
  func slots(_ unit: Int) -> Range<Int> { pattern?.slots(row: unit) ?? unit * inputs..<(unit + 1) * inputs }
  func input(_ slot: Int) -> Int { pattern?.column(slot) ?? slot % inputs }

  /// A unit's weights with zeros where there is no connection.
  func row(_ weights: (Int) -> Double, _ unit: Int) -> [Double] {
    var row = [Double](repeating: 0, count: inputs)
    for slot in slots(unit) { row[input(slot)] = weights(slot) }
    return row
  }

  /// Mean over the samples of the squared change of the outputs.
  func error(_ new: (Int) -> Double) -> Double {
    var sum = 0.0
    for unit in 0..<units {
      let d = zip(row({ weights[$0] }, unit), row(new, unit)).map { $0 - $1 }
      for sample in 0..<samples {
        let y = (0..<inputs).reduce(0) { $0 + d[$1] * x[sample * inputs + $1] }
        sum += y * y
      }
    }
    return sum / Double(samples)
  }
}
