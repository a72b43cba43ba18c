import Base
import Machine
import Sparse

/// What a topology method keeps of one layer: random numbers, counters and scratch, all allocated at construction and linear
/// in the pattern's capacity, candidates for growth, units and inputs, never in rows x columns beyond the megabyte of bits that
/// ``Explored`` allows itself.
package final class LayerTopology<T: Scalar>: Stateful {
  let subject: any TopologyLayer<T>
  /// Connections that went and came at the last update; those that went and came back at once are in neither.
  package private(set) var dropped = 0
  package private(set) var grown = 0
  /// Updates so far.
  package private(set) var updates = 0
  /// Connections when the method was given.
  private(set) var initialCount: Int

  private let plan: TopologyPlan
  private var random: RandomSource
  private var randomBefore: RandomSource
  let growth: any GrowthCriterion<T>
  private let callers: CallerScores<T>
  private let fanIn: FanIn<T>?
  /// Marks, one a slot: 0 for those that take part in forward; empty when all do.
  private let exploring: Buffer<UInt8>
  let explored: Explored
  /// nil without one, or when it has come to its end.
  var threshold: SoftThreshold?
  /// Marks, one a slot: 1 for those that go.
  let gone: Buffer<UInt8>
  /// All 0: no position of a slot is free.
  private let busy: Buffer<UInt8>
  private let positions: Buffer<Position>
  private let droppedSlots: Buffer<Int64>
  private let grownSlots: Buffer<Int64>
  private let scoreScratch: Buffer<T>
  private let reference: Buffer<T>?

  // Of the update that is under way.
  var scores: DropScores<T>
  /// Connections that stay, and those that are to come.
  var staying = 0
  var coming = 0
  private(set) var meanMomentum = 0.0

  /// - pattern: the subject's, now or once the caller has put it in place.
  /// - Throws: `outOfMemory`.
  init(
    _ method: TopologyMethod, subject: any TopologyLayer<T>, pattern: Pattern, random: RandomSource
  ) throws(Failure) {
    let plan = method.plan
    self.plan = plan
    self.subject = subject
    self.random = random
    randomBefore = random
    initialCount = pattern.connections
    let room = pattern.capacity
    let what = "topology method, scratch"
    explored = try Explored(pattern: pattern, membership: plan.grow == .unfired)
    gone = try Buffer(count: room, of: what)
    busy = try Buffer(count: plan.justDropped == .exclude ? room : 0, of: what)
    positions = try Buffer(count: room, of: what)
    threshold = SoftThreshold(plan)
    exploring = try Buffer(count: plan.forwardShare < 1 ? room : 0, of: what)
    droppedSlots = try Buffer(count: room, of: what)
    grownSlots = try Buffer(count: room, of: what)
    let needsScores = plan.drop.needsScores || plan.redistribute == .momentum
    scoreScratch = try Buffer(count: needsScores ? room : 0, of: what)
    reference = plan.drop.needsReference ? try Buffer(count: room, of: what) : nil
    growth = try plan.makeGrowth(pattern: pattern, explored: explored)
    callers = try CallerScores(method, subject, pattern: pattern)
    fanIn =
      if plan.hasConstantFanIn, let gradient = growth as? GradientGrowth<T> {
        try FanIn(budget: initialCount, ablation: plan.ablation, pattern: pattern, gradient: gradient)
      } else {
        nil
      }
    scores = DropScores(values: UnsafePointer(scoreScratch.pointer), isSigned: false)
  }

  package func visit(_ visitor: inout some StateVisitor) {
    visitor.number("dropped", &dropped)
    visitor.number("grown", &grown)
    visitor.number("updates", &updates)
    visitor.number("initial_count", &initialCount)
    visitor.number("random", &random)
    if plan.hasSoftThreshold {
      var settled = threshold == nil
      visitor.number("settled", &settled)
      if settled { threshold = nil }
      threshold?.visit(&visitor)
    }
    visitor.array("exploring", exploring)
    visitor.array("reference", reference)
    visitor.part("explored", explored)
    visitor.part("growth", growth)
    visitor.part("callers", callers)
    visitor.part("fan_in", fanIn)
    visitor.scratch(gone, busy, positions, droppedSlots, grownSlots, scoreScratch)
  }

  /// What forward takes off |w|; 0 without a soft threshold.
  package var softThreshold: Double { threshold?.value ?? 0 }
  /// Whether a soft threshold has come to its end.
  package var hasSettled: Bool { plan.hasSoftThreshold && threshold == nil }

  /// Number of positions that have ever been connected; an estimate in a very sparse layer, see ``Explored``.
  package var exploredCount: Int { explored.count }

  // Specialised by the caller; see TopologyInstance.

  var connections: Int { subject.pattern.connections }
  var positionCount: Int { subject.pattern.rows * subject.pattern.columns }

  /// What training starts from, for scores that compare with it. The weights must be in place.
  func begin() {
    selectForward()
    keepReference()
  }

  /// Note where the random numbers are; go back there when an update does not come about.
  func note() { randomBefore = random }
  func goBack() { random = randomBefore }

  func keepReference() {
    guard let reference else { return }
    reference.pointer.update(from: subject.weights, count: connections)
    if plan.drop == .signFlip { giveSigns(reference.pointer) }
  }

  /// Compute the drop scores.
  func score() throws(Failure) {
    callers.prepare()
    scores = plan.drop.scores(
      of: subject, weight: plan.gradientWeight, scratch: scoreScratch.pointer,
      reference: reference.map { UnsafePointer($0.pointer) }, random: &random)
    if plan.drop == .callback { try callers.dropScores(into: scoreScratch.pointer) }
  }

  /// Measure the mean |momentum| of the connections. Before `score`, which uses the same scratch.
  func measureMomentum() {
    subject.copyMomentum(into: scoreScratch.pointer)
    var sum = 0.0
    for slot in 0..<connections { sum += Double(scoreScratch.pointer[slot].magnitude) }
    meanMomentum = connections > 0 && sum.isFinite ? sum / Double(connections) : 0
  }

  /// How many connections rank above a key; of those that equal it, as many as `equals` allows count, and are taken off it.
  func countBest(_ key: UInt64, equals: inout Int) -> Int {
    var count = 0
    for slot in 0..<connections {
      let rank = scores.rank(slot)
      if rank > key {
        count &+= 1
      } else if rank == key, equals > 0 {
        equals &-= 1
        count &+= 1
      }
    }
    return count
  }

  /// Mark those that go. - fraction: 0 spares those below a threshold and between two.
  func mark(fraction: Double, threshold: Double) {
    let count = connections
    if plan.drop == .signFlip {
      staying = count - markNegative(scores, of: count, gone.pointer)
    } else if plan.marksItself, fraction == 0 {
      staying = count
      markSmallest(scores, 0, of: count, gone.pointer)
    } else if plan.drop == .thresholds {
      staying = count - markBetweenThresholds(subject.weights, fraction: fraction, of: count, gone.pointer)
    } else if plan.threshold > 0 {
      staying = count - markBelow(scores, T(threshold), of: count, gone.pointer)
    } else {
      markSmallest(scores, count - staying, of: count, gone.pointer)
    }
  }

  /// Positions that may be chosen once those that are marked have gone.
  var free: Int { positionCount - (plan.justDropped == .exclude ? connections : staying) }

  /// Choose `coming` positions.
  func choose() throws(Failure) {
    guard coming > 0 else { return }
    let taken = UnsafePointer((plan.justDropped == .exclude ? busy : gone).pointer)
    let context = GrowthContext(subject: subject, taken: taken, free: free, callers: callers)
    try growth.choose(coming, context, random: &random, positions: positions.pointer)
    guard let fanIn else { return }
    (staying, coming) = try fanIn.choose(coming, context, scores, gone: gone.pointer, positions: positions.pointer)
  }

  /// Change the pattern and let the subject move what it stores. Nothing fails.
  func commit() {
    var comes = coming
    if plan.justDropped == .keep { comes = keepRegrown(comes) }
    let goes = listDropped()
    dropped = goes
    grown = comes
    updates += 1
    for i in 0..<comes { explored.insert(positions.pointer[i].row, positions.pointer[i].column) }
    let remap = subject.pattern.change(
      dropping: UnsafeBufferPointer(start: droppedSlots.pointer, count: goes),
      growing: UnsafeBufferPointer(start: positions.pointer, count: comes), slots: grownSlots.pointer)
    subject.apply(remap)
    let before = plan.grownWeight.spread(plan, subject)
    for slot in remap.grown { subject.weights[Int(slot)] = plan.grownWeight.draw(spread: before, &random) }
    keepReference(remap)
    selectForward()
  }

  /// The largest weights take part in forward, between equals the lower slots; or those above the threshold.
  func selectForward() {
    if let threshold { subject.useForward(above: T(threshold.value)) }
    guard plan.forwardShare < 1 else { return }
    let count = plan.forwardCount(of: connections)
    let weights = DropScores(values: UnsafePointer(subject.weights), isSigned: false)
    markSmallest(weights, connections - count, of: connections, exploring.pointer)
    subject.useForward(count, marks: exploring.pointer)
  }

  /// Draw weights towards 0, but not beyond, before an optimizer's step: by rate x decay those that take part in forward, by
  /// as much over the density of forward the others, so that exploring costs more. With plain SGD that is the gradient of
  /// decay / 2 (sum_A w^2 + sum_(B without A) w^2 / D) (Top-KAST, equation 4 with squares).
  func decayExploration() {
    guard plan.explorationDecay > 0 else { return }
    let share = subject.learningRate * plan.explorationDecay
    let density = Double(plan.forwardCount(of: connections)) / Double(positionCount)
    let (inside, outside) = (T(max(0, 1 - share)), T(max(0, 1 - share / density)))
    let weights = subject.weights
    for slot in 0..<connections { weights[slot] *= exploring.pointer[slot] == 0 ? inside : outside }
  }

  private func keepReference(_ remap: SlotRemap) {
    guard let reference else { return }
    guard plan.drop == .signFlip else { return keepReference() }
    remap.apply(to: reference.pointer, fill: 0)
    for slot in remap.grown { reference.pointer[Int(slot)] = subject.weights[Int(slot)] }
    giveSigns(reference.pointer)
  }

  /// A connection of DeepR has a sign from the start, which a weight of 0 does not show.
  private func giveSigns(_ reference: UnsafeMutablePointer<T>) {
    for slot in 0..<connections where reference[slot] == 0 { reference[slot] = random.next() & 1 == 0 ? -1 : 1 }
  }

  /// Add noise to every weight and draw it towards 0.
  func disturb(noise: Double, shrink: Double) {
    let weights = subject.weights
    for slot in 0..<connections {
      var w = Double(weights[slot])
      if shrink > 0 { w = w > 0 ? w - shrink : w < 0 ? w + shrink : w }
      if noise > 0 { w += noise * random.normal() }
      weights[slot] = T(w)
    }
  }

  /// Take the connections that were chosen both to go and to come out of both choices; returns how many still come. Positions
  /// and slots are both in ascending order, so one walk past the slots finds all.
  private func keepRegrown(_ count: Int) -> Int {
    let positions = positions.pointer
    let pattern = subject.pattern
    var left = 0
    var (row, slots) = (-1, 0..<0)
    for i in 0..<count {
      if positions[i].row != row {
        row = positions[i].row
        slots = pattern.slots(row: row)
      }
      slots = pattern.slots(slots, from: positions[i].column)
      if let slot = slots.first, pattern.column(slot) == positions[i].column {
        gone.pointer[slot] = 0
        // The sign that it has now is the one to keep.
        reference?.pointer[slot] = subject.weights[slot]
      } else {
        positions[left] = positions[i]
        left &+= 1
      }
    }
    return left
  }

  /// Marks -> ascending slots; returns their number.
  private func listDropped() -> Int {
    var count = 0
    for slot in 0..<connections where gone.pointer[slot] == 1 {
      droppedSlots.pointer[count] = Int64(slot)
      count &+= 1
    }
    return count
  }
}

