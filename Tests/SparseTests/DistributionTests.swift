import Base
import Sparse
import Testing

/// Layers by the dimensions of their weights.
private func shapes(_ dimensions: [[Int]]) -> [Distribution.Shape] {
  dimensions.enumerated().map { .init(name: "linear layer \($0 + 1)", dimensions: $1) }
}

private func erk(_ dimensions: [[Int]], sparsity: Double, power: Double = 1) throws -> [Double] {
  try Distribution.erdosRenyiKernel.densities(density: 1 - sparsity, shapes: shapes(dimensions), power: power)
}

private func counts(_ densities: [Double], _ dimensions: [[Int]]) -> [Int] {
  zip(densities, dimensions).map { Distribution.connections(density: $0, positions: $1.reduce(1, *)) }
}

/// Largest difference.
private func distance(_ a: [Double], _ b: [Double]) -> Double { zip(a, b).map { abs($0 - $1) }.max() ?? .infinity }

@Suite struct DistributionTests {
  static let mlp = [[784, 300], [300, 100], [100, 10]]
  static let lenet5 = [[5, 5, 1, 6], [5, 5, 6, 16], [400, 120], [120, 84], [84, 10]]

  @Test func countsRoundTheZerosDown() {
    // rigl, sparse_utils_test: shape (30, 4), (1, 2, 1, 4), (30).
    #expect(Distribution.connections(density: 0.5, positions: 120) == 60)
    #expect(Distribution.connections(density: 0.2, positions: 8) == 2)
    #expect(Distribution.connections(density: 0.9, positions: 30) == 27)
    #expect(Distribution.connections(density: 0.1, positions: 784 * 300) == 23520)
    #expect(Distribution.connections(density: 1, positions: 7) == 7)
    #expect(Distribution.connections(density: 1e-9, positions: 7) == 1)
    #expect(Distribution.connections(density: 1e-30, positions: 7) == 0)
    #expect(Distribution.connections(density: 1, positions: .max) == .max)
    #expect(Distribution.connections(density: 1e-30, positions: .max) == 0)
    // A density of two digits gives the count that the sparsity of two digits gives.
    for percent in 1...100 {
      for positions in 1...400 {
        let zeros = Int((Double(100 - percent) / 100 * Double(positions)).rounded(.down))
        #expect(Distribution.connections(density: Double(percent) / 100, positions: positions) == positions - zeros)
      }
    }
  }

  /// A quotient that is no decimal means the quotient: 5/6 of 6 are 5, wherever its double lies.
  @Test func quotientsAreExact() {
    #expect(Distribution.connections(density: 5.0 / 6, positions: 6) == 5)
    for q in 1...150 {
      for p in 1..<max(q, 2) where !isDecimal(p, q) {
        for n in [q, 2 * q, 997 * q, 1_000_003 * q, 1, 100, 784 * 300, 123_456_789] {
          let found = Distribution.connections(density: Double(p) / Double(q), positions: n)
          #expect(found == (p * n + q - 1) / q, "\(p)/\(q), \(n)")
        }
      }
    }
  }

  /// Whether p / q has at most twelve digits.
  private func isDecimal(_ p: Int, _ q: Int) -> Bool { p * 1_000_000_000_000 % q == 0 }

  struct Row: Sendable {
    let sparsity: Double
    let epsilon: Double
    let densities: [Double]
    let counts: [Int]
  }

  @Test(arguments: [
    Row(
      sparsity: 0.5, epsilon: 94.18819188, densities: [0.4340986395, 1, 1], counts: [102101, 30000, 1000]),
    Row(
      sparsity: 0.9, epsilon: 17.26415094, densities: [0.0795677705, 0.2301886792, 1], counts: [18715, 6906, 1000]),
    Row(
      sparsity: 0.98, epsilon: 3.340025094, densities: [0.0153936531, 0.0445336679, 0.3674027604],
      counts: [3621, 1337, 368]),
    Row(
      sparsity: 0.99, epsilon: 1.670012547, densities: [0.0076968265, 0.0222668340, 0.1837013802],
      counts: [1811, 669, 184]),
  ]) func theKernelFormOnAPerceptron(row: Row) throws {
    let densities = try erk(Self.mlp, sparsity: row.sparsity)
    // The table has ten digits.
    #expect(distance(densities, row.densities) < 1e-10)
    #expect(counts(densities, Self.mlp) == row.counts)
    let raw = Double(784 + 300) / Double(784 * 300)
    #expect(abs(densities[0] / raw / row.epsilon - 1) < 1e-9)
    // For matrices both Erdos-Renyi forms are the same.
    let plain = try Distribution.erdosRenyi.densities(density: 1 - row.sparsity, shapes: shapes(Self.mlp))
    #expect(plain == densities)
  }

