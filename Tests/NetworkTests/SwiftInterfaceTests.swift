import Espalier
import Testing

@Suite struct SwiftInterfaceTests {
  @Test func theCallersPatternAndValues() throws {
    // Out of order on purpose; values follow their connection.
    let rows: [Int32] = [3, 1, 1, 2]
    let columns: [Int32] = [2, 3, 1, 2]
    let values: [Double] = [30, 13, 11, 22]
    let network = try Network<Double>(
      inputs: 3,
      layers: [
        .linear(3, inputs: 3, rows: rows.span, columns: columns.span, values: values.span, base: 1, bias: false)
      ])
    let found = try network.coordinates(ofLayer: 1)
    #expect(found.rows == [0, 0, 1, 2])
    #expect(found.columns == [0, 2, 1, 1])
    #expect(Array(try network.layerParameters(1).weights) == [11, 13, 22, 30])
    #expect(try network.layerParameters(1).bias.isEmpty)
    #expect(try network.predict([1, 10, 100]) == [1311, 220, 300])
    let short: [Double] = [1]
    #expect(throws: Failure(.invalidArgument, "values must have 4 elements, got 1")) {
      try LayerDescription<Double>.linear(3, inputs: 3, rows: rows.span, columns: columns.span, values: short.span, base: 1)
    }
    #expect(throws: Failure.self) {
      try LayerDescription<Double>.linear(2, inputs: 3, rows: rows.span, columns: columns.span, base: 1)
    }
  }

  @Test func stencilsOfGridsAndMeshes() throws {
    // A ring of three cells and a line of two, two channels in, one out.
    let grid = try Network<Float>(
      inputs: 12,
      layers: [.gridLinear(1, inputChannels: 2, grid: [2, 3], kernel: [3, 1], periodic: [false, true], activation: .tanh)])
    #expect(try grid.coordinates(ofLayer: 1).columns == (0..<6).flatMap { cell in [0, 3, 6, 9].map { $0 + Int32(cell % 3) } })
    let (rowStart, columns): ([Int64], [Int64]) = ([1, 2, 3, 3], [2, 3])
    let mesh = try Network<Double>(
      inputs: 3, layers: [.meshLinear(1, inputChannels: 1, rowStart: rowStart.span, columns: columns.span, hops: 2, base: 1)])
    #expect(try mesh.coordinates(ofLayer: 1).columns == [0, 1, 2, 1, 2, 2])
    let narrow: [Int32] = [0, 0, 0]
    let none: [Int32] = []
    let alone = try Network<Double>(
      inputs: 2, layers: [.meshLinear(2, inputChannels: 1, rowStart: narrow.span, columns: none.span)])
    #expect(try alone.coordinates(ofLayer: 1).columns == [0, 1, 0, 1])
    #expect(throws: Failure(.invalidArgument, "mesh_linear: columns must have 2 elements, as row_start ends, got 0")) {
      let empty: [Int64] = []
      _ = try LayerDescription<Double>.meshLinear(1, inputChannels: 1, rowStart: rowStart.span, columns: empty.span, base: 1)
    }
    #expect(throws: Failure(.invalidArgument, "grid_linear: kernel[1] must be in 1 .. 2147483647, got 0")) {
      _ = try LayerDescription<Double>.gridLinear(1, inputChannels: 1, grid: [2, 3], kernel: [1, 0])
    }
  }

  @Test func anOptimizerOnTheCallersArray() throws {
    let sgd = StandaloneOptimizer(.sgd)
    try sgd.set("learning_rate", 0.5)
    var weights: [Float] = [1, 2, 3]
    let gradient: [Float] = [2, 0, -2]
    var span = weights.mutableSpan
    try sgd.minimize(&span, gradient: gradient.span)
    #expect(weights == [0, 2, 4])
    let long: [Float] = [1, 1, 1, 1]
    var again = weights.mutableSpan
    #expect(throws: Failure.self) { try sgd.minimize(&again, gradient: long.span) }
  }

  @Test func inputsBesideTheFirst() throws {
    let network = try Network<Double>(inputs: 2, layers: [.input(channels: 2), .sum(of: 0, 1)])
    let x: [Double] = [1, 2, 3, 4]
    #expect(throws: Failure(.invalidState, "predict: no array is bound to input layer 1; call bind_input first")) {
      try network.predict(x)
    }
    let more = UnsafeMutableBufferPointer<Double>.allocate(capacity: 4)
    let gradient = UnsafeMutableBufferPointer<Double>.allocate(capacity: 4)
    let numbers = UnsafeMutableBufferPointer<Int32>.allocate(capacity: 4)
    defer {
      more.deallocate()
      gradient.deallocate()
      numbers.deallocate()
    }
    _ = more.initialize(from: [10, 20, 30, 40])
    _ = numbers.initialize(from: [5, 6, 7, 8])
    gradient.initialize(repeating: 0)
    try network.bindInput(1, UnsafeBufferPointer(more))
    #expect(try network.predict(x) == [11, 22, 33, 44])
    try network.bindInput(1, numbers: UnsafeBufferPointer(numbers))
    try network.bindInputGradient(1, gradient)
    var y = [Double](repeating: 0, count: 4)
    var span = y.mutableSpan
    try network.forward(x.span, into: &span)
    #expect(y == [6, 8, 10, 12])
    try network.backward(y.span)
    #expect(Array(gradient) == y)
    #expect(throws: Failure.self) { try network.bindInput(1, UnsafeBufferPointer(rebasing: more[0..<3])) }
    #expect(throws: Failure.self) { try network.bindInput(2, UnsafeBufferPointer(more)) }
    #expect(throws: Failure.self) { try network.bindInput(0, UnsafeBufferPointer(more)) }
  }

  @Test func bindMovesTheParameters() throws {
    let network = try Network<Float>(inputs: 4, layers: [.linear(5, density: 0.5), .linear(2)], seed: 3)
    try network.setOptimizer(optimizer(.sgd, ["learning_rate": 0.1]))
    let count = try network.parameterCount()
    let before = try parameters(network)
    let w = UnsafeMutableBufferPointer<Float>.allocate(capacity: count)
    let dw = UnsafeMutableBufferPointer<Float>.allocate(capacity: count)
    defer {
      w.deallocate()
      dw.deallocate()
    }
    w.initialize(repeating: .nan)
    dw.initialize(repeating: .nan)
    try network.bind(values: w, gradients: dw)
    #expect(Array(w) == before)
    #expect(dw.allSatisfy { $0 == 0 })
    let x: [Float] = [1, 2, 3, 4]
    let target: [Float] = [1, -1]
    try network.trainStep(x.span, target: target.span)
    #expect(Array(w) != before)
    let after = Array(w)
    try network.unbind()
    #expect(try parameters(network) == after)
    #expect(throws: Failure.self) { try network.bind(values: w, gradients: w) }
    let half = UnsafeMutableBufferPointer(rebasing: w[..<(count - 1)])
    #expect(throws: Failure.self) { try network.bind(values: half, gradients: dw) }
    #expect(try parameters(network) == after)
  }

  @Test func constructorsHaveTheDefaultsOfTheList() throws {
    func expect(_ get: (String) throws -> Double, _ options: [Option], but changed: [String: Double] = [:]) throws {
      for option in options { #expect(try get(option.name) == changed[option.name] ?? option.initial, "\(option.name)") }
    }
    let optimizers = try [Optimizer.sgd(), .rmsprop(), .adagrad(), .adam(), .adamw()]
    #expect(optimizers.map(\.kind) == OptimizerKind.allCases)
    for optimizer in optimizers { try expect({ try optimizer.get($0) }, optimizer.kind.options) }
    let thinning = ["final_density": 0.25, "density_end": 50.0]
    let methods = try [
      TopologyMethod.static(), .set(), .rigl(), .snfs(), .itop(), .granet(finalDensity: 0.25, densityEnd: 50), .mest(),
      .topKast(), .gradual(finalDensity: 0.25, densityEnd: 50), .acdc(finalDensity: 0.25, densityEnd: 50, phase: 7), .deepR(),
      .dsr(), .sampled(), .srigl(), .str(),
    ]
    #expect(methods.map(\.kind) == TopologyKind.allCases)
    for method in methods {
      let thins = [.granet, .gradual, .acdc].contains(method.kind)
      let phase = method.kind == .acdc ? ["phase": 7.0] : [:]
      try expect({ try method.get($0) }, method.kind.options, but: thins ? thinning.merging(phase) { $1 } : [:])
    }
    let prunings = try [
      PruningMethod.random(), .magnitude(), .snip(), .grasp(), .synflow(), .fisher(), .obs(), .sparseGPT(),
    ]
    #expect(prunings.map(\.criterion) == PruningCriterion.allCases)
    for pruning in prunings { try expect({ try pruning.get($0) }, pruning.criterion.options) }
  }

  @Test func constructorsSetWhatIsGiven() throws {
    let sgd = try Optimizer.sgd(learningRate: 0.5, momentum: 0.9, nesterov: true, schedule: .cosine, period: 70)
    #expect(
      try ["learning_rate", "momentum", "nesterov", "schedule", "period"].map { try sgd.get($0) } == [0.5, 0.9, 1, 3, 70])
    let rigl = try TopologyMethod.rigl(every: 20, until: 1000, dropFraction: 0.2, decay: .linear)
    #expect(try ["every", "until", "drop_fraction", "decay"].map { try rigl.get($0) } == [20, 1000, 0.2, 2])
    let pruning = try PruningMethod.obs(scope: .distribution, distribution: .uniform, n: 2, m: 4)
    #expect(try ["scope", "distribution", "n", "m"].map { try pruning.get($0) } == [2, 0, 2, 4])
    #expect(throws: Failure(.invalidArgument, "adam: beta1 must be in [0.0, 1.0), got 1.0")) { try Optimizer.adam(beta1: 1) }
    #expect(throws: Failure.self) { try TopologyMethod.rigl(every: 0) }
    #expect(throws: Failure.self) { try PruningMethod.snip(rounds: 0) }
  }

  @Test func optionsAreListed() throws {
    // Kinds of layers have numbers that are not all in use.
    #expect(
      OptionOwner.allCases.map { $0.kinds.filter { $0.name != "" }.count } == [
        1, LayerKind.allCases.count, OptimizerKind.allCases.count, TopologyKind.allCases.count, PruningCriterion.allCases.count,
      ])
    let adam = OptionOwner.optimizer.kinds[Int(OptimizerKind.adam.rawValue)]
    #expect(adam.name == "adam")
    let beta = try #require(adam.options.first { $0.name == "beta1" })
    #expect(beta.domain.kind == .real && beta.domain.includesLeast && !beta.domain.includesGreatest)
    #expect(beta.domain.least == 0 && beta.domain.greatest == 1 && beta.initial == 0.9 && beta.isLive)
  }
}
