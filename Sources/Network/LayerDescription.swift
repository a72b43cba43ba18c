import Base
import KernelInterface
import Layers
import Machine
import Sparse

/// A layer as it was asked for, before `build` makes it.
public enum LayerDescription<T: Scalar> {
  case linear(LinearDescription<T>)
  case dropout(probability: Double)
}

/// A linear layer as it was asked for.
public struct LinearDescription<T: Scalar> {
  /// Outputs, 1 ... 2^31 - 1.
  public var units: Int
  /// In (0, 1]; 1 is dense.
  public var density: Double
  public var activation: Activation
  public var hasBias = true
  public var initializer = Initializer.heUniform
  /// Leaky relu's, >= 0.
  public var negativeSlope = 0.01
  /// Whether a distribution over the network leaves this layer's density alone.
  public var hasFixedDensity = false
  /// The caller's pattern, instead of one drawn by density.
  public var pattern: Pattern?
  /// The caller's initial weights, one a slot of `pattern`.
  public var values: Buffer<T>?

  /// Whether nothing but a distribution could make it sparse.
  var isDense: Bool { density == 1 && pattern == nil }

  public init(units: Int, density: Double, activation: Activation) {
    self.units = units
    self.density = density
    self.activation = activation
  }
}

enum Check {
  /// Sizes that index arithmetic and the 32-bit column indices of the interface can carry.
  static func size(_ value: Int, _ name: String) throws(Failure) {
    guard value >= 1, value <= Int(Int32.max) else {
      throw Failure(.invalidArgument, "\(name) must be in 1 .. \(Int32.max), got \(value)")
    }
  }

  static func density(_ value: Double, _ owner: String) throws(Failure) {
    guard value > 0, value <= 1 else {
      throw Failure(.invalidArgument, "\(owner): density must be in (0, 1], got \(value)")
    }
  }

  /// The error for a layer number that is none.
  static func noLayer(_ layer: Int, of count: Int) -> Failure {
    Failure(.invalidArgument, "layer must be in 1 .. \(count), got \(layer)")
  }
}
