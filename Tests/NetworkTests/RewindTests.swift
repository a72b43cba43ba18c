import Espalier
import Testing

@testable import Network

/// Lottery tickets: what is left after training goes back to what was remembered.
@Suite struct RewindTests {
  private func network<T>(_: T.Type, threads: Int = 1) throws -> Network<T> {
    let network = try Network<T>(
      inputs: 20,
      layers: [
        .linear(30, density: 0.3, activation: .relu), .dropout(probability: 0.1), .linear(17, activation: .tanh),
        .linear(5, density: 0.5, bias: false),
      ],
      loss: .softmaxCrossEntropy, seed: 7, maximumBatch: 16)
    try network.setThreads(threads)
    try network.setOptimizer(optimizer(.adam, ["learning_rate": 0.01]))
    try network.setOptimizer(optimizer(.sgd, ["learning_rate": 0.05, "momentum": 0.9]), layer: 3)
    return network
  }

  private func train<T>(_ network: Network<T>, steps: Int) throws {
    var random = RandomSource(seed: 3)
    let x = (0..<16 * 20).map { _ in T(2 * random.uniform() - 1) }
    let labels = (0..<16).map { Int32($0 % 5) }
    for _ in 0..<steps { _ = try network.trainStep(x.span, labels: labels.span) }
  }

  /// Weights by position, and biases.
  private struct Picture<T: Scalar>: Equatable {
    var weights: [[Int]: T] = [:]
    var biases: [[T]] = []
  }

  private func picture<T>(_ network: Network<T>) throws -> Picture<T> {
    var picture = Picture<T>()
    for layer in [1, 3, 4] {
      let parameters = try network.layerParameters(layer)
      let (rows, columns) = try network.coordinates(ofLayer: layer)
      for slot in rows.indices { picture.weights[[layer, Int(rows[slot]), Int(columns[slot])]] = parameters.weights[slot] }
      picture.biases.append(Array(parameters.bias))
    }
    return picture
  }

  private func thin<T>(_ network: Network<T>, layers: [Int], keepingEvery stride: Int) throws {
    var kept: [KeptConnections] = []
    for layer in layers {
      let marks = try Buffer<UInt8>(count: Int(try network.layerValue(layer, "connections")))
      for slot in 0..<marks.count where slot % stride == 0 { marks.pointer[slot] = 1 }
      kept.append(KeptConnections(layer: layer, marks: marks))
    }
    try network.built?.retain(kept, network.blueprint, "prune")
  }

  /// - stayed: positions whose connections never went in between.
  private func check<T>(_ now: Picture<T>, against then: Picture<T>, stayed: Set<[Int]>? = nil) {
    #expect(now.biases == then.biases)
    for (position, weight) in now.weights {
      #expect(weight == (stayed?.contains(position) == false ? 0 : then.weights[position] ?? 0))
    }
  }

  private func survivorsGoBack<T: Scalar>(_: T.Type) throws {
    let network = try network(T.self)
    try train(network, steps: 3)
    let then = try picture(network)
    try network.remember()
    try train(network, steps: 9)
    try thin(network, layers: [1, 3], keepingEvery: 3)
    #expect(try picture(network).weights.count < then.weights.count)
    try network.rewind()
    check(try picture(network), against: then)
    #expect(try gradients(network).allSatisfy { $0 == 0 })
    // Once more, from the same copy, after a second round.
    try train(network, steps: 4)
    try thin(network, layers: [1, 3, 4], keepingEvery: 2)
    try network.rewind()
    check(try picture(network), against: then)
  }

  @Test func survivorsGoBackInFloat() throws { try survivorsGoBack(Float.self) }
  @Test func survivorsGoBackInDouble() throws { try survivorsGoBack(Double.self) }

