import Espalier
import Testing

@testable import Graphs
@testable import Network

/// The one walk over all that training leaves behind: what is not visited by it would be forgotten by whatever is made of it.
@Suite struct StateTests {
  private func network<T: Scalar>(_: T.Type, _ method: TopologyKind = .static, threads: Int = 1) throws -> Network<T> {
    let network = try Network<T>(
      inputs: 12,
      layers: [
        .linear(20, density: 0.4, activation: .relu), .batchNorm(momentum: 0.2), .dropout(probability: 0.2),
        .linear(16, density: 0.5, activation: .tanh), .layerNorm(), .linear(4, density: 0.5),
      ],
      loss: .softmaxCrossEntropy, seed: 5, maximumBatch: 16)
    try network.setThreads(threads)
    try network.setOptimizer(optimizer(.adam, ["learning_rate": 0.01, "amsgrad": 1]))
    try network.setOptimizer(optimizer(.sgd, ["learning_rate": 0.05, "momentum": 0.9]), layer: 4)
    try network.setOption("accumulate", 2)
    var asked = TopologyMethod(method)
    let options: KeyValuePairs<String, Double> =
      switch method {
      case .static: [:]
      case .granet, .gradual: ["every": 2, "density_end": 14, "final_density": 0.2]
      case .acdc: ["every": 2, "phase": 4, "density_end": 14, "final_density": 0.2]
      case .str: ["every": 2, "threshold_start": -3, "until": 8]
      default: ["every": 2]
      }
    for (name, value) in options { try asked.set(name, value) }
    if method != .static { try network.setTopology(asked) }
    return network
  }

  private func train<T>(_ network: Network<T>, epochs: Int) throws {
    var random = RandomSource(seed: 3)
    let x = (0..<48 * 12).map { _ in T(2 * random.uniform() - 1) }
    let labels = (0..<48).map { Int32($0 % 4) }
    for _ in 0..<epochs { _ = try network.trainEpoch(x.span, labels: labels.span, batchSize: 16) }
  }

  private func picture<T>(_ network: Network<T>) -> StatePicture {
    var picture = StatePicture()
    network.visit(&picture)
    return picture
  }

  @Test func everyPieceHasANameOfItsOwn() throws {
    let network = try network(Float.self, .rigl)
    try network.remember()
    try train(network, epochs: 1)
    let picture = picture(network)
    #expect(picture.repeated.isEmpty)
    for name in [
      "parameters", "gradients", "passes", "shuffling", "layer 2/running_mean", "layer 2/running_variance",
      "layer 1/pattern/columns", "layer 4/optimizer/steps", "layer 1/optimizer/parameter 0/moment 2/values",
      "topology 0/method/layer 1/random",
      "topology 0/method/last_update", "layer 5/remembered/parameter 1/values", "remembered/part 0/bytes",
    ] { #expect(picture.pieces[name] != nil, "\(name) in \(picture.pieces.keys.sorted())") }
  }

  /// The same training leaves the same state, for any number of threads; more training another one.
  @Test(arguments: [TopologyKind.static, .rigl, .set, .srigl, .topKast]) func isTheSameForThreads(_ method: TopologyKind) throws
  {
    let networks = try [1, 2].map { try network(Float.self, method, threads: $0) }
    for network in networks { try train(network, epochs: 3) }
    let pictures = networks.map(picture)
    #expect(pictures[0].difference(from: pictures[1]) == [])
    try train(networks[1], epochs: 1)
    let changed = Set(picture(networks[1]).difference(from: pictures[0]))
    #expect(changed.isSuperset(of: ["parameters", "passes", "shuffling", "layer 2/running_mean", "layer 4/optimizer/steps"]))
  }

  /// A network that was never trained, with the state of one that was, goes on as that one does: nothing is kept elsewhere.
  private func goesOn<T: Scalar>(_: T.Type, _ method: TopologyKind) throws {
    let trained = try network(T.self, method)
    let fresh = try network(T.self, method)
    try train(trained, epochs: 3)
    // In the middle of what is accumulated.
    var take = StateTransfer()
    trained.visit(&take)
    take.begin()
    fresh.visit(&take)
    #expect(take.isAtEnd)
    #expect(picture(fresh).difference(from: picture(trained)) == [])
    for _ in 0..<3 {
      try train(trained, epochs: 2)
      try train(fresh, epochs: 2)
      #expect(picture(fresh).difference(from: picture(trained)) == [])
    }
  }

  @Test(arguments: TopologyKind.allCases) func goesOnInFloat(_ method: TopologyKind) throws { try goesOn(Float.self, method) }
  @Test(arguments: [TopologyKind.static, .rigl, .str]) func goesOnInDouble(_ method: TopologyKind) throws {
    try goesOn(Double.self, method)
  }

  /// A layer with state of a kind that nobody has heard of.
  @Test func whateverALayerKeepsIsVisited() throws {
    let network = try network(Double.self)
    let before = try network.value("bytes")
    let layer = try KeepingLayer()
    network.built?.graph.layers.append(layer)
    network.built?.weigh()
    let held = 8 * 5 + 4 * 3
    #expect(try network.value("bytes") == before + Double(held))
    let picture = picture(network)
    #expect(picture.pieces["layer 7/numbers"] != nil && picture.pieces["layer 7/clock"] != nil)
    layer.numbers.pointer[3] = 7
    layer.clock = 11
    #expect(self.picture(network).difference(from: picture) == ["layer 7/clock", "layer 7/numbers"])
    try network.remember()
    layer.numbers.pointer[3] = 0
    layer.clock = 0
    layer.room.pointer[0] = 5
    try network.rewind()
    #expect(layer.numbers.pointer[3] == 7 && layer.clock == 11 && layer.room.pointer[0] == 5)
  }
}

/// A hash of each piece of state, by its path.
private struct StatePicture: StateVisitor {
  private(set) var pieces: [String: UInt64] = [:]
  private(set) var repeated: [String] = []
  private var path: [String] = []

