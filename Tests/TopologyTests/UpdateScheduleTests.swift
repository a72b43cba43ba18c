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

  /// RigL's exponential_k, alpha (1 - (t - b) / (e - b))^k, linear as its first power; from begin, and flat after the end.
  @Test func decaysThatArePowers() {
    for power in [1.0, 2, 3, 0.5] {
      var schedule = UpdateSchedule(every: 100, begin: 250, until: 1000, dropFraction: 0.3, decay: .exponential)
      schedule.decayPower = power
      for (step, left) in [(0, 1.0), (250, 1), (400, 0.8), (625, 0.5), (850, 0.2), (1000, 0), (2000, 0)] {
        var expected = 0.3
        if power == 0.5 { expected *= left.squareRoot() } else { for _ in 0..<Int(power) { expected *= left } }
        #expect(abs(schedule.dropFraction(step: step) - expected) < 1e-15, "\(power), \(step)")
      }
    }
    let linear = UpdateSchedule(
      every: 100, begin: 250, until: 1000, dropFraction: 0.5, minimumDropFraction: 0.1, decay: .linear)
    for (step, fraction) in [(0, 0.5), (250, 0.5), (400, 0.42), (625, 0.3), (1000, 0.1), (2000, 0.1)] {
      #expect(abs(linear.dropFraction(step: step) - fraction) < 1e-15)
    }
    for decay in [DropDecay.linear, .exponential, .cosine] {
      let endless = UpdateSchedule(
        every: 100, begin: 250, until: -1, dropFraction: 0.3, minimumDropFraction: 0.1, decay: decay)
      #expect([0, 250, 10_000].allSatisfy { endless.dropFraction(step: $0) == 0.3 })
    }
  }

  @Test func theInversePowerGoesByPeriods() {
    var schedule = UpdateSchedule(every: 10, begin: 100, until: -1, dropFraction: 0.4, decay: .inversePower)
    schedule.decayPower = 2
    for (step, fraction) in [(0, 0.4), (100, 0.4), (110, 0.1), (130, 0.025), (190, 0.004)] {
      #expect(abs(schedule.dropFraction(step: step) - fraction) < 1e-15)
    }
  }

  /// TF2's "lr": alpha lr(t) / lr(0).
  @Test func theFractionFollowsTheLearningRate() {
    let schedule = UpdateSchedule(
      every: 10, begin: 0, until: -1, dropFraction: 0.3, minimumDropFraction: 0.02, decay: .learningRate)
    for (rate, fraction) in [(1.0, 0.3), (0.5, 0.15), (0.1, 0.03), (0.01, 0.02), (10, 1)] {
      #expect(abs(schedule.dropFraction(step: 0, rate: rate) - fraction) < 1e-15)
    }
  }

  @Test func theLastUpdate() {
    let schedule = schedule(begin: 1, until: 8, every: 3)
    #expect((1...12).map { schedule.isLast(step: $0) } == (1...12).map { $0 >= 6 })
    #expect(!UpdateSchedule(every: 1, begin: 0, until: -1, dropFraction: 0, decay: .linear).isLast(step: .max))
    #expect(UpdateSchedule(every: 5, begin: 0, until: .max, dropFraction: 0, decay: .linear).isLast(step: .max))
  }

  @Test(
    arguments: [
      (.deepR, ["final_density": 0.1, "density_end": 10], "final_density"), (.deepR, ["soft": 1], "soft"),
      (.deepR, ["just_dropped": 2], "just_dropped"), (.dsr, ["drop": 4], "threshold"),
      (.dsr, ["final_density": 0.1, "density_end": 10], "final_density"), (.set, ["published": 1, "soft": 1], "soft"),
      (.snfs, ["soft": 1], "soft"), (.gradual, ["density_end": 10, "soft": 1], "soft"),
      (.granet, ["density_begin": 10, "density_end": 10], "density_end"), (.acdc, ["density_end": 10], "phase"),
      (.set, ["until_share": 0.5], "training_length"), (.set, ["phase": 3], "phase"),
      (.snfs, ["constant_fan_in": 1], "constant_fan_in"),
    ] as [(TopologyKind, [String: Double], String)])
  func contradictionsAreRefused(kind: TopologyKind, options: [String: Double], name: String) throws {
    let method = try method(kind, options)
    do {
      try method.check()
      Issue.record("\(kind) with \(options) was accepted")
    } catch {
      #expect(error.kind == .invalidArgument && error.message.contains(name), "\(error.message)")
    }
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
    try rigl.set("until", 0x1p62)
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
      ("every", 0), ("every", 1.5), ("every", .nan), ("begin", -2), ("until", .infinity), ("until", 0x1p63),
      ("drop_fraction", 1.1),
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
