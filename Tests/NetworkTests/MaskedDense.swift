import Espalier

#if canImport(Glibc)
  import Glibc
#endif

/// The obvious oracle: a dense network in double precision whose weights are multiplied by a mask, sample by sample, with
/// nothing shared with the library. It reads pattern and parameters from a network and is then on its own.
struct MaskedDense {
  struct Layer {
    var inputs: Int
    var units: Int
    var activation: Activation
    var slope: Double
    var mask: [Bool]  // units x inputs
    var weights: [Double]  // units x inputs, 0 off the mask
    var bias: [Double]?
    var weightGradient: [Double]
    var biasGradient: [Double]
  }

  var layers: [Layer]
  var loss: LossKind
  var delta = 1.0

  init<T>(_ network: Network<T>, activations: [Activation], loss: LossKind, slope: Double = 0.01) throws {
    self.loss = loss
    layers = []
    for number in 1...network.layerCount {
      let inputs = Int(try network.layerValue(number, "inputs"))
      let units = Int(try network.layerValue(number, "units"))
      let (rows, columns) = try network.coordinates(ofLayer: number)
      let offset = Int(try network.layerValue(number, "offset"))
      let hasBias = try network.layerValue(number, "bias") == 1
      var layer = Layer(
        inputs: inputs, units: units, activation: activations[number - 1], slope: slope,
        mask: Array(repeating: false, count: units * inputs), weights: Array(repeating: 0, count: units * inputs),
        bias: hasBias ? Array(repeating: 0, count: units) : nil,
        weightGradient: Array(repeating: 0, count: units * inputs), biasGradient: Array(repeating: 0, count: units))
      try network.withParameters { values, _ in
        for slot in rows.indices {
          let position = Int(rows[slot]) * inputs + Int(columns[slot])
          layer.mask[position] = true
          layer.weights[position] = Double(values[offset + slot])
        }
        if hasBias { for unit in 0..<units { layer.bias?[unit] = Double(values[offset + rows.count + unit]) } }
      }
      layers.append(layer)
    }
  }

  /// Parameters in the library's order: weights on the mask, row by row, then biases. `gradient` picks the gradients.
  func flattened(gradient: Bool) -> [Double] {
    layers.flatMap { layer in
      layer.mask.indices.filter { layer.mask[$0] }.map { gradient ? layer.weightGradient[$0] : layer.weights[$0] }
        + (layer.bias == nil ? [] : gradient ? layer.biasGradient : layer.bias!)
    }
  }

  static func activate(_ z: [Double], _ f: Activation, slope: Double) -> [Double] {
    switch f {
    case .identity: return z
    case .relu: return z.map { max(0, $0) }
    case .leakyReLU: return z.map { $0 > 0 ? $0 : slope * $0 }
    case .gelu: return z.map { 0.5 * $0 * (1 + erf($0 / 2.0.squareRoot())) }
    case .silu: return z.map { $0 / (1 + exp(-$0)) }
    case .sigmoid: return z.map { 1 / (1 + exp(-$0)) }
    case .tanh: return z.map { Glibc.tanh($0) }
    case .softplus: return z.map { $0 > 20 ? $0 : log1p(exp($0)) }
    case .softsign: return z.map { $0 / (1 + abs($0)) }
    case .elu, .celu: return z.map { $0 > 0 ? $0 : expm1($0) }
    case .hardSigmoid: return z.map { min(max($0 / 6 + 0.5, 0), 1) }
    case .hardTanh: return z.map { min(max($0, -1), 1) }
    case .relu6: return z.map { min(max($0, 0), 6) }
    case .mish: return z.map { $0 * Glibc.tanh(log1p(exp($0))) }
    case .step: return z.map { $0 > 0 ? 1 : 0 }
    case .softmax:
      let top = z.max()!
      let e = z.map { exp($0 - top) }
      let sum = e.reduce(0, +)
      return e.map { $0 / sum }
    }
  }

