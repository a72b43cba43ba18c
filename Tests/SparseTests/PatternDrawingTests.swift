import Base
import Sparse
import Testing

@Suite struct PatternDrawingTests {
  @Test func countsAreExactAndIndicesHoldTogether() throws {
    for (seed, shape) in uglyShapes.enumerated() {
      var random = RandomSource(seed: UInt64(seed))
      let pattern = try Pattern(
        rows: shape.rows, columns: shape.columns, connections: shape.connections, random: &random)
      #expect(pattern.connections == shape.connections)
      #expect(pattern.violation() == nil, "\(shape)")
      #expect(pattern.indexBytes == (max(shape.rows, shape.columns) <= 65536 ? 2 : 4))
    }
  }

  @Test func theSameSeedDrawsTheSamePatternAndAnotherOneDoesNot() throws {
    for connections in [500, 6000] {  // by rejection, by the walk
      func draw(_ seed: UInt64) throws -> [Position] {
        var random = RandomSource(seed: seed)
        return positions(try Pattern(rows: 100, columns: 90, connections: connections, random: &random))
      }
      #expect(try draw(1) == draw(1))
      #expect(try draw(1) != draw(2))
    }
  }

  /// Every position has the same chance. Chi-square over the 15 x 8 positions: for draws without replacement the statistic
  /// sum (observed - expected)^2 / (expected (1 - density)) has mean 120 and variance about 242; 5 deviations are 78.
  @Test(arguments: [1, 5, 15, 60, 100, 119]) func everyPositionHasTheSameChance(connections: Int) throws {
    let (rows, columns, draws) = (15, 8, 2000)
    var random = RandomSource(seed: 7, stream: UInt64(connections))
    var observed = [Double](repeating: 0, count: rows * columns)
    for _ in 0..<draws {
      let pattern = try Pattern(rows: rows, columns: columns, connections: connections, random: &random)
      for position in positions(pattern) { observed[position.row * columns + position.column] += 1 }
    }
    let density = Double(connections) / Double(rows * columns)
    let expected = density * Double(draws)
    let statistic = observed.reduce(0) { $0 + ($1 - expected) * ($1 - expected) / (expected * (1 - density)) }
    #expect(abs(statistic - 120) < 78, "chi-square \(statistic)")
  }

  @Test func hugeLayersTakeMemoryByConnections() throws {
    var random = RandomSource(seed: 3)
    let wide = try Pattern(rows: 200_000, columns: 200_000, connections: 2_000_000, random: &random)
    #expect(wide.connections == 2_000_000)
    #expect(wide.violation() == nil)
    // 12 bytes a connection, 8 a row and a column.
    #expect(wide.bytes <= 12 * 2_000_000 + 2 * 8 * 200_001 + 64)
  }

  @Test func impossibleSizesAreRefusedByName() {
    var random = RandomSource(seed: 1)
    func message(_ rows: Int, _ columns: Int, _ connections: Int) -> String? {
      let failure = failure {
        _ = try Pattern(rows: rows, columns: columns, connections: connections, random: &random, owner: "linear layer 2")
      }
      #expect(failure?.kind == .invalidArgument)
      return failure?.message
    }
    #expect(message(0, 5, 1) == "linear layer 2: rows must be in 1 .. 2147483647, got 0")
    #expect(message(5, -1, 1) == "linear layer 2: columns must be in 1 .. 2147483647, got -1")
    #expect(message(5, 1 << 31, 1) == "linear layer 2: columns must be in 1 .. 2147483647, got 2147483648")
    #expect(message(3, 4, 0) == "linear layer 2: connections of a 3 x 4 pattern must be in 1 .. 12, got 0")
    #expect(message(3, 4, 13) == "linear layer 2: connections of a 3 x 4 pattern must be in 1 .. 12, got 13")
    #expect(
      message(1 << 30, 1 << 30, 1 << 33)
        == "linear layer 2: connections of a 1073741824 x 1073741824 pattern must be in 1 .. 4294967295, got 8589934592")
  }
}