  /// What grew is 0, what stayed is what it was; in the caller's arrays too.
  @Test(arguments: [TopologyKind.set, .rigl]) func survivorsOfUpdatesGoBack(_ method: TopologyKind) throws {
    let network = try network(Float.self)
    try network.setTopology(topology(method, ["every": 2]))
    let count = try network.parameterCount()
    let w = UnsafeMutableBufferPointer<Float>.allocate(capacity: count)
    let dw = UnsafeMutableBufferPointer<Float>.allocate(capacity: count)
    defer {
      w.deallocate()
      dw.deallocate()
    }
    try network.bind(values: w, gradients: dw)
    let then = try picture(network)
    try network.remember()
    var stayed = Set(then.weights.keys)
    for step in 0..<27 {
      if step == 20 {
        #expect(try network.layerValue(1, "topology_updates") > 3)
        try thin(network, layers: [1], keepingEvery: 2)
        stayed.formIntersection(try picture(network).weights.keys)
      }
      try train(network, steps: 1)
      stayed.formIntersection(try picture(network).weights.keys)
    }
    try network.rewind()
    let now = try picture(network)
    check(now, against: then, stayed: stayed)
    // Also some that went and came again.
    #expect(stayed.count < now.weights.count)
    #expect(stayed.count > 100)
    #expect(try network.layerValue(1, "topology_updates") == 0)
    #expect(dw.allSatisfy { $0 == 0 })
    #expect(w[0] == (try network.layerParameters(1)).weights[0])
  }

  /// A dense layer that a method makes sparse in mid-run.
  @Test func aLayerInAnotherStorageGoesBack() throws {
    let network = try network(Double.self)
    let then = try picture(network)
    try network.remember()
    try network.setTopology(
      topology(.gradual, ["every": 2, "final_density": 0.2, "density_begin": 0, "density_end": 10]), layer: 3)
    try train(network, steps: 15)
    #expect(try network.layerValue(3, "density") < 0.21)
    try network.rewind()
    check(try picture(network), against: then)
  }

  /// Training after a rewind to the start is training from the start: optimizers, clocks and growth have no memory.
  @Test(arguments: [TopologyKind.static, .rigl]) func trainsAsFromTheStart(_ method: TopologyKind) throws {
    let fresh = try network(Float.self)
    let rewound = try network(Float.self, threads: 2)
    // Dropout's draws go on, so that they cannot be the same: none.
    for network in [fresh, rewound] {
      try network.setLayerOption(2, "probability", 0)
      try network.setOptimizer(optimizer(.adam, ["learning_rate": 0.01, "schedule": 1, "step_size": 5]))
    }
    try rewound.remember()
    try train(rewound, steps: 11)
    try rewound.endEpoch()
    try rewound.rewind()
    #expect(try rewound.value("steps") == 0)
    #expect(rewound.epochs == 0)
    #expect(try rewound.layerValue(1, "steps") == 0)
    #expect(throws: Failure.self) { try rewound.update() }
    // Only now, when both have the same pattern.
    for network in [fresh, rewound] { try network.setTopology(topology(method, method == .static ? [:] : ["every": 4])) }
    try train(fresh, steps: 13)
    try train(rewound, steps: 13)
    #expect(try parameters(fresh) == parameters(rewound))
    #expect(try picture(fresh) == picture(rewound))
  }

  @Test func refusesWhatCannotBe() throws {
    let unbuilt = try Network<Float>(inputs: 3)
    #expect(throws: Failure(.invalidState, "remember: the network is not built yet; call build first")) {
      try unbuilt.remember()
    }
    let network = try network(Float.self)
    try train(network, steps: 2)
    let before = try parameters(network)
    #expect(throws: Failure(.invalidState, "rewind: nothing is remembered; call remember first")) { try network.rewind() }
    #expect(try parameters(network) == before)
    #expect(try network.value("steps") == 2)
  }

  @Test func countsItsMemory() throws {
    let network = try network(Double.self)
    let before = try network.value("bytes")
    try network.remember()
    let parameters = try network.value("parameters")
    #expect(try network.value("bytes") == before + 8 * parameters)
    try network.remember()
    #expect(try network.value("bytes") == before + 8 * parameters)
  }
}
