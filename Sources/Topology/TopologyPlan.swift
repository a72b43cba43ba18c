import Base
import Sparse

/// A method's options, decoded once.
package struct TopologyPlan: Sendable {
  package let schedule: UpdateSchedule
  let drop: DropScore
  let gradientWeight: Double
  let rounding: DropRounding
  let scope: DropScope
  let grow: GrowthScore
  let justDropped: JustDropped
  /// Batches whose gradients the growth score is the mean of.
  package let gradientBatches: Int
  /// Factor on the weight of a gradient for each batch of its age.
  package let gradientDecay: Double
  let candidates: Double
  let sampling: CandidateSampling
  let grownWeight: GrownWeight
  let grownScale: Double
  let redistribute: Redistribution
  /// Whether layers grow by the numbers of SNFS's own code.
  let adjustsGrowth: Bool
  let room: Double
  package let density: DensitySchedule
  let isSoft: Bool
  let threshold: Double
  let tolerance: Double
  let noise: Double
  let shrink: Double
  /// Share of what is stored that takes part in forward; 1: all.
  package let forwardShare: Double
  let explorationDecay: Double
  /// Whether a layer starts with the same number of connections in every unit.
  package let hasConstantFanIn: Bool
  let ablation: Double
  /// Whether forward shrinks weights by a threshold that is learned.
  package let hasSoftThreshold: Bool
  package let thresholdStart: Double
  let thresholdDecay: Double
  let thresholdRate: Double
  package let replacesStep: Bool

  init(_ method: TopologyMethod) {
    func time(_ option: TopologyOption) -> Int { Int(clamping: min(method[option], 0x1p53)) }
    func choice<Choice: RawRepresentable>(_ option: TopologyOption, _: Choice.Type) -> Choice
    where Choice.RawValue == Int32, Choice: CaseIterable {
      Choice(rawValue: Int32(clamping: method[option])) ?? Choice.allCases[Choice.allCases.startIndex]
    }
    let every = time(.every)
    let begin = time(.begin)
    let share = method[.untilShare]
    var schedule = UpdateSchedule(
      every: every, begin: begin < 0 ? every : begin,
      until: share >= 0 ? Int(clamping: share * Double(time(.trainingLength))) : time(.until),
      dropFraction: method[.dropFraction], minimumDropFraction: method[.minimumDropFraction],
      decay: choice(.decay, DropDecay.self))
    schedule.clock = choice(.clock, TopologyClock.self)
    schedule.decayPower = method[.decayPower]
    self.schedule = schedule
    drop = method.isPublished(.set) ? .thresholds : choice(.drop, DropScore.self)
    gradientWeight = method[.gradientWeight]
    rounding = choice(.rounding, DropRounding.self)
    scope = choice(.scope, DropScope.self)
    grow = choice(.grow, GrowthScore.self)
    justDropped = method.isPublished(.set) ? .restart : choice(.justDropped, JustDropped.self)
    gradientBatches = Int(clamping: method[.gradientBatches])
    gradientDecay = method[.gradientDecay]
    candidates = method[.candidates]
    sampling = choice(.sampling, CandidateSampling.self)
    grownWeight = choice(.grownWeight, GrownWeight.self)
    grownScale = method[.grownScale]
    redistribute = choice(.redistribute, Redistribution.self)
    adjustsGrowth = method.isPublished(.snfs)
    room = method[.room]
    let final = method[.finalDensity]
    let phase = time(.phase)
    density =
      if final <= 0 {
        .constant
      } else if phase > 0 {
        .alternating(final: final, begin: time(.densityBegin), end: time(.densityEnd), phase: phase)
      } else {
        .ramp(
          final: final, begin: time(.densityBegin), end: time(.densityEnd), power: method[.densityPower])
      }
    isSoft = method[.soft] == 1
    threshold = method[.threshold]
    tolerance = method[.tolerance]
    noise = method[.noise]
    shrink = method[.shrink]
    forwardShare = method[.forwardShare]
    explorationDecay = method[.explorationDecay]
    hasConstantFanIn = method[.fanIn] == 1
    ablation = method[.ablation]
    hasSoftThreshold = method[.softThreshold] == 1
    thresholdStart = method[.thresholdStart]
    thresholdDecay = method[.thresholdDecay]
    thresholdRate = method[.thresholdRate]
    replacesStep = method[.replacesStep] == 1
  }

  /// Whether the drop score says itself which connections go, however many they are.
  var marksItself: Bool { drop == .signFlip || drop == .thresholds || threshold > 0 }

  /// Whether the density schedule is one of all layers together.
  var thinsGlobally: Bool { scope == .global && density.final != nil }

  /// How many of some stored connections take part in forward: of 10 at a share of 0.3, 3.
  package func forwardCount(of connections: Int) -> Int {
    max(1, Distribution.connections(density: forwardShare, positions: connections))
  }

  /// Slots that each of some layers needs room for while the method is at work.
  /// - layers: connections at the start and positions of each.
  package func capacities(_ layers: [(connections: Int, positions: Int)]) -> [Int] {
    let mean = Double(layers.total { $0.connections }) / Double(max(1, layers.count))
    return layers.map { connections, positions in
      var most = connections
      if redistribute != .none { most = max(most, Int(clamping: min(room * mean, Double(positions)))) }
      if isSoft { most = max(most, connections.addingClamped(rounding.count(schedule.dropFraction, of: connections))) }
      return min(most, positions)
    }
  }
}
