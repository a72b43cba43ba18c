import Base
import Sparse
import Testing
import Topology

/// How many connections there are over time, for methods that thin.
@Suite struct DensityTests {
  @Test("the room that layers need is found for layers of any size", arguments: TopologyKind.allCases)
  func largestCapacities(_ kind: TopologyKind) {
    let most = (1 << 31 - 1) * (1 << 31 - 1)
    let layers = [Int](repeating: most, count: 5).map { (connections: $0, positions: $0) }
    #expect(TopologyMethod(kind).plan.capacities(layers) == layers.map(\.positions))
  }

  /// Zhu and Gupta's cubic, 0 -> 0.98 from step 3000 to 7000, on 784 x 300; zeros are counted down.
  /// Step 5000: 0.8575 of 235,200 would be 201,684; in doubles, as the codes compute it, the product is a little less.
  @Test func theCubicOfGradualPruning() {
    let schedule = DensitySchedule.ramp(final: 0.02, begin: 3000, end: 7000, power: 3)
    for (step, sparsity, zeros) in [
      (3100, 0.0716778125, 16858), (4000, 0.5665625, 133_255), (5000, 0.8575, 201_683), (6000, 0.9646875, 226_894),
      (7000, 0.98, 230_496), (0, 0, 0), (3000, 0, 0), (9000, 0.98, 230_496),
    ] {
      let s = schedule.sparsity(at: step, initial: 0)
      #expect(abs(s - sparsity) < 1e-14, "\(step)")
      #expect(235_200 - Distribution.connections(sparsity: s, positions: 235_200) == zeros, "\(step)")
    }
    // jaxpruner counts a step further: its step 9 of 0 ... 20 is time 10 here.
    #expect(DensitySchedule.ramp(final: 0.5, begin: 0, end: 20, power: 3).sparsity(at: 10, initial: 0) == 0.4375)
  }

  @Test func gradualPruningKeepsTheLargest() throws {
    let method = try method(
      .gradual, ["final_density": 0.02, "density_begin": 3000, "density_end": 7000, "every": 100])
    let fleet = try Fleet<Float>(method, [(300, 784, 235_200)]) { Float(($1 &* 7919) % 235_200 + 1) }
    for (step, zeros) in [(3000, 0), (3100, 16858), (4000, 133_255), (5000, 201_683), (6000, 226_894), (7000, 230_496)] {
      try fleet.topology.evolve(step: step)
      #expect(fleet.counts == [235_200 - zeros])
      // The weights are 1 ... 235,200 shuffled: what is left are the last ones.
      let least = (0..<fleet.counts[0]).map { fleet.subjects[0].weights[$0] }.min()
      #expect(least == Float(zeros + 1))
    }
    #expect(fleet.subjects[0].pattern.violation() == nil)
  }

  /// AC/DC on CIFAR-100: 100 epochs, thinned at 10, 20, ..., 70, dense again at 15, 25, ..., 75, and thin from 85 on.
  @Test func thePhasesOfACDC() throws {
    let method = try method(
      .acdc, ["final_density": 0.1, "density_begin": 10, "density_end": 85, "phase": 5, "every": 5, "clock": 1])
    let fleet = try Fleet<Double>(method, [(10, 20, 200), (5, 10, 50)]) { Double($0 * 200 + $1 + 1) }
    var thinned: [Int] = []
    var dense: [Int] = []
    for epoch in 1...100 where fleet.topology.isDue(step: epoch) {
      fleet.topology.noteDue(step: epoch)
      let before = fleet.counts.reduce(0, +)
      let survivors = fleet.state(0)
      try fleet.topology.evolve(step: epoch)
      let after = fleet.counts.reduce(0, +)
      if after < before { thinned.append(epoch) }
      if after > before {
        dense.append(epoch)
        // Those that come back start at 0, those that were there go on.
        for (position, value) in fleet.state(0) {
          let old = survivors[position] ?? (0, 0)
          #expect(value.weight == old.weight && value.moment == old.moment)
        }
        for layer in fleet.subjects {
          for slot in 0..<layer.pattern.connections where layer.weights[slot] == 0 {
            layer.weights[slot] = Double((slot &* 37) % 101 + 1)
          }
        }
      }
      #expect(after == 250 || after == 25)
    }
    #expect(thinned == [10, 20, 30, 40, 50, 60, 70, 85])
    #expect(dense == [15, 25, 35, 45, 55, 65, 75])
    #expect(fleet.counts.reduce(0, +) == 25)
  }

  /// One threshold over all layers; the best connection of each stays, and the total is exact all the same.
  @Test func aGlobalThresholdSparesEveryLayer() throws {
    for density in [0.5, 0.1, 0.02, 0.011] {
      let method = try method(
        .acdc, ["final_density": density, "density_begin": 1, "density_end": 2, "phase": 1, "every": 1])
      // The weights of layers 2 and 3 are all smaller than those of layer 1.
      let fleet = try Fleet<Float>(method, [(20, 20, 400), (10, 5, 50), (5, 10, 50)]) { layer, slot in
        layer == 0 ? Float(1000 + slot) : Float(slot + 1) / Float(layer + 1)
      }
      try fleet.topology.evolve(step: 2)
      let counts = fleet.counts
      let wanted = Distribution.connections(density: density, positions: 500)
      #expect(counts.reduce(0, +) == wanted, "\(density)")
      #expect(counts[1] == 1 && counts[2] == 1 && counts[0] == wanted - 2)
      #expect(fleet.subjects[1].weights[0] == 25 && fleet.subjects[2].weights[0] == 50.0 / 3)
    }
  }

  /// GraNet thins by one threshold over all layers and exchanges a share of each layer's connections for those with the
  /// largest gradient.
  @Test func granetThinsAndRegenerates() throws {
    let method = try method(
      .granet, ["final_density": 0.1, "density_begin": 0, "density_end": 100, "every": 10, "until": 100])
    let fleet = try Fleet<Double>(method, [(20, 30, 300), (10, 20, 100)]) { layer, slot in
      Double((slot &* 61) % 307 + 1) * (layer == 0 ? 1 : 2)
    }
    let initial = 400.0 / 800
    for step in stride(from: 0, through: 100, by: 10) {
      let x = Double(step) / 100
      let sparsity = 0.9 + (1 - initial - 0.9) * (1 - x) * (1 - x) * (1 - x)
      let wanted = min(400, Distribution.connections(sparsity: sparsity, positions: 800))
      // What a threshold over all leaves to each layer.
      let all = (0...1).flatMap { layer in fleet.state(layer).values.map { ($0.weight.magnitude, layer) } }
      let kept = all.sorted { $0.0 == $1.0 ? $0.1 < $1.1 : $0.0 > $1.0 }.prefix(wanted)
      let fraction = fleet.topology.dropFraction(step: step)
      try fleet.topology.evolve(step: step)
      for layer in 0...1 {
        let count = kept.filter { $0.1 == layer }.count
        #expect(fleet.counts[layer] == count, "\(step), \(layer)")
        #expect(fleet.topology.layers[layer].grown <= Int((fraction * Double(count)).rounded(.up)))
        #expect(fleet.subjects[layer].pattern.violation() == nil)
      }
      // Distinct magnitudes, so that the reference above has no ties.
      for (layer, subject) in fleet.subjects.enumerated() {
        for slot in 0..<subject.pattern.connections where subject.weights[slot] == 0 {
          subject.weights[slot] = Double(step + 1) / 1000 + Double(slot) / 1e6 + Double(layer) / 1e9
        }
      }
    }
    #expect(fleet.counts.reduce(0, +) == 80)
  }
}
