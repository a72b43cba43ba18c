import Base
import KernelInterface
import Layers
import Machine
import Sparse

/// A layer as a caller asks for it: its kind, and the options that are to differ from their defaults. A value, checked when a
/// network takes it.
public struct LayerDescription<T: Scalar> {
  public let kind: LayerKind
  /// Numbers of the layers that it takes from, in order; 0 is the network's input. nil: the layer that was added last.
  public var inputs: [Int]?
  public var settings: [(option: String, value: Double)]
  /// The caller's pattern, instead of one drawn by density.
  package var pattern: Pattern?
  /// The caller's initial weights, one a slot of `pattern`.
  package var values: Buffer<T>?

  public init(_ kind: LayerKind, of inputs: [Int]? = nil, _ settings: [(option: String, value: Double)] = []) {
    self.kind = kind
    self.inputs = inputs
    self.settings = settings
  }

  /// The same layer, taking from others than the one that was added last. - inputs: numbers of layers; 0 is the network's input.
  public func of(_ inputs: Int...) -> Self {
    var changed = self
    changed.inputs = inputs
    return changed
  }
}

extension LayerDescription {
  /// a = f(W x + b). - density: in (0, 1]; 1: dense.
  public static func linear(
    _ units: Int, density: Double = 1, activation: Activation = .identity, bias: Bool = true,
    initializer: Initializer = .heUniform, negativeSlope: Double = 0.01, alpha: Double = 1
  ) -> Self {
    LayerDescription(
      .linear,
      [
        (LayerOption.units, Double(units)), (LayerOption.density, density),
        (LayerOption.activation, Double(activation.rawValue)), (LayerOption.bias, bias ? 1 : 0),
        (LayerOption.initializer, Double(initializer.rawValue)), (LayerOption.negativeSlope, negativeSlope),
        (LayerOption.alpha, alpha),
      ])
  }

  /// The outputs of two or more layers with equal shapes, added. - inputs: their numbers; 0 is the network's input.
  public static func sum(of inputs: Int...) -> Self { LayerDescription(.sum, of: inputs) }

  /// The channels of two or more layers one after the other. - inputs: their numbers; 0 is the network's input.
  public static func concatenation(of inputs: Int...) -> Self { LayerDescription(.concatenation, of: inputs) }

  /// In training each value is zeroed with this probability, in [0, 1), and the others are divided by 1 - probability.
  public static func dropout(probability: Double) -> Self {
    LayerDescription(.dropout, [(LayerOption.probability, probability)])
  }
}