extension TopologyPlan {
  func makeGrowth<T: Scalar>(pattern: Pattern, explored: Explored) throws(Failure) -> any GrowthCriterion<T> {
    switch grow {
    case .random: try RandomGrowth<T>(capacity: pattern.capacity)
    case .unfired: try RandomGrowth<T>(capacity: pattern.capacity, explored: explored)
    case .gradient, .momentum, .callback: try GradientGrowth<T>(pattern: pattern)
    case .sampled: try SampledGrowth<T>(share: candidates, sampling: sampling, pattern: pattern)
    }
  }
}

extension GrownWeight {
  /// The width of the distribution, for a layer as it is now.
  func spread<T: Scalar>(_ plan: TopologyPlan, _ subject: any TopologyLayer<T>) -> Double {
    guard self == .layerNormal else { return plan.grownScale }
    var sum = 0.0
    let count = subject.pattern.connections
    for slot in 0..<count { sum += Double(subject.weights[slot]) * Double(subject.weights[slot]) }
    // No normal number that is drawn is beyond 64.
    let most = Double(T.greatestFiniteMagnitude) / 64
    return count > 0 ? min(plan.grownScale * (sum / Double(count)).squareRoot(), most) : 0
  }

  func draw<T: Scalar>(spread: Double, _ random: inout RandomSource) -> T {
    switch self {
    case .zero: 0
    case .uniform: T(spread * (2 * random.uniform() - 1))
    case .normal, .layerNormal: T(spread * random.normal())
    }
  }
}