  mutating func enter(_ name: StaticString, _ number: Int?) { path.append("\(name)" + (number.map { " \($0)" } ?? "")) }
  mutating func leave() { path.removeLast() }
  mutating func scratch(bytes: Int) {}

  mutating func array<E: BitwiseCopyable>(_ name: StaticString, _ elements: UnsafeMutableBufferPointer<E>, isOwned: Bool) {
    add(name, UnsafeRawBufferPointer(elements))
  }

  mutating func number<E: BitwiseCopyable>(_ name: StaticString, _ value: inout E) {
    withUnsafeBytes(of: value) { add(name, $0) }
  }

  private mutating func add(_ name: StaticString, _ bytes: UnsafeRawBufferPointer) {
    let place = (path + ["\(name)"]).joined(separator: "/")
    var hash: UInt64 = 14_695_981_039_346_656_037
    for byte in bytes { hash = (hash ^ UInt64(byte)) &* 1_099_511_628_211 }
    if pieces.updateValue(hash, forKey: place) != nil { repeated.append(place) }
  }

  /// Paths of what is not the same in both.
  func difference(from other: StatePicture) -> [String] {
    Set(pieces.keys).union(other.pieces.keys).filter { pieces[$0] != other.pieces[$0] }.sorted()
  }
}

/// Takes state out of what it visits first, and puts it into what it visits after `begin`.
private struct StateTransfer: StateVisitor {
  private var pieces: [[UInt8]] = []
  private var next: Int?

  mutating func begin() { next = 0 }
  var isAtEnd: Bool { next == pieces.count }
  mutating func scratch(bytes: Int) {}

  mutating func array<E: BitwiseCopyable>(_ name: StaticString, _ elements: UnsafeMutableBufferPointer<E>, isOwned: Bool) {
    move(UnsafeMutableRawBufferPointer(elements))
  }

  mutating func number<E: BitwiseCopyable>(_ name: StaticString, _ value: inout E) {
    withUnsafeMutableBytes(of: &value) { move($0) }
  }

  private mutating func move(_ bytes: UnsafeMutableRawBufferPointer) {
    guard let next else {
      pieces.append(Array(bytes))
      return
    }
    #expect(next < pieces.count && pieces[next].count == bytes.count)
    if next < pieces.count, pieces[next].count == bytes.count { bytes.copyBytes(from: pieces[next]) }
    self.next = next + 1
  }
}

/// A layer that computes nothing and keeps an array, a number and some room.
private final class KeepingLayer: Layer {
  let numbers: Buffer<Double>
  let room: Buffer<Int32>
  var clock = 3

  init() throws(Failure) {
    numbers = try Buffer(count: 5)
    room = try Buffer(count: 3)
  }

  var inputs: Int { 1 }
  var outputs: Int { 1 }
  var parameters: [Parameter<Double>] { [] }
  var usesBLAS: Bool { false }
  var scratchElements: Int { 0 }
  var output: UnsafeMutablePointer<Double> { numbers.pointer }
  var outputGradient: UnsafeMutablePointer<Double> { numbers.pointer }
  var flops: Int { 0 }

  func plan(elements: Int) throws(Failure) {}
  func share(_ scratch: Buffer<Double>) {}
  func set(_ option: String, _ value: Double) {}
  func forward(_ inputs: UnsafePointer<UnsafePointer<Double>>, _ pass: Pass) {}
  func backward(
    _ inputs: UnsafePointer<UnsafePointer<Double>>, inputGradients: UnsafePointer<UnsafeMutablePointer<Double>?>, _ pass: Pass
  ) {}

  func visit(_ visitor: inout some StateVisitor) {
    visitor.array("numbers", numbers)
    visitor.number("clock", &clock)
    visitor.scratch(room)
  }
}
