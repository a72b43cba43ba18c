import Base
import KernelInterface
import Layers
import Machine
import Sparse

/// The product of the loss's Hessian by the weights with a direction, exactly: every quantity of a pass beside its derivative
/// along that direction (Pearlmutter 1994, R{}). Biases stay where they are.
///
/// With v the direction, f the activation, L'' the loss's second derivative by the outputs:
/// Rz = v x + W Rx, Ra = f'(z) Rz; Rdy = L'' Ry, Rdz = f'(z) Rda + f''(z) da Rz, RdW = Rdz x^T + dz Rx^T, Rdx = W^T Rdz + v^T dz.
///
/// Memory beside the probe's: 16 bytes a connection and 8 for those of the largest layer, 24 bytes a unit and sample of a
/// batch, 8 a sample and input of the layer with the most.
final class ProbeCurvature {
  /// One a layer of the probe.
  private let tangents: [Tangent]
  private let probe: Probe
  private let spare: ProbeSpare

  private struct Tangent {
    let direction: Buffer<Double>
    /// The product.
    let result: Buffer<Double>
    let z: Buffer<Double>
    let output: Buffer<Double>
    let outputGradient: Buffer<Double>
  }

  /// Along the gradients that the probe's layers hold.
  init(_ probe: Probe, _ spare: ProbeSpare) throws(Failure) {
    self.probe = probe
    self.spare = spare
    var tangents: [Tangent] = []
    for layer in probe.layers {
      let what = "linear layer \(layer.number), curvature"
      let panel = layer.product.outputs * probe.elements
      tangents.append(
        Tangent(
          direction: try Buffer(count: layer.connections, of: what), result: try Buffer(count: layer.connections, of: what),
          z: try Buffer(count: panel, of: what), output: try Buffer(count: panel, of: what),
          outputGradient: try Buffer(count: panel, of: what)))
    }
    self.tangents = tangents
  }

  /// Take the gradients that the probe's layers hold now for the direction.
  func aim() {
    for (layer, tangent) in zip(probe.layers, tangents) {
      tangent.direction.pointer.update(from: layer.gradient.pointer, count: layer.connections)
    }
  }

  /// The product with the direction, of one layer.
  func result(_ position: Int) -> UnsafePointer<Double> { UnsafePointer(tangents[position].result.pointer) }

  // MARK: Forward

  /// Outputs of all layers and their derivatives, from the batch that the probe holds.
  func forward() {
    let shape = probe.shape
    let pass = probe.pass(accumulate: false)
    for (position, layer) in probe.layers.enumerated() {
      let tangent = tangents[position]
      let count = shape.elements(features: layer.product.outputs)
      layer.place(tangent.direction, gradient: spare.weights)
      layer.product.forward(probe.input(of: position), pass)
      tangent.z.pointer.update(from: layer.product.output, count: count)
      layer.place(layer.weights, gradient: layer.gradient)
      if position > 0 {
        layer.product.forward(UnsafePointer(tangents[position - 1].output.pointer), pass)
        for i in 0..<count { tangent.z.pointer[i] += layer.product.output[i] }
      }
      // Last, because z is to stay in the layer's own panel.
      layer.forward(probe.input(of: position), pass)
      if layer.curve.kind == .softmax {
        Self.eachSample(shape, layer.product.outputs) { first, stride, units in
          let mean = Self.inner(layer.output.pointer + first, tangent.z.pointer + first, stride, units)
          for i in Swift.stride(from: first, to: first + units * stride, by: stride) {
            tangent.output.pointer[i] = layer.output.pointer[i] * (tangent.z.pointer[i] - mean)
          }
        }
      } else {
        for i in 0..<count {
          tangent.output.pointer[i] = layer.curve.slope(layer.product.output[i]) * tangent.z.pointer[i]
        }
      }
    }
  }

  // MARK: Loss

