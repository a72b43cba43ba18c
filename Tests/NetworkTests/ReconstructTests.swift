import Espalier
import Testing

#if canImport(Glibc)
  import Glibc
#endif

/// Pruning after training with the weights that stay corrected, in whole networks.
@Suite struct ReconstructTests {
  /// The pictures of examples/data: every fifth is for testing.
  private func digits() throws -> (train: (x: [Float], labels: [Int32]), test: (x: [Float], labels: [Int32])) {
    let path = #filePath.split(separator: "/").dropLast(3).map { "/" + $0 }.joined() + "/examples/data/digits.csv"
    let file = try #require(fopen(path, "r"))
    defer { fclose(file) }
    var train: (x: [Float], labels: [Int32]) = ([], [])
    var test = train
    var line = 0
    var buffer = [CChar](repeating: 0, count: 1024)
    while fgets(&buffer, 1024, file) != nil {
      let text = String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
      let values = text.split { $0 == "," || $0 == "\n" || $0 == "\r" }.compactMap { Float($0) }
      try #require(values.count == 65)
      let x = values[..<64].map { $0 / 16 }
      if line % 5 == 0 {
        test.x += x
        test.labels.append(Int32(values[64]))
      } else {
        train.x += x
        train.labels.append(Int32(values[64]))
      }
      line += 1
    }
    return (train, test)
  }

  /// A trained network loses less when what stays makes up for what goes.
  @Test func losesLessThanMagnitude() throws {
    let (train, test) = try digits()
    func accuracies(_ criterion: PruningCriterion, _ options: KeyValuePairs<String, Double>) throws -> (Double, Double) {
      let network = try Network<Float>(
        inputs: 64, layers: [.linear(64, activation: .relu), .linear(32, activation: .relu), .linear(10)],
        loss: .softmaxCrossEntropy, seed: 1, maximumBatch: 256)
      try network.setThreads(2)
      try network.setOptimizer(optimizer(.adam, ["learning_rate": 0.003]))
      for _ in 0..<12 { try network.trainEpoch(train.x.span, labels: train.labels.span, batchSize: 32) }
      let before = try network.evaluate(test.x.span, labels: test.labels.span).accuracy
      try network.prune(pruning(criterion, options), train.x.span)
      return (before, try network.evaluate(test.x.span, labels: test.labels.span).accuracy)
    }
    let magnitude = try accuracies(.magnitude, ["density": 0.2])
    let gpt = try accuracies(.sparseGPT, ["density": 0.2])
    let surgeon = try accuracies(.obs, ["density": 0.2])
    #expect(magnitude.0 > 0.95)
    #expect(gpt.0 - gpt.1 < magnitude.0 - magnitude.1)
    #expect(surgeon.0 - surgeon.1 < magnitude.0 - magnitude.1)
    #expect(surgeon.1 > 0.9)
    let twoOfFour = try accuracies(.sparseGPT, ["n": 2, "m": 4])
    #expect(twoOfFour.1 > 0.93)
  }

  /// 24 -> 16 (tanh) -> dropout -> 12 (relu, sparse) -> 4
  private func network<T>(_: T.Type, threads: Int = 1) throws -> Network<T> {
    let network = try Network<T>(
      inputs: 24,
      layers: [
        .linear(16, activation: .tanh), .dropout(probability: 0.3), .linear(12, density: 0.6, activation: .relu), .linear(4),
      ], seed: 3, maximumBatch: 10)
    try network.setThreads(threads)
    try network.setOptimizer(optimizer(.adam, ["learning_rate": 0.01]))
    return network
  }

  private func samples<T: Scalar>(_: T.Type, _ count: Int = 97) -> [T] {
    var random = RandomSource(seed: 5)
    return (0..<24 * count).map { _ in T(random.normal()) }
  }

  private func bits<T: Scalar>(_ network: Network<T>) throws -> [UInt64] {
    try parameters(network).map { Double($0).bitPattern }
  }

