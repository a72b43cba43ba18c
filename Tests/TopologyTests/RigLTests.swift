import Base
import Machine
import Sparse
import Testing
import Topology

/// One update as RigL's code does it, on dense arrays: the obvious way.
private func reference<T: Scalar>(_ layer: Layer<T>, gradient: [T], fraction: Double) -> (
  mask: [Int], weights: [T], moments: [T]
) {
  let mask = layer.mask
  let weights = layer.dense(layer.weights)
  let moments = layer.dense(layer.moments)
  let active = mask.indices.filter { mask[$0] == 1 }
  let pruned = Int(Float(active.count) * Float(fraction))
  func before(_ a: T, _ b: T, _ i: Int, _ j: Int) -> Bool {
    let (x, y) = (a.isNaN ? -1 : a.magnitude, b.isNaN ? -1 : b.magnitude)
    return x > y || (x == y && i < j)
  }
  let kept = Set(active.sorted { before(weights[$0], weights[$1], $0, $1) }.prefix(active.count - pruned))
  let grown = mask.indices.filter { !kept.contains($0) }.sorted { before(gradient[$0], gradient[$1], $0, $1) }.prefix(pruned)
  var result = (mask: mask.map { _ in 0 }, weights: weights.map { _ in T(0) }, moments: weights.map { _ in T(0) })
  for i in kept.union(grown) {
    result.mask[i] = 1
    result.weights[i] = mask[i] == 1 ? weights[i] : 0
    result.moments[i] = mask[i] == 1 ? moments[i] : 0
  }
  return result
}

@Suite struct RigLTests {
  static let weights: [Double] = [0.5, -0.1, 0, 0.02, 0.9, 0, -0.3, 0, 0.05, -0.7]
  static let mask = [1, 1, 0, 1, 1, 0, 1, 0, 1, 1]
  static let gradient: [Double] = [0.1, -5, 2, 0.3, 0.2, -3, 0.4, 2, -9, 0.1]
  static let moments = (1...10).map { Double($0) }

  @Test(arguments: [1, 2, 5, 10], [0.3, 0.5]) func thePublishedUpdate(rows: Int, fraction: Double) throws {
    var layer = try Layer(mask: Self.mask, rows: rows, weights: Self.weights, moments: Self.moments)
    let rigl = try instance(.rigl, layer.pattern, of: Double.self)
    let change = layer.evolve(
      rigl, dropFraction: fraction, gradients: Gradients(Self.gradient, columns: 10 / rows))
    #expect(layer.mask == [1, 1, 0, 0, 1, 1, 1, 0, 1, 1])
    #expect(layer.dense(layer.weights) == [0.5, -0.1, 0, 0, 0.9, 0, -0.3, 0, 0.05, -0.7])
    // 5 is new; 1 and 8 were dropped and grown again at once and keep what they had.
    #expect(layer.dense(layer.moments) == [1, 2, 0, 0, 5, 0, 7, 0, 9, 10])
    #expect(change.dropped == [2] && change.grown == [3])
    #expect(rigl.dropped == 1 && rigl.grown == 1 && rigl.updates == 1)
    #expect(layer.pattern.violation() == nil)
  }

  @Test(arguments: [(0.3, 5614), (0.28703, 5371), (0.15, 2807)])
  func theNumberDroppedIsTruncated(fraction: Double, dropped: Int) throws {
    var random = RandomSource(seed: 1)
    let pattern = try Pattern(rows: 300, columns: 784, connections: 18715, random: &random)
    var layer = Layer<Float>(pattern: pattern, weights: (0..<18715).map { _ in Float(random.uniform() - 0.5) })
    // Largest where there is no connection: none is grown again.
    let taken = Set(layer.positions)
    let rigl = try instance(.rigl, pattern, of: Float.self)
    layer.evolve(
      rigl, dropFraction: fraction,
      gradients: Gradients(columns: 784) { taken.contains(Position(row: $0, column: $1)) ? 0 : 1 })
    #expect(rigl.dropped == dropped && rigl.grown == dropped)
    #expect(pattern.connections == 18715)
  }

