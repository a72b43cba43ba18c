import Espalier
import Testing

/// Scores, reductions and densities as closures.
@Suite struct CallbackTests {
  private func network(_ method: TopologyMethod) throws -> Network<Double> {
    let network = try Network<Double>(
      inputs: 6, layers: [.linear(9, density: 0.4, activation: .tanh), .linear(5, density: 0.5)], seed: 8)
    try network.setOptimizer(optimizer(.adam, ["learning_rate": 0.01]))
    try network.setTopology(method)
    return network
  }

  private func train(_ network: Network<Double>, steps: Int) throws {
    let x = (0..<24).map { Double(($0 * 7) % 11) / 11 - 0.5 }
    let target = (0..<20).map { Double(($0 * 5) % 7) / 7 }
    for _ in 0..<steps { try network.trainStep(x.span, target: target.span) }
  }

  @Test func scoresAreWhatRigLComputes() throws {
    var rigl = TopologyMethod(.rigl)
    try rigl.set("every", 2)
    var own = rigl
    try own.setDrop(
      ScoreFunction<Double> { view, scores in
        for i in 0..<view.connections { scores[i] = abs(view.weights[i]) }
        return view.rows == 0..<view.units
      })
    try own.setGrow(
      ScoreFunction<Double> { view, scores in
        // The gradient at a connection is the one that the view has.
        for row in view.rows {
          for slot in Int(view.rowStart[row])..<Int(view.rowStart[row + 1]) {
            let place = (row - view.rows.lowerBound) * view.inputs + Int(view.columns[slot])
            guard abs(scores[place] - view.gradients[slot]) < 1e-12 else { return false }
          }
        }
        return view.moments.0 != nil && view.moments.1 != nil && view.moments.2 == nil
      })
    let (a, b) = (try network(rigl), try network(own))
    try train(a, steps: 12)
    try train(b, steps: 12)
    #expect(try parameters(a) == parameters(b))
    #expect(try a.coordinates(ofLayer: 1).columns == b.coordinates(ofLayer: 1).columns)
    #expect(try b.layerValue(1, "topology_updates") == 4)
  }

  @Test func theWrongPrecisionIsRefused() throws {
    var own = TopologyMethod(.set)
    try own.setDrop(ScoreFunction<Float> { _, _ in true })
    #expect(throws: Failure.self) { try network(own) }
    // Taken away again it is SET.
    try own.setDrop(nil as ScoreFunction<Float>?)
    #expect(try own.get("drop") == 0)
    _ = try network(own)
    var fixed = TopologyMethod(.static)
    #expect(throws: Failure.self) { try fixed.setGrow(ScoreFunction<Double> { _, _ in true }) }
  }

  @Test func aReductionSeesEveryPosition() throws {
    var rigl = TopologyMethod(.rigl)
    try rigl.set("every", 2)
    let (alone, summed) = (try network(rigl), try network(rigl))
    summed.setReduction { layer, values in
      for i in values.indices { values[i] *= 2 }
      return values.count == (layer == 1 ? 54 : 45)
    }
    try train(alone, steps: 9)
    try train(summed, steps: 9)
    #expect(try parameters(alone) == parameters(summed))
    summed.setReduction { _, _ in false }
    let before = try parameters(summed)
    #expect(throws: Failure.self) { try summed.evolveNow(dropFraction: 0.5) }
    #expect(try parameters(summed) == before)
    summed.setReduction(nil)
    try summed.evolveNow(dropFraction: 0.5)
    #expect(try parameters(summed) != before)
  }

  /// Called on the thread of the call that updates.
  private final class Seen: @unchecked Sendable {
    var counts: [Int: [Int]] = [:]
  }

  /// Sampled growth hands out what its sampling needs of units and inputs, then the candidates, here one for
  /// two connections; fewer when those that are active have not so many free positions.
  @Test(arguments: [0.0, 1, 2]) func aReductionSeesWhatIsSampled(sampling: Double) throws {
    var method = TopologyMethod(.sampled)
    for (name, value) in [("every", 2), ("sampling", sampling), ("candidates", 0.5)] { try method.set(name, value) }
    let (alone, summed) = (try network(method), try network(method))
    let seen = Seen()
    summed.setReduction { layer, values in
      for i in values.indices { values[i] *= 2 }
      seen.counts[layer, default: []].append(values.count)
      return true
    }
    try train(alone, steps: 9)
    try train(summed, steps: 9)
    #expect(try parameters(alone) == parameters(summed))
    #expect(try alone.coordinates(ofLayer: 1).columns == summed.coordinates(ofLayer: 1).columns)
    let activity = sampling == 0 ? [[], []] : [[9, 6], [5, 9]]
    for layer in [1, 2] {
      let candidates = Int((0.5 * (try summed.layerValue(layer, "connections"))).rounded(.up))
      let counts = try #require(seen.counts[layer])
      let period = activity[layer - 1].count + 1
      #expect(counts.count == 4 * period)
      for (i, count) in counts.enumerated() {
        if i % period < period - 1 {
          #expect(count == activity[layer - 1][i % period])
        } else {
          #expect(sampling == 0 ? count == candidates : (1...candidates).contains(count))
        }
      }
    }
  }

  @Test func densities() throws {
    let network = try Network<Float>(inputs: 10)
    try network.addLinear(8, density: 0.5)
    try network.addLinear(4)
    try network.setDensities { layers, densities in
      for (i, layer) in layers.enumerated() { densities[i] = Double(layer.layer) / Double(layer.inputs) }
      return layers.map(\.units) == [8, 4]
    }
    try network.build(maximumBatch: 2)
    #expect(try network.layerValue(1, "connections") == 8)
    #expect(try network.layerValue(2, "connections") == 8)
  }
}
