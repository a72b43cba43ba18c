import Espalier
import Testing

/// Sparse layers through OpenBLAS: the same results as without it.
@Suite struct CrossoverTests {
  /// 5 is never, 0 always; the third changes its mind after build.
  private func networks(batch: Int) throws -> [Network<Double>] {
    try [5.0, 0, 5].enumerated().map { number, crossover in
      let network = try Network<Double>(inputs: 37, seed: 5)
      try network.addLinear(41, density: 0.7, activation: .gelu)
      try network.addLinear(23, density: 0.15, activation: .relu)
      try network.addLinear(4, density: 0.9)
      network.setLoss(.softmaxCrossEntropy)
      try network.setOption("dense_crossover", crossover)
      try network.setOption("accumulate", 2)
      var sgd = Optimizer(.sgd)
      try sgd.set("learning_rate", 0.05)
      try network.setOptimizer(sgd)
      try network.build(maximumBatch: batch)
      if number == 2 { try network.setOption("dense_crossover", 0) }
      return network
    }
  }

  @Test(arguments: [1, 5, 65, 130]) func bothWaysAgree(batch: Int) throws {
    let all = try networks(batch: batch)
    for step in 0..<6 {
      let (x, t) = samples(batch, inputs: 37, outputs: 4, loss: .softmaxCrossEntropy, seed: UInt64(step))
      let (flatX, flatT) = (x.flatMap { $0 }, t.flatMap { $0 })
      var found: [[Double]] = []
      for network in all {
        var values = [try network.trainStep(flatX.span, target: flatT.span)]
        // All weights and gradients there are: one a connection, so that absent ones have no place to appear in.
        try network.withParameters { w, dw in
          values += w.indices.map { w[$0] }
          values += dw.indices.map { dw[$0] }
        }
        values += try network.forward(flatX)
        values += try network.backward(flatT)
        found.append(values)
      }
      // Sums of up to 130 terms in another order, in double.
      let same = zip(found[0], found[1]).allSatisfy { abs($0 - $1) <= 1e-12 * max(1, abs($0)) }
      #expect(same && found[0].count == found[1].count, "batch \(batch), step \(step)")
      #expect(found[1] == found[2], "set after build, batch \(batch), step \(step)")
    }
    // The two ways round differently somewhere: it is not the same code twice.
    let weights = try all.map { network in
      var values: [Double] = []
      try network.withParameters { w, _ in values = w.indices.map { w[$0] } }
      return values
    }
    #expect(batch == 1 || weights[0] != weights[1])
    let connections = try (1...3).map { try all[1].layerValue($0, "connections") }
    #expect(connections == (try (1...3).map { try all[0].layerValue($0, "connections") }))
  }

  /// The scratch of units x inputs is there only where it may be used.
  @Test func scratchIsOnlyForThoseWhoUseIt() throws {
    let all = try networks(batch: 8)
    let bytes = try all.map { try $0.value("bytes") }
    // 37 x 41 positions instead of the 70 % that are connections, 8 bytes each.
    #expect(bytes[1] - bytes[0] == 8 * Double(37 * 41 - Int(try all[0].layerValue(1, "connections"))))
    #expect(bytes[1] == bytes[2])
    try all[1].setOption("dense_crossover", 5)
    #expect(try all[1].value("bytes") == bytes[0])
    #expect(throws: Failure.self) { try all[1].setOption("dense_crossover", -0.5) }
    #expect(throws: Failure.self) { try all[1].setOption("dense_crossover", .nan) }
    #expect(try all[1].value("dense_crossover") == 5)
  }
}
