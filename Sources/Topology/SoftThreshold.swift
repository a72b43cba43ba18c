import Base
import Machine

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// A layer's threshold that is learned with its weights: forward uses sign(w) max(0, |w| - t), t = sigmoid(s) (STR, Kusupati et
/// al. 2020, equations 4 and 5, with the function g of their experiments).
struct SoftThreshold {
  private(set) var s: Double
  /// Of s, as weights have one.
  private let decay: Double
  /// Factor on the learning rate.
  private let rate: Double

  /// nil where there is none.
  init?(_ plan: TopologyPlan) {
    guard plan.hasSoftThreshold else { return nil }
    s = plan.thresholdStart
    decay = plan.thresholdDecay
    rate = plan.thresholdRate
  }

  mutating func visit(_ visitor: inout some StateVisitor) { visitor.number("threshold", &s) }

  /// t, in (0, 1) but for rounding.
  var value: Double { 1 / (1 + exp(-s)) }

  /// How many of some weights forward leaves out.
  func count<T: Scalar>(below weights: UnsafePointer<T>, of count: Int) -> Int {
    let t = T(value)
    var below = 0
    for slot in 0..<count where !(weights[slot].magnitude > t) { below &+= 1 }
    return below
  }

  /// dL/ds = -sigmoid'(s) sum sign(w) dL/dw' over the weights that forward uses.
  func slope<T: Scalar>(_ weights: UnsafePointer<T>, _ gradient: UnsafePointer<T>, count: Int) -> Double {
    let t = T(value)
    var sum = 0.0
    for slot in 0..<count where weights[slot].magnitude > t {
      sum += weights[slot] < 0 ? -Double(gradient[slot]) : Double(gradient[slot])
    }
    return -value * (1 - value) * sum
  }

  /// s <- s - rate (slope + decay s), within what it may start from. - rate: the layer's learning rate.
  mutating func learn(_ slope: Double, rate: Double) {
    let moved = s - self.rate * rate * (slope + decay * s)
    s = max(-Self.most, min(Self.most, moved))
  }

  static let most = 1e6
}

extension LayerTopology {
  /// Take a step with the threshold. - gradientScale: factor on gradients.
  func learnThreshold(gradientScale: Double) {
    guard var threshold else { return }
    let slope = threshold.slope(UnsafePointer(subject.weights), subject.gradient, count: connections)
    threshold.learn(gradientScale * slope, rate: subject.learningRate)
    self.threshold = threshold
    subject.useForward(above: T(threshold.value))
  }

  /// Make the weights what forward has made of them so far, from where on it uses them all as they are.
  func endThreshold() {
    guard threshold != nil else { return }
    threshold = nil
    subject.settleForward()
  }
}
