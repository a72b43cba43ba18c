import Espalier
import Testing

@testable import Network

func pruning(_ criterion: PruningCriterion, _ options: KeyValuePairs<String, Double> = [:]) throws -> PruningMethod {
  var made = PruningMethod(criterion)
  for (name, value) in options { try made.set(name, value) }
  return made
}

/// What pruning judges the connections of each layer by, in the order of their weights.
private func scores<T>(
  _ network: Network<T>, _ method: PruningMethod, _ x: [T] = [], _ target: [T] = [], labels: [Int32] = []
) throws -> [[Double]] {
  try x.withUnsafeBufferPointer { x in
    try target.withUnsafeBufferPointer { target in
      try labels.withUnsafeBufferPointer { labels in
        let given: Target<T>? = labels.isEmpty ? target.baseAddress.map { .values($0) } : labels.baseAddress.map { .labels($0) }
        let data = try network.pruningData(method, x.baseAddress, given, x.count / network.inputs)
        let scorer = try network.pruner(method).scorer(data)
        try scorer.score()
        return scorer.candidates.map { Array($0.scores.span) }
      }
    }
  }
}

/// A network without biases with these weights, one array of (units, inputs) a layer.
private func network<T>(
  _: T.Type, inputs: Int, _ weights: [[T]], units: [Int], activation: Activation = .identity,
  loss: LossKind = .meanSquaredError
) throws -> Network<T> {
  let network = try Network<T>(
    inputs: inputs, layers: units.map { .linear($0, activation: activation, bias: false) }, loss: loss)
  for (layer, values) in weights.enumerated() {
    let parameters = try network.layerParameters(layer + 1)
    for i in values.indices { parameters.weights[i] = values[i] }
  }
  return network
}

private func close(_ a: [Double], _ b: [Double], relative: Double, absolute: Double = 0) -> Bool {
  a.count == b.count && zip(a, b).allSatisfy { abs($0 - $1) <= relative * abs($1) + absolute }
}

@Suite struct PruningScoreTests {
  /// Two samples, three inputs, two classes: the values of the reference code, weights by input there and by unit here.
  @Test func snip() throws {
    let made = try network(
      Double.self, inputs: 3, [[0.2, 0.4, -0.5, -0.1, 0.3, 0.6]], units: [2], loss: .softmaxCrossEntropy)
    let x = [1, 2, -1, 0.5, -1, 2]
    let found = try scores(made, pruning(.snip), x, labels: [0, 1])
    let published = [0.0115816003, 0.0880588906, 0.0941610153, 0.0057908002, 0.0660441679, 0.1129932183]
    #expect(close(found[0], published, relative: 0, absolute: 5e-11))
    let normalised = [0.0305881989, 0.2325725961, 0.2486889357, 0.0152940994, 0.1744294471, 0.2984267228]
    let sum = found[0].reduce(0, +)
    #expect(close(found[0].map { $0 / sum }, normalised, relative: 0, absolute: 5e-11))
    // In single precision the weights are rounded, and nothing else.
    let narrow = try network(
      Float.self, inputs: 3, [[0.2, 0.4, -0.5, -0.1, 0.3, 0.6]], units: [2], loss: .softmaxCrossEntropy)
    let narrowFound = try scores(narrow, pruning(.snip), x.map(Float.init), labels: [0, 1])
    #expect(close(narrowFound[0], published, relative: 1e-6))
    // A temperature divides the outputs.
    let cold = try scores(made, pruning(.snip, ["temperature": 2]), x, labels: [0, 1])
    let half = try network(
      Double.self, inputs: 3, [[0.1, 0.2, -0.25, -0.05, 0.15, 0.3]], units: [2], loss: .softmaxCrossEntropy)
    #expect(close(cold[0], try scores(half, pruning(.snip), x, labels: [0, 1])[0], relative: 1e-14))
  }

  /// |w g| with the gradient that the network's own backward gives, over activations, losses, sparse and dense layers, and
  /// more samples than the scores take at a time.
  @Test(arguments: Case.all) func snipAgreesWithBackward(_ c: Case) throws {
    let made = try c.network(Double.self, seed: 7, batch: 600)
    try made.setOptimizer(optimizer(.sgd, ["learning_rate": 0]))
    let (xs, ts) = samples(600, inputs: c.widths[0], outputs: c.widths.last!, loss: c.loss, seed: 3)
    let x = xs.flatMap { $0 }
    let t = ts.flatMap { $0 }
    try made.trainStep(x.span, target: t.span)
    let before = try gradients(made).map(\.bitPattern)
    let found = try scores(made, pruning(.snip), x, t)
    #expect(try gradients(made).map(\.bitPattern) == before)
    for (layer, scores) in found.enumerated() {
      let parameters = try made.layerParameters(layer + 1)
      let expected = scores.indices.map { abs(parameters.weights[$0] * parameters.weightGradients[$0]) }
      #expect(close(scores, expected, relative: 1e-10, absolute: 1e-14))
    }
  }

