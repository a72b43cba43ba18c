import Base
import Machine

/// Draws the orders in which samples come in shuffled epochs.
final class Shuffler: Stateful {
  private var random: RandomSource
  private var order: Buffer<Int64>?

  init(seed: Int64) { random = RandomSource(seed: UInt64(bitPattern: seed), stream: Stream.shuffling) }

  func visit(_ visitor: inout some StateVisitor) {
    visitor.number("shuffling", &random)
    visitor.scratch(order)
  }

  /// Where its draws stand.
  var position: RandomSource {
    get { random }
    set { random = newValue }
  }

  /// Have memory for orders of so many samples. - Returns: whether it is new. - Throws: `outOfMemory`.
  func makeRoom(samples: Int) throws(Failure) -> Bool {
    if order?.count == samples { return false }
    order = try Buffer(count: samples, of: "order of the samples")
    return true
  }

  /// A random order of 0 ..< samples (Fisher and Yates), which there is room for.
  func shuffled() -> UnsafePointer<Int64>? {
    guard let order else { return nil }
    for i in 0..<order.count { order.pointer[i] = Int64(i) }
    for i in stride(from: order.count - 1, to: 0, by: -1) {
      let j = random.below(i + 1)
      (order.pointer[i], order.pointer[j]) = (order.pointer[j], order.pointer[i])
    }
    return UnsafePointer(order.pointer)
  }
}
