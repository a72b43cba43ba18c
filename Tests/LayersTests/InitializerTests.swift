import Base
import Sparse
import Testing

@testable import Layers

@Suite struct InitializerTests {
  /// ALGORITHMS B1, unit-scaled: mask (in x out) [[1,0],[1,1],[0,1],[1,0]], scale 2, fan-in: units of fan 3 and 2.
  @Test func sparseFanIn() {
    #expect(abs(Initializer.heNormal.deviation(fanIn: 3, fanOut: 1) - 0.81649658) < 1e-8)
    #expect(Initializer.heNormal.deviation(fanIn: 2, fanOut: 1) == 1)
    #expect(Initializer.glorotUniform.deviation(fanIn: 3, fanOut: 5) == 0.5)
    // A unit without connections divides by 1, not by 0.
    #expect(Initializer.heUniform.deviation(fanIn: 0, fanOut: 0) == 2.0.squareRoot())
  }

  @Test(arguments: [Initializer.heUniform, .heNormal, .glorotUniform, .glorotNormal])
  func varianceFollowsEachUnitsFanIn(_ initializer: Initializer) throws {
    // One unit of fan-in 20000 and one of 2000 over 20000 inputs.
    let rowStart: [Int64] = [0, 20000, 22000]
    let values = try Buffer<Double>(count: 22000)
    var random = RandomSource(seed: 5)
    try initializer.fill(values.pointer, rows: 2, columns: 20000, rowStart: rowStart, random: &random, owner: "layer")
    for (range, fanIn) in [(0..<20000, 20000.0), (20000..<22000, 2000.0)] {
      let n = Double(range.count)
      let expected = initializer.deviation(fanIn: fanIn, fanOut: 1.1)
      let mean = range.reduce(0) { $0 + values.pointer[$1] } / n
      let variance = range.reduce(0) { $0 + values.pointer[$1] * values.pointer[$1] } / n
      // Five standard errors: of the mean, and of the variance (kurtosis 3 at the most).
      #expect(abs(mean) < 5 * expected / n.squareRoot())
      #expect(abs(variance / (expected * expected) - 1) < 5 * (2 / n).squareRoot())
      if initializer == .heUniform || initializer == .glorotUniform {
        #expect(range.allSatisfy { abs(values.pointer[$0]) <= expected * 3.0.squareRoot() })
      }
    }
  }

  @Test(arguments: [(5, 5), (3, 8), (9, 4), (1, 6), (6, 1), (1, 1)])
  func orthogonal(_ shape: (Int, Int)) throws {
    let (rows, columns) = shape
    let w = try Buffer<Double>(count: rows * columns)
    var random = RandomSource(seed: 1)
    try Initializer.orthogonal.fill(w.pointer, rows: rows, columns: columns, rowStart: nil, random: &random, owner: "layer")
    func entry(_ i: Int, _ j: Int) -> Double { w.pointer[i * columns + j] }
    let n = min(rows, columns)
    for a in 0..<n {
      for b in 0..<n {
        let product =
          rows <= columns
          ? (0..<columns).reduce(0) { $0 + entry(a, $1) * entry(b, $1) }
          : (0..<rows).reduce(0) { $0 + entry($1, a) * entry($1, b) }
        // Householder QR is orthogonal to a few units of rounding.
        #expect(abs(product - (a == b ? 1 : 0)) < 1e-14)
      }
    }
  }

  @Test func orthogonalNeedsDense() throws {
    let w = try Buffer<Double>(count: 2)
    var random = RandomSource(seed: 1)
    #expect(throws: Failure(.invalidArgument, "linear layer 1: the orthogonal initializer needs a dense layer")) {
      try Initializer.orthogonal.fill(
        w.pointer, rows: 1, columns: 3, rowStart: [0, 2], random: &random, owner: "linear layer 1")
    }
  }
}
