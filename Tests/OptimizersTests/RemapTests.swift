import Base
import Machine
import Optimizers
import Sparse
import Testing

@Suite struct RemapTests {
  /// `count` distinct numbers below `bound`, ascending.
  private func sample(_ count: Int, below bound: Int, _ random: inout RandomSource) -> [Int] {
    var all = Array(0..<bound)
    all.shuffle(using: &random)
    return all.prefix(count).sorted()
  }

  /// State follows weights: an instance over the active ones of `universe` positions, remapped again and again, keeps the
  /// bits of an instance over all positions in which a position that grows is set to new.
  @Test(arguments: variants.indices)
  func stateFollowsTheConnections(_ which: Int) throws {
    let (kind, options) = variants[which]
    let universe = 57
    var random = RandomSource(seed: 7, stream: UInt64(which))
    for count in [1, 3, 17, 40, 57] {
      let (sparse, dense) = (try Owned<Double>(count: count), try Owned<Double>(count: universe))
      let optimizer = try makeOptimizer(kind, options)
      let sparseInstance = try OptimizerInstance(optimizer, parameters: [sparse.parameter])
      let denseInstance = try OptimizerInstance(optimizer, parameters: [dense.parameter])
      var active = sample(count, below: universe, &random)
      dense.fill { Double($0) / 8 - 3 }
      sparse.fill { dense.values[active[$0]] }

      for round in 0..<6 {
        for _ in 0..<2 {
          dense.fillGradient { _ in random.uniform() - 0.4 }
          sparse.fillGradient { dense.gradient[active[$0]] }
          try denseInstance.step(executor: SplittingExecutor())
          try sparseInstance.step(executor: SplittingExecutor())
        }
        // Round 0 drops nothing, others up to everything that can be replaced.
        let change = round == 0 ? 0 : random.below(min(count, universe - count) + 1)
        let dropped = sample(change, below: count, &random)
        let survivors = active.indices.filter { !dropped.contains($0) }.map { active[$0] }
        let inactive = (0..<universe).filter { !active.contains($0) }
        let born = sample(change, below: inactive.count, &random).map { inactive[$0] }
        active = (survivors + born).sorted()
        let grown = active.indices.filter { born.contains(active[$0]) }
        let (droppedSlots, grownSlots) = (dropped.map(Int64.init), grown.map(Int64.init))
        try droppedSlots.withUnsafeBufferPointer { d in
          try grownSlots.withUnsafeBufferPointer { g in
            let remap = SlotRemap(dropped: d, grown: g, oldCount: count)
            remap.apply(to: sparse.values, fill: 0)
            try sparseInstance.remap(remap, parameter: sparse.parameter)
          }
        }
        for position in born {
          dense.values[position] = 0
          for index in 0..<3 {
            denseInstance.moment(index, of: dense.parameter)?[position] = options["initial_accumulator"] ?? 0
          }
        }
        #expect(bits(sparse.weights) == bits(active.map { dense.values[$0] }))
        for index in 0..<3 {
          let (s, d) = (sparseInstance.moment(index, of: sparse.parameter), denseInstance.moment(index, of: dense.parameter))
          #expect((s == nil) == (d == nil))
          if let s, let d { #expect(bits(s) == bits(active.map { d[$0] })) }
        }
      }
    }
  }

  @Test func refusesWhatDoesNotFit() throws {
    let (mine, other) = (try Owned<Float>(count: 4), try Owned<Float>("bias", count: 4))
    let instance = try OptimizerInstance(Optimizer(.adam), parameters: [mine.parameter])
    let empty = UnsafeBufferPointer<Int64>(start: nil, count: 0)
    let failure = #expect(throws: Failure.self) {
      try instance.remap(SlotRemap(dropped: empty, grown: empty, oldCount: 5), parameter: mine.parameter)
    }
    #expect(failure?.kind == .invalidArgument && failure?.message.contains("5") == true)
    let stranger = #expect(throws: Failure.self) {
      try instance.remap(SlotRemap(dropped: empty, grown: empty, oldCount: 4), parameter: other.parameter)
    }
    #expect(stranger?.kind == .invalidArgument && stranger?.message.contains("bias") == true)
  }
}