  @Test func magnitude() throws {
    let made = try network(Float.self, inputs: 2, [[1, -3, 0.5, -0.25]], units: [2])
    #expect(try scores(made, pruning(.magnitude)) == [[1, 3, 0.5, 0.25]])
  }

  /// R, the scores of both layers, and that both sum up to R: the values of the reference code.
  @Test func synflow() throws {
    let made = try network(Double.self, inputs: 3, [[1, 0.5, 3, -2, 0, 1], [-1, 4]], units: [2, 1], activation: .relu)
    let found = try scores(made, pruning(.synflow))
    #expect(found == [[1, 0.5, 3, 8, 0, 4], [4.5, 12]])
    #expect(found.map { $0.reduce(0, +) } == [16.5, 16.5])
  }

  /// What flows into a unit flows out of it, whatever signs, biases, activations and patterns there are.
  @Test func synflowIsConserved() throws {
    let made = try Network<Float>(
      inputs: 17,
      layers: [
        .linear(40, density: 0.3, activation: .tanh), .dropout(probability: 0.5), .linear(23, activation: .gelu),
        .linear(9, density: 0.5, activation: .softmax), .linear(4),
      ], seed: 8)
    try made.withParameters { values, _ in for i in values.indices where i % 7 == 0 { values[i] += 0.3 } }
    let found = try scores(made, pruning(.synflow))
    let sums = found.map { $0.reduce(0, +) }
    for sum in sums { #expect(abs(sum - sums[0]) <= 1e-13 * sums[0]) }
    let numbers = [1, 3, 4, 5]
    for (before, after) in zip(0..<3, 1..<4) {
      var flow = [Double](repeating: 0, count: Int(try made.layerValue(numbers[before], "units")))
      for (unit, score) in zip(try made.coordinates(ofLayer: numbers[before]).rows, found[before]) { flow[Int(unit)] += score }
      for (input, score) in zip(try made.coordinates(ofLayer: numbers[after]).columns, found[after]) {
        flow[Int(input)] -= score
      }
      #expect(flow.allSatisfy { abs($0) <= 1e-13 * sums[0] })
    }
  }

  /// Optimal brain damage, w^2 H_ii / 2, for H_ii = 4, 3, 2: samples with one feature each whose squared derivatives have these
  /// means.
  @Test func damageOfAGivenDiagonal() throws {
    let (h, w) = ([4.0, 3, 2], [1, -0.6, 0.8])
    let made = try network(Double.self, inputs: 3, [w], units: [1])
    var x = [Double](repeating: 0, count: 9)
    var target: [Double] = []
    for i in 0..<3 {
      x[4 * i] = (3 * h[i]).squareRoot()
      // The loss's derivative by y, 2 (y - t), is 1.
      target.append(w[i] * x[4 * i] - 0.5)
    }
    for (found, expected) in zip(try scores(made, pruning(.fisher), x, target)[0], [2, 0.54, 0.64]) {
      #expect(abs(found - expected) < 1e-14)
    }
  }

  /// Half the mean of the squared gradients of single samples, times w^2, against the oracle's gradients sample by sample.
  @Test(arguments: Case.all) func fisher(_ c: Case) throws {
    let count = 300
    let made = try c.network(Double.self, seed: 5)
    let (x, t) = samples(count, inputs: c.widths[0], outputs: c.widths.last!, loss: c.loss, seed: 4)
    var oracle = try MaskedDense(made, activations: c.activations, loss: c.loss)
    var squares = oracle.layers.map { $0.weights.map { _ in 0.0 } }
    for (x, t) in zip(x, t) {
      _ = oracle.step([x], [t])
      for (l, layer) in oracle.layers.enumerated() {
        for i in layer.weightGradient.indices { squares[l][i] += layer.weightGradient[i] * layer.weightGradient[i] }
      }
    }
    let found = try scores(made, pruning(.fisher), x.flatMap { $0 }, t.flatMap { $0 })
    for (l, layer) in oracle.layers.enumerated() {
      let expected = layer.weights.indices.filter { layer.mask[$0] }.map {
        0.5 * squares[l][$0] / Double(count) * layer.weights[$0] * layer.weights[$0]
      }
      #expect(close(found[l], expected, relative: 1e-9, absolute: 1e-16))
    }
  }

  /// w H g, H g by central differences of the oracle's gradient along g: truncation and rounding of the difference are about
  /// 1e-9 of the largest.
  @Test(arguments: Case.all) func grasp(_ c: Case) throws {
    let count = 40
    let made = try c.network(Double.self, seed: 5)
    let (x, t) = samples(count, inputs: c.widths[0], outputs: c.widths.last!, loss: c.loss, seed: 4)
    var oracle = try MaskedDense(made, activations: c.activations, loss: c.loss)
    _ = oracle.step(x, t)
    let directions = oracle.layers.map(\.weightGradient)
    func slopes(_ step: Double) -> [[Double]] {
      var moved = oracle
      for l in moved.layers.indices {
        for i in moved.layers[l].weights.indices where moved.layers[l].mask[i] {
          moved.layers[l].weights[i] += step * directions[l][i]
        }
      }
      _ = moved.step(x, t)
      return moved.layers.map(\.weightGradient)
    }
    // No gradient goes through a step.
    let longest = directions.joined().map(abs).max()!
    let h = 1e-5 / (longest > 0 ? longest : 1)
    let (up, down) = (slopes(h), slopes(-h))
    let found = try scores(made, pruning(.grasp, ["temperature": 1]), x.flatMap { $0 }, t.flatMap { $0 })
    var expected: [[Double]] = []
    for (l, layer) in oracle.layers.enumerated() {
      expected.append(
        layer.weights.indices.filter { layer.mask[$0] }.map { layer.weights[$0] * (up[l][$0] - down[l][$0]) / (2 * h) })
    }
    let top = expected.joined().map(abs).max()!
    for (found, expected) in zip(found, expected) {
      #expect(close(found, expected, relative: 1e-6, absolute: 2e-8 * top))
    }
  }

  /// The same from nothing but losses: the whole Hessian and the gradient by differences, with a temperature.
  @Test func graspFromLosses() throws {
    let made = try network(
      Double.self, inputs: 2, [[0.5, -0.3, 0.8, 0.2, -0.6, 0.4], [0.7, -0.2, 0.1, -0.5, 0.9, 0.3]], units: [3, 2],
      activation: .tanh, loss: .softmaxCrossEntropy)
    let temperature = 3.0
    let (x, t) = samples(5, inputs: 2, outputs: 2, loss: .softmaxCrossEntropy, seed: 6)
    let oracle = try MaskedDense(made, activations: [.tanh, .tanh], loss: .softmaxCrossEntropy)
    let weights = oracle.layers.flatMap(\.weights)
    func loss(_ weights: [Double]) -> Double {
      var moved = oracle
      moved.layers[0].weights = Array(weights[..<6])
      moved.layers[1].weights = Array(weights[6...])
      return zip(x, t).reduce(0) { sum, sample in
        let y = moved.forward(sample.0).a.last!.map { $0 / temperature }
        return sum + moved.lossAndGradient(y, sample.1).0 / 5
      }
    }
    func moved(_ i: Int, _ a: Double, _ j: Int, _ b: Double) -> Double {
      var changed = weights
      changed[i] += a
      changed[j] += b
      return loss(changed)
    }
    // Rounding 1e-16 / h^2 and truncation h^2 are about 1e-8.
    let h = 1e-4
    let n = weights.count
    let gradient = (0..<n).map { (moved($0, h, $0, 0) - moved($0, -h, $0, 0)) / (2 * h) }
    let expected = (0..<n).map { i in
      weights[i]
        * (0..<n).reduce(0) { sum, j in
          let second = (moved(i, h, j, h) - moved(i, h, j, -h) - moved(i, -h, j, h) + moved(i, -h, j, -h)) / (4 * h * h)
          return sum + second * gradient[j]
        }
    }
    let found = try scores(made, pruning(.grasp, ["temperature": temperature]), x.flatMap { $0 }, t.flatMap { $0 })
    #expect(close(found.flatMap { $0 }, expected, relative: 0, absolute: 1e-8))
    #expect(expected.map(abs).max()! > 5e-4)
  }
}
