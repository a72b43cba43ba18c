import Base
import KernelInterface
import Machine
import Sparse
import Testing

@testable import Pruning

@Suite struct SparseGPTTests {
  let pool: ThreadPool
  init() throws { pool = try ThreadPool(threads: 2) }

  /// The algorithm with an inverse for each step, on the same choices of blocks.
  private func oracle(_ problem: Problem, keep: Int, block: Int) -> (weights: [[Double]], stays: [[Bool]]) {
    let h = problem.matrix(damping: 0.01)
    var w = (0..<problem.units).map { problem.row({ problem.weights[$0] }, $0) }
    var stays = w.map { $0.map { _ in false } }
    for unit in 0..<problem.units { for slot in problem.slots(unit) { stays[unit][problem.input(slot)] = true } }
    let total = problem.weights.count
    var seen = 0
    var gone = 0
    for begin in stride(from: 0, to: problem.inputs, by: block) {
      let columns = begin..<min(begin + block, problem.inputs)
      var ranked: [(score: Double, unit: Int, i: Int)] = []
      for unit in 0..<problem.units {
        for i in columns where stays[unit][i] { ranked.append((Oracle.score(h, w[unit], at: i), unit, i)) }
      }
      seen += ranked.count
      let going = (total - keep) * seen / total - gone
      gone += going
      for victim in ranked.sorted(by: { $0.score < $1.score }).prefix(going) { stays[victim.unit][victim.i] = false }
      for unit in 0..<problem.units {
        for i in columns where !stays[unit][i] { w[unit] = Oracle.passOn(h, w[unit], at: i) }
      }
    }
    return (w, stays)
  }

  @Test(arguments: [(nil, 4), (nil, 1), (nil, 100), (31, 5), (6, 3)]) func isItsDefinition(
    _ setting: (connections: Int?, block: Int)
  ) throws {
    for seed in UInt64(1)...3 {
      let problem = try Problem(units: 5, inputs: 11, samples: 50, connections: setting.connections, seed: seed)
      let total = problem.weights.count
      for keep in [1, total / 3, total / 2, total - 1, total] {
        let layer = try problem.layer()
        try SparseGPT.prune(
          layer, try problem.moments(executor: pool), .connections(keep), damping: 0.01, block: setting.block, executor: pool)
        let (weights, stays) = oracle(problem, keep: keep, block: setting.block)
        #expect(layer.marks.span.count { $0 == 1 } == keep)
        for unit in 0..<problem.units {
          for slot in problem.slots(unit) {
            let i = problem.input(slot)
            #expect((layer.marks.pointer[slot] == 1) == stays[unit][i])
            // Errors of a system whose condition is some hundreds, passed on ten times.
            #expect(abs(layer.weights.pointer[slot] - weights[unit][i]) < 1e-10)
          }
        }
      }
    }
  }

  /// n of each m: the choice is made when the group is reached, by the weights as they are then.
  @Test(arguments: [nil, 40]) func groups(_ connections: Int?) throws {
    let problem = try Problem(units: 6, inputs: 12, samples: 60, connections: connections, seed: 4)
    let h = problem.matrix(damping: 0.01)
    // Blocks of 3 become whole groups.
    for block in [3, 8, 128] {
      let layer = try problem.layer()
      try SparseGPT.prune(
        layer, try problem.moments(executor: pool), .groups(2, of: 4), damping: 0.01, block: block, executor: pool)
      for unit in 0..<6 {
        var w = problem.row({ problem.weights[$0] }, unit)
        let present = Set(problem.slots(unit).map { problem.input($0) })
        var stays = present
        for i in 0..<12 {
          if i % 4 == 0 {
            let group = (i..<i + 4).filter { present.contains($0) }.sorted {
              Oracle.score(h, w, at: $0) > Oracle.score(h, w, at: $1)
            }
            stays.subtract(group.dropFirst(2))
          }
          if !stays.contains(i) { w = Oracle.passOn(h, w, at: i) }
        }
        for slot in problem.slots(unit) {
          #expect((layer.marks.pointer[slot] == 1) == stays.contains(problem.input(slot)))
          #expect(abs(layer.weights.pointer[slot] - w[problem.input(slot)]) < 1e-10)
        }
      }
    }
  }

  @Test func sameBitsForAnyNumberOfThreads() throws {
    let problem = try Problem(units: 150, inputs: 40, samples: 90, seed: 8)
    var first: [Double] = []
    for threads in 1...3 {
      let pool = try ThreadPool(threads: threads)
      let layer = try problem.layer()
      try SparseGPT.prune(
        layer, try problem.moments(batch: 64, executor: pool), .connections(1501), damping: 0.01, block: 16, executor: pool)
      let weights = Array(layer.weights.span)
      if first.isEmpty { first = weights }
      #expect(weights == first)
    }
    #expect(first.count { $0 != 0 } == 1501)
  }

