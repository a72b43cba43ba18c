import Base
import Testing
import Topology

private func schedule(begin: Int, until: Int, every: Int) -> UpdateSchedule {
  UpdateSchedule(every: every, begin: begin, until: until, dropFraction: 0.3, decay: .constant)
}

@Suite struct UpdateScheduleTests {
  /// "Was the optimizer applied?" call by call, when an update takes its place and does not count as a step.
  @Test(arguments: [
    (3, 7, 2, "11101101101"), (1, 5, 3, "10111011111"), (0, 4, 1, "01010101011"),
  ]) func updatesThatReplaceTheStep(begin: Int, until: Int, every: Int, expected: String) {
    var schedule = schedule(begin: begin, until: until, every: every)
    var step = 0
    var applied = ""
    for _ in 0..<expected.count {
      if schedule.isDue(step: step) {
        schedule.note(step: step)
        applied += "0"
      } else {
        step += 1
        applied += "1"
      }
    }
    #expect(applied == expected)
  }

  @Test func updatesAfterTheStep() {
    var schedule = schedule(begin: 1, until: 4, every: 2)
    var updates: [Int] = []
    for step in 1...20 where schedule.isDue(step: step) {
      schedule.note(step: step)
      updates.append(step)
    }
    #expect(updates == [1, 3])
  }

  @Test func updatesGoOnForEverOrNever() {
    var forever = schedule(begin: 5, until: -1, every: 7)
    let due = (0..<1000).filter { step in
      guard forever.isDue(step: step) else { return false }
      forever.note(step: step)
      return true
    }
    #expect(due == Array(stride(from: 5, to: 1000, by: 7)))
    #expect(forever.isDue(step: .max))
    let never = schedule(begin: 5, until: 4, every: 1)
    #expect((0..<100).allSatisfy { !never.isDue(step: $0) })
  }

  @Test func cosineDecay() {
    let cosine = UpdateSchedule(every: 100, begin: 0, until: 750, dropFraction: 0.3, decay: .cosine)
    let table = [
      0: 0.3, 100: 0.2870318186, 200: 0.2503695910, 300: 0.1963525492, 375: 0.15, 500: 0.075, 700: 0.0032778599, 750: 0,
      900: 0,
    ]
    for (step, fraction) in table { #expect(abs(cosine.dropFraction(step: step) - fraction) < 1e-10, "\(step)") }
    // t is the step itself, T the length: begin is not subtracted.
    let late = UpdateSchedule(every: 100, begin: 250, until: 1000, dropFraction: 0.3, decay: .cosine)
    for (step, fraction) in table { #expect(abs(late.dropFraction(step: step) - fraction) < 1e-10, "\(step)") }
  }

  /// SNFS and ITOP anneal the prune rate from 0.5 to 0.005, step by step.
  @Test func cosineDecayToAFloor() {
    let annealed = UpdateSchedule(
      every: 1, begin: 0, until: 1000, dropFraction: 0.5, minimumDropFraction: 0.005, decay: .cosine)
    let table = [
      0: 0.5, 1: 0.4999987786, 250: 0.4275089283, 500: 0.2525, 750: 0.0774910717, 999: 0.0050012214, 1000: 0.005,
    ]
    for (step, fraction) in table { #expect(abs(annealed.dropFraction(step: step) - fraction) < 1e-10, "\(step)") }
  }

  @Test func cosineWithoutALengthIsConstant() {
    for (begin, until) in [(0, -1), (5, 5), (7, 3)] {
      let cosine = UpdateSchedule(every: 1, begin: begin, until: until, dropFraction: 0.3, decay: .cosine)
      #expect([0, 3, 100].allSatisfy { cosine.dropFraction(step: $0) == 0.3 })
    }
    let constant = UpdateSchedule(every: 1, begin: 0, until: 10, dropFraction: 0.3, decay: .constant)
    #expect([0, 5, 10].allSatisfy { constant.dropFraction(step: $0) == 0.3 })
  }

  @Test func methodsHaveTheDocumentedOptions() throws {
    var rigl = TopologyMethod(.rigl)
    for (name, value) in [
      ("every", 100.0), ("begin", -1), ("until", -1), ("drop_fraction", 0.3), ("decay", 1), ("method", 2),
    ] {
      #expect(try rigl.get(name) == value)
    }
    let initial = try #require(rigl.schedule)
    #expect(initial.every == 100 && initial.begin == 100 && initial.until == -1 && initial.decay == .cosine)
    try rigl.set("every", 7)
    #expect(rigl.schedule?.begin == 7)
    try rigl.set("begin", 0)
    try rigl.set("until", 0x1p63)
    try rigl.set("drop_fraction", 1)
    try rigl.set("decay", 0)
    let changed = try #require(rigl.schedule)
    #expect(changed.begin == 0 && changed.until == 1 << 53 && changed.dropFraction == 1 && changed.decay == .constant)
    #expect(changed.isDue(step: .max) == false)
    var set = TopologyMethod(.set)
    #expect(try set.get("decay") == 0)
    #expect(try set.get("published") == 0)
    #expect(try set.get("method") == 1)
    try set.set("published", 1)
    #expect(try TopologyMethod(.static).get("method") == 0)
    #expect(TopologyMethod(.static).schedule == nil)
  }

  @Test(
    arguments: [
      ("every", 0), ("every", 1.5), ("every", .nan), ("begin", -2), ("until", .infinity), ("drop_fraction", 1.1),
      ("drop_fraction", -0.1), ("decay", 6), ("decay", -1), ("published", 0.5),
    ] as [(String, Double)]) func wrongValuesAreRefused(name: String, value: Double)
  {
    var method = TopologyMethod(.set)
    let before = try? method.get(name)
    do {
      try method.set(name, value)
      Issue.record("\(name) = \(value) was accepted")
    } catch {
      #expect(error.kind == .invalidArgument)
      #expect(error.message.hasPrefix("set topology: \(name) must be "))
      #expect(error.message.hasSuffix("got \(value)"))
    }
    #expect((try? method.get(name)) == before)
  }

  @Test func unknownNamesAreRefused() {
    func message(_ kind: TopologyKind, _ name: String) -> String? {
      var method = TopologyMethod(kind)
      do {
        try method.set(name, 1)
        return nil
      } catch {
        #expect(error.kind == .unknownName)
        return error.message
      }
    }
    #expect(
      message(.rigl, "published")?.hasPrefix(
        "rigl topology: no option named \"published\"; there are every, begin, until, ") == true)
    #expect(message(.static, "every") == "static topology: no option named \"every\"; it has none")
  }
}
