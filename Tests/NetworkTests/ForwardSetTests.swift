import Espalier
import Testing

/// Layers in which forward does not use all that is stored, or not as it is, against dense layers with the weights that it
/// should use.
@Suite struct ForwardSetTests {
  /// Random networks, by number: layers of 1 to 45 units, some with empty rows, batches around the panel widths.
  private struct Shape {
    var inputs: Int
    var units: [Int] = []
    var densities: [Double] = []
    var activations: [Activation] = []
    var batch: Int

    init(_ number: Int) {
      var random = RandomSource(seed: UInt64(number), stream: 5)
      func width() -> Int { random.below(4) == 0 ? 1 + random.below(3) : 1 + random.below(45) }
      inputs = width()
      batch = [1, 3, 13, 64, 70][random.below(5)]
      for _ in 0...random.below(3) {
        units.append(width())
        densities.append([0.03, 0.2, 0.5, 0.8][random.below(4)])
        activations.append([.tanh, .gelu, .sigmoid, .softmax, .identity][random.below(5)])
      }
    }

    func inputs(of layer: Int) -> Int { layer == 0 ? inputs : units[layer - 1] }
  }

  /// What forward should make of a layer's stored weights, which of them it should not leave out, and which should have a
  /// gradient.
  private typealias Part<T> = (used: [T], isIn: [Bool], learns: [Bool])
  private typealias Rule<T: Scalar> = (_ network: Network<T>, _ layer: Int, _ weights: [T]) throws -> Part<T>

  /// Slots of the largest |w|, ties to the lower slot.
  private func largest<T: Scalar>(_ w: [T], _ count: Int) -> Set<Int> {
    Set(w.indices.sorted { w[$0].magnitude == w[$1].magnitude ? $0 < $1 : w[$0].magnitude > w[$1].magnitude }.prefix(count))
  }

  @Test(arguments: 0..<40) func topKASTAgreesWithMaskedDenseLayers(number: Int) throws {
    let share = [0.05, 0.25, 0.5, 0.6, 0.9][number % 5]
    let method = try topology(.topKast, ["forward_share": share, "every": 1000])
    func check<T: Scalar>(_: T.Type, _ tolerance: T) throws {
      var chosen: [Int: Set<Int>] = [:]
      // Chosen at the start and at every update; in between the same connections with the weights of the moment.
      try compare(Shape(number), method, tolerance) {
        (network: Network<T>, layer, w) in
        // So small that its density is 1: no pattern, and none of the method's business.
        if try network.layerValue(layer, "index_bytes") == 0 { return (w, w.map { _ in true }, w.map { _ in true }) }
        let updates = Int(try network.layerValue(layer, "topology_updates"))
        let kept = method.plan.forwardCount(of: w.count)
        if chosen[layer + 100 * updates] == nil { chosen[layer + 100 * updates] = largest(w, kept) }
        let active = chosen[layer + 100 * updates] ?? []
        #expect(active.count == kept)
        let isIn = w.indices.map { active.contains($0) }
        return (w.indices.map { isIn[$0] ? w[$0] : 0 }, isIn, w.map { _ in true })
      }
    }
    try check(Double.self, 1e-12)
    try check(Float.self, 1e-4)
  }

  /// Layers of any density, dense ones as full patterns, through sparse kernels and through OpenBLAS.
  @Test(arguments: 0..<40) func softThresholdsAgreeWithMaskedDenseLayers(number: Int) throws {
    var str = try topology(.str, ["threshold_rate": 20, "every": 1000])
    try str.set("threshold_start", [-20, -4, -3, -2, 0][number % 5])
    func check<T: Scalar>(_: T.Type, _ tolerance: T) throws {
      try compare(Shape(number), str, tolerance) { (network: Network<T>, layer, w) in
        let t = T(try network.layerValue(layer, "threshold"))
        let isIn = w.map { $0.magnitude > t }
        return (w.map { $0.magnitude > t ? ($0 < 0 ? $0 + t : $0 - t) : 0 }, isIn, isIn)
      }
    }
    try check(Double.self, 1e-12)
    try check(Float.self, 1e-4)
  }

