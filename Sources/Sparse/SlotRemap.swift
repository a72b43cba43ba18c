/// What a change of pattern does to everything that is stored in slot order: old slot -> new slot.
///
/// Survivors keep their relative order (both patterns are sorted), so the slots that went and the slots that came say it
/// all, and an array is remapped in place by closing the gaps from the left and opening the new ones from the right.
public struct SlotRemap {
  /// Slots of the old pattern that are gone, ascending.
  public let dropped: UnsafeBufferPointer<Int64>
  /// Slots of the new pattern that were not in the old one, ascending.
  public let grown: UnsafeBufferPointer<Int64>
  /// Connections before.
  public let oldCount: Int

  public var newCount: Int { oldCount - dropped.count + grown.count }

  public init(dropped: UnsafeBufferPointer<Int64>, grown: UnsafeBufferPointer<Int64>, oldCount: Int) {
    self.dropped = dropped
    self.grown = grown
    self.oldCount = oldCount
  }

  /// Move `array` from the old order to the new one, in place; grown slots become `fill`. Bit for bit, nothing allocated.
  /// - array: room for max(oldCount, newCount) elements.
  public func apply<T>(to array: UnsafeMutablePointer<T>, fill: T) {
    var kept = 0
    var next = 0
    for old in 0..<oldCount {
      if next < dropped.count, dropped[next] == Int64(old) {
        next += 1
      } else {
        array[kept] = array[old]
        kept += 1
      }
    }
    var come = grown.count - 1
    for new in stride(from: newCount - 1, through: 0, by: -1) {
      if come >= 0, grown[come] == Int64(new) {
        array[new] = fill
        come -= 1
      } else {
        kept -= 1
        array[new] = array[kept]
      }
    }
  }
}
