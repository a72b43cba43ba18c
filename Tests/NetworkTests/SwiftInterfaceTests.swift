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
}
