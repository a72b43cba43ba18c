import Espalier
import Testing

/// All parameters as they are now.
func parameters<T>(_ network: Network<T>) throws -> [T] {
  try network.withParameters { values, _ in values.indices.map { values[$0] } }
}

func gradients<T>(_ network: Network<T>) throws -> [T] {
  try network.withParameters { _, gradients in gradients.indices.map { gradients[$0] } }
}

func optimizer(_ kind: OptimizerKind, _ options: KeyValuePairs<String, Double>) throws -> Optimizer {
  var made = Optimizer(kind)
  for (name, value) in options { try made.set(name, value) }
  return made
}

func topology(_ kind: TopologyKind, _ options: KeyValuePairs<String, Double>) throws -> TopologyMethod {
  var made = TopologyMethod(kind)
  for (name, value) in options { try made.set(name, value) }
  return made
}

@Suite struct TrainingTests {
  /// A classifier with everything in it: sparse, dense, dropout, a topology method.
  func classifier(
    _ method: TopologyKind = .rigl, threads: Int = 1, seed: Int64 = 4, batch: Int = 32
  ) throws -> Network<Float> {
    let network = try Network<Float>(
      inputs: 50,
      layers: [
        .linear(64, density: 0.2, activation: .relu), .dropout(probability: 0.1),
        .linear(33, density: 0.3, activation: .gelu), .linear(7),
      ],
      loss: .softmaxCrossEntropy, seed: seed, maximumBatch: batch)
    try network.setThreads(threads)
    try network.setOptimizer(optimizer(.adam, ["learning_rate": 0.01]))
    try network.setOptimizer(optimizer(.sgd, ["learning_rate": 0.05, "momentum": 0.9]), layer: 4)
    if method != .static { try network.setTopology(topology(method, ["every": 5, "until": 80])) }
    return network
  }

  /// Points around 7 centres: something that can be learned.
  func points(_ count: Int, seed: UInt64 = 1) -> (x: [Float], labels: [Int32]) {
    var random = RandomSource(seed: 77)
    let centres = (0..<7).map { _ in (0..<50).map { _ in Float(2 * random.uniform() - 1) } }
    random = RandomSource(seed: seed)
    var x: [Float] = []
    var labels: [Int32] = []
    for _ in 0..<count {
      let label = random.below(7)
      labels.append(Int32(label))
      x += centres[label].map { $0 + Float(random.uniform() - 0.5) }
    }
    return (x, labels)
  }

  @Test(arguments: [TopologyKind.static, .set, .rigl]) func learns(_ method: TopologyKind) throws {
    let network = try classifier(method)
    let (x, labels) = points(640)
    let before = try network.evaluate(x.span, labels: labels.span)
    let pattern = try network.coordinates(ofLayer: 1)
    for _ in 0..<15 { try network.trainEpoch(x.span, labels: labels.span, batchSize: 32) }
    let (testX, testLabels) = points(300, seed: 2)
    let after = try network.evaluate(testX.span, labels: testLabels.span)
    #expect(before.accuracy < 0.4)
    #expect(after.accuracy > 0.97)
    #expect(after.loss < before.loss / 5)
    if method != .static {
      #expect(try network.layerValue(1, "topology_updates") > 10)
      #expect(try network.coordinates(ofLayer: 1) != pattern)
      #expect(try network.layerValue(1, "connections") == 640)
    }
  }

