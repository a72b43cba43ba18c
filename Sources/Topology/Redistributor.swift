import Base
import Machine

/// Spreads the connections that come over layers in proportion to a weight, exactly: no connection is lost to rounding, and a
/// layer that has no room gives its part to the others (SNFS, Dettmers and Zettlemoyer 2019, whose code rounds up and repays
/// the surplus later).
struct Redistributor {
  private var shares: [Double]
  private var given: [Int]

  init(layers: Int) {
    shares = [Double](repeating: 0, count: layers)
    given = [Int](repeating: 0, count: layers)
  }

  /// Replace `coming` of the layers, keeping its sum. - weight: >= 0, of a layer; when all are 0 nothing changes.
  mutating func spread<T: Scalar>(over layers: [LayerTopology<T>], weight: (LayerTopology<T>) -> Double) {
    var left = 0
    var sum = 0.0
    for i in layers.indices {
      left += layers[i].coming
      given[i] = 0
      shares[i] = weight(layers[i])
      sum += shares[i]
    }
    guard sum > 0, sum.isFinite else { return }
    // Each round gives what fits; those that are full drop out, and the rest goes round again.
    while left > 0, sum > 0 {
      let pot = left
      for i in layers.indices where shares[i] > 0 {
        let part = min(Int((Double(pot) * shares[i] / sum).rounded(.down)), room(layers[i]) - given[i], left)
        given[i] += part
        left -= part
      }
      if left == pot { break }
      sum = 0
      for i in layers.indices {
        if given[i] >= room(layers[i]) { shares[i] = 0 }
        sum += shares[i]
      }
    }
    // What rounding has left over: one for each layer with room, the largest shares first; then wherever there is room.
    while left > 0, let i = best(layers) {
      given[i] += 1
      left -= 1
      shares[i] = -1
      if !shares.contains(where: { $0 >= 0 }) { for j in shares.indices { shares[j] = 0 } }
    }
    for i in layers.indices { layers[i].coming = given[i] }
  }

  private func room<T: Scalar>(_ layer: LayerTopology<T>) -> Int {
    max(0, min(layer.free, layer.subject.pattern.capacity - layer.staying))
  }

  private func best<T: Scalar>(_ layers: [LayerTopology<T>]) -> Int? {
    var found: Int?
    for i in layers.indices where given[i] < room(layers[i]) {
      if found.map({ shares[i] > shares[$0] }) ?? true { found = i }
    }
    return found
  }
}
