import Base
import Graphs
import KernelInterface
import Layers
import Machine
import Sparse

/// The product of the loss's Hessian by the weights with a direction, exactly: every quantity of a pass beside its derivative
/// along that direction (Pearlmutter 1994, R{}). Biases and the parameters of layers without connections stay where they are.
///
/// With v the direction, f the activation, L'' the loss's second derivative by the outputs:
/// Rz = v x + W Rx, Ra = f'(z) Rz; Rdy = L'' Ry, Rdz = f'(z) Rda + f''(z) da Rz, RdW = Rdz x^T + dz Rx^T, Rdx = W^T Rdz + v^T dz.
///
/// Memory beside the probe's: 16 bytes a connection and 8 for those of the largest layer, 24 bytes an output and sample of a
/// batch, 8 a sample and input of the layer with the most.
final class ProbeCurvature {
  /// One a node of the probe.
  private let tangents: [Tangent]
  private let probe: Probe
  private let spare: ProbeSpare

  private struct Tangent {
    /// Of a layer with connections: the direction, the product with it, and Rz.
    let direction: Buffer<Double>
    let result: Buffer<Double>
    let z: Buffer<Double>
    /// Ra and Rda.
    let output: Buffer<Double>
    let outputGradient: Buffer<Double>
  }

  /// Along the gradients that the probe's layers hold. - Throws: `outOfMemory`; `invalidState` for a layer that second-order passes
  ///   do not go through.
  init(_ probe: Probe, _ spare: ProbeSpare) throws(Failure) {
    self.probe = probe
    self.spare = spare
    var tangents: [Tangent] = []
    for node in probe.nodes {
      let what = "layer \(node.number), curvature"
      let panel = node.outputs * probe.elements
      let layer = node as? ProbeLayer
      if layer == nil, !((node as? ProbePassage)?.layer is any PiecewiseLinear<Double>) {
        throw Failure(
          .invalidState, "prune: scores by curvature do not go through layer \(node.number), whose own derivative changes")
      }
      tangents.append(
        Tangent(
          direction: try Buffer(count: layer?.connections ?? 0, of: what),
          result: try Buffer(count: layer?.connections ?? 0, of: what),
          z: try Buffer(count: layer == nil ? 0 : panel, of: what),
          output: try Buffer(count: panel, of: what), outputGradient: try Buffer(count: panel, of: what)))
    }
    self.tangents = tangents
    zeros = try Buffer(count: probe.inputs * probe.elements, of: "curvature")
  }

  /// How the network's input changes along the direction.
  private let zeros: Buffer<Double>

  /// Take the gradients that the probe's layers hold now for the direction.
  func aim() {
    for layer in probe.layers {
      tangents[layer.number - 1].direction.pointer.update(from: layer.gradient.pointer, count: layer.connections)
    }
  }

  /// The product with the direction, of one layer.
  func result(_ layer: ProbeLayer) -> UnsafePointer<Double> { UnsafePointer(tangents[layer.number - 1].result.pointer) }

  // MARK: Forward

  /// Outputs of all layers and their derivatives, from the batch that the probe holds.
  func forward() {
    for node in probe.nodes {
      if let layer = node as? ProbeLayer { forward(layer) } else if let passage = node as? ProbePassage { forward(passage) }
    }
  }

  private func forward(_ passage: ProbePassage) {
    let inputs = probe.inputs(of: passage)
    let pass = probe.pass(accumulate: false)
    passage.forward(inputs, pass)
    guard let layer = passage.layer as? any PiecewiseLinear<Double> else { return }
    let changes = passage.sources.map { UnsafePointer($0 > 0 ? tangents[$0 - 1].output.pointer : zeros.pointer) }
    changes.withUnsafeBufferPointer {
      if let changes = $0.baseAddress { layer.push(changes, into: tangents[passage.number - 1].output.pointer, pass) }
    }
    // Once more, because the layer's own outputs may be gone.
    passage.forward(inputs, pass)
  }

  private func forward(_ layer: ProbeLayer) {
    let shape = probe.shape
    let pass = probe.pass(accumulate: false)
    let tangent = tangents[layer.number - 1]
    let inputs = probe.inputs(of: layer)
    let count = shape.elements(features: layer.outputs)
    layer.place(tangent.direction, gradient: spare.weights)
    layer.product.forward(inputs[0], pass)
    tangent.z.pointer.update(from: layer.product.output, count: count)
    layer.place(layer.weights, gradient: layer.gradient)
    if layer.sources[0] > 0 {
      layer.product.forward(UnsafePointer(tangents[layer.sources[0] - 1].output.pointer), pass)
      for i in 0..<count { tangent.z.pointer[i] += layer.product.output[i] }
    }
    // Last, because z is to stay in the layer's own panel.
    layer.forward(inputs, pass)
    if layer.curve.kind == .softmax {
      Self.eachSample(shape, layer.outputs) { first, stride, units in
        let mean = Self.inner(layer.output + first, tangent.z.pointer + first, stride, units)
        for i in Swift.stride(from: first, to: first + units * stride, by: stride) {
          tangent.output.pointer[i] = layer.output[i] * (tangent.z.pointer[i] - mean)
        }
      }
    } else {
      for i in 0..<count { tangent.output.pointer[i] = layer.curve.slope(layer.product.output[i]) * tangent.z.pointer[i] }
    }
  }

  // MARK: Loss