  @Test func sameBitsForAnyNumberOfThreads() throws {
    let (x, labels) = points(640)
    var runs: [[UInt32]] = []
    for threads in [1, 2, 3, 5] {
      let network = try classifier(threads: threads)
      for _ in 0..<3 { try network.trainEpoch(x.span, labels: labels.span, batchSize: 32) }
      runs.append(try parameters(network).map(\.bitPattern))
    }
    for run in runs.dropFirst() { #expect(run == runs[0]) }
  }

  @Test func seedDecides() throws {
    let (x, labels) = points(64)
    func run(_ seed: Int64) throws -> [Float] {
      let network = try classifier(seed: seed)
      try network.trainEpoch(x.span, labels: labels.span, batchSize: 32)
      return try parameters(network)
    }
    #expect(try run(1) == run(1))
    #expect(try run(1) != run(2))
  }

  /// A step in phases is the step: the same bits, topology updates included.
  @Test(arguments: [TopologyKind.set, .rigl]) func phasesAreTheStep(_ method: TopologyKind) throws {
    func make() throws -> Network<Double> {
      let network = try Network<Double>(
        inputs: 9, layers: [.linear(20, density: 0.3, activation: .tanh), .linear(4, density: 0.5)], seed: 5,
        maximumBatch: 16)
      try network.setOptimizer(optimizer(.adam, [:]))
      try network.setTopology(topology(method, ["every": 3]))
      return network
    }
    let whole = try make()
    let phased = try make()
    for step in 0..<20 {
      let (xs, ts) = samples(16, inputs: 9, outputs: 4, loss: .meanSquaredError, seed: UInt64(step))
      let x = xs.flatMap { $0 }
      let t = ts.flatMap { $0 }
      try whole.trainStep(x.span, target: t.span)
      let y = try phased.forward(x)
      // The loss kernel's own arithmetic: scale = 1 / batch, gradient = 2 e / outputs times the scale.
      let dy = zip(y, t).map { (2 * ($0 - $1) / 4) * (1 / 16.0) }
      try phased.backward(dy.span)
      try phased.update()
      try phased.evolve()
      let a = try parameters(whole)
      let b = try parameters(phased)
      for (a, b) in zip(a, b) { #expect(abs(a - b) <= 1e-13) }
      #expect(try whole.coordinates(ofLayer: 1) == phased.coordinates(ofLayer: 1))
    }
    #expect(try phased.layerValue(1, "topology_updates") >= 5)
  }

  @Test func accumulatedBatchesAreOneLargeBatch() throws {
    func make(_ accumulate: Double) throws -> Network<Double> {
      let network = try Network<Double>(
        inputs: 6, layers: [.linear(8, density: 0.5, activation: .tanh), .linear(3)], seed: 3, maximumBatch: 12)
      try network.setOptimizer(optimizer(.sgd, ["learning_rate": 0.1]))
      try network.setOption("accumulate", accumulate)
      return network
    }
    let large = try make(1)
    let parts = try make(3)
    let (xs, ts) = samples(12, inputs: 6, outputs: 3, loss: .meanSquaredError, seed: 6)
    let x = xs.flatMap { $0 }
    let t = ts.flatMap { $0 }
    try large.trainStep(x.span, target: t.span)
    let before = try parameters(parts)
    for part in 0..<3 {
      #expect(try parameters(parts) == before)
      let partX = Array(x[part * 24..<part * 24 + 24])
      let partT = Array(t[part * 12..<part * 12 + 12])
      try parts.trainStep(partX.span, target: partT.span)
    }
    for (a, b) in zip(try parameters(large), try parameters(parts)) { #expect(abs(a - b) < 1e-15) }
    #expect(try parts.value("steps") == 1)
  }

  @Test func clippingLimitsTheGlobalNorm() throws {
    let network = try Network<Double>(inputs: 6, layers: [.linear(8, activation: .tanh), .linear(3)], seed: 3)
    try network.setOptimizer(optimizer(.sgd, ["learning_rate": 1]))
    try network.setOption("clip_norm", 0.01)
    let (xs, ts) = samples(12, inputs: 6, outputs: 3, loss: .meanSquaredError, seed: 6)
    let x = xs.flatMap { $0 }
    let t = ts.flatMap { $0 }
    let before = try parameters(network)
    try network.trainStep(x.span, target: t.span)
    let norm = try gradients(network).reduce(0) { $0 + $1 * $1 }.squareRoot()
    let moved = zip(try parameters(network), before).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }.squareRoot()
    #expect(norm > 0.01)
    #expect(abs(moved - 0.01 * norm / (norm + 1e-6)) < 1e-12)
  }

  @Test func nonFiniteDataChangesNothing() throws {
    let network = try classifier()
    var (x, labels) = points(32)
    try network.trainStep(x.span, labels: labels.span)
    let before = try parameters(network).map(\.bitPattern)
    let slopes = try gradients(network).map(\.bitPattern)
    for (value, position) in [(Float.nan, 1599), (.infinity, 0), (-.infinity, 777)] {
      let kept = x[position]
      x[position] = value
      let failure = #expect(throws: Failure.self) { try network.trainStep(x.span, labels: labels.span) }
      #expect(failure?.kind == .nonFinite)
      #expect(failure?.message.contains("x[\(position / 50)][\(position % 50)]") == true)
      x[position] = kept
    }
    #expect(try parameters(network).map(\.bitPattern) == before)
    #expect(try gradients(network).map(\.bitPattern) == slopes)
    let kept = labels[3]
    labels[3] = 7
    #expect(throws: Failure(.invalidArgument, "train_step: labels[3] must be in 0 .. 6, got 7")) {
      try network.trainStep(x.span, labels: labels.span)
    }
    // And a failed step draws nothing: the run goes on as if it had not been.
    labels[3] = kept
    let twin = try classifier()
    try twin.trainStep(x.span, labels: labels.span)
    try twin.trainStep(x.span, labels: labels.span)
    try network.trainStep(x.span, labels: labels.span)
    #expect(try parameters(network) == parameters(twin))
  }

  @Test func dropoutActsInTrainingOnly() throws {
    let network = try Network<Float>(
      inputs: 1000, layers: [.dropout(probability: 0.25), .linear(1000)], seed: 9, maximumBatch: 64)
    // The identity, so that y shows the mask.
    try network.withParameters { values, _ in
      for i in values.indices { values[i] = i < 1_000_000 && i / 1000 == i % 1000 ? 1 : 0 }
    }
    let x = [Float](repeating: 3, count: 64 * 1000)
    #expect(try network.predict(x) == x)
    let y = try network.forward(x)
    let dropped = y.filter { $0 == 0 }.count
    #expect(y.allSatisfy { $0 == 0 || $0 == 4 })
    // Five standard deviations of a binomial of 64000 draws.
    #expect(abs(Double(dropped) - 16000) < 5 * (64000 * 0.25 * 0.75).squareRoot())
    // Backward uses the mask of forward.
    let dx = try network.backward([Float](repeating: 1, count: 64 * 1000))
    for (dx, y) in zip(dx, y) { #expect(dx == y / 3) }
    #expect(try network.forward(x) != y)
  }
}
