import Base
import Machine
import Sparse

/// Rigging the lottery (Evci et al. 2020, algorithm 1): drop the smallest weights, grow where the gradient of the loss by
/// the weight, connected or not, is largest. The update takes the place of the optimizer's step.
enum RigL: TopologyRule {
  static let name = "rigl"
  static let options = TopologyMethod.scheduleOptions(decay: .cosine)
  static let replacesStep = true

  static func criteria<T: Scalar>(_ method: TopologyMethod, pattern: Pattern) throws(Failure) -> Criteria<T>? {
    Criteria<T>(drop: MagnitudeDrop<T>(), growth: try GradientGrowth<T>(pattern: pattern), keepsRegrown: true)
  }
}
