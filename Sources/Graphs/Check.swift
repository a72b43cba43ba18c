import Base

/// Refusals that several parts of a network share.
package enum Check {
  /// Sizes that index arithmetic and the 32-bit column indices of the interface can carry.
  package static func size(_ value: Int, _ name: String) throws(Failure) {
    guard value >= 1, value <= Int(Int32.max) else {
      throw Failure(.invalidArgument, "\(name) must be in 1 .. \(Int32.max), got \(value)")
    }
  }

  package static func density(_ value: Double, _ owner: String) throws(Failure) {
    guard value > 0, value <= 1 else {
      throw Failure(.invalidArgument, "\(owner): density must be in (0, 1], got \(value)")
    }
  }

  /// The error for a layer number that is none.
  package static func noLayer(_ layer: Int, of count: Int) -> Failure {
    Failure(.invalidArgument, "layer must be in 1 .. \(count), got \(layer)")
  }
}
