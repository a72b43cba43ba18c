import Base
import Machine
import Sparse

/// What forward and dx make of a layer's weights: which of its connections take part, and with which value. Two kinds:
///
/// - chosen: some as they are, the same until others are chosen; every stored one has a gradient (Top-KAST, Jayakumar et al.
///   2020: A, within B).
/// - above a threshold t: sign(w) (|w| - t) of those with |w| > t, found anew before each forward, since weights move; the
///   others have no gradient either (STR, Kusupati et al. 2020, "Soft Threshold Weight Reparameterization for Learnable
///   Sparsity", equations 4 and 5).
///
/// All memory is allocated at construction.
package final class ForwardSet<T: Scalar>: Stateful {
  let pattern: Pattern
  /// nil: chosen.
  private var threshold: T?
  /// Slot in the layer's pattern of each slot here.
  private let slots: Buffer<UInt32>
  private let values: Buffer<T>
  /// dL/dw of those that take part, where the others have none.
  private let gradients: Buffer<T>
  /// By slot of the layer's pattern, 0 takes part; of the kind with a threshold.
  private let marks: Buffer<UInt8>
  /// Whether `pattern` is not that of `marks`.
  private var isStale = true

  /// Some connections, to be chosen; until then the first ones.
  /// - whole: the layer's pattern, now or later. - count, capacity: connections that take part now, and at most.
  /// - Throws: `outOfMemory`, `invalidArgument` for sizes out of range.
  package convenience init(of whole: Pattern, count: Int, capacity: Int, owner: String) throws(Failure) {
    try self.init(whole, count, capacity, threshold: nil, owner)
  }

  /// Those above a threshold. - whole: as above. - Throws: `outOfMemory`.
  package convenience init(of whole: Pattern, above threshold: T, owner: String) throws(Failure) {
    try self.init(whole, whole.connections, whole.capacity, threshold: threshold, owner)
  }

  private init(_ whole: Pattern, _ count: Int, _ capacity: Int, threshold: T?, _ owner: String) throws(Failure) {
    pattern = try Pattern(
      rows: whole.rows, columns: whole.columns, of: whole, kept: count, capacity: capacity, owner: owner,
      isKept: { $0 < count })
    self.threshold = threshold
    let what = "\(owner), connections of forward"
    slots = try Buffer(count: capacity, of: what)
    values = try Buffer(count: capacity, of: what)
    gradients = try Buffer(count: threshold == nil ? 0 : capacity, of: what)
    marks = try Buffer(count: threshold == nil ? 0 : capacity, of: what)
    for slot in 0..<count { slots.pointer[slot] = UInt32(truncatingIfNeeded: slot) }
  }

  package func visit(_ visitor: inout some StateVisitor) {
    visitor.part("pattern", pattern)
    visitor.array("slots", slots)
    visitor.array("marks", marks)
    visitor.scratch(values, gradients)
    visitor.number("is_stale", &isStale)
    guard var threshold else { return }
    visitor.number("threshold", &threshold)
    self.threshold = threshold
  }

  /// Whether those that do not take part have no gradient.
  var hidesGradients: Bool { threshold != nil }

  /// Be other connections. Nothing is allocated. - whole: the layer's pattern. - count: that are marked 0, 1 ... capacity.
  /// - marks: one a slot of `whole`; 0 takes part.
  package func select(_ count: Int, of whole: Pattern, marks: UnsafePointer<UInt8>) {
    pattern.refill(from: whole, count: count) { marks[$0] == 0 }
    var next = 0
    for slot in 0..<whole.connections where marks[slot] == 0 {
      slots.pointer[next] = UInt32(truncatingIfNeeded: slot)
      next &+= 1
    }
  }

  /// Have another threshold, from the next forward on.
  package func follow(_ threshold: T) { self.threshold = threshold }

  /// The layer's pattern has changed.
  package func patternChanged() { isStale = true }

  /// Take the layer's weights over, before forward. - whole: the layer's pattern.
  /// - Returns: what takes part, one a slot of `pattern`.
  @inline(__always)
  func take(_ weights: UnsafePointer<T>, of whole: Pattern) -> UnsafePointer<T> {
    if let threshold {
      takeAbove(threshold, weights, whole)
    } else {
      for slot in 0..<pattern.connections { values.pointer[slot] = weights[Int(slots.pointer[slot])] }
    }
    return UnsafePointer(values.pointer)
  }

  @inline(__always)
  private func takeAbove(_ threshold: T, _ weights: UnsafePointer<T>, _ whole: Pattern) {
    var count = 0
    var changes = isStale
    for slot in 0..<whole.connections {
      let isIn = weights[slot].magnitude > threshold
      let mark: UInt8 = isIn ? 0 : 1
      changes = changes || marks.pointer[slot] != mark
      marks.pointer[slot] = mark
      guard isIn else { continue }
      slots.pointer[count] = UInt32(truncatingIfNeeded: slot)
      values.pointer[count] = weights[slot].shrunk(by: threshold)
      count &+= 1
    }
    guard changes else { return }
    let marks = marks.pointer
    pattern.refill(from: whole, count: count) { marks[$0] == 0 }
    isStale = false
  }

  /// As they were taken over last: what forward used.
  var taken: UnsafePointer<T> { UnsafePointer(values.pointer) }

  /// Where a backward pass leaves the gradient of those that take part, one a slot of `pattern`; `spread` follows.
  /// - gradient: of the layer, to be added to if `accumulate`.
  @inline(__always)
  func gradients(of gradient: UnsafePointer<T>, accumulate: Bool) -> UnsafeMutablePointer<T> {
    guard accumulate else { return gradients.pointer }
    for slot in 0..<pattern.connections { gradients.pointer[slot] = gradient[Int(slots.pointer[slot])] }
    return gradients.pointer
  }

  /// Hand it to the layer, 0 for the others. - count: connections of the layer.
  @inline(__always)
  func spread(to gradient: UnsafeMutablePointer<T>, count: Int) {
    gradient.update(repeating: 0, count: count)
    for slot in 0..<pattern.connections { gradient[Int(slots.pointer[slot])] = gradients.pointer[slot] }
  }

  /// Make of a layer's weights, in place, what forward makes of them where it depends on the weight alone: 0 below the
  /// threshold, and what exceeds it above. Chosen ones are left alone.
  @_specialize(where T == Float)
  @_specialize(where T == Double)
  package func settle(_ weights: UnsafeMutablePointer<T>, count: Int) {
    guard let threshold else { return }
    for slot in 0..<count { weights[slot] = weights[slot].shrunk(by: threshold) }
  }
}

extension Scalar {
  /// sign(w) max(0, |w| - t), for t >= 0.
  @inline(__always)
  package func shrunk(by threshold: Self) -> Self {
    magnitude > threshold ? (self < 0 ? self + threshold : self - threshold) : 0
  }
}