  /// The more work, the smaller the error; in either precision.
  private func ordered<T: Scalar>(_: T.Type, _ target: Reconstruction.Target, seed: UInt64) throws {
    let problem = try Problem(units: 12, inputs: 24, samples: 200, seed: seed)
    func error(_ layer: Reconstruction) -> Double { problem.error { Double(T(layer.weights.pointer[$0])) } }
    let surgeon = try problem.layer(T.self)
    try OptimalBrainSurgeon(surgeon, try problem.moments(T.self, executor: pool), damping: 0.01, executor: pool, lanes: 2)
      .prune(target)
    let gpt = try problem.layer(T.self)
    try SparseGPT.prune(
      gpt, try problem.moments(T.self, executor: pool), target, damping: 0.01, block: 8, executor: pool)
    let scores = try Buffer<Double>(count: problem.weights.count)
    let marks = try Buffer<UInt8>(count: problem.weights.count)
    marks.span.update(repeating: 1)
    for i in 0..<scores.count { scores.pointer[i] = abs(problem.weights[i]) }
    let candidates = Candidates(name: "test", scores: scores, marks: marks)
    switch target {
    case .connections(let keep): try Survivors.choose([candidates], keep: keep)
    case .groups(let keep, let size): try Survivors.choose(candidates, keep: keep, ofEach: size, pattern: nil, inputs: 24)
    }
    let magnitude = problem.error { marks.pointer[$0] == 1 ? problem.weights[$0] : 0 }
    let kept = marks.span.count { $0 == 1 }
    #expect(surgeon.marks.span.count { $0 == 1 } == kept)
    #expect(gpt.marks.span.count { $0 == 1 } == kept)
    #expect(error(surgeon) <= error(gpt))
    #expect(error(gpt) <= magnitude)
    #expect(error(surgeon) > 0)
  }

  @Test(arguments: 1...4) func reconstructionErrors(_ seed: UInt64) throws {
    for target in [Reconstruction.Target.connections(144), .connections(58), .groups(2, of: 4), .groups(1, of: 4)] {
      try ordered(Float.self, target, seed: seed)
      try ordered(Double.self, target, seed: seed)
    }
  }

  // MARK: Refusals

  /// Inputs that are all the same: H is all ones, exactly.
  private func singular(_ method: Int) throws {
    let moments = try SecondMoments(inputs: 3, samples: 1, batch: 1, owner: "test")
    moments.matrix.span.update(repeating: 1)
    let layer = try Reconstruction(name: "linear layer 4", units: 1, inputs: 3, pattern: nil, weights: [1.0, 2, 3])
    let failure = #expect(throws: Failure.self) {
      if method == 0 {
        try OptimalBrainSurgeon(layer, moments, damping: 0, executor: pool, lanes: 1).prune(.connections(1))
      } else {
        try SparseGPT.prune(layer, moments, .connections(1), damping: 0, block: 2, executor: pool)
      }
    }
    #expect(failure?.kind == .numerical)
    #expect(failure?.message.contains("linear layer 4") == true)
  }

  @Test func singularMoments() throws {
    try singular(0)
    try singular(1)
  }

  /// The same in a unit of a sparse layer.
  @Test func singularUnit() throws {
    let moments = try SecondMoments(inputs: 3, samples: 1, batch: 1, owner: "test")
    moments.matrix.span.update(repeating: 1)
    var random = RandomSource(seed: 1)
    let pattern = try Pattern(rows: 2, columns: 3, connections: 5, random: &random)
    let layer = try Reconstruction(name: "test", units: 2, inputs: 3, pattern: pattern, weights: [1.0, 2, 3, 4, 5])
    let surgeon = try OptimalBrainSurgeon(layer, moments, damping: 0, executor: pool, lanes: 2)
    let failure = #expect(throws: Failure.self) { try surgeon.prune(.connections(2)) }
    #expect(failure?.kind == .numerical)
  }

  @Test func whatCannotBe() throws {
    let problem = try Problem(units: 2, inputs: 10, samples: 20)
    for target in [Reconstruction.Target.connections(0), .groups(2, of: 4)] {
      let failures = [
        #expect(throws: Failure.self) {
          try SparseGPT.prune(
            try problem.layer(), try problem.moments(executor: pool), target, damping: 0.01, block: 4, executor: pool)
        },
        #expect(throws: Failure.self) {
          try OptimalBrainSurgeon(
            try problem.layer(), try problem.moments(executor: pool), damping: 0.01, executor: pool, lanes: 1
          ).prune(target)
        },
      ]
      for failure in failures { #expect(failure?.kind == .invalidArgument) }
    }
    let nan = #expect(throws: Failure.self) {
      try Reconstruction(name: "test", units: 1, inputs: 2, pattern: nil, weights: [1.0, .nan])
    }
    #expect(nan?.kind == .nonFinite)
    let infinite = try SecondMoments(inputs: 2, samples: 1, batch: 1, owner: "test")
    infinite.matrix.pointer[3] = .infinity
    #expect(throws: Failure(.nonFinite, "test: the second moments of its inputs are not finite")) {
      _ = try infinite.condition(damping: 0.01)
    }
  }

  /// More inputs than a matrix of them finds room for: said before anything is tried.
  @Test func memory() {
    for inputs in [5_000_000, Int(Int32.max)] {
      let failure = #expect(throws: Failure.self) {
        _ = try SecondMoments(inputs: inputs, samples: 10, batch: 10, owner: "linear layer 2")
      }
      #expect(failure?.kind == .outOfMemory)
      #expect(failure?.message.contains("linear layer 2: the second moments of its \(inputs) inputs") == true)
    }
  }
}