  /// The derivative of the loss's derivative by the outputs, which `Probe.measure` has computed for the same batch.
  func differentiate<T: Scalar>(_ criterion: LossCriterion<T>, scale: Double) {
    guard let last = probe.layers.last, let tangent = tangents.last else { return }
    let (y, ry, rdy) = (last.output.pointer, tangent.output.pointer, tangent.outputGradient.pointer)
    let temperature = criterion.temperature
    let factor = scale / (temperature * temperature)
    let outputs = last.product.outputs
    let (shape, target) = (probe.shape, probe.target.pointer)
    var hasLabels = false
    if case .labels = criterion.target { hasLabels = true }
    Self.eachSample(shape, outputs) { first, stride, units in
      let places = Swift.stride(from: first, to: first + units * stride, by: stride)
      switch criterion.kind {
      case .softmaxCrossEntropy:
        let largest = places.reduce(-Double.infinity) { max($0, y[$1]) }
        var (sum, mean, mass) = (0.0, 0.0, hasLabels ? 1.0 : 0.0)
        for i in places {
          let e = exponential((y[i] - largest) / temperature)
          sum += e
          mean += e * ry[i]
          if !hasLabels { mass += target[i] }
        }
        mean /= sum
        for i in places { rdy[i] = factor * mass * exponential((y[i] - largest) / temperature) / sum * (ry[i] - mean) }
      case .meanSquaredError:
        for i in places { rdy[i] = factor * 2 / Double(units) * ry[i] }
      case .binaryCrossEntropy:
        for i in places {
          let p = sigmoid(y[i] / temperature)
          rdy[i] = factor / Double(units) * p * (1 - p) * ry[i]
        }
      case .huber:
        for i in places {
          rdy[i] = (y[i] / temperature - target[i]).magnitude <= criterion.delta ? factor / Double(units) * ry[i] : 0
        }
      }
    }
    // Gradient panels are zero beyond the batch.
    for sample in shape.batch..<shape.count * shape.width {
      let first = sample / shape.width * outputs * shape.width + sample % shape.width
      for unit in 0..<outputs { rdy[first + unit * shape.width] = 0 }
    }
  }

  // MARK: Backward

  /// From the derivatives of the last layer: the product, replaced or added to.
  func backward(accumulate: Bool) {
    let shape = probe.shape
    for position in stride(from: probe.layers.count - 1, through: 0, by: -1) {
      let layer = probe.layers[position]
      let tangent = tangents[position]
      let count = shape.elements(features: layer.product.outputs)
      differentiate(layer, tangent)
      let (dz, rdz, panel) = (layer.outputGradient.pointer, tangent.outputGradient.pointer, layer.product.outputGradient)
      let x = probe.input(of: position)
      let before = position > 0 ? tangents[position - 1] : nil

      layer.place(layer.weights, gradient: tangent.result)
      panel.update(from: rdz, count: count)
      layer.product.backward(x, inputGradient: before?.outputGradient.pointer, probe.pass(accumulate: accumulate))
      if let before {
        panel.update(from: dz, count: count)
        layer.product.backward(
          UnsafePointer(before.output.pointer), inputGradient: probe.gradient(before: position),
          probe.pass(accumulate: true))
        layer.place(tangent.direction, gradient: spare.weights)
        panel.update(from: dz, count: count)
        layer.product.backward(x, inputGradient: spare.panel.pointer, probe.pass(accumulate: false))
        for i in 0..<shape.elements(features: layer.product.inputs) {
          before.outputGradient.pointer[i] += spare.panel.pointer[i]
        }
      }
      layer.place(layer.weights, gradient: layer.gradient)
    }
  }

  /// da -> dz and Rda -> Rdz, in place.
  private func differentiate(_ layer: ProbeLayer, _ tangent: Tangent) {
    let (z, da, rda) = (layer.product.output, layer.outputGradient.pointer, tangent.outputGradient.pointer)
    guard layer.curve.kind == .softmax else {
      for i in 0..<probe.shape.elements(features: layer.product.outputs) {
        let slope = layer.curve.slope(z[i])
        rda[i] = slope * rda[i] + layer.curve.curvature(z[i]) * da[i] * tangent.z.pointer[i]
        da[i] *= slope
      }
      return
    }
    let (a, ra) = (layer.output.pointer, tangent.output.pointer)
    Self.eachSample(probe.shape, layer.product.outputs) { first, stride, units in
      let mean = Self.inner(a + first, da + first, stride, units)
      let slope = Self.inner(ra + first, da + first, stride, units) + Self.inner(a + first, rda + first, stride, units)
      for i in Swift.stride(from: first, to: first + units * stride, by: stride) {
        rda[i] = ra[i] * (da[i] - mean) + a[i] * (rda[i] - slope)
        da[i] = a[i] * (da[i] - mean)
      }
    }
  }

  // MARK: Samples in panels

  /// - body: gets the place of a sample's first feature, the distance to the next one, and how many there are.
  private static func eachSample(_ shape: PanelShape, _ features: Int, _ body: (Int, Int, Int) -> Void) {
    for sample in 0..<shape.batch {
      body(sample / shape.width * features * shape.width + sample % shape.width, shape.width, features)
    }
  }

  private static func inner(
    _ a: UnsafePointer<Double>, _ b: UnsafePointer<Double>, _ stride: Int, _ count: Int
  ) -> Double {
    var sum = 0.0
    for i in 0..<count { sum += a[i * stride] * b[i * stride] }
    return sum
  }
}
