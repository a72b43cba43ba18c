import Base
import Machine
import Sparse

/// Those of a layer's connections that take part in forward and in dx; gradients and updates go to all that are stored
/// (Top-KAST, Jayakumar et al. 2020: A, within B). All memory is allocated at construction.
public final class ForwardSet<T: Scalar> {
  let pattern: Pattern
  /// Slot in the layer's pattern of each slot here.
  private let slots: Buffer<UInt32>
  private let values: Buffer<T>

  /// - whole: the layer's pattern, now or later. - count, capacity: connections that take part now, and at most.
  /// - Throws: `outOfMemory`, `invalidArgument` for sizes out of range.
  public init(of whole: Pattern, count: Int, capacity: Int, owner: String) throws(Failure) {
    pattern = try Pattern(
      rows: whole.rows, columns: whole.columns, of: whole, kept: count, capacity: capacity, owner: owner,
      isKept: { $0 < count })
    slots = try Buffer(count: capacity, of: "\(owner), connections of forward")
    values = try Buffer(count: capacity, of: "\(owner), connections of forward")
    for slot in 0..<count { slots.pointer[slot] = UInt32(truncatingIfNeeded: slot) }
  }

  var bytes: Int { pattern.bytes + slots.bytes + values.bytes }

  /// Be other connections. Nothing is allocated. - whole: the layer's pattern. - count: that are marked 0, 1 ... capacity.
  /// - marks: one a slot of `whole`; 0 takes part.
  public func select(_ count: Int, of whole: Pattern, marks: UnsafePointer<UInt8>) {
    pattern.refill(from: whole, count: count) { marks[$0] == 0 }
    var next = 0
    for slot in 0..<whole.connections where marks[slot] == 0 {
      slots.pointer[next] = UInt32(truncatingIfNeeded: slot)
      next &+= 1
    }
  }

  /// Take the layer's weights over. - Returns: those that take part, one a slot of `pattern`.
  @inline(__always)
  func gather(_ weights: UnsafePointer<T>) -> UnsafePointer<T> {
    for slot in 0..<pattern.connections { values.pointer[slot] = weights[Int(slots.pointer[slot])] }
    return UnsafePointer(values.pointer)
  }

  /// As they were gathered last: what forward used.
  var gathered: UnsafePointer<T> { UnsafePointer(values.pointer) }
}
