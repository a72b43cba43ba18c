import Base
import KernelInterface
import Layers
import Machine
import Sparse
import Testing

/// What sampled growth asks of a layer, against the dense gradient and sums written out.
@Suite struct SampledGradientTests {
  private struct Fixture<T: Scalar> {
    let layer: Linear<T>
    let values: Buffer<T>
    let gradients: Buffer<T>
    var x: [[T]] = []
    var dz: [[T]] = []
    let input: Buffer<T>
    let shape: PanelShape

    /// One backward pass of random samples; padding of the input holds junk.
    init(inputs: Int, units: Int, batch: Int, seed: UInt64) throws {
      var random = RandomSource(seed: seed)
      let positions = inputs * units
      let pattern = try Pattern(
        rows: units, columns: inputs, connections: Swift.max(1, positions / 3), random: &random)
      layer = try Linear<T>(
        inputs: inputs, units: units, pattern: pattern, hasBias: true, activation: .tanh, negativeSlope: 0,
        denseCrossover: 2, owner: "layer")
      shape = PanelShape(batch: batch, elementSize: MemoryLayout<T>.stride)
      try layer.plan(elements: shape.elements(features: 1))
      values = try Buffer(count: pattern.connections + units)
      gradients = try Buffer(count: pattern.connections + units)
      layer.weights.place(values: values.pointer, gradient: gradients.pointer)
      layer.bias?.place(values: values.pointer + pattern.connections, gradient: gradients.pointer + pattern.connections)
      layer.share(try Buffer(count: layer.scratchElements))
      for i in 0..<values.count { values.pointer[i] = T(random.uniform() - 0.5) }
      input = try Buffer(count: shape.elements(features: inputs))
      for i in 0..<input.count { input.pointer[i] = 77 }
      for s in 0..<batch {
        x.append((0..<inputs).map { _ in T(random.uniform() - 0.5) })
        for f in 0..<inputs { input.pointer[Self.at(s, f, inputs, shape)] = x[s][f] }
      }
      let pass = Pass(shape: shape, training: true, key: 1, accumulate: false, executor: try ThreadPool(threads: 2))
      layer.forward(UnsafePointer(input.pointer), pass)
      for i in 0..<shape.elements(features: units) { layer.outputGradient[i] = 0 }
      for s in 0..<batch {
        for u in 0..<units { layer.outputGradient[Self.at(s, u, units, shape)] = T(random.uniform() - 0.5) }
      }
      layer.backward(UnsafePointer(input.pointer), inputGradient: nil, pass)
      for s in 0..<batch { dz.append((0..<units).map { layer.outputGradient[Self.at(s, $0, units, shape)] }) }
    }

    static func at(_ sample: Int, _ feature: Int, _ features: Int, _ shape: PanelShape) -> Int {
      (sample / shape.width * features + feature) * shape.width + sample % shape.width
    }
  }

  @Test(arguments: [(1, 1, 1), (17, 5, 3), (40, 23, 64), (9, 70, 200), (33, 2, 100)])
  func gradientsAndActivity(inputs: Int, units: Int, batch: Int) throws {
    try check(inputs, units, batch, Float.self, 1e-5)
    try check(inputs, units, batch, Double.self, 1e-13)
  }

  private func check<T: Scalar>(_ inputs: Int, _ units: Int, _ batch: Int, _: T.Type, _ tolerance: T) throws {
    var random = RandomSource(seed: UInt64(inputs))
    let history = try GradientHistory<T>(
      batches: 2, decay: 0.5, inputs: inputs, outputs: units, elements: 256, owner: "layer")
    let chosen = (0..<units * inputs).filter { _ in random.below(3) > 0 }.map {
      Position(row: $0 / inputs, column: $0 % inputs)
    }
    guard !chosen.isEmpty else { return }
    let places = try PositionRows(rows: units, columns: inputs, capacity: chosen.count)
    chosen.withUnsafeBufferPointer { if let base = $0.baseAddress { places.set(base, count: chosen.count) } }
    var gradient = [T](repeating: 9, count: chosen.count)
    let signs = SignSequence(key: 8)
    // What the mean of two batches must come to.
    var means = [T](repeating: 0, count: chosen.count)
    var unitSums = [T](repeating: 0, count: units)
    for (number, weight) in [(0, T(0.5)), (1, 1)] {
      let fixture = try Fixture<T>(inputs: inputs, units: units, batch: batch, seed: UInt64(number))
      let panels = try #require(fixture.layer.gradientPanels)
      fixture.layer.gradient(panels, at: places, into: &gradient, accumulate: false)
      for (i, position) in chosen.enumerated() {
        let expected = (0..<batch).reduce(T(0)) { $0 + fixture.dz[$1][position.row] * fixture.x[$1][position.column] }
        #expect((gradient[i] - expected).magnitude <= tolerance * T(batch))
        means[i] += weight * expected / 1.5
      }
      for used in [nil, signs] {
        var unitActivity = [T](repeating: 1, count: units)
        var inputActivity = [T](repeating: 1, count: inputs)
        fixture.layer.addActivity(
          panels, signs: used, first: 0, weight: 1, units: &unitActivity, inputs: &inputActivity)
        func sum(_ value: (Int) -> T) -> T {
          (0..<batch).reduce(T(1)) {
            $0 + (used == nil ? value($1).magnitude : signs.isNegative($1) ? -value($1) : value($1))
          }
        }
        for unit in 0..<units {
          #expect((unitActivity[unit] - sum { fixture.dz[$0][unit] }).magnitude <= tolerance * T(batch))
        }
        for input in 0..<inputs {
          #expect((inputActivity[input] - sum { fixture.x[$0][input] }).magnitude <= tolerance * T(batch))
        }
      }
      for unit in 0..<units {
        unitSums[unit] += weight * (0..<batch).reduce(T(0)) { $0 + fixture.dz[$1][unit].magnitude }
      }
      history.record(panels)
      if number == 1 {
        history.gradient(of: fixture.layer, at: places, into: &gradient)
        for (mean, value) in zip(means, gradient) { #expect((mean - value).magnitude <= 2 * tolerance * T(batch)) }
        var unitActivity = [T](repeating: 0, count: units)
        var inputActivity = [T](repeating: 0, count: inputs)
        history.addActivity(of: fixture.layer, signs: nil, units: &unitActivity, inputs: &inputActivity)
        for (sum, value) in zip(unitSums, unitActivity) { #expect((sum - value).magnitude <= 2 * tolerance * T(batch)) }
      }
    }
  }
}
