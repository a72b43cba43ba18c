import Base
import Machine
import Sparse
import Testing
import Topology

/// STR: a threshold that is learned, and what is left when it ends.
@Suite struct SoftThresholdTests {
  /// s moves by the rate times (-sigmoid'(s) sum sign(w) g over the weights above + decay s); what is below has no say.
  @Test(arguments: [-5.0, -2, 0, 1.5]) func learns(start: Double) throws {
    let weights = [0.3, -0.05, 0.119, -0.2, 0.9, -0.95]
    let slopes = [2.0, 100, -70, 3, 0.5, -1]
    let str = try method(.str, ["threshold_start": start, "threshold_decay": 0.02, "threshold_rate": 3])
    let layer = try Layer<Double>(mask: [1, 1, 1, 1, 1, 1], rows: 2, weights: weights, moments: weights)
    let subject = Subject<Double>(layer.pattern)
    for slot in weights.indices { subject.weights[slot] = weights[slot] }
    subject.gradients = Gradients(slopes, columns: 3)
    let topology = try TopologyInstance(str, layers: [(subject, layer.pattern)], seed: 1, streams: [0])
    topology.selectForward()
    var s = start
    for scale in [1, 0.25, 1] {
      let t = 1 / (1 + exp(-s))
      #expect(abs((subject.threshold ?? 0) - t) < 1e-14)
      #expect(topology.layers[0].softThreshold == subject.threshold)
      var sum = 0.0
      for (w, g) in zip(weights, slopes) where abs(w) > t { sum += w < 0 ? -g : g }
      topology.beforeStep(gradientScale: scale)
      s -= 3 * subject.learningRate * (-t * (1 - t) * sum * scale + 0.02 * s)
    }
    #expect(abs((subject.threshold ?? 0) - 1 / (1 + exp(-s))) < 1e-14)
    #expect((0..<6).allSatisfy { subject.weights[$0] == weights[$0] })
  }

  private func exp(_ x: Double) -> Double {
    // Of x / 64, whose series is exact after 20 terms; squaring six times makes 64 units in the last place of its error.
    var (term, sum) = (1.0, 1.0)
    for n in 1...20 {
      term *= x / 64 / Double(n)
      sum += term
    }
    for _ in 0..<6 { sum *= sum }
    return sum
  }

  /// Over random shapes: before the last update the wanted share of those below the threshold goes, the smallest; at the last
  /// one all, and what is left is what forward used, with its moments; one connection of a layer is left in any case.
  @Test(arguments: 0..<24) func endsTrulySparse(seed: Int) throws {
    var random = RandomSource(seed: UInt64(seed))
    let small = uglyShapes.filter { $0.connections <= 4001 }
    let shapes = (0...random.below(3)).map { _ in small[random.below(small.count)] }
    let share = [0, 0.5, 1][seed % 3]
    let start = [-1000, -3, 0, 1000][seed % 4]
    let str = try method(
      .str, ["threshold_start": Double(start), "drop_fraction": share, "every": 2, "until": 5])
    let fleet = try Fleet<Float>(str, shapes, seed: UInt64(seed)) { _, _ in Float(random.uniform() * 2 - 1) }
    fleet.topology.begin()
    for step in [2, 4] {
      let before = shapes.indices.map { fleet.state($0) }
      let thresholds = fleet.subjects.map { $0.threshold ?? .nan }
      try fleet.topology.evolve(step: step)
      for (layer, subject) in fleet.subjects.enumerated() {
        let t = thresholds[layer]
        let below = before[layer].filter { !($0.value.weight.magnitude > t) }
        let now = fleet.state(layer)
        #expect(subject.pattern.violation() == nil)
        let going = step == 4 ? below.count : Int(Float(below.count) * Float(share))
        #expect(now.count == max(1, before[layer].count - going))
        let smallest = below.map(\.value.weight.magnitude).sorted().prefix(going).last ?? 0
        for (position, value) in now {
          guard let old = before[layer][position] else {
            Issue.record("\(position) came from nowhere")
            continue
          }
          let w = old.weight
          let shrunk = w.magnitude > t ? (w < 0 ? w + t : w - t) : 0
          #expect(value.weight == (step == 4 ? shrunk : w) && value.moment == old.moment)
          #expect(w.magnitude >= smallest || now.count == 1)
        }
        #expect((subject.threshold == nil) == (step == 4))
        #expect(fleet.topology.layers[layer].hasSettled == (step == 4))
      }
    }
    // Over for good.
    let counts = fleet.counts
    fleet.topology.beforeStep()
    try fleet.topology.evolve(step: 9, dropFraction: 1)
    #expect(fleet.counts == counts && fleet.subjects.allSatisfy { $0.threshold == nil })
  }

  @Test(
    arguments: [
      ["forward_share": 0.5], ["final_density": 0.5, "density_end": 9], ["constant_fan_in": 1, "grow": 1], ["soft": 1],
      ["redistribute": 1], ["threshold": 0.1], ["drop": 1], ["replaces_step": 1],
    ] as [[String: Double]])
  func contradictionsAreRefused(options: [String: Double]) throws {
    let method = try method(.str, options)
    do {
      try method.check()
      Issue.record("\(options) were accepted")
    } catch {
      #expect(error.kind == .invalidArgument && error.message.contains("soft_threshold"), "\(error.message)")
    }
  }
}
