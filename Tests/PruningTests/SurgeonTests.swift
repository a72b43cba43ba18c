import Base
import Machine
import Testing

@testable import Pruning

/// Optimal Brain Surgeon against published numbers and against trying everything out.
@Suite struct SurgeonTests {
  let pool: ThreadPool
  init() throws { pool = try ThreadPool(threads: 1) }

  /// H = [[4, 1, .5], [1, 3, .2], [.5, .2, 2]], w = [1, -.6, .8]
  @Test func publishedNumbers() throws {
    let h = [[4, 1, 0.5], [1, 3, 0.2], [0.5, 0.2, 2]]
    let scratch = try SurgeonScratch(3, groups: 3, "test")
    let inverse = Oracle.inverse(h)
    scratch.stride = 3
    for i in 0..<3 {
      scratch.w.pointer[i] = [1, -0.6, 0.8][i]
      scratch.place.pointer[i] = i
      for j in i..<3 { scratch.a.pointer[3 * i + j] = inverse[i][j] }
    }
    for (i, cost) in [1.7860738255, 0.4944774194, 0.6193454545].enumerated() {
      #expect(abs(scratch.cost(i) - cost) < 1e-10)
    }
    // The second goes, the third takes its place in the scratch.
    scratch.remove(1, of: 3, stride: 3)
    #expect(abs(scratch.w.pointer[0] - 0.8529032258) < 1e-10)
    #expect(abs(scratch.w.pointer[1] - 0.7767741935) < 1e-10)
    #expect(scratch.place.pointer[1] == 2)
    // What is left is the inverse of what is left of H.
    let rest = Oracle.inverse([[4, 0.5], [0.5, 2]])
    #expect(abs(scratch.a.pointer[0] - rest[0][0]) < 1e-14)
    #expect(abs(scratch.a.pointer[1] - rest[0][1]) < 1e-14)
    #expect(abs(scratch.a.pointer[4] - rest[1][1]) < 1e-14)
  }

  /// The same through a layer of one unit.
  @Test func publishedNumbersOfALayer() throws {
    let h = [4, 1, 0.5, 0, 3, 0.2, 0, 0, 2]
    let moments = try SecondMoments(inputs: 3, samples: 1, batch: 1, owner: "test")
    moments.matrix.pointer.update(from: h, count: 9)
    let layer = try Reconstruction(name: "test", units: 1, inputs: 3, pattern: nil, weights: [1.0, -0.6, 0.8])
    let surgeon = try OptimalBrainSurgeon(layer, moments, damping: 0, executor: pool, lanes: 1)
    #expect(abs(try surgeon.trace().pointer[0] - 0.4944774194) < 1e-10)
    try surgeon.prune(.connections(2))
    for (i, weight) in [0.8529032258, 0, 0.7767741935].enumerated() {
      #expect(abs(layer.weights.pointer[i] - weight) < 1e-10)
    }
    #expect((0..<3).map { layer.marks.pointer[$0] } == [1, 0, 1])
  }

  /// One unit: for each number of connections those go that cost least one after the other, and what stays is the least
  /// squares fit of what was.
  @Test(arguments: [(6, nil), (9, nil), (12, 7), (1, nil), (2, 1)]) func oneUnit(_ shape: (inputs: Int, connections: Int?))
    throws
  {
    for seed in UInt64(1)...5 {
      let problem = try Problem(units: 1, inputs: shape.inputs, samples: 40, connections: shape.connections, seed: seed)
      let h = problem.matrix(damping: 0.01)
      let w = problem.row({ problem.weights[$0] }, 0)
      let places = problem.slots(0).map { problem.input($0) }
      let steps = Oracle.removals(h, w, of: places)
      for keep in 1...places.count {
        let layer = try problem.layer()
        let moments = try problem.moments(executor: pool)
        try OptimalBrainSurgeon(layer, moments, damping: 0.01, executor: pool, lanes: 1).prune(.connections(keep))
        let gone = Set(steps.prefix(places.count - keep).map(\.place))
        let best = Oracle.leastSquares(h, w, support: places.filter { !gone.contains($0) })
        for slot in problem.slots(0) {
          let place = problem.input(slot)
          #expect(layer.marks.pointer[slot] == (gone.contains(place) ? 0 : 1))
          // Both solve a system whose condition is some hundreds.
          #expect(abs(layer.weights.pointer[slot] - best[place]) < 1e-11)
        }
      }
    }
  }

