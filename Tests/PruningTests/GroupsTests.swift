import Base
import Sparse
import Testing

@testable import Pruning

@Suite struct GroupsTests {
  private func candidates(_ weights: [Double]) throws -> Candidates {
    let scores = try Buffer<Double>(count: weights.count)
    let marks = try Buffer<UInt8>(count: weights.count)
    for i in weights.indices { scores.pointer[i] = abs(weights[i]) }
    marks.span.update(repeating: 1)
    return Candidates(name: "linear layer 1", scores: scores, marks: marks)
  }

  /// Zhou et al. 2021 (SR-STE's code): 2 of each 4.
  @Test func publishedMask() throws {
    let layer = try candidates([0.1, -0.4, 0.3, 0.2, -0.5, 0.6, 0.05, -0.55])
    try Survivors.choose(layer, keep: 2, ofEach: 4, pattern: nil, inputs: 8)
    #expect(Array(layer.marks.span) == [0, 1, 1, 0, 0, 1, 0, 1])
  }

  /// Groups do not reach over the end of a unit, and between equals the lower place stays.
  @Test func equals() throws {
    let layer = try candidates([1, 1, 1, 0, 0, 0, 2, 1, 1, 0, 0, 0])
    try Survivors.choose(layer, keep: 1, ofEach: 3, pattern: nil, inputs: 6)
    #expect(Array(layer.marks.span) == [1, 0, 0, 1, 0, 0, 1, 0, 0, 1, 0, 0])
  }

  /// In a sparse layer a group has the connections that it has.
  @Test func sparseLayers() throws {
    for seed in UInt64(0)..<20 {
      var random = RandomSource(seed: seed)
      let pattern = try Pattern(rows: 7, columns: 12, connections: 30, random: &random)
      let layer = try candidates((0..<30).map { _ in random.normal() })
      try Survivors.choose(layer, keep: 2, ofEach: 4, pattern: pattern, inputs: 12)
      for row in 0..<7 {
        for group in 0..<3 {
          let slots = pattern.slots(row: row).filter { pattern.column($0) / 4 == group }
          let kept = slots.filter { layer.marks.pointer[$0] == 1 }
          #expect(kept.count == min(2, slots.count))
          let least = kept.map { layer.scores.pointer[$0] }.min() ?? 0
          for slot in slots where layer.marks.pointer[slot] == 0 { #expect(layer.scores.pointer[slot] < least) }
        }
      }
    }
  }

  @Test func refusals() throws {
    let layer = try candidates([1, 2, 3, 4, 5, 6])
    #expect(throws: Failure(.invalidArgument, "linear layer 1: m must divide its 6 inputs, got 4")) {
      try Survivors.choose(layer, keep: 2, ofEach: 4, pattern: nil, inputs: 6)
    }
    layer.scores.pointer[2] = .nan
    #expect(throws: Failure.self) { try Survivors.choose(layer, keep: 1, ofEach: 3, pattern: nil, inputs: 6) }
    #expect(layer.marks.span.allSatisfy { $0 == 1 })
  }

  @Test func options() throws {
    var method = PruningMethod(.sparseGPT)
    try method.check()
    #expect(method.groups == nil)
    try method.set("n", 2)
    #expect(throws: Failure(.invalidArgument, "sparse_gpt pruning: n must be in 1 .. m, or both 0 for a density; got n 2, m 0"))
    {
      try method.check()
    }
    try method.set("m", 4)
    try method.check()
    #expect(method.groups ?? (0, 0) == (2, 4))
    try method.set("m", 1)
    #expect(throws: Failure.self) { try method.check() }
    method = PruningMethod(.sparseGPT)
    try method.set("scope", Double(PruningScope.global.rawValue))
    #expect(throws: Failure.self) { try method.check() }
    var obs = PruningMethod(.obs)
    try obs.set("scope", Double(PruningScope.global.rawValue))
    try obs.check()
    #expect(throws: Failure.self) { try obs.set("damping", -1) }
    #expect(throws: Failure.self) { try obs.set("block", 4) }
  }
}
