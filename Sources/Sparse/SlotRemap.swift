import Base

/// What a change of pattern does to everything that is stored in slot order: old slot -> new slot.
///
/// Survivors keep their relative order (both patterns are sorted), so the slots that went and the slots that came say it
/// all, and an array is remapped in place by closing the gaps from the left and opening the new ones from the right.
package struct SlotRemap {
  /// Slots of the old pattern that are gone, ascending.
  package let dropped: UnsafeBufferPointer<Int64>
  /// Slots of the new pattern that were not in the old one, ascending.
  package let grown: UnsafeBufferPointer<Int64>
  /// Connections before.
  package let oldCount: Int

  package var newCount: Int { oldCount - dropped.count + grown.count }

  package init(dropped: UnsafeBufferPointer<Int64>, grown: UnsafeBufferPointer<Int64>, oldCount: Int) {
    self.dropped = dropped
    self.grown = grown
    self.oldCount = oldCount
  }

  /// Move `array` from the old order to the new one, in place; grown slots become `fill`. Bit for bit, nothing allocated.
  /// Survivors move in runs between changes, so that it is a few block moves whatever the type. Elements that the new order
  /// no longer has become `fill` too.
  /// - array: room for max(oldCount, newCount) elements.
  package func apply<T: BitwiseCopyable>(to array: UnsafeMutablePointer<T>, fill: T) {
    var kept = dropped.isEmpty ? oldCount : Int(dropped[0])
    for i in 0..<dropped.count {
      let begin = Int(dropped[i]) + 1
      let end = i + 1 < dropped.count ? Int(dropped[i + 1]) : oldCount
      (array + kept).update(from: array + begin, count: end - begin)
      kept += end - begin
    }
    var end = newCount
    for new in grown.reversed() {
      let begin = Int(new) + 1
      kept -= end - begin
      (array + begin).update(from: array + kept, count: end - begin)
      array[begin - 1] = fill
      end = begin - 1
    }
    if newCount < oldCount { (array + newCount).update(repeating: fill, count: oldCount - newCount) }
  }

  /// `array` in the new order, in room of its own; that stays as it is. Grown slots and those beyond the new count are `fill`.
  /// - array: at least oldCount elements. - capacity: elements of the result, >= newCount.
  /// - Throws: `outOfMemory`.
  package func moved<T: BitwiseCopyable>(
    _ array: Buffer<T>, capacity: Int, fill: T, of what: @autoclosure () -> String
  ) throws(Failure) -> Buffer<T> {
    let moved = try Buffer<T>(count: max(capacity, oldCount), of: what())
    moved.pointer.update(from: array.pointer, count: oldCount)
    apply(to: moved.pointer, fill: fill)
    let trimmed = try Buffer<T>(count: capacity, of: what())
    trimmed.span.update(repeating: fill)
    trimmed.pointer.update(from: moved.pointer, count: newCount)
    return trimmed
  }
}
