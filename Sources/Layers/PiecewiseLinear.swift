import Machine

/// A layer whose derivative does not depend on the values that it is given, or only by cases as that of a maximum does: its dx is
/// linear in dy, so that second-order passes go through it.
public protocol PiecewiseLinear<T>: Layer {
  /// How the outputs change along a change of the inputs, at the inputs of the last forward. The layer's own outputs may be
  /// overwritten.
  /// - tangents: one for each input, (its features, batch). - tangent: receives (outputs, batch).
  func push(_ tangents: UnsafePointer<UnsafePointer<T>>, into tangent: UnsafeMutablePointer<T>, _ pass: Pass)
}

extension PiecewiseLinear {
  /// Of a layer that is linear, forward itself.
  public func push(_ tangents: UnsafePointer<UnsafePointer<T>>, into tangent: UnsafeMutablePointer<T>, _ pass: Pass) {
    forward(tangents, pass)
    tangent.update(from: output, count: pass.shape.elements(features: outputs))
  }
}
