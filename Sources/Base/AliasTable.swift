/// Draws indices in proportion to weights, each in constant time (Walker 1977; Vose 1991).
package final class AliasTable: Stateful {
  private let chances: Buffer<Double>
  private let aliases: Buffer<UInt32>
  /// Indices with less than the mean weight from the front, the others from the back.
  private let order: Buffer<UInt32>

  /// - count: indices, 1 ... 2^32 - 1. - Throws: `outOfMemory`
  package init(count: Int, of what: @autoclosure () -> String = "table of chances") throws(Failure) {
    chances = try Buffer(count: count, of: what())
    aliases = try Buffer(count: count, of: what())
    order = try Buffer(count: count, of: what())
  }

  package func visit(_ visitor: inout some StateVisitor) { visitor.scratch(chances, aliases, order) }

  /// Take new weights. O(count), nothing allocated. - weight: of an index.
  /// - Returns: false, and then draws must not be made, unless all weights are finite and >= 0 and some are above 0.
  package func set(_ weight: (Int) -> Double) -> Bool {
    let count = chances.count
    let chance = chances.pointer
    var largest = 0.0
    for i in 0..<count {
      let value = weight(i)
      guard value >= 0, value.isFinite else { return false }
      chance[i] = value
      largest = max(largest, value)
    }
    guard largest > 0 else { return false }
    // Against the largest, so that a sum of weights near the ends of Double's range is in the middle of it.
    var sum = 0.0
    for i in 0..<count {
      chance[i] /= largest
      sum += chance[i]
    }
    let scale = Double(count) / sum
    var less = 0
    var more = count
    for i in 0..<count {
      chance[i] *= scale
      if chance[i] < 1 {
        order.pointer[less] = UInt32(truncatingIfNeeded: i)
        less &+= 1
      } else {
        more &-= 1
        order.pointer[more] = UInt32(truncatingIfNeeded: i)
      }
    }
    // Each place with less than the mean is filled up by one with more, which may fall below the mean by that: it then takes
    // the place in the list of the one that it filled.
    var next = 0
    while next < less, more < count {
      let poor = Int(order.pointer[next])
      let rich = Int(order.pointer[more])
      aliases.pointer[poor] = UInt32(truncatingIfNeeded: rich)
      chance[rich] -= 1 - chance[poor]
      if chance[rich] < 1 {
        order.pointer[next] = UInt32(truncatingIfNeeded: rich)
        more &+= 1
      } else {
        next &+= 1
      }
    }
    // What is left over is 1 but for rounding.
    while next < less {
      chance[Int(order.pointer[next])] = 1
      next &+= 1
    }
    while more < count {
      chance[Int(order.pointer[more])] = 1
      more &+= 1
    }
    return true
  }

  /// An index, by the weights of the last `set` that returned true.
  package func draw(_ random: inout RandomSource) -> Int {
    let i = random.below(chances.count)
    return random.uniform() < chances.pointer[i] ? i : Int(aliases.pointer[i])
  }
}