  @Test func theFractionFollowsTheSchedule() throws {
    var random = RandomSource(seed: 1)
    let pattern = try Pattern(rows: 50, columns: 80, connections: 1000, random: &random)
    var layer = Layer<Double>(pattern: pattern, weights: (0..<1000).map { Double($0 + 1) })
    let rigl = try instance(.rigl, pattern, ["until": 750, "begin": 0], of: Double.self)
    #expect(rigl.replacesStep && rigl.needsGradient)
    for (step, expected) in [(0, 300), (375, 150), (750, 0)] {
      let taken = Set(layer.positions)
      layer.evolve(
        rigl, step: step,
        gradients: Gradients(columns: 80) { taken.contains(Position(row: $0, column: $1)) ? 0 : 1 })
      #expect(rigl.dropped == expected)
    }
    #expect(rigl.updates == 3)
  }

  @Test func agreesWithTheDenseAlgorithm() throws {
    try compare(Float.self)
    try compare(Double.self)
  }

  private func compare<T: Scalar>(_: T.Type) throws {
    for (seed, shape) in uglyShapes.enumerated() where shape.rows * shape.columns < 20_000 {
      var random = RandomSource(seed: UInt64(seed), stream: UInt64(T.bits))
      let pattern = try Pattern(
        rows: shape.rows, columns: shape.columns, connections: shape.connections, random: &random)
      // Few different values, so that ties abound; zeros of both signs and NaN among the gradients.
      var layer = Layer<T>(
        pattern: pattern, weights: (0..<shape.connections).map { _ in T(random.below(7) - 3) / 4 })
      let rigl = try instance(.rigl, pattern, of: T.self)
      for (round, fraction) in [0.3, 0, 0.05, 1, 0.7, 0.5].enumerated() {
        let gradient = (0..<shape.rows * shape.columns).map { _ -> T in
          let draw = random.below(round < 3 ? 1000 : 12)
          return draw == 0 ? .nan : draw == 1 ? -0.0 : draw == 2 ? -.infinity : T(draw - 500)
        }
        let expected = reference(layer, gradient: gradient, fraction: fraction)
        layer.evolve(rigl, dropFraction: fraction, gradients: Gradients(gradient, columns: shape.columns))
        #expect(layer.mask == expected.mask, "\(shape), \(fraction)")
        #expect(layer.dense(layer.weights) == expected.weights)
        #expect(layer.dense(layer.moments) == expected.moments)
        #expect(pattern.violation() == nil)
        for i in layer.weights.indices where layer.weights[i] == 0 { layer.weights[i] = T(random.below(5) - 2) }
      }
    }
  }

  /// Gradients that are no numbers, or all the same, still give a full pattern.
  @Test(arguments: [Float.nan, 0, -0.0, .infinity, 1e-45]) func degenerateGradients(value: Float) throws {
    var random = RandomSource(seed: 5)
    let pattern = try Pattern(rows: 40, columns: 200, connections: 500, random: &random)
    var layer = Layer<Float>(pattern: pattern, weights: (0..<500).map { _ in Float(random.uniform()) })
    let gradient = [Float](repeating: value, count: 8000)
    let expected = reference(layer, gradient: gradient, fraction: 0.4)
    let rigl = try instance(.rigl, pattern, of: Float.self)
    layer.evolve(rigl, dropFraction: 0.4, gradients: Gradients(gradient, columns: 200))
    #expect(layer.mask == expected.mask)
    #expect(pattern.connections == 500 && pattern.violation() == nil)
  }

  /// The gradient is asked for a few rows at a time, each row once, and scratch does not depend on rows x columns.
  @Test func memoryIsLinearInConnections() throws {
    #if DEBUG
      let (side, connections) = (3000, 9000)
    #else
      let (side, connections) = (20_000, 400_000)
    #endif
    var random = RandomSource(seed: 11)
    let pattern = try Pattern(rows: side, columns: side, connections: connections, random: &random)
    var layer = Layer<Float>(pattern: pattern, weights: (0..<connections).map { _ in Float(random.uniform() - 0.5) })
    let rigl = try instance(.rigl, pattern, of: Float.self)
    #expect(rigl.bytes <= 80 * connections + 4 * (1 << 19))
    let gradients = Gradients<Float>(columns: side) { row, column in
      Float(UInt32(truncatingIfNeeded: (row &* 20_011 &+ column) &* 2_654_435_761) >> 8)
    }
    layer.evolve(rigl, dropFraction: 0.3, gradients: gradients)
    #expect(gradients.asked.flatMap { Array($0) } == Array(0..<side))
    #expect(gradients.asked.allSatisfy { $0.count * side <= 1 << 19 })
    #expect(pattern.connections == connections && pattern.violation() == nil)
    #expect(rigl.dropped == rigl.grown && rigl.grown > connections / 4)
  }
}
