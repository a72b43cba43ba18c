import Base
import Sparse
import Testing

@Suite struct SamplingTests {
  /// Frequencies against weights: the statistic has the number of weights as mean and twice that as variance.
  @Test func aliasTablesDrawByWeight() throws {
    var random = RandomSource(seed: 3)
    for round in 0..<30 {
      let count = [1, 2, 3, 10, 257][round % 5]
      let scale = [1e-300, 1, 1e300][round % 3]
      let weights = (0..<count).map { i in scale * (i % 3 == 1 ? 0 : random.uniform() * (i % 5 == 0 ? 20 : 1)) }
      let table = try AliasTable(count: count)
      #expect(table.set { weights[$0] })
      var drawn = [Double](repeating: 0, count: count)
      let draws = 200 * count
      for _ in 0..<draws { drawn[table.draw(&random)] += 1 }
      let largest = weights.max() ?? 0
      let sum = weights.reduce(0) { $0 + $1 / largest }
      var statistic = 0.0
      for (weight, number) in zip(weights, drawn) {
        let expected = weight / largest / sum * Double(draws)
        if weight == 0 { #expect(number == 0) } else { statistic += (number - expected) * (number - expected) / expected }
      }
      #expect(statistic < Double(count) + 6 * (2 * Double(count)).squareRoot(), "\(round)")
    }
  }

  @Test func aliasTablesRefuseWhatIsNoWeight() throws {
    let table = try AliasTable(count: 3)
    for wrong in [[0.0, 0, 0], [1, -1, 1], [1, .nan, 1], [1, .infinity, 1]] { #expect(!table.set { wrong[$0] }) }
    #expect(table.set { Double($0) })
    var random = RandomSource(seed: 1)
    #expect((0..<100).allSatisfy { _ in table.draw(&random) > 0 })
  }

  /// Products of one to four different signs have mean 0 over keys: 4000 keys, 5 standard errors.
  @Test func fourSignsAreIndependent() {
    var random = RandomSource(seed: 9)
    for size in 1...4 {
      for _ in 0..<6 {
        var indices = Set<Int>()
        while indices.count < size { indices.insert(random.below(1 << [3, 10, 40][size % 3])) }
        var sum = 0
        for key in 0..<4000 {
          let signs = SignSequence(key: UInt64(key))
          sum += indices.filter { signs.isNegative($0) }.count % 2 == 0 ? 1 : -1
        }
        #expect(abs(sum) < 5 * 64, "\(indices)")
      }
    }
    let signs = SignSequence(key: 5)
    let again = SignSequence(key: 5)
    #expect((0..<100).allSatisfy { signs.isNegative($0) == again.isNegative($0) })
  }

  @Test func positionsByRow() throws {
    for (rows, columns) in [(1, 1), (3, 5), (2, 70000)] {
      var random = RandomSource(seed: 4)
      let all = rows * columns
      let places = try PositionRows(rows: rows, columns: columns, capacity: min(all, 50))
      for count in [0, 1, min(all, 50)] {
        let chosen = Set((0..<count).map { _ in random.below(all) }).sorted().map {
          Position(row: $0 / columns, column: $0 % columns)
        }
        chosen.withUnsafeBufferPointer { if let base = $0.baseAddress { places.set(base, count: $0.count) } }
        if chosen.isEmpty { continue }
        #expect(places.count == chosen.count)
        for row in 0..<rows {
          let begin = Int(places.rowStart[row])
          #expect(chosen[begin..<Int(places.rowStart[row + 1])].allSatisfy { $0.row == row })
        }
        #expect(Int(places.rowStart[rows]) == chosen.count)
      }
    }
  }
}
