import Base
import Machine

/// Spreads the connections that come over layers in proportion to a weight, exactly: no connection is lost to rounding, a
/// layer that has no room gives its part to the others, and none is left without a connection (SNFS, Dettmers and Zettlemoyer
/// 2019, whose code rounds up and repays the surplus later: ``PublishedGrowth``, which takes its place where a method asks).
struct Redistributor {
  /// Weights of layers that differ by no more than this part of them count as equal: means of momentum in single precision are
  /// not known better, and what they are equal but for is the order of their sums. It moves no whole connection of a million.
  static let tolerance = 0x1p-20

  private var shares: [Double]
  private var remainders: [Double]
  private var given: [Int]
  private var published: PublishedGrowth?

  /// - baseline: connections that there should be, for the numbers of the published code; nil for exact ones.
  init(layers: Int, baseline: Int?) {
    shares = [Double](repeating: 0, count: layers)
    // Not `shares`: an array that two names share is copied at its first change, which would be in a step.
    remainders = [Double](repeating: 0, count: layers)
    given = [Int](repeating: 0, count: layers)
    published = baseline.map { PublishedGrowth(layers: layers, baseline: $0) }
  }

  mutating func visit(_ visitor: inout some StateVisitor) { published?.visit(&visitor) }

  /// An update has been made.
  mutating func note<T: Scalar>(_ layers: [LayerTopology<T>]) { published?.note(layers) }

  /// Replace `coming` of the layers, keeping its sum unless the published code's numbers are asked for. - weight: >= 0, of a layer; when all are 0 nothing changes.
  /// Each layer's `coming` must fit it.
  mutating func spread<T: Scalar>(over layers: [LayerTopology<T>], weight: (LayerTopology<T>) -> Double) {
    var left = 0
    var sum = 0.0
    for i in layers.indices {
      left += layers[i].coming
      given[i] = 0
      shares[i] = weight(layers[i])
      for j in 0..<i where abs(shares[i] - shares[j]) <= Self.tolerance * shares[j] {
        shares[i] = shares[j]
        break
      }
      sum += shares[i]
    }
    guard sum > 0, sum.isFinite else { return }
    if published != nil {
      for i in layers.indices { shares[i] /= sum }
      published?.spread(over: layers, shares: shares)
      return
    }
    for i in layers.indices where layers[i].staying == 0 && left > 0 && room(layers[i]) > 0 {
      given[i] = 1
      left -= 1
    }
    while left > 0, prepareShares(layers) { left = deal(left, layers) }
    for i in layers.indices { layers[i].coming = given[i] }
  }

  /// Leave shares to layers with room alone; when those that have one are all full, every other layer gets the same.
  /// Returns false when there is no room.
  private mutating func prepareShares<T: Scalar>(_ layers: [LayerTopology<T>]) -> Bool {
    var sum = 0.0
    for i in layers.indices {
      if given[i] >= room(layers[i]) { shares[i] = 0 }
      sum += shares[i]
    }
    if sum > 0 { return true }
    var hasRoom = false
    for i in layers.indices where given[i] < room(layers[i]) {
      shares[i] = 1
      hasRoom = true
    }
    return hasRoom
  }

  /// One round: what is whole of each share, as far as there is room. When that filled no layer, the remainders follow, one
  /// each, the largest first. At least one connection is dealt. Returns what is left.
  private mutating func deal<T: Scalar>(_ pot: Int, _ layers: [LayerTopology<T>]) -> Int {
    var sum = 0.0
    for i in layers.indices { sum += shares[i] }
    var left = pot
    var isFull = false
    for i in layers.indices {
      remainders[i] = -1
      guard shares[i] > 0 else { continue }
      let exact = Double(pot) * (shares[i] / sum)
      let space = room(layers[i]) - given[i]
      let part = min(Int(clamping: exact), space, left)
      given[i] += part
      left -= part
      remainders[i] = part < space ? exact - Double(part) : -1
      if part == space { isFull = true }
    }
    if isFull, left < pot { return left }
    while left > 0, let i = largestRemainder() {
      given[i] += 1
      left -= 1
      remainders[i] = -1
    }
    return left
  }

  private func largestRemainder() -> Int? {
    var found: Int?
    for i in remainders.indices where remainders[i] >= 0 {
      if found.map({ remainders[i] > remainders[$0] }) ?? true { found = i }
    }
    return found
  }

  private func room<T: Scalar>(_ layer: LayerTopology<T>) -> Int {
    max(0, min(layer.free, layer.subject.pattern.capacity - layer.staying))
  }
}