  private func compare<T: Scalar>(
    _ shape: Shape, _ method: TopologyMethod, _ tolerance: T, _ rule: Rule<T>
  ) throws {
    let layers = zip(zip(shape.units, shape.densities), shape.activations)
    let network = try Network<T>(
      inputs: shape.inputs, layers: layers.map { .linear($0.0, density: $0.1, activation: $1) }, seed: 5,
      maximumBatch: shape.batch)
    let dense = try Network<T>(
      inputs: shape.inputs, layers: layers.map { .linear($0.0, activation: $1) }, seed: 6, maximumBatch: shape.batch)
    try network.setOptimizer(optimizer(.sgd, ["learning_rate": 0.05, "momentum": 0.9]))
    try network.setTopology(method)
    var random = RandomSource(seed: UInt64(shape.batch))
    for step in 0..<6 {
      let w = try parameters(network)
      let offsets = try shape.units.indices.map { Int(try network.layerValue($0 + 1, "offset")) }
      // The dense network's weights: what forward should use, 0 elsewhere; the same biases.
      var masked: [T] = []
      var places: [(at: [Int], learns: [Bool])] = []
      var flops: [Double] = []
      for (layer, units) in shape.units.enumerated() {
        let inputs = shape.inputs(of: layer)
        let (rows, columns) = try network.coordinates(ofLayer: layer + 1)
        let stored = Array(w[offsets[layer]..<offsets[layer] + rows.count])
        let (used, isIn, learns) = try rule(network, layer + 1, stored)
        let at = rows.indices.map { masked.count + Int(rows[$0]) * inputs + Int(columns[$0]) }
        masked += [T](repeating: 0, count: inputs * units)
        for slot in rows.indices { masked[at[slot]] = used[slot] }
        masked += try network.layerParameters(layer + 1).bias
        places.append((at, learns))
        flops.append(Double(2 * isIn.filter { $0 }.count))
      }
      try dense.withParameters { values, _ in for i in masked.indices { values[i] = masked[i] } }
      let x = (0..<shape.inputs * shape.batch).map { _ in T(random.uniform() - 0.5) }
      let dy = (0..<dense.outputs * shape.batch).map { _ in T(random.uniform() - 0.5) }
      func agree(_ got: [T], _ wanted: [T], _ what: String) {
        #expect(zip(got, wanted).allSatisfy { ($0 - $1).magnitude <= tolerance * T(shape.batch) }, "\(shape), \(step): \(what)")
      }
      agree(try network.predict(x), try dense.predict(x), "inference")
      #expect(try shape.units.indices.map { try network.layerValue($0 + 1, "flops") } == flops, "\(shape), \(step)")
      agree(try network.forward(x), try dense.forward(x), "y")
      agree(try network.backward(dy), try dense.backward(dy), "dx")
      let (dw, wanted) = (try gradients(network), try gradients(dense))
      for (layer, place) in places.enumerated() {
        let expected = place.at.indices.map { place.learns[$0] ? wanted[place.at[$0]] : 0 }
        agree(Array(dw[offsets[layer]..<offsets[layer] + place.at.count]), expected, "dw of layer \(layer + 1)")
      }
      try network.update()
      if step % 2 == 1 { try network.evolveNow(dropFraction: 0.2) }
    }
  }

  /// The same bits for any number of threads, and it learns.
  @Test func topKASTLearns() throws {
    let training = TrainingTests()
    let (x, labels) = training.points(640)
    var runs: [[UInt32]] = []
    for threads in [1, 2] {
      let network = try training.classifier(.static, threads: threads)
      try network.setTopology(topology(.topKast, ["every": 5, "until": 80, "exploration_decay": 1e-5]))
      for _ in 0..<15 { try network.trainEpoch(x.span, labels: labels.span, batchSize: 32) }
      #expect(try network.evaluate(x.span, labels: labels.span).accuracy > 0.97)
      #expect(try network.layerValue(1, "connections") == 640)
      runs.append(try parameters(network).map(\.bitPattern))
    }
    #expect(runs[0] == runs[1])
  }
}
