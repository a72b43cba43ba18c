import Base
import Machine
import Sparse

/// A topology method at work on one layer: its schedule, its random numbers, its counters and its scratch, all allocated at
/// construction and linear in the pattern's capacity and the layer's inputs, never in rows x columns.
public final class TopologyInstance<T: Scalar> {
  public let method: TopologyMethod
  /// Connections that went and came at the last update; those that went and came back at once are in neither.
  public private(set) var dropped = 0
  public private(set) var grown = 0
  /// Updates so far.
  public private(set) var updates = 0

  private var schedule: UpdateSchedule?
  private let criteria: Criteria<T>?
  private var random: RandomSource
  /// Marks, one a slot: 1 for those that go.
  private let gone: Buffer<UInt8>
  private let positions: Buffer<Position>
  private let droppedSlots: Buffer<Int64>
  private let grownSlots: Buffer<Int64>

  /// - pattern: the layer's; `evolve` must be given the same one. - seed, stream: of the random numbers.
  /// - Throws: `outOfMemory`.
  public init(_ method: TopologyMethod, pattern: Pattern, seed: UInt64, stream: UInt64) throws(Failure) {
    self.method = method
    schedule = method.schedule
    criteria = try method.kind.rule.criteria(method, pattern: pattern)
    random = RandomSource(seed: seed, stream: stream)
    let room = criteria == nil ? 0 : pattern.capacity
    gone = try Buffer(count: room, of: "topology method, scratch")
    positions = try Buffer(count: room, of: "topology method, scratch")
    droppedSlots = try Buffer(count: room, of: "topology method, scratch")
    grownSlots = try Buffer(count: room, of: "topology method, scratch")
  }

  /// Whether an update takes the place of the optimizer's step of that iteration.
  public var replacesStep: Bool { method.kind.rule.replacesStep }
  /// Whether `evolve` asks for the dense gradient.
  public var needsGradient: Bool { criteria?.growth.needsGradient ?? false }
  /// Bytes of scratch.
  public var bytes: Int {
    gone.bytes + positions.bytes + droppedSlots.bytes + grownSlots.bytes + (criteria?.growth.bytes ?? 0)
  }

  /// Whether the schedule asks for an update at this step.
  public func isDue(step: Int) -> Bool { schedule?.isDue(step: step) ?? false }

  /// The update of this step is certain to happen: the next one is due a period later.
  public func noteDue(step: Int) { schedule?.note(step: step) }

  /// The drop fraction of an update at this step.
  public func dropFraction(step: Int) -> Double { schedule?.dropFraction(step: step) ?? 0 }

  /// Drop and grow now; as many connections come as go. The pattern changes in place. The caller applies the result to
  /// everything in slot order; grown slots start with 0. Nothing is allocated; the same bits for any number of threads.
  ///
  /// - step: for the drop fraction. - dropFraction: in [0, 1], instead of the schedule's; 0 changes nothing.
  /// - weights: one a slot, only read. - gradients: asked when `needsGradient`.
  /// - Returns: what moved; borrows this instance's scratch and is valid until the next call.
  public func evolve(
    step: Int, dropFraction: Double? = nil, pattern: Pattern, weights: UnsafePointer<T>,
    gradients: any DenseGradientSource<T>
  ) -> SlotRemap {
    var gones = 0
    var comes = 0
    let fraction = dropFraction ?? self.dropFraction(step: step)
    if let criteria, fraction > 0 {
      gones = criteria.drop.mark(fraction: fraction, pattern: pattern, weights: weights, gone: gone.pointer)
      comes = gones
      if gones > 0 {
        criteria.growth.choose(
          comes, pattern: pattern, gone: gone.pointer, gradients: gradients, random: &random,
          positions: positions.pointer)
      }
      if criteria.keepsRegrown { comes = keepRegrown(comes, pattern) }
      gones = listDropped(pattern.connections)
    }
    dropped = gones
    grown = comes
    updates += 1
    return pattern.change(
      dropping: UnsafeBufferPointer(start: droppedSlots.pointer, count: gones),
      growing: UnsafeBufferPointer(start: positions.pointer, count: comes), slots: grownSlots.pointer)
  }

  /// Take the connections that were chosen both to go and to come out of both choices; returns how many still come.
  private func keepRegrown(_ count: Int, _ pattern: Pattern) -> Int {
    let positions = positions.pointer
    var left = 0
    for i in 0..<count {
      if let slot = pattern.slot(row: positions[i].row, column: positions[i].column) {
        gone.pointer[slot] = 0
      } else {
        positions[left] = positions[i]
        left &+= 1
      }
    }
    return left
  }

  /// Marks -> ascending slots; returns their number.
  private func listDropped(_ connections: Int) -> Int {
    var count = 0
    for slot in 0..<connections where gone.pointer[slot] == 1 {
      droppedSlots.pointer[count] = Int64(slot)
      count &+= 1
    }
    return count
  }
}