  /// The derivative of the loss's derivative by the outputs, which `Probe.measure` has computed for the same batch.
  func differentiate<T: Scalar>(_ criterion: LossCriterion<T>, scale: Double) {
    guard let tangent = tangents.last else { return }
    let (y, ry, rdy) = (probe.output, tangent.output.pointer, tangent.outputGradient.pointer)
    let temperature = criterion.temperature
    let factor = scale / (temperature * temperature)
    let outputs = probe.outputs
    let (shape, target) = (probe.shape, probe.target.pointer)
    var hasLabels = false
    if case .labels = criterion.target { hasLabels = true }
    Self.eachSample(shape, outputs) { first, stride, units in
      let places = Swift.stride(from: first, to: first + units * stride, by: stride)
      switch criterion.kind {
      case .softmaxCrossEntropy:
        for place in 0..<criterion.places {
          let step = criterion.places * stride
          let classes = Swift.stride(from: first + place * stride, to: first + units * stride, by: step)
          let largest = classes.reduce(-Double.infinity) { max($0, y[$1]) }
          var (sum, mean, mass) = (0.0, 0.0, hasLabels ? 1.0 : 0.0)
          for i in classes {
            let e = exponential((y[i] - largest) / temperature)
            sum += e
            mean += e * ry[i]
            if !hasLabels { mass += target[i] }
          }
          mean /= sum
          let share = factor * mass / (sum * Double(criterion.places))
          for i in classes { rdy[i] = share * exponential((y[i] - largest) / temperature) * (ry[i] - mean) }
        }
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

  /// From the derivatives of the network's outputs: the product, replaced or added to.
  func backward(accumulate: Bool) {
    let gradients = [
      { (position: Int) in self.probe.nodes[position].outputGradient },
      { (position: Int) in self.tangents[position].outputGradient.pointer },
    ]
    probe.sweep(gradients) { node, destinations in
      if let layer = node as? ProbeLayer {
        backward(layer, destinations[0][0], destinations[1][0], accumulate: accumulate)
      } else {
        backward(node, destinations[0], destinations[1])
      }
    }
  }

  /// Both gradients go back the same way.
  private func backward(
    _ node: any ProbeNode, _ gradients: [UnsafeMutablePointer<Double>?], _ changes: [UnsafeMutablePointer<Double>?]
  ) {
    let inputs = probe.inputs(of: node)
    let pass = probe.pass(accumulate: false)
    let count = probe.shape.elements(features: node.outputs)
    let change = tangents[node.number - 1].outputGradient.pointer
    let own = node.outputGradient
    spare.gradient.pointer.update(from: own, count: count)
    own.update(from: change, count: count)
    node.backward(inputs, changes, pass)
    own.update(from: spare.gradient.pointer, count: count)
    node.backward(inputs, gradients, pass)
  }

  /// - gradient, change: where dx and Rdx go; nil: not wanted.
  private func backward(
    _ layer: ProbeLayer, _ gradient: UnsafeMutablePointer<Double>?, _ change: UnsafeMutablePointer<Double>?, accumulate: Bool
  ) {
    let shape = probe.shape
    let tangent = tangents[layer.number - 1]
    let count = shape.elements(features: layer.outputs)
    differentiate(layer, tangent)
    let (dz, rdz, panel) = (layer.outputGradient, tangent.outputGradient.pointer, layer.product.outputGradient)
    let x = probe.inputs(of: layer)[0]

    layer.place(layer.weights, gradient: tangent.result)
    panel.update(from: rdz, count: count)
    pull(layer, x, change, accumulate: accumulate)
    if layer.sources[0] > 0 {
      panel.update(from: dz, count: count)
      pull(layer, UnsafePointer(tangents[layer.sources[0] - 1].output.pointer), gradient, accumulate: true)
      layer.place(tangent.direction, gradient: spare.weights)
      panel.update(from: dz, count: count)
      pull(layer, x, spare.panel.pointer, accumulate: false)
      if let change {
        for i in 0..<shape.elements(features: layer.product.inputs) { change[i] += spare.panel.pointer[i] }
      }
    }
    layer.place(layer.weights, gradient: layer.gradient)
  }

  /// One backward pass of a layer's products, for other inputs than the last ones perhaps: what a layer keeps of its inputs in
  /// forward has to be theirs.
  private func pull(
    _ layer: ProbeLayer, _ x: UnsafePointer<Double>, _ gradient: UnsafeMutablePointer<Double>?, accumulate: Bool
  ) {
    layer.product.recall(x, probe.pass(accumulate: false))
    layer.product.backward(x, inputGradient: gradient, probe.pass(accumulate: accumulate))
  }

  /// da -> dz and Rda -> Rdz, in place.
  private func differentiate(_ layer: ProbeLayer, _ tangent: Tangent) {
    let (z, da, rda) = (layer.product.output, layer.outputGradient, tangent.outputGradient.pointer)
    guard layer.curve.kind == .softmax else {
      for i in 0..<probe.shape.elements(features: layer.outputs) {
        let slope = layer.curve.slope(z[i])
        rda[i] = slope * rda[i] + layer.curve.curvature(z[i]) * da[i] * tangent.z.pointer[i]
        da[i] *= slope
      }
      return
    }
    let (a, ra) = (layer.output, tangent.output.pointer)
    Self.eachSample(probe.shape, layer.outputs) { first, stride, units in
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
