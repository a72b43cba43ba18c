import Espalier
import Graphs
import Pruning
import Testing

@testable import Network

/// Scores of connections in networks that are no chains, against the networks' own gradients.
@Suite struct GraphScoreTests {
  struct Case: CustomTestStringConvertible, Sendable {
    let testDescription: String
    let inputs: Int
    /// nil: a vector.
    var shape: TensorShape?
    /// Whether curvature goes through all layers.
    var isPiecewiseLinear = true
    let layers: @Sendable () -> [LayerDescription<Double>]

    static let all = [
      Case(testDescription: "a residual block", inputs: 6) {
        [
          .linear(6, density: 0.6, activation: .tanh), .linear(6, activation: .gelu), .sum(of: 1, 2, 0),
          .linear(3, density: 0.5),
        ]
      },
      Case(testDescription: "outputs that are taken twice", inputs: 5) {
        [
          .linear(4, activation: .silu), .concatenation(of: 1, 0, 1), .linear(7, density: 0.4, activation: .relu).of(2),
          .linear(7, activation: .sigmoid).of(1), .sum(of: 3, 4, 3), .linear(2, activation: .softmax),
        ]
      },
      Case(testDescription: "pooled and enlarged fields", inputs: 7) {
        [
          .linear(24, density: 0.5, activation: .mish), .reshape(channels: 2, extents: [3, 4]),
          .maxPooling([2, 3], stride: [1, 1]),
          .averagePooling([2, 2], padding: [1, 0]), .upsampling([1, 3], mode: .linear),
          .permute(width: .height, height: .width),
          .slice(.height, first: 2), .flatten(), .linear(3, density: 0.5, activation: .softplus), .linear(2),
        ]
      },
      Case(testDescription: "an activation by itself", inputs: 5, isPiecewiseLinear: false) {
        [.linear(6, density: 0.5), .activation(.elu), .linear(2)]
      },
      Case(testDescription: "a field", inputs: 32, shape: TensorShape(channels: 2, extents: [4, 4])) {
        [
          .convolution(
            3, kernel: [3, 3], padding: [1], paddingMode: [.zeros, .periodic], density: 0.6, activation: .tanh),
          .maxPooling([2, 2]), .convolution(6, kernel: [2, 1], groups: 3, activation: .silu),
          .linear(2, density: 0.5),
        ]
      },
      Case(testDescription: "weights of its own at each place", inputs: 24, shape: TensorShape(channels: 2, extents: [3, 4])) {
        [
          .locallyConnected(
            2, kernel: [3, 3], padding: [1], paddingMode: [.reflect, .periodic], density: 0.5, activation: .tanh),
          .locallyConnected(2, kernel: [2, 1], stride: [1, 2], activation: .silu), .linear(2, density: 0.5),
        ]
      },
      Case(testDescription: "as many outputs as channels", inputs: 6, shape: TensorShape(channels: 3, extents: [2])) {
        [.transposedConvolution(1, kernel: [2], activation: .tanh)]
      },
      Case(testDescription: "a layer norm", inputs: 5, isPiecewiseLinear: false) {
        [.linear(6, density: 0.5, activation: .tanh), .layerNorm(), .linear(2)]
      },
    ]
  }

  private static let count = 20

  private func make(_ c: Case) throws -> (network: Network<Double>, x: [Double], t: [Double]) {
    let network = try Network<Double>(inputs: c.inputs, shape: c.shape, layers: c.layers(), seed: 3)
    var state: UInt64 = 7
    func next() -> Double {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Double(state >> 33) / Double(1 << 30) - 1
    }
    try network.withParameters { values, _ in for i in values.indices { values[i] += 0.1 * next() } }
    let x = (0..<Self.count * c.inputs).map { _ in next() }
    let t = (0..<Self.count * network.outputs).map { _ in next() }
    return (network, x, t)
  }

  /// The gradients of the mean squared error over some samples.
  private func gradients(_ network: Network<Double>, _ x: ArraySlice<Double>, _ t: ArraySlice<Double>) throws -> [Double] {
    let count = x.count / network.inputs
    var y = [Double](repeating: 0, count: t.count)
    try Array(x).withUnsafeBufferPointer { x in
      try y.withUnsafeMutableBufferPointer { try network.forward(x.baseAddress!, count: count, y: $0.baseAddress!) }
    }
    let dy = zip(y, t).map { 2 * ($0 - $1) / Double(t.count) }
    try dy.withUnsafeBufferPointer { try network.backward($0.baseAddress!, count: count, dx: nil) }
    return try network.withParameters { _, gradients in Array(gradients) }
  }

  /// What pruning judges the connections by, one array a layer, and where the layer's weights are among the parameters.
  private func scores(
    _ criterion: PruningCriterion, _ network: Network<Double>, _ x: [Double], _ t: [Double]
  ) throws -> [(scores: [Double], offset: Int)] {
    var method = PruningMethod(criterion)
    if criterion == .grasp { try method.set("temperature", 1) }
    let found = try x.withUnsafeBufferPointer { x in
      try t.withUnsafeBufferPointer { t in
        let data = try network.pruningData(method, x.baseAddress, t.baseAddress.map { .values($0) }, Self.count)
        let scorer = try network.pruner(method).scorer(data)
        try scorer.score()
        return scorer.candidates.map { Array($0.scores.span) }
      }
    }
    let numbers = (1...network.layerCount).filter { (try? network.layerValue($0, "connections")) != nil }
    return try zip(found, numbers).map { ($0, Int(try network.layerValue($1, "offset"))) }
  }