  /// Derivative of the loss by z from that by a.
  static func backActivate(_ da: [Double], z: [Double], a: [Double], _ f: Activation, slope: Double) -> [Double] {
    if f == .softmax {
      return a.indices.map { i in
        a.indices.reduce(0) { sum, j in sum + da[j] * a[j] * ((i == j ? 1 : 0) - a[i]) }
      }
    }
    return z.indices.map { i in
      let x = z[i]
      switch f {
      case .relu: return x > 0 ? da[i] : 0
      case .leakyReLU: return x > 0 ? da[i] : slope * da[i]
      case .gelu:
        return da[i] * (0.5 * (1 + erf(x / 2.0.squareRoot())) + x * exp(-x * x / 2) / (2 * Double.pi).squareRoot())
      case .silu:
        let s = 1 / (1 + exp(-x))
        return da[i] * (s + x * s * (1 - s))
      case .sigmoid: return da[i] * a[i] * (1 - a[i])
      case .tanh: return da[i] * (1 - a[i] * a[i])
      case .softplus: return da[i] * (x > 20 ? 1 : 1 / (1 + exp(-x)))
      case .softsign: return da[i] / ((1 + abs(x)) * (1 + abs(x)))
      case .elu, .celu: return da[i] * (x > 0 ? 1 : exp(x))
      case .hardSigmoid: return abs(x) < 3 ? da[i] / 6 : 0
      case .hardTanh: return abs(x) < 1 ? da[i] : 0
      case .relu6: return x > 0 && x < 6 ? da[i] : 0
      case .mish:
        let t = Glibc.tanh(log1p(exp(x)))
        return da[i] * (t + x * (1 - t * t) / (1 + exp(-x)))
      case .step: return 0
      default: return da[i]
      }
    }
  }

  /// All layers' z and a for one sample; a[0] is x.
  func forward(_ x: [Double]) -> (z: [[Double]], a: [[Double]]) {
    var zs: [[Double]] = []
    var values = [x]
    for layer in layers {
      let input = values.last!
      let z = (0..<layer.units).map { unit in
        (0..<layer.inputs).reduce(layer.bias?[unit] ?? 0) { $0 + layer.weights[unit * layer.inputs + $1] * input[$1] }
      }
      zs.append(z)
      values.append(Self.activate(z, layer.activation, slope: layer.slope))
    }
    return (zs, values)
  }

  /// Loss of one sample and its derivative by y.
  func lossAndGradient(_ y: [Double], _ t: [Double]) -> (Double, [Double]) {
    let n = Double(y.count)
    switch loss {
    case .meanSquaredError:
      return (zip(y, t).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) } / n, zip(y, t).map { 2 * ($0 - $1) / n })
    case .softmaxCrossEntropy:
      let p = Self.activate(y, .softmax, slope: 0)
      let total = t.reduce(0, +)
      return (-zip(p, t).reduce(0) { $0 + $1.1 * log($1.0) }, zip(p, t).map { $0 * total - $1 })
    case .binaryCrossEntropy:
      let terms = zip(y, t).map { y, t in max(y, 0) - y * t + log1p(exp(-abs(y))) }
      return (terms.reduce(0, +) / n, zip(y, t).map { (1 / (1 + exp(-$0)) - $1) / n })
    case .huber:
      let e = zip(y, t).map { $0 - $1 }
      let terms = e.map { abs($0) <= delta ? 0.5 * $0 * $0 : delta * (abs($0) - 0.5 * delta) }
      return (terms.reduce(0, +) / n, e.map { min(max($0, -delta), delta) / n })
    }
  }

  /// Mean loss of a batch; sets the gradients; returns dx of each sample.
  mutating func step(_ x: [[Double]], _ t: [[Double]]) -> (loss: Double, dx: [[Double]]) {
    for l in layers.indices {
      layers[l].weightGradient = layers[l].weightGradient.map { _ in 0 }
      layers[l].biasGradient = layers[l].biasGradient.map { _ in 0 }
    }
    let samples = Double(x.count)
    var sum = 0.0
    var dxs: [[Double]] = []
    for (x, t) in zip(x, t) {
      let (z, a) = forward(x)
      let (loss, dy) = lossAndGradient(a.last!, t)
      sum += loss
      var da = dy.map { $0 / samples }
      for l in layers.indices.reversed() {
        let layer = layers[l]
        let dz = Self.backActivate(da, z: z[l], a: a[l + 1], layer.activation, slope: layer.slope)
        var dx = [Double](repeating: 0, count: layer.inputs)
        for unit in 0..<layer.units {
          layers[l].biasGradient[unit] += dz[unit]
          for input in 0..<layer.inputs where layer.mask[unit * layer.inputs + input] {
            layers[l].weightGradient[unit * layer.inputs + input] += dz[unit] * a[l][input]
            dx[input] += layer.weights[unit * layer.inputs + input] * dz[unit]
          }
        }
        da = dx
      }
      dxs.append(da)
    }
    return (sum / Double(x.count), dxs)
  }

  /// Plain gradient descent.
  mutating func descend(rate: Double) {
    for l in layers.indices {
      for i in layers[l].weights.indices { layers[l].weights[i] -= rate * layers[l].weightGradient[i] }
      if layers[l].bias != nil {
        for i in 0..<layers[l].units { layers[l].bias![i] -= rate * layers[l].biasGradient[i] }
      }
    }
  }
}
