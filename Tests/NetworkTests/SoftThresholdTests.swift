import Espalier
import Testing

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// STR in a network: what forward uses, how its threshold is learned, and how it ends.
@Suite struct SoftThresholdNetworkTests {
  /// s = -2 on four weights of one unit.
  @Test func published() throws {
    let rows: [Int32] = [0, 0, 0, 0]
    let columns: [Int32] = [0, 1, 2, 3]
    let values = [0.3, -0.05, 0.119, -0.2]
    let network = try Network<Double>(
      inputs: 4,
      layers: [.linear(1, inputs: 4, rows: rows.span, columns: columns.span, values: values.span, base: 0, bias: false)],
      maximumBatch: 4)
    try network.setTopology(topology(.str, ["threshold_start": -2]))
    #expect(abs(try network.layerValue(1, "threshold") - 0.1192029220) < 1e-10)
    let used = try network.predict([1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1])
    for (got, wanted) in zip(used, [0.1807970780, 0, 0, -0.0807970780]) { #expect(abs(got - wanted) < 1e-10) }
    // All stay stored; another method gets what forward used.
    #expect(try parameters(network) == values)
    try network.setTopology(topology(.static, [:]))
    #expect(try parameters(network) == used)
    #expect(try network.predict([1, 0, 0, 0]) == [used[0]])
  }

  private func network(
    start: Double, _ options: KeyValuePairs<String, Double> = [:], accumulate: Double = 1, clip: Double = 0
  ) throws -> Network<Double> {
    // The second layer starts dense.
    let network = try Network<Double>(
      inputs: 7, layers: [.linear(11, density: 0.7, activation: .tanh), .linear(5)], seed: 3, maximumBatch: 9)
    try network.setOption("accumulate", accumulate)
    try network.setOption("clip_norm", clip)
    try network.setOptimizer(optimizer(.sgd, ["learning_rate": 0.5]))
    var str = try topology(.str, options)
    try str.set("threshold_start", start)
    try network.setTopology(str)
    return network
  }

  private func logit(_ network: Network<Double>, _ layer: Int) throws -> Double {
    let t = try network.layerValue(layer, "threshold")
    return log(t / (1 - t))
  }

  /// The derivative of the loss by each layer's s, from the step that s takes, against central differences; also from gradients
  /// of two batches and scaled by the clipped norm.
  @Test(arguments: [(-4.0, 1.0, 0.0), (-2, 1, 0), (-1.5, 2, 0), (-2.5, 1, 0.01)])
  func finiteDifferencesOfS(start: Double, accumulate: Double, clip: Double) throws {
    let (x, t) = samples(9, inputs: 7, outputs: 5, loss: .meanSquaredError, seed: 3)
    let (flatX, flatT) = (x.flatMap { $0 }, t.flatMap { $0 })
    for layer in [1, 2] {
      let moving = try network(start: start, ["threshold_decay": 0.25], accumulate: accumulate, clip: clip)
      for _ in 0..<Int(accumulate) { try moving.trainStep(flatX.span, target: flatT.span) }
      let slope = (start - (try logit(moving, layer))) / 0.5 - 0.25 * start
      let norm = try gradients(moving).reduce(0) { $0 + $1 * $1 }.squareRoot()
      let scale = clip > 0 ? clip / (norm + 1e-6) : 1
      let h = 1e-5
      var losses: [Double] = []
      for shift in [h, -h] {
        let still = try network(start: start)
        var other = try topology(.str, [:])
        try other.set("threshold_start", start + shift)
        // Given after build, so that it is the weights of the first method, which must not have been settled by it.
        let weights = try parameters(still)
        try still.setTopology(other, layer: layer)
        try still.withParameters { values, _ in for i in weights.indices { values[i] = weights[i] } }
        losses.append(try still.evaluate(flatX.span, target: flatT.span))
      }
      let numeric = (losses[0] - losses[1]) / (2 * h) * scale
      // The difference is exact to h^2 = 1e-10 and 1e-16 / h = 1e-11; the slope is read off t to 1e-15.
      #expect(abs(slope - numeric) < 1e-8, "\(layer): \(slope), \(numeric)")
      #expect(abs(numeric) > 1e-4 * scale)
    }
  }

  /// Trained to its end it is truly sparse, does what it did before, for any number of threads, and goes on learning.
  @Test func endsTrulySparse() throws {
    let training = TrainingTests()
    let (x, labels) = training.points(640)
    var runs: [[UInt32]] = []
    for threads in [1, 2] {
      let network = try training.classifier(.static, threads: threads)
      let str = try topology(.str, ["every": 10, "until": 200, "threshold_start": -3, "threshold_rate": 10])
      try network.setTopology(str)
      let stored = try network.value("connections")
      for _ in 0..<9 { try network.trainEpoch(x.span, labels: labels.span, batchSize: 32) }
      #expect(try network.value("connections") == stored && network.value("flops") < 2 * stored)
      #expect(throws: Failure.self) { try network.prune(PruningMethod(.magnitude)) }
      var dy = [Float](repeating: 0, count: 32 * network.outputs)
      let batch = Array(x[0..<32 * network.inputs])
      while try network.layerValue(1, "steps") < 199 {
        try network.trainStep(batch.span, labels: Array(labels[0..<32]).span)
      }
      dy = try network.forward(batch)
      _ = try network.backward(dy.map { 1e-3 * $0 })
      try network.update()
      let used = try network.value("flops")
      let before = try network.predict(batch)
      try network.evolve()
      let after = try network.predict(batch)
      #expect(zip(before, after).allSatisfy { ($0 - $1).magnitude < 1e-5 })
      #expect(try network.value("connections") < stored && network.value("flops") <= used)
      #expect(try network.layerValue(1, "threshold") == 0)
      for _ in 0..<3 { try network.trainEpoch(x.span, labels: labels.span, batchSize: 32) }
      #expect(try network.evaluate(x.span, labels: labels.span).accuracy > 0.97)
      try network.prune(PruningMethod(.magnitude))
      runs.append(try parameters(network).map(\.bitPattern))
    }
    #expect(runs[0] == runs[1])
  }

  /// A layer that gets another method goes on from what forward used, the others from where they are; so does one whose method
  /// ended; and going back to what was remembered starts with the threshold's start.
  @Test func methodsAreReplaced() throws {
    let (x, t) = samples(9, inputs: 7, outputs: 5, loss: .meanSquaredError, seed: 3)
    let (flatX, flatT) = (x.flatMap { $0 }, t.flatMap { $0 })
    let network = try network(start: -2, ["threshold_rate": 5, "every": 1, "until": 6])
    try network.remember()
    let start = try parameters(network)
    let first = try network.predict(flatX)
    for _ in 0..<3 { try network.trainStep(flatX.span, target: flatT.span) }
    let thresholds = try [1, 2].map { try network.layerValue($0, "threshold") }
    #expect(thresholds.allSatisfy { abs($0 - 0.1192029220) > 1e-4 })
    var before = try network.predict(flatX)
    try network.setTopology(topology(.static, [:]), layer: 1)
    #expect(try network.layerValue(1, "threshold") == 0 && network.layerValue(2, "threshold") == thresholds[1])
    #expect(zip(before, try network.predict(flatX)).allSatisfy { abs($0 - $1) < 1e-12 })
    for _ in 0..<5 { try network.trainStep(flatX.span, target: flatT.span) }
    #expect(try network.layerValue(2, "threshold") == 0 && network.layerValue(2, "connections") < 55)
    before = try network.predict(flatX)
    try network.setTopology(topology(.set, [:]), layer: 1)
    #expect(try network.predict(flatX) == before)
    // Everything anew, with the connections that are left.
    try network.setTopology(topology(.str, ["threshold_start": -2]), layer: 1)
    try network.setTopology(topology(.str, ["threshold_start": -2]), layer: 2)
    for _ in 0..<2 { try network.trainStep(flatX.span, target: flatT.span) }
    try network.rewind()
    #expect(abs(try network.layerValue(1, "threshold") - 0.1192029220) < 1e-10)
    let bound = Int(try network.layerValue(1, "connections"))
    #expect(Array(try parameters(network)[0..<bound]) == Array(start[0..<bound]))
    #expect(try network.predict(flatX) != first)
  }
}
