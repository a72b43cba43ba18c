import Base
import Machine
import Sparse

/// Sparse evolutionary training (Mocanu et al. 2018): drop the smallest weights, grow as many at random, after the
/// optimizer's step.
///
/// Exact (the default): the count and the survivors are RigL's, see ``MagnitudeDrop``; every set of free positions, the
/// just dropped ones included, is equally likely to grow; a connection that comes back at once keeps weight and state.
/// "published": the thresholds of the original code, see ``ThresholdDrop``; a connection that comes back starts anew, as
/// there. In both a grown connection starts with weight 0.
enum SET: TopologyRule {
  static let name = "set"
  static let options = TopologyMethod.scheduleOptions(decay: .constant) + [Option("published", 0, .flag)]
  static let replacesStep = false

  static func criteria<T: Scalar>(_ method: TopologyMethod, pattern: Pattern) throws(Failure) -> Criteria<T>? {
    let published = method.flag("published")
    return Criteria<T>(
      drop: published ? ThresholdDrop<T>() : MagnitudeDrop<T>(), growth: try RandomGrowth<T>(pattern: pattern),
      keepsRegrown: !published)
  }
}
