import Machine

/// A layer whose derivative does not depend on the values that it is given, or only by cases as that of a maximum does: its dx is
/// linear in dy, so that second-order passes go through it.
package protocol PiecewiseLinear<T>: Layer {
  /// How the outputs change along a change of the inputs, at the inputs of the last forward. The layer's own outputs may be
  /// overwritten.
  /// - tangents: one for each input, (its features, batch). - tangent: receives (outputs, batch).
  func push(_ tangents: UnsafePointer<UnsafePointer<T>>, into tangent: UnsafeMutablePointer<T>, _ pass: Pass)
}

/// A layer that changes each feature by itself, linearly but for a constant: it changes derivatives forward as backward.
package protocol Diagonal<T>: PiecewiseLinear {}

extension Diagonal {
  /// The derivative of the outputs is overwritten.
  package func push(_ tangents: UnsafePointer<UnsafePointer<T>>, into tangent: UnsafeMutablePointer<T>, _ pass: Pass) {
    outputGradient.update(from: tangents[0], count: pass.shape.elements(features: outputs))
    backward(tangents[0], inputGradient: tangent, pass)
  }
}

extension PiecewiseLinear {
  /// Of a layer that is linear, forward itself.
  package func push(_ tangents: UnsafePointer<UnsafePointer<T>>, into tangent: UnsafeMutablePointer<T>, _ pass: Pass) {
    forward(tangents, pass)
    tangent.update(from: output, count: pass.shape.elements(features: outputs))
  }
}