  /// Each layer by the inputs that the pruned layers before it give: the last layer's outputs on what the others give are as
  /// near to the old ones as least squares can bring them.
  private func layerByLayer<T: Scalar>(_: T.Type, tolerance: Double) throws {
    let x = samples(T.self)
    let network = try network(T.self)
    let old = try network.layerParameters(4)
    let dense = (weights: old.weights.map { Double($0) }, bias: old.bias.map { Double($0) })
    try network.prune(pruning(.obs, ["density": 0.25, "damping": 0.001]), x.span)
    // What the last layer gets, by hand.
    let inputs = try (0..<97).map { sample in
      var values = x[24 * sample..<24 * (sample + 1)].map { Double($0) }
      for number in [1, 3] {
        let parameters = try network.layerParameters(number)
        var next = parameters.bias.map { Double($0) }
        let (rows, columns) = try network.coordinates(ofLayer: number)
        for slot in rows.indices { next[Int(rows[slot])] += Double(parameters.weights[slot]) * values[Int(columns[slot])] }
        values = next.map { number == 1 ? tanh($0) : max(0, $0) }
      }
      return values
    }
    var h = (0..<12).map { i in (0..<12).map { j in inputs.reduce(0) { $0 + $1[i] * $1[j] } * 2 / 97 } }
    let mean = (0..<12).reduce(0) { $0 + h[$1][$1] } / 12
    for i in 0..<12 { h[i][i] = (h[i][i] == 0 ? 1 : h[i][i]) + 0.001 * mean }
    let now = try network.layerParameters(4)
    let (rows, columns) = try network.coordinates(ofLayer: 4)
    #expect(rows.count == 12)
    // At the minimum the gradient by each weight that stays is 0: (H (w' - w))_k, w' the new weights.
    for unit in 0..<4 {
      var change = (0..<12).map { -dense.weights[12 * unit + $0] }
      for slot in rows.indices where rows[slot] == unit { change[Int(columns[slot])] += Double(now.weights[slot]) }
      for slot in rows.indices where rows[slot] == unit {
        let k = Int(columns[slot])
        #expect(abs((0..<12).reduce(0) { $0 + h[k][$1] * change[$1] }) < tolerance)
      }
    }
    #expect(now.bias.map { Double($0) } == dense.bias)
  }

  // Float: what the layers before compute is rounded to seven digits.
  @Test func layerByLayerInFloat() throws { try layerByLayer(Float.self, tolerance: 2e-5) }
  @Test func layerByLayerInDouble() throws { try layerByLayer(Double.self, tolerance: 1e-11) }

  @Test(arguments: [PruningCriterion.magnitude, .obs, .sparseGPT]) func groups(_ criterion: PruningCriterion) throws {
    let x = samples(Float.self)
    let network = try network(Float.self)
    let before = try [1, 3, 4].map { try network.coordinates(ofLayer: $0) }
    try network.prune(pruning(criterion, ["n": 2, "m": 4]), x.span)
    for (layer, old) in zip([1, 3, 4], before) {
      let (rows, columns) = try network.coordinates(ofLayer: layer)
      func group(_ row: Int32, _ column: Int32) -> [Int32] { [row, column / 4] }
      let had = Dictionary(zip(old.rows, old.columns).map { (group($0, $1), 1) }, uniquingKeysWith: +)
      let has = Dictionary(zip(rows, columns).map { (group($0, $1), 1) }, uniquingKeysWith: +)
      for (place, count) in had { #expect(has[place] == min(2, count)) }
      #expect(try network.pattern(layer)?.violation() == nil)
    }
    let failure = #expect(throws: Failure.self) { try network.prune(pruning(criterion, ["n": 2, "m": 5]), x.span) }
    #expect(failure?.kind == .invalidArgument)
    #expect(failure?.message.contains("linear layer 1: m must divide its 24 inputs, got 5") == true)
  }

  /// A layer that keeps all it has is not touched, and density 1 touches none.
  @Test(arguments: [PruningCriterion.obs, .sparseGPT]) func nothingToDo(_ criterion: PruningCriterion) throws {
    let x = samples(Double.self)
    let network = try network(Double.self)
    let before = try bits(network)
    try network.prune(pruning(criterion, ["density": 1]), x.span)
    try network.prune(pruning(criterion, ["n": 4, "m": 4]), x.span)
    #expect(try bits(network) == before)
    let weights = Array(try network.layerParameters(3).weights)
    try network.prune(pruning(criterion, ["density": 0.7]), x.span)
    #expect(Array(try network.layerParameters(3).weights) == weights)
    #expect(try network.layerValue(1, "density") < 0.71)
  }

  /// Of all layers together: as many as asked, and the layer that costs least gives most.
  @Test func surgeonOverAllLayers() throws {
    let x = samples(Double.self)
    let network = try network(Double.self)
    // The middle layer's outputs hardly change whatever goes.
    let weights = try network.layerParameters(3).weights
    for i in weights.indices { weights[i] *= 1e-6 }
    try network.prune(pruning(.obs, ["density": 0.3, "scope": 1]), x.span)
    let kept = try [1, 3, 4].map { Int(try network.layerValue($0, "connections")) }
    #expect(kept.reduce(0, +) == Distribution.connections(density: 0.3, positions: 24 * 16 + 16 * 12 + 48))
    #expect(kept[1] == 1)
  }

  /// Trained on afterwards; the moments went with the connections, in the caller's arrays.
  @Test(arguments: [PruningCriterion.obs, .sparseGPT]) func trainsOn(_ criterion: PruningCriterion) throws {
    let x = samples(Float.self, 10)
    let target = [Float](repeating: 0.5, count: 40)
    let network = try network(Float.self)
    let count = try network.parameterCount()
    let w = UnsafeMutableBufferPointer<Float>.allocate(capacity: count)
    let dw = UnsafeMutableBufferPointer<Float>.allocate(capacity: count)
    defer {
      w.deallocate()
      dw.deallocate()
    }
    try network.bind(values: w, gradients: dw)
    for _ in 0..<5 { try network.trainStep(x.span, target: target.span) }
    try network.prune(pruning(criterion, ["density": 0.4]), x.span)
    let left = try network.parameterCount()
    #expect(left == 154 + 77 + 20 + 32)
    #expect(w[left...].allSatisfy { $0 == 0 })
    let before = try network.evaluate(x.span, target: target.span)
    for _ in 0..<30 { try network.trainStep(x.span, target: target.span) }
    #expect(try network.evaluate(x.span, target: target.span) < before)
    #expect(w[left...].allSatisfy { $0 == 0 })
  }

  /// The first layer is pruned already when the second one cannot be: all is as it was.
  @Test(arguments: [PruningCriterion.obs, .sparseGPT]) func aFailureChangesNothing(_ criterion: PruningCriterion) throws {
    let x = samples(Double.self)
    let network = try network(Double.self)
    let weights = try network.layerParameters(3).weights
    weights[7] = .infinity
    let before = try bits(network)
    let failure = #expect(throws: Failure.self) { try network.prune(pruning(criterion), x.span) }
    #expect(failure?.kind == .nonFinite)
    #expect(failure?.message == "prune: linear layer 3: weight 7 (from 0) is inf; nothing has changed")
    #expect(try bits(network) == before)
    #expect(try network.layerValue(1, "density") == 1)
    weights[7] = 0
    // Inputs that are all the same: no inverse without damping.
    let ones = [Double](repeating: 1, count: 24) + [Double](repeating: 0, count: 24)
    let again = try bits(network)
    let singular = #expect(throws: Failure.self) { try network.prune(pruning(criterion, ["damping": 0]), ones.span) }
    #expect(singular?.kind == .numerical)
    #expect(throws: Failure.self) { try network.prune(pruning(criterion)) }
    var broken = x
    broken[50] = .nan
    #expect(throws: Failure(.nonFinite, "prune: x[2][2] is nan (sample, feature, from 0); nothing has changed")) {
      try network.prune(pruning(criterion), broken.span)
    }
    #expect(throws: Failure.self) { try network.prune(pruning(criterion, ["density": 1e-300]), x.span) }
    #expect(try bits(network) == again)
    // And with the damping it goes.
    try network.prune(pruning(criterion, ["density": 0.5]), ones.span)
    #expect(try network.layerValue(1, "density") == 0.5)
  }