  private func expect(_ found: [(scores: [Double], offset: Int)], _ expected: [Double], within tolerance: Double) {
    let top = expected.map(abs).max()!
    for (scores, offset) in found {
      for (i, score) in scores.enumerated() { #expect(abs(score - expected[offset + i]) <= tolerance * top) }
    }
  }

  private func values(_ network: Network<Double>) throws -> [Double] {
    try network.withParameters { values, _ in Array(values) }
  }

  /// |dL/dw w|. The two sum in different orders.
  @Test(arguments: Case.all) func snip(_ c: Case) throws {
    let (network, x, t) = try make(c)
    let expected = zip(try gradients(network, x[...], t[...]), try values(network)).map { abs($0 * $1) }
    expect(try scores(.snip, network, x, t), expected, within: 1e-13)
  }

  /// w^2 / 2 times the mean of the squared gradients of single samples.
  @Test(arguments: Case.all) func fisher(_ c: Case) throws {
    let (network, x, t) = try make(c)
    var sums = try values(network).map { _ in 0.0 }
    for s in 0..<Self.count {
      let slopes = try gradients(
        network, x[s * network.inputs..<(s + 1) * network.inputs], t[s * network.outputs..<(s + 1) * network.outputs])
      for (i, slope) in slopes.enumerated() { sums[i] += slope * slope }
    }
    let expected = zip(sums, try values(network)).map { 0.5 * $0 / Double(Self.count) * $1 * $1 }
    expect(try scores(.fisher, network, x, t), expected, within: 1e-13)
  }

  /// w H g, H g by central differences of the network's gradient along that of its connections. Truncation and rounding of the
  /// difference are about 1e-9 of the largest.
  @Test(arguments: Case.all) func grasp(_ c: Case) throws {
    let (network, x, t) = try make(c)
    guard c.isPiecewiseLinear else {
      #expect(throws: Failure.self) { try scores(.grasp, network, x, t) }
      return
    }
    let found = try scores(.grasp, network, x, t)
    let direction = try gradients(network, x[...], t[...])
    let weights = try values(network)
    let h = 1e-5 / direction.map(abs).max()!
    func slopes(_ step: Double) throws -> [Double] {
      try network.withParameters { values, _ in
        // Biases stay.
        for (scores, offset) in found {
          for i in offset..<offset + scores.count { values[i] = weights[i] + step * direction[i] }
        }
      }
      return try gradients(network, x[...], t[...])
    }
    let (up, down) = (try slopes(h), try slopes(-h))
    let products = zip(up, down).map { ($0 - $1) / (2 * h) }
    expect(found, zip(weights, products).map { $0 * $1 }, within: 2e-8)
  }

  /// A batch norm counts as what it does in inference: with running means of 0 and variances of 1 it divides by the root of 1
  /// and epsilon.
  @Test(arguments: [PruningCriterion.snip, .grasp, .fisher]) func batchNorm(_ criterion: PruningCriterion) throws {
    func scores(_ middle: LayerDescription<Double>, _ factor: Double) throws -> [[Double]] {
      let network = try Network<Double>(
        inputs: 2, layers: [.linear(2, bias: false), middle, .linear(1, bias: false)], loss: .meanSquaredError)
      for (layer, values) in [(1, [0.5, -1, 0.25, 2]), (3, [factor, -3 * factor])] {
        let parameters = try network.layerParameters(layer)
        for i in values.indices { parameters.weights[i] = values[i] }
      }
      return try self.scores(criterion, network, (0..<40).map { Double($0 % 7) - 3 }, (0..<20).map { Double($0 % 3) }).map(
        \.scores)
    }
    // Twice the weights of the last layer make up for a norm that halves, but for curvature, whose direction are gradients.
    let (epsilon, factor) = criterion == .grasp ? (1e-20, 1.0) : (3, 2)
    let (with, without) = (try scores(.batchNorm(epsilon: epsilon), factor), try scores(.dropout(probability: 0.5), 1))
    for (a, b) in zip(with[0], without[0]) { #expect(abs(a - b) <= 1e-13 * abs(b)) }
  }

  /// The scores of all paths through a layer sum up to R, which is what comes out for ones.
  @Test func synflow() throws {
    let network = try Network<Double>(
      inputs: 2, layers: [.linear(2, bias: false), .linear(2, bias: false), .sum(of: 1, 2), .linear(1, bias: false)])
    try network.withParameters { values, _ in
      for (i, value) in [1.0, -2, 3, 4, -5, 6, 7, 8, 9, -10].enumerated() { values[i] = value }
    }
    // |W1| 1 = (3, 7); |W2| (3, 7) = (57, 77); their sum (60, 84); R = 9 * 60 + 10 * 84 = 1380. A weight of layer 2 gets itself
    // times 9 or 10 after it and 3 or 7 before it.
    let found = try scores(.synflow, network, [1, 1], [1]).map(\.scores)
    #expect(found[2] == [540, 840])
    #expect(found[1] == [135, 378, 210, 560])
    #expect(found[0].reduce(0, +) == 1380)
  }
}
