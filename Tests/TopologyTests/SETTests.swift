import Base
import Machine
import Sparse
import Testing
import Topology

@Suite struct SETTests {
  /// SET never asks for a gradient.
  private func none<T: Scalar>(_ pattern: Pattern, _: T.Type) -> Gradients<T> {
    Gradients(columns: pattern.columns) { _, _ in
      Issue.record("SET asked for a gradient")
      return 0
    }
  }

  @Test func survivorsAreTheLargestAndKeepTheirState() throws {
    for (seed, shape) in uglyShapes.enumerated() {
      for published in [0.0, 1] {
        var random = RandomSource(seed: UInt64(seed))
        let pattern = try Pattern(
          rows: shape.rows, columns: shape.columns, connections: shape.connections, random: &random)
        var layer = Layer<Float>(
          pattern: pattern, weights: (0..<shape.connections).map { _ in Float(random.uniform() - 0.5) })
        let set = try instance(.set, pattern, ["published": published], of: Float.self)
        #expect(!set.replacesStep && !set.needsGradient)
        for fraction in [0.3, 1, 0.1, 0] {
          let before = Dictionary(
            uniqueKeysWithValues: zip(layer.positions, zip(layer.weights, layer.moments).map { ($0, $1) }))
          let sorted = layer.weights.map(\.magnitude).sorted(by: >)
          let pruned = Int(Float(shape.connections) * Float(fraction))
          layer.evolve(set, dropFraction: fraction, gradients: none(pattern, Float.self))
          #expect(pattern.connections == shape.connections)
          #expect(pattern.violation() == nil, "\(shape), \(fraction)")
          #expect(set.dropped == set.grown)
          var left = 0
          for (position, value) in zip(layer.positions, zip(layer.weights, layer.moments)) {
            if let old = before[position], (old.0, old.1) == (value.0, value.1) {
              left += 1
            } else {
              #expect(value.0 == 0 && value.1 == 0)
            }
          }
          if published == 0 {
            // All but the smallest stay, and some of the smallest may have come back.
            #expect(set.dropped <= pruned && left >= shape.connections - pruned)
            if pruned < shape.connections {
              let least = sorted[shape.connections - pruned - 1]
              #expect(
                before.filter { $0.value.0.magnitude > least }.allSatisfy {
                  pattern.slot(row: $0.key.row, column: $0.key.column) != nil
                })
            }
          }
          if fraction == 0 { #expect(set.dropped == 0 && left == shape.connections) }
          for i in layer.weights.indices where layer.weights[i] == 0 {
            layer.weights[i] = Float(random.uniform() - 0.5)
            layer.moments[i] = Float(random.uniform())
          }
        }
      }
    }
  }

  @Test func thePublishedThresholds() throws {
    let values = [-0.9, -0.5, -0.2, -0.1, 0.05, 0.15, 0.3, 0.4, 0.8, 1.0]
    // The order of the slots does not matter.
    let shuffled = [4, 9, 0, 7, 2, 5, 1, 8, 3, 6].map { values[$0] }
    for weights in [values, shuffled] {
      var random = RandomSource(seed: 4)
      let pattern = try Pattern(rows: 100, columns: 100, connections: 10, random: &random)
      var layer = Layer<Double>(pattern: pattern, weights: weights)
      let set = try instance(.set, pattern, ["published": 1], of: Double.self)
      let change = layer.evolve(set, dropFraction: 0.3, gradients: none(pattern, Double.self))
      #expect(layer.weights.filter { $0 != 0 }.sorted() == [-0.9, -0.5, 0.4, 0.8, 1.0])
      #expect(change.dropped == weights.indices.filter { ![-0.9, -0.5, 0.4, 0.8, 1.0].contains(weights[$0]) })
      #expect(set.dropped == 5 && set.grown == 5 && pattern.connections == 10)
    }
  }

  /// Against the original formulas, on weights with zeros, ties and one sign only.
  @Test func thePublishedThresholdsOnAwkwardWeights() throws {
    var random = RandomSource(seed: 8)
    for round in 0..<200 {
      let count = 1 + random.below(30)
      let offset = [-10, 0, 10][round % 3]
      let weights = (0..<count).map { _ in Float(random.below(11) - 5 + offset) / 4 }
      let fraction = [0.1, 0.3, 0.5, 0.9, 1][round % 5]
      let sorted = weights.sorted()
      let least = weights.map(\.magnitude).min() ?? 0
      let first = sorted.firstIndex { $0.magnitude == least } ?? 0
      let last = (sorted.lastIndex { $0.magnitude == least } ?? 0) + 1
      let negative = sorted[Int((1 - fraction) * Double(first))]
      let positive = sorted[Int(min(Double(count - 1), Double(last) + fraction * Double(count - last)))]
      let survivors = weights.filter { $0 < negative || $0 > positive }
      let pattern = try Pattern(rows: 50, columns: 60, connections: count, random: &random)
      var layer = Layer<Float>(pattern: pattern, weights: weights)
      let set = try instance(.set, pattern, ["published": 1], of: Float.self)
      layer.evolve(set, dropFraction: fraction, gradients: none(pattern, Float.self))
      #expect(set.dropped == count - survivors.count)
      #expect(layer.weights.filter { $0 != 0 } == survivors.filter { $0 != 0 })
    }
  }