  /// More inputs than a square matrix of them has memory for.
  /// What the filters of a convolution meet are patches of its field: it is pruned as the linear layer that is given them.
  @Test(arguments: [PruningCriterion.obs, .sparseGPT]) func patches(_ criterion: PruningCriterion) throws {
    let (height, width, count) = (4, 5, 30)
    let field = try Network<Double>(
      inputs: 2 * height * width, shape: TensorShape(channels: 2, extents: [height, width]),
      layers: [.convolution(3, kernel: [3, 3], padding: [1], paddingMode: [.zeros, .periodic])], seed: 4,
      maximumBatch: 7)
    var random = RandomSource(seed: 6)
    let x = (0..<2 * height * width * count).map { _ in random.normal() }
    var rows: [Double] = []
    for sample in 0..<count {
      for y in 0..<height {
        for place in 0..<width {
          for channel in 0..<2 {
            for (dy, dx) in (-1...1).flatMap({ dy in (-1...1).map { (dy, $0) } }) {
              let at = y + dy
              let column = (place + dx + width) % width
              rows.append(at < 0 || at >= height ? 0 : x[((sample * 2 + channel) * height + at) * width + column])
            }
          }
        }
      }
    }
    let linear = try Network<Double>(
      inputs: 18, layers: [.linear(3)], seed: 9, maximumBatch: 11)
    let (a, b) = (try field.layerParameters(1), try linear.layerParameters(1))
    for i in 0..<a.weights.count { b.weights[i] = a.weights[i] }
    for (network, samples) in [(field, x), (linear, rows)] {
      try network.prune(pruning(criterion, ["density": 0.4]), samples.span)
    }
    let (found, expected) = (try field.coordinates(ofLayer: 1), try linear.coordinates(ofLayer: 1))
    #expect(found.rows == expected.rows && found.columns == expected.columns)
    // Moments are summed in another order.
    for (a, b) in zip(try field.layerParameters(1).weights, try linear.layerParameters(1).weights) {
      #expect(abs(a - b) <= 1e-10)
    }
  }

  @Test func tooManyInputs() throws {
    let network = try Network<Float>(
      inputs: 3_000_000, layers: [.linear(2, density: 0.00001)], maximumBatch: 1)
    let x = [Float](repeating: 1, count: 3_000_000)
    for criterion in [PruningCriterion.obs, .sparseGPT] {
      let failure = #expect(throws: Failure.self) { try network.prune(pruning(criterion, ["density": 5e-6]), x.span) }
      #expect(failure?.kind == .outOfMemory)
    }
    #expect(try network.layerValue(1, "connections") == 60)
  }
}
