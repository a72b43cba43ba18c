import Espalier
import Testing

@Suite struct PruningTests {
  /// 30 -> 24 -> 12 -> 5: 720, 288 and 60 positions.
  func classifier<T>(
    _: T.Type, densities: [Double] = [1, 1, 1], threads: Int = 1, seed: Int64 = 6
  ) throws -> Network<T> {
    let network = try Network<T>(
      inputs: 30,
      layers: [
        .linear(24, density: densities[0], activation: .relu), .dropout(probability: 0.1),
        .linear(12, density: densities[1], activation: .tanh), .linear(5, density: densities[2]),
      ], loss: .softmaxCrossEntropy, seed: seed, maximumBatch: 64)
    try network.setThreads(threads)
    try network.setOptimizer(optimizer(.adam, ["learning_rate": 0.01]))
    return network
  }

  func points<T: Scalar>(_: T.Type, _ count: Int = 300) -> (x: [T], labels: [Int32]) {
    var random = RandomSource(seed: 12)
    let centres = (0..<5).map { _ in (0..<30).map { _ in 2 * random.uniform() - 1 } }
    var x: [T] = []
    var labels: [Int32] = []
    for _ in 0..<count {
      let label = random.below(5)
      labels.append(Int32(label))
      x += centres[label].map { T($0 + random.uniform() - 0.5) }
    }
    return (x, labels)
  }

  func prune<T>(_ network: Network<T>, _ method: PruningMethod) throws {
    let (x, labels) = points(T.self)
    if method.data == .nothing { try network.prune(method) } else { try network.prune(method, x.span, labels: labels.span) }
  }

  func connections<T>(_ network: Network<T>) throws -> [Int] {
    try [1, 3, 4].map { Int(try network.layerValue($0, "connections")) }
  }

  @Test(arguments: PruningCriterion.allCases) func exactlyAsManyAsAsked(_ criterion: PruningCriterion) throws {
    for density in [0.5, 0.123, 0.02] {
      let layered = try classifier(Float.self)
      try prune(layered, pruning(criterion, ["density": density, "scope": 0]))
      let each = [720, 288, 60].map { Distribution.connections(density: density, positions: $0) }
      #expect(try connections(layered) == each)
      #expect(try layered.parameterCount() == each.reduce(0, +) + 24 + 12 + 5)

      let global = try classifier(Double.self, densities: [1, 0.5, 1])
      if criterion == .sparseGPT {
        #expect(throws: Failure.self) { try prune(global, pruning(criterion, ["density": density, "scope": 1])) }
      } else {
        try prune(global, pruning(criterion, ["density": density, "scope": 1]))
        let found = try connections(global)
        #expect(found.reduce(0, +) == Distribution.connections(density: density, positions: 1068))
        #expect(found.allSatisfy { $0 >= 1 })
      }

      let spread = try classifier(Float.self)
      try prune(spread, pruning(criterion, ["density": density, "scope": 2, "distribution": 2]))
      let shapes = [[30, 24], [24, 12], [12, 5]]
      let densities = try Distribution.erdosRenyiKernel.densities(
        density: density, shapes: shapes.map { .init(name: "", dimensions: $0) })
      #expect(
        try connections(spread)
          == zip(densities, shapes).map { Distribution.connections(density: $0, positions: $1[0] * $1[1]) })
      for layer in [1, 3, 4] {
        for network in [layered, spread] { #expect(try network.pattern(layer)?.violation() == nil) }
      }
    }
  }