  /// Several units: of the steps that each would take, those that cost least, in the order of each unit.
  @Test(arguments: [nil, 23]) func severalUnits(_ connections: Int?) throws {
    let problem = try Problem(units: 5, inputs: 8, samples: 40, connections: connections, seed: 3)
    let h = problem.matrix(damping: 0.01)
    let total = problem.weights.count
    let traces = (0..<5).map { unit in
      Oracle.removals(h, problem.row({ problem.weights[$0] }, unit), of: problem.slots(unit).map { problem.input($0) })
    }
    var taken = [0, 0, 0, 0, 0]
    for keep in (1..<total).reversed() {
      // The next step of each unit, and the cheapest of these.
      let next = (0..<5).filter { taken[$0] < traces[$0].count }.map { unit in
        (unit, traces[unit][taken[unit]].cost - (taken[unit] > 0 ? traces[unit][taken[unit] - 1].cost : 0))
      }
      taken[next.min { $0.1 < $1.1 }!.0] += 1
      let layer = try problem.layer()
      try OptimalBrainSurgeon(layer, try problem.moments(executor: pool), damping: 0.01, executor: pool, lanes: 2)
        .prune(.connections(keep))
      for unit in 0..<5 {
        let gone = Set(traces[unit].prefix(taken[unit]).map(\.place))
        for slot in problem.slots(unit) { #expect((layer.marks.pointer[slot] == 0) == gone.contains(problem.input(slot))) }
      }
    }
  }

  /// Two of each four inputs that follow one another, in units with all connections and with some.
  @Test(arguments: [nil, 30]) func groups(_ connections: Int?) throws {
    let problem = try Problem(units: 4, inputs: 12, samples: 60, connections: connections, seed: 5)
    let h = problem.matrix(damping: 0.01)
    let layer = try problem.layer()
    try OptimalBrainSurgeon(layer, try problem.moments(executor: pool), damping: 0.01, executor: pool, lanes: 2)
      .prune(.groups(2, of: 4))
    for unit in 0..<4 {
      let places = problem.slots(unit).map { problem.input($0) }
      let w = problem.row({ problem.weights[$0] }, unit)
      let gone = Set(
        Oracle.removals(h, w, of: places) { left, q in left.count { $0 / 4 == q / 4 } > 2 }.map(\.place))
      let best = Oracle.leastSquares(h, w, support: places.filter { !gone.contains($0) })
      for slot in problem.slots(unit) {
        #expect((layer.marks.pointer[slot] == 0) == gone.contains(problem.input(slot)))
        #expect(abs(layer.weights.pointer[slot] - best[problem.input(slot)]) < 1e-11)
      }
      for group in 0..<3 {
        let kept = problem.slots(unit).count { problem.input($0) / 4 == group && layer.marks.pointer[$0] == 1 }
        #expect(kept == min(2, places.count { $0 / 4 == group }))
      }
    }
  }

  @Test func sameBitsForAnyNumberOfThreads() throws {
    let problem = try Problem(units: 33, inputs: 40, samples: 90, seed: 8)
    var first: [Double] = []
    for threads in 1...3 {
      let pool = try ThreadPool(threads: threads)
      let layer = try problem.layer()
      try OptimalBrainSurgeon(
        layer, try problem.moments(batch: 64, executor: pool), damping: 0.01, executor: pool, lanes: threads
      ).prune(.connections(200))
      let weights = Array(layer.weights.span)
      #expect(weights.count { $0 != 0 } == 200)
      if first.isEmpty { first = weights }
      #expect(weights == first)
    }
  }

  /// An input that was always 0: its weights are 0, and go first.
  @Test func deadInputs() throws {
    let moments = try SecondMoments(inputs: 3, samples: 1, batch: 1, owner: "test")
    moments.matrix.pointer.update(from: [4, 0, 0.5, 0, 0, 0, 0, 0, 2], count: 9)
    let layer = try Reconstruction(
      name: "test", units: 2, inputs: 3, pattern: nil, weights: [1.0, 50, 0.8, 0.1, -20, 0.2])
    try OptimalBrainSurgeon(layer, moments, damping: 0, executor: pool, lanes: 1).prune(.connections(4))
    #expect(Array(layer.weights.span) == [1, 0, 0.8, 0.1, 0, 0.2])
    #expect(Array(layer.marks.span) == [1, 0, 1, 1, 0, 1])
  }
}
