import Base
import Machine

/// How many connections each layer grows in SNFS's own code (Dettmers and Zettlemoyer 2019, sparse_learning/core.py): a layer's
/// share of what went, rounded up, but no more than 0.99 of its free positions. What does not fit is spread equally over all
/// layers, again and again, until all of it fits; then counts are rounded down. So the total is not quite what it was, and the
/// difference goes into the next update's sum as "adjusted growth".
struct PublishedGrowth {
  /// Connections that there should be.
  private var baseline: Int
  private var adjustedGrowth = 0.0
  private var adjustments = (sum: 0.0, count: 0.0)
  private var growth: [Double]

  mutating func visit(_ visitor: inout some StateVisitor) {
    visitor.number("baseline", &baseline)
    visitor.number("adjusted_growth", &adjustedGrowth)
    visitor.number("adjustments_sum", &adjustments.sum)
    visitor.number("adjustments_count", &adjustments.count)
  }

  init(layers: Int, baseline: Int) {
    self.baseline = baseline
    growth = [Double](repeating: 0, count: layers)
  }

  /// Replace `coming` of the layers, when all of them drop what `staying` says. Where the code would leave a layer without a
  /// connection it gets one; where a layer has less room than 0.99 of its free positions, the room takes their place.
  /// - shares: of the layers, with sum 1.
  mutating func spread<T: Scalar>(over layers: [LayerTopology<T>], shares: [Double]) {
    var removed = 0
    for layer in layers { removed += layer.connections - layer.staying }
    for i in layers.indices { growth[i] = ceiling(shares[i] * (Double(removed) + adjustedGrowth)) }
    var residual = 0.0
    // The code gives up after so many rounds, too.
    for _ in 0...1000 {
      let extra = residual / Double(layers.count)
      residual = 0
      for i in layers.indices {
        let most = min(0.99 * Double(layers[i].free), Double(layers[i].subject.pattern.capacity - layers[i].staying))
        growth[i] += extra
        if growth[i] > most {
          residual += growth[i] - most
          growth[i] = most
        }
      }
      if residual <= 0 { break }
    }
    for i in layers.indices {
      layers[i].coming = max(layers[i].staying == 0 ? 1 : 0, Int(clamping: growth[i]))
    }
  }

  /// The update has been made: its error counts for the next one.
  mutating func note<T: Scalar>(_ layers: [LayerTopology<T>]) {
    var total = 0
    for layer in layers { total += layer.connections }
    let error = Double(baseline - total)
    adjustments.sum += error
    adjustments.count += 1
    adjustedGrowth = 0.25 * adjustedGrowth + 0.75 * error + adjustments.sum / adjustments.count
  }

  /// Rounded up, but for what a mean is not known better than.
  private func ceiling(_ x: Double) -> Double { (x - Redistributor.tolerance * x.magnitude).rounded(.up) }
}