  /// Shares in proportion to the square of sum / product where the network says so.
  @Test func theDistributionsPower() throws {
    let network = try Network<Float>(inputs: 30)
    for units in [24, 12, 5] { try network.addLinear(units) }
    try network.setOption("distribution_power", 2)
    try network.build(maximumBatch: 4)
    try network.prune(pruning(.magnitude, ["density": 0.1, "scope": 2]))
    let shapes = [[30, 24], [24, 12], [12, 5]]
    let densities = try Distribution.erdosRenyiKernel.densities(
      density: 0.1, shapes: shapes.map { .init(name: "", dimensions: $0) }, power: 2)
    #expect(
      try [1, 2, 3].map { Int(try network.layerValue($0, "connections")) }
        == zip(densities, shapes).map { Distribution.connections(density: $0, positions: $1[0] * $1[1]) })
  }

  /// The optimizer goes on as it would have: given the same gradients, what stays moves by the same bits.
  @Test func stateStaysWithItsConnection() throws {
    let (x, labels) = points(Float.self, 64)
    let whole = try classifier(Float.self)
    let pruned = try classifier(Float.self)
    for network in [whole, pruned] {
      for _ in 0..<5 { try network.trainStep(x.span, labels: labels.span) }
    }
    let before = try parameters(whole)
    try prune(pruned, pruning(.snip, ["density": 0.3]))
    let numbers = [1, 3, 4]
    // Place in the whole network of each parameter that is left.
    var places: [Int] = []
    for number in numbers {
      let inputs = Int(try whole.layerValue(number, "inputs"))
      let offset = Int(try whole.layerValue(number, "offset"))
      let (rows, columns) = try pruned.coordinates(ofLayer: number)
      places += zip(rows, columns).map { offset + Int($0) * inputs + Int($1) }
      let units = Int(try whole.layerValue(number, "units"))
      places += (0..<units).map { offset + units * inputs + $0 }
    }
    #expect(try parameters(pruned) == places.map { before[$0] })
    #expect(
      try gradients(pruned)
        == {
          let slopes = try gradients(whole)
          return places.map { slopes[$0] }
        }())
    for step in 0..<3 {
      for network in [whole, pruned] {
        _ = try network.forward(Array(x[..<30]))
        _ = try network.backward([Float](repeating: 1, count: 5))
      }
      try whole.withParameters { _, slopes in
        for i in slopes.indices { slopes[i] = Float((i * 37 + step * 11) % 23) / 23 - 0.5 }
      }
      try pruned.withParameters { _, slopes in
        for i in slopes.indices { slopes[i] = Float((places[i] * 37 + step * 11) % 23) / 23 - 0.5 }
      }
      for network in [whole, pruned] { try network.update() }
      let moved = try parameters(whole)
      #expect(try parameters(pruned).map(\.bitPattern) == places.map { moved[$0].bitPattern })
    }
  }

  @Test(arguments: PruningCriterion.allCases) func sameBitsForAnyNumberOfThreads(_ criterion: PruningCriterion) throws {
    let (x, labels) = points(Float.self)
    var runs: [[UInt32]] = []
    for threads in [1, 2, 3] {
      let network = try classifier(Float.self, densities: [1, 0.6, 1], threads: threads)
      try network.trainEpoch(x.span, labels: labels.span, batchSize: 32)
      try prune(network, pruning(criterion, ["density": 0.2]))
      try network.trainEpoch(x.span, labels: labels.span, batchSize: 32)
      runs.append(try parameters(network).map(\.bitPattern))
    }
    #expect(runs[1] == runs[0] && runs[2] == runs[0])
  }

  /// What is left of a network by its data learns, and better than what is left by chance.
  @Test func whatIsLeftLearns() throws {
    let (x, labels) = points(Float.self, 600)
    func accuracy(_ criterion: PruningCriterion) throws -> Double {
      let network = try classifier(Float.self)
      try prune(network, pruning(criterion, ["density": 0.05]))
      for _ in 0..<20 { try network.trainEpoch(x.span, labels: labels.span, batchSize: 32) }
      return try network.evaluate(x.span, labels: labels.span).accuracy
    }
    let snip = try accuracy(.snip)
    #expect(snip > 0.95)
    #expect(try accuracy(.synflow) > 0.7)
    #expect(try accuracy(.grasp) > 0.7)
    #expect(try snip >= accuracy(.random))
  }

  /// SynFlow goes on reaching from input to output down to a handful of connections, with no help of the rule that each layer
  /// keeps one: R stays above 0.
  @Test(arguments: [1068, 100, 20, 8, 4]) func synflowDoesNotCollapse(_ left: Int) throws {
    for seed in 1...5 {
      let network = try classifier(Float.self, seed: Int64(seed))
      try prune(network, pruning(.synflow, ["density": (Double(left) - 0.5) / 1068]))
      let counts = try connections(network)
      #expect(counts.reduce(0, +) == left)
      #expect(counts.allSatisfy { $0 >= 1 })
      var flow = [Double](repeating: 1, count: 30)
      for number in [1, 3, 4] {
        var next = [Double](repeating: 0, count: Int(try network.layerValue(number, "units")))
        let (rows, columns) = try network.coordinates(ofLayer: number)
        let weights = try network.layerParameters(number).weights
        for slot in rows.indices { next[Int(rows[slot])] += Double(abs(weights[slot])) * flow[Int(columns[slot])] }
        flow = next
      }
      #expect(flow.reduce(0, +) > 0)
    }
  }

  /// Where scores of one layer are far below the others', a single threshold would empty it.
  @Test func eachLayerKeepsAtLeastOne() throws {
    let network = try classifier(Float.self)
    let weights = try network.layerParameters(3).weights
    for i in weights.indices { weights[i] *= 1e-6 }
    let largest = weights.indices.max { abs(weights[$0]) < abs(weights[$1]) }!
    try network.prune(pruning(.magnitude, ["density": 0.1, "scope": 1]))
    #expect(try connections(network)[1] == 1)
    #expect(try connections(network).reduce(0, +) == 107)
    let (rows, columns) = try network.coordinates(ofLayer: 3)
    #expect(Int(rows[0]) * 24 + Int(columns[0]) == largest)
  }

  @Test func fixedDensitiesStay() throws {
    let network = try Network<Float>(inputs: 10)
    try network.addLinear(10)
    try network.addLinear(10, density: 0.5)
    try network.addLinear(4)
    try network.setLayerOption(1, "fixed_density", 1)
    try network.build(maximumBatch: 4)
    try network.prune(pruning(.magnitude, ["density": 0.1, "scope": 1]))
    #expect(try network.layerValue(1, "connections") == 100)
    #expect(try network.layerValue(2, "connections") + network.layerValue(3, "connections") == 14)
  }

  /// Every connection of a layer has the same chance; another call draws anew.
  @Test func randomIsEven() throws {
    var hits = [Int](repeating: 0, count: 60)
    for seed in 0..<400 {
      let network = try Network<Float>(inputs: 10, layers: [.linear(6)], seed: Int64(seed), maximumBatch: 1)
      try network.prune(pruning(.random, ["density": 0.5]))
      let (rows, columns) = try network.coordinates(ofLayer: 1)
      for (row, column) in zip(rows, columns) { hits[Int(row) * 10 + Int(column)] += 1 }
    }
    #expect(hits.reduce(0, +) == 400 * 30)
    // Five standard deviations of 400 throws of a coin.
    #expect(hits.allSatisfy { abs($0 - 200) <= 50 })
  }

  @Test func aFailureChangesNothing() throws {
    let (x, labels) = points(Double.self)
    let network = try classifier(Double.self, densities: [0.5, 1, 1])
    try network.trainStep(Array(x[..<1920]).span, labels: Array(labels[..<64]).span)
    func picture() throws -> [UInt64] {
      try (parameters(network) + gradients(network)).map(\.bitPattern) + connections(network).map { UInt64($0) }
    }
    let before = try picture()
    var broken = x
    broken[77] = .nan
    #expect(throws: Failure(.nonFinite, "prune: x[2][17] is nan (sample, feature, from 0); nothing has changed")) {
      try network.prune(pruning(.grasp), broken.span, labels: labels.span)
    }
    let short = Array(labels[..<9])
    #expect(throws: Failure.self) { try network.prune(pruning(.fisher), x.span, labels: short.span) }
    #expect(throws: Failure.self) { try network.prune(pruning(.fisher)) }
    #expect(throws: Failure.self) { try network.prune(pruning(.snip, ["density": 1e-9]), x.span, labels: labels.span) }
    #expect(throws: Failure.self) { try network.prune(pruning(.synflow, ["density": 1e-3])) }
    #expect(try picture() == before)
    let weights = try network.layerParameters(3).weights
    let kept = weights[5]
    weights[5] = .infinity
    let failure = #expect(throws: Failure.self) { try network.prune(pruning(.synflow)) }
    #expect(failure?.kind == .nonFinite)
    weights[5] = kept
    #expect(try picture() == before)
  }

  /// A method for all layers takes up those that become sparse, with the room that it wants.
  @Test(arguments: [TopologyKind.set, .rigl, .snfs]) func topologyMethodsGoOn(_ kind: TopologyKind) throws {
    let (x, labels) = points(Float.self)
    let network = try classifier(Float.self)
    try network.setTopology(topology(kind, ["every": 3]))
    try prune(network, pruning(.snip, ["density": 0.2]))
    for _ in 0..<3 { try network.trainEpoch(x.span, labels: labels.span, batchSize: 32) }
    for layer in [1, 3, 4] {
      #expect(try network.layerValue(layer, "topology_updates") >= 5)
      #expect(try network.pattern(layer)?.violation() == nil)
    }
    #expect(try connections(network).reduce(0, +) == 214)
  }
}
