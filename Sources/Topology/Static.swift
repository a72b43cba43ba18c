import Base
import Machine
import Sparse

/// The pattern stays as it was made.
enum Static: TopologyRule {
  static let name = "static"
  static let options: [Option] = []
  static let replacesStep = false

  static func criteria<T: Scalar>(_ method: TopologyMethod, pattern: Pattern) throws(Failure) -> Criteria<T>? { nil }
}
