import Base
import Pruning
import Testing

/// Scores and marks as a layer has them. - out: places that take no part.
private func layer(_ scores: [Double], out: Set<Int> = [], name: String = "linear layer 1") throws -> Candidates {
  let candidates = Candidates(
    name: name, scores: try Buffer(count: scores.count), marks: try Buffer(count: scores.count))
  for (i, score) in scores.enumerated() {
    candidates.scores.pointer[i] = score
    candidates.marks.pointer[i] = out.contains(i) ? 0 : 1
  }
  return candidates
}

extension Candidates {
  fileprivate var kept: [Int] { (0..<marks.count).filter { marks.pointer[$0] != 0 } }
}

@Suite struct SurvivorsTests {
  @Test func theLargestStay() throws {
    let one = try layer([3, -1, 2, 5, 2, 0])
    try Survivors.choose([one], keep: 3)
    // Of the two scores 2 the lower place.
    #expect(one.kept == [0, 2, 3])
    let negative = try layer([-3, -1, -2])
    try Survivors.choose([negative], keep: 1)
    #expect(negative.kept == [1])
    let zeros = try layer([0, -0.0, 0, 1])
    try Survivors.choose([zeros], keep: 3)
    #expect(zeros.kept == [0, 1, 3])
  }

  @Test func whatIsOutStaysOut() throws {
    let one = try layer([9, 1, 8, -5], out: [0, 2])
    try Survivors.choose([one], keep: 2)
    #expect(one.kept == [1, 3])
    try Survivors.choose([one], keep: 1)
    #expect(one.kept == [1])
    // More than there are keeps all; a score of what is out is of no concern.
    let two = try layer([.nan, 1], out: [0])
    try Survivors.choose([two], keep: 5)
    #expect(two.kept == [1])
  }

  @Test func eachLayerKeepsItsBest() throws {
    let large = try layer([10, 9, 8, 7])
    let small = try layer([0.5, 0.25, 0.5], name: "linear layer 2")
    try Survivors.choose([large, small], keep: 3)
    #expect(large.kept == [0, 1])
    #expect(small.kept == [0])
    let equal = [try layer([1, 1, 1]), try layer([1, 1]), try layer([1])]
    try Survivors.choose(equal, keep: 4)
    // The earlier layer before the lower place.
    #expect(equal.map(\.kept) == [[0, 1], [0], [0]])
  }

  @Test func refusals() throws {
    let one = try layer([1, .infinity, 2])
    let failure = #expect(throws: Failure.self) { try Survivors.choose([one], keep: 2) }
    #expect(failure?.kind == .nonFinite)
    #expect(failure?.message.contains("connection 1") == true)
    #expect(one.kept == [0, 1, 2])
    let two = try layer([1, 2])
    #expect(throws: Failure.self) { try Survivors.choose([two], keep: 0) }
    #expect(throws: Failure.self) { try Survivors.choose([two, try layer([3])], keep: 1) }
    #expect(two.kept == [0, 1])
  }

  /// Over random scores with many ties: the count is exact, and what stays is what sorting says.
  @Test func agreesWithSorting() throws {
    var random = RandomSource(seed: 3)
    for _ in 0..<200 {
      let counts = (0..<1 + random.below(4)).map { _ in 1 + random.below(40) }
      let range = 1 + random.below(30)
      let layers = try counts.map { count in
        try layer((0..<count).map { _ in Double(random.below(range)) - 5 }, out: count > 3 ? [random.below(count)] : [])
      }
      let present = layers.map(\.kept)
      let all = present.map(\.count).reduce(0, +)
      let keep = counts.count + random.below(all)
      var order: [(score: Double, layer: Int, place: Int)] = []
      for (number, places) in present.enumerated() {
        for place in places { order.append((layers[number].scores.pointer[place], number, place)) }
      }
      order.sort { ($1.score, $0.layer, $0.place) < ($0.score, $1.layer, $1.place) }
      // The best of each layer first.
      var chosen: [[Int]] = counts.map { _ in [] }
      for entry in order where chosen[entry.layer].isEmpty { chosen[entry.layer].append(entry.place) }
      var left = keep - counts.count
      for entry in order where left > 0 && !chosen[entry.layer].contains(entry.place) {
        chosen[entry.layer].append(entry.place)
        left -= 1
      }
      try Survivors.choose(layers, keep: keep)
      #expect(layers.map(\.kept) == chosen.map { $0.sorted() })
      #expect(layers.map(\.kept.count).reduce(0, +) == min(keep, all))
    }
  }
}