  @Test func theKernelFormOnConvolutions() throws {
    let at90 = try erk(Self.lenet5, sparsity: 0.9)
    #expect(distance(at90, [0.8035294118, 0.0945328720, 0.0768079585, 0.1434873950, 0.7934008898]) < 1e-10)
    #expect(counts(at90, Self.lenet5) == [121, 227, 3687, 1447, 667])
    let at95 = try erk(Self.lenet5, sparsity: 0.95)
    #expect(distance(at95, [0.4018300654, 0.0472741253, 0.0384102268, 0.0717553688, 0.3967649805]) < 1e-10)
    #expect(counts(at95, Self.lenet5) == [61, 114, 1844, 724, 334])
    let cifar = [[3072, 1024], [1024, 512], [512, 10]]
    let wide = try erk(cifar, sparsity: 0.9)
    #expect(distance(wide, [0.0837832364, 0.1885122819, 1]) < 1e-10)
  }

  @Test func theSmallVectorsOfTheReferenceCode() throws {
    let dimensions = [[2, 4], [3, 6], [2, 4, 6]]
    func sparsity(_ kind: Distribution, _ s: Double, power: Double = 1) throws -> [Double] {
      try kind.densities(density: 1 - s, shapes: shapes(dimensions), power: power).map { 1 - $0 }
    }
    // Given there to two or three digits.
    #expect(try distance(sparsity(.erdosRenyiKernel, 0.5), [0, 0.31, 0.655]) < 6e-3)
    #expect(try distance(sparsity(.erdosRenyi, 0.5), [0.21, 0.47, 0.56]) < 6e-3)
    #expect(try distance(sparsity(.erdosRenyiKernel, 0.8), [0.556, 0.70, 0.85]) < 6e-3)
    #expect(try distance(sparsity(.erdosRenyiKernel, 0.5, power: 2), [0, 0.033, 0.758]) < 1e-3)
    #expect(try erk([[2, 4]], sparsity: 0.5) == [0.5])
  }

  @Test func equalLayersBecomeDenseTogether() throws {
    let densities = try erk([[10, 10], [1000, 1000], [10, 10]], sparsity: 0.9)
    #expect(densities[0] == 1 && densities[2] == 1)
    let total = counts(densities, [[10, 10], [1000, 1000], [10, 10]]).reduce(0, +)
    // The last step rounds as the reference code does: one connection to spare.
    #expect(abs(total - 100_020) <= 1)
  }

  @Test func fixedLayersCountOnNeitherSide() throws {
    var layers = shapes(Self.mlp)
    layers[1].fixedDensity = 0.25
    let others = try erk([Self.mlp[0], Self.mlp[2]], sparsity: 0.9)
    for kind in [Distribution.erdosRenyi, .erdosRenyiKernel] {
      #expect(try kind.densities(density: 1 - 0.9, shapes: layers) == [others[0], 0.25, others[1]])
    }
    #expect(try Distribution.uniform.densities(density: 0.1, shapes: layers) == [0.1, 0.25, 0.1])
    #expect(try Distribution.firstDense.densities(density: 0.1, shapes: layers) == [1, 0.25, 0.1])
    for i in layers.indices { layers[i].fixedDensity = 0.5 }
    #expect(try Distribution.erdosRenyi.densities(density: 0.1, shapes: layers) == [0.5, 0.5, 0.5])
  }

  @Test(arguments: Distribution.allCases) func densityOneIsDense(kind: Distribution) throws {
    for dimensions in [Self.mlp, Self.lenet5, [[1, 1]], [[3, 4], [3, 4]]] {
      let densities = try kind.densities(density: 1, shapes: shapes(dimensions))
      #expect(counts(densities, dimensions) == dimensions.map { $0.reduce(1, *) })
    }
  }

  @Test func whatCannotBeIsSaidByName() {
    func message(_ density: Double, _ shapes: [Distribution.Shape]) -> String? {
      do {
        _ = try Distribution.erdosRenyi.densities(density: density, shapes: shapes)
        return nil
      } catch {
        #expect(error.kind == .invalidArgument)
        return error.message
      }
    }
    let mlp = shapes(Self.mlp)
    #expect(message(0, mlp) == "distribution: density must be in (0, 1], got 0.0")
    #expect(message(1.7, mlp) == "distribution: density must be in (0, 1], got 1.7")
    #expect(message(.nan, mlp) == "distribution: density must be in (0, 1], got nan")
    #expect(message(0.1, []) == "distribution: there are no layers to spread a density over")
    #expect(
      message(1e-30, mlp)
        == "distribution: an overall density of 1e-30 leaves linear layer 1 none of its 235200 connections")
    #expect(
      message(0.1, [.init(name: "linear layer 1", dimensions: [4, 4], fixedDensity: 2)])
        == "linear layer 1: density must be in (0, 1], got 2.0")
    #expect(message(0.1, [.init(name: "linear layer 1", dimensions: [4, 0])])?.contains("no shape") == true)
    #expect(message(0.1, [.init(name: "linear layer 1", dimensions: [.max, 2])])?.contains("no shape") == true)
  }
}
