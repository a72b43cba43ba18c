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
        let scorer = try network.pruningScorer(method, x.baseAddress, given, x.count / network.inputs)
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
}
