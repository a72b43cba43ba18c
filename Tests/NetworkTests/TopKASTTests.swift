import Espalier
import Testing

/// Forward and dx with the largest part of what is stored, gradients for all of it: against dense layers with a mask.
@Suite struct TopKASTTests {
  /// Slots of the largest |w|, ties to the lower slot.
  private func largest<T: Scalar>(_ w: [T], _ count: Int) -> Set<Int> {
    Set(w.indices.sorted { w[$0].magnitude == w[$1].magnitude ? $0 < $1 : w[$0].magnitude > w[$1].magnitude }.prefix(count))
  }

  @Test(arguments: [(1, 0.6), (13, 0.25), (70, 0.5)]) func agreesWithMaskedDenseLayers(batch: Int, share: Double) throws {
    try compare(batch, share, Double.self, 1e-12)
    try compare(batch, share, Float.self, 1e-4)
  }

  private func compare<T: Scalar>(_ batch: Int, _ share: Double, _: T.Type, _ tolerance: T) throws {
    let shapes = [(inputs: 23, units: 40), (inputs: 40, units: 30), (inputs: 30, units: 6)]
    let kinds: [Activation] = [.tanh, .gelu, .identity]
    let network = try Network<T>(
      inputs: 23,
      layers: [
        .linear(40, density: 0.4, activation: .tanh), .linear(30, density: 0.5, activation: .gelu), .linear(6, density: 0.7),
      ], seed: 5, maximumBatch: batch)
    let dense = try Network<T>(
      inputs: 23, layers: zip(shapes, kinds).map { .linear($0.units, activation: $1) }, seed: 6, maximumBatch: batch)
    try network.setOptimizer(optimizer(.sgd, ["learning_rate": 0.1, "momentum": 0.9]))
    try network.setTopology(topology(.topKast, ["forward_share": share, "every": 1000]))
    var random = RandomSource(seed: UInt64(batch))
    var starts = [0]
    for layer in 1...3 {
      starts.append(starts[layer - 1] + Int(try network.layerValue(layer, "connections")) + shapes[layer - 1].units)
    }
    for round in 0..<4 {
      var places: [(rows: [Int32], columns: [Int32])] = []
      var active: [Set<Int>] = []
      for layer in 1...3 {
        let count = Int(try network.layerValue(layer, "connections"))
        let w = Array(try parameters(network)[starts[layer - 1]..<starts[layer - 1] + count])
        let kept = count - Int(((1 - share) * Double(count)).rounded(.down))
        active.append(largest(w, kept))
        places.append(try network.coordinates(ofLayer: layer))
        #expect(try network.layerValue(layer, "flops") == Double(2 * kept))
      }
      for step in 0..<2 {
        let w = try parameters(network)
        // The dense network's weights: those that take part, 0 elsewhere; the same biases.
        var masked: [T] = []
        for (layer, shape) in shapes.enumerated() {
          var matrix = [T](repeating: 0, count: shape.inputs * shape.units)
          for slot in active[layer] {
            matrix[Int(places[layer].rows[slot]) * shape.inputs + Int(places[layer].columns[slot])] = w[starts[layer] + slot]
          }
          masked += matrix + w[starts[layer + 1] - shape.units..<starts[layer + 1]]
        }
        try dense.withParameters { values, _ in for i in masked.indices { values[i] = masked[i] } }
        let x = (0..<23 * batch).map { _ in T(random.uniform() - 0.5) }
        let dy = (0..<6 * batch).map { _ in T(random.uniform() - 0.5) }
        let (y, dx) = try pass(network, x, dy, batch)
        let (wantedY, wantedDx) = try pass(dense, x, dy, batch)
        let name = "batch \(batch), share \(share), round \(round), step \(step)"
        #expect(zip(y, wantedY).allSatisfy { ($0 - $1).magnitude <= tolerance }, "\(name)")
        #expect(zip(dx, wantedDx).allSatisfy { ($0 - $1).magnitude <= tolerance }, "\(name)")
        // Gradients of everything stored, also of what forward left out.
        let (dw, wantedDw) = (try gradients(network), try gradients(dense))
        var begin = 0
        for (layer, shape) in shapes.enumerated() {
          for slot in places[layer].rows.indices {
            let at = begin + Int(places[layer].rows[slot]) * shape.inputs + Int(places[layer].columns[slot])
            #expect((dw[starts[layer] + slot] - wantedDw[at]).magnitude <= tolerance * T(batch), "\(name)")
          }
          begin += (shape.inputs + 1) * shape.units
        }
        // Inference as well.
        var predicted = [T](repeating: 0, count: 6 * batch)
        var view = predicted.mutableSpan
        let samples = x.span
        try network.predict(samples, into: &view)
        #expect(zip(predicted, y).allSatisfy { ($0 - $1).magnitude <= tolerance }, "\(name)")
        _ = try pass(network, x, dy, batch)
        try network.update()
      }
      try network.evolveNow(dropFraction: 0.2)
    }
  }

  private func pass<T: Scalar>(_ network: Network<T>, _ x: [T], _ dy: [T], _ batch: Int) throws -> (y: [T], dx: [T]) {
    var y = [T](repeating: 0, count: 6 * batch)
    var dx = [T](repeating: 0, count: 23 * batch)
    var yView = y.mutableSpan
    var dxView = dx.mutableSpan
    let (xSpan, dySpan) = (x.span, dy.span)
    try network.forward(xSpan, into: &yView)
    try network.backward(dySpan, into: &dxView)
    return (y, dx)
  }

  /// The same bits for any number of threads, and it learns.
  @Test func learns() throws {
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