  /// Every free position, the just dropped ones included, has the same chance. 10 survive, 5 are grown
  /// among the others; the statistic has their number as mean and about twice that as variance; 5 deviations are allowed.
  @Test(arguments: [(5, 7), (20, 30)]) func growthIsUniform(rows: Int, columns: Int) throws {
    // 20 x 30 takes the way of rejection, 5 x 7 the walk.
    let free = rows * columns - 10
    var observed = [Position: Double]()
    let draws = 30 * free + 3000
    for draw in 0..<draws {
      var random = RandomSource(seed: 2)
      let pattern = try Pattern(rows: rows, columns: columns, connections: 15, random: &random)
      var layer = Layer<Float>(pattern: pattern, weights: (0..<15).map { $0 % 3 == 0 ? 1 : 2 })
      let survivors = Set(zip(layer.positions, layer.weights).filter { $1 == 2 }.map(\.0))
      let set = try instance(.set, pattern, seed: UInt64(draw), of: Float.self)
      layer.evolve(set, dropFraction: 5.01 / 15, gradients: none(pattern, Float.self))
      for position in layer.positions where !survivors.contains(position) { observed[position, default: 0] += 1 }
    }
    #expect(observed.count == free)
    let chance = 5 / Double(free)
    let expected = chance * Double(draws)
    let statistic = observed.values.reduce(0) { $0 + ($1 - expected) * ($1 - expected) / (expected * (1 - chance)) }
    #expect(abs(statistic - Double(free)) < 5 * (2 * Double(free)).squareRoot(), "chi-square \(statistic)")
  }

  @Test func theSameSeedGivesTheSameUpdate() throws {
    func run(_ seed: UInt64) throws -> [Position] {
      var random = RandomSource(seed: 3)
      let pattern = try Pattern(rows: 60, columns: 70, connections: 300, random: &random)
      var layer = Layer<Float>(pattern: pattern, weights: (0..<300).map { _ in Float(random.uniform() - 0.5) })
      let set = try instance(.set, pattern, seed: seed, of: Float.self)
      for _ in 0..<3 { layer.evolve(set, dropFraction: 0.3, gradients: none(pattern, Float.self)) }
      return layer.positions
    }
    #expect(try run(1) == run(1))
    #expect(try run(1) != run(2))
  }

  @Test func hugeLayersTakeMemoryByConnections() throws {
    #if DEBUG
      let (side, connections) = (200_000, 50_000)
    #else
      let (side, connections) = (200_000, 2_000_000)
    #endif
    var random = RandomSource(seed: 3)
    let pattern = try Pattern(rows: side, columns: side, connections: connections, random: &random)
    var layer = Layer<Float>(pattern: pattern, weights: (0..<connections).map { _ in Float(random.uniform() - 0.5) })
    let set = try instance(.set, pattern, of: Float.self)
    #expect(set.bytes <= 40 * connections)
    layer.evolve(set, dropFraction: 0.3, gradients: none(pattern, Float.self))
    #expect(pattern.connections == connections && pattern.violation() == nil)
  }

  @Test func staticNeverChanges() throws {
    var random = RandomSource(seed: 3)
    let pattern = try Pattern(rows: 6, columns: 7, connections: 20, random: &random)
    var layer = Layer<Float>(pattern: pattern, weights: [Float](repeating: 1, count: 20))
    let before = layer.positions
    let fixed = try instance(.static, pattern, of: Float.self)
    #expect((0..<500).allSatisfy { !fixed.isDue(step: $0) })
    layer.evolve(fixed, dropFraction: 0.5, gradients: none(pattern, Float.self))
    #expect(layer.positions == before && fixed.dropped == 0)
    #expect(layer.weights == [Float](repeating: 1, count: 20))
  }

  @Test func instancesKeepTheirSchedule() throws {
    var random = RandomSource(seed: 3)
    let pattern = try Pattern(rows: 6, columns: 7, connections: 20, random: &random)
    let set = try instance(.set, pattern, ["every": 10, "until": 30], of: Float.self)
    var due: [Int] = []
    for step in 0..<100 where set.isDue(step: step) {
      set.noteDue(step: step)
      due.append(step)
    }
    #expect(due == [10, 20, 30])
    #expect(set.dropFraction(step: 25) == 0.3)
  }
}
