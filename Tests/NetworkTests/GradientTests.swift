import Espalier
import Testing

/// A repeatable batch: x in (-1, 1), targets that suit the loss.
func samples(
  _ count: Int, inputs: Int, outputs: Int, loss: LossKind, seed: UInt64
) -> (x: [[Double]], t: [[Double]]) {
  var random = RandomSource(seed: seed)
  let x = (0..<count).map { _ in (0..<inputs).map { _ in 2 * random.uniform() - 1 } }
  let t = (0..<count).map { _ -> [Double] in
    let raw = (0..<outputs).map { _ in random.uniform() }
    switch loss {
    case .softmaxCrossEntropy:
      let sum = raw.reduce(0, +)
      return raw.map { $0 / sum }
    case .binaryCrossEntropy: return raw
    default: return raw.map { 4 * $0 - 2 }
    }
  }
  return (x, t)
}

struct Case: CustomTestStringConvertible {
  var widths: [Int]
  var densities: [Double]
  var activations: [Activation]
  var loss: LossKind
  var batch: Int
  var bias = true

  var testDescription: String { "\(widths) \(densities) \(activations) \(loss) batch \(batch)" }

  func network<T>(_: T.Type, seed: Int64, batch: Int? = nil) throws -> Network<T> {
    let network = try Network<T>(
      inputs: widths[0],
      layers: zip(zip(widths.dropFirst(), densities), activations).map {
        .linear($0.0, density: $0.1, activation: $1, bias: bias)
      },
      loss: loss, seed: seed, maximumBatch: batch ?? self.batch)
    // Biases that are not 0, so that their part of the sums is seen.
    try network.withParameters { values, _ in
      var random = RandomSource(seed: UInt64(bitPattern: seed) &+ 99)
      for i in values.indices { values[i] += T(0.1 * (2 * random.uniform() - 1)) }
    }
    return network
  }

  static let all: [Case] =
    // Every activation, hidden and last, with every loss.
    Activation.allCases.flatMap { activation in
      LossKind.allCases.map { loss in
        Case(widths: [7, 11, 5], densities: [0.4, 0.6], activations: [activation, .identity], loss: loss, batch: 5)
      }
    }
    + Activation.allCases.map {
      Case(widths: [6, 9, 4], densities: [0.5, 0.5], activations: [.tanh, $0], loss: .meanSquaredError, batch: 3)
    } + [
      // Dense layers, alone and beside sparse ones; batches around the panel widths; layers of one unit; no bias.
      Case(widths: [9, 8, 3], densities: [1, 1], activations: [.tanh, .identity], loss: .softmaxCrossEntropy, batch: 33),
      Case(widths: [9, 8, 3], densities: [1, 0.3], activations: [.gelu, .softmax], loss: .huber, batch: 65),
      Case(widths: [1, 1, 1], densities: [1, 1], activations: [.sigmoid, .identity], loss: .meanSquaredError, batch: 1),
      Case(
        widths: [17, 3, 19, 2], densities: [0.1, 1, 0.06], activations: [.silu, .leakyReLU, .identity],
        loss: .binaryCrossEntropy, batch: 17, bias: false),
      Case(
        widths: [40, 70, 6], densities: [0.02, 0.1], activations: [.sigmoid, .identity], loss: .softmaxCrossEntropy,
        batch: 130),
    ]
}

extension Network {
  func forward(_ x: [T]) throws -> [T] {
    var y = [T](repeating: .nan, count: x.count / inputs * outputs)
    var span = y.mutableSpan
    try forward(x.span, into: &span)
    return y
  }

  func predict(_ x: [T]) throws -> [T] {
    var y = [T](repeating: .nan, count: x.count / inputs * outputs)
    var span = y.mutableSpan
    try predict(x.span, into: &span)
    return y
  }

  func backward(_ dy: [T]) throws -> [T] {
    var dx = [T](repeating: .nan, count: dy.count / outputs * inputs)
    var span = dx.mutableSpan
    try backward(dy.span, into: &span)
    return dx
  }
}

@Suite struct GradientTests {
  /// Central differences of the loss by every parameter and by x, against what backward says.
  @Test(arguments: Case.all) func finiteDifferences(_ c: Case) throws {
    let network = try c.network(Double.self, seed: 7)
    var sgd = Optimizer(.sgd)
    try sgd.set("learning_rate", 0)
    try network.setOptimizer(sgd)
    let (x, t) = samples(c.batch, inputs: c.widths[0], outputs: c.widths.last!, loss: c.loss, seed: 3)
    let flatX = x.flatMap { $0 }
    let flatT = t.flatMap { $0 }
    try network.trainStep(flatX.span, target: flatT.span)
    var analytic: [Double] = []
    try network.withParameters { _, gradients in analytic = gradients.indices.map { gradients[$0] } }
    // An exact step for the difference, and one at which truncation (h^2) and rounding (1e-16 / h) are about 1e-10.
    let h = 1.0 / 131072
    let top = analytic.map(abs).max()!
    for parameter in analytic.indices {
      var losses: [Double] = []
      for shift in [h, -h] {
        try network.withParameters { values, _ in values[parameter] += shift }
        losses.append(try network.evaluate(flatX.span, target: flatT.span))
        try network.withParameters { values, _ in values[parameter] -= shift }
      }
      let numeric = (losses[0] - losses[1]) / (2 * h)
      #expect(abs(numeric - analytic[parameter]) <= 1e-6 * max(abs(analytic[parameter]), 0.01 * top), "parameter \(parameter)")
    }
  }

  /// Loss, every gradient and dx, against the masked dense oracle; and 20 training steps after it.
  @Test(arguments: Case.all) func sparseEqualsMaskedDense(_ c: Case) throws {
    let network = try c.network(Double.self, seed: 11)
    var oracle = try MaskedDense(network, activations: c.activations, loss: c.loss)
    var sgd = Optimizer(.sgd)
    try sgd.set("learning_rate", 0.05)
    try network.setOptimizer(sgd)
    for step in 0..<20 {
      let (x, t) = samples(c.batch, inputs: c.widths[0], outputs: c.widths.last!, loss: c.loss, seed: UInt64(step))
      let expected = oracle.step(x, t)
      let flatX = x.flatMap { $0 }
      let flatT = t.flatMap { $0 }
      let loss = try network.trainStep(flatX.span, target: flatT.span)
      // Sums of up to a hundred terms in another order, in double: 1e-12 leaves a factor of ten over 20 steps.
      #expect(abs(loss - expected.loss) <= 1e-12 * max(1, abs(expected.loss)))
      let gradients = oracle.flattened(gradient: true)
      oracle.descend(rate: 0.05)
      let weights = oracle.flattened(gradient: false)
      try network.withParameters { values, found in
        let top = gradients.map(abs).max()!
        for i in values.indices {
          #expect(abs(found[i] - gradients[i]) <= 1e-11 * top, "gradient \(i) of step \(step)")
          #expect(abs(values[i] - weights[i]) <= 1e-11, "parameter \(i) of step \(step)")
        }
      }
    }
  }

  /// The same in single precision, one step, with a tolerance of its rounding.
  @Test(arguments: Case.all) func singlePrecision(_ c: Case) throws {
    let network = try c.network(Float.self, seed: 11)
    var oracle = try MaskedDense(network, activations: c.activations, loss: c.loss)
    var sgd = Optimizer(.sgd)
    try sgd.set("learning_rate", 0)
    try network.setOptimizer(sgd)
    let (x, t) = samples(c.batch, inputs: c.widths[0], outputs: c.widths.last!, loss: c.loss, seed: 5)
    let x32 = x.flatMap { $0.map { Float($0) } }
    let t32 = t.flatMap { $0.map { Float($0) } }
    let expected = oracle.step(x, t)
    let loss = try network.trainStep(x32.span, target: t32.span)
    #expect(abs(loss - expected.loss) <= 2e-6 * max(1, abs(expected.loss)))
    let gradients = oracle.flattened(gradient: true)
    let top = gradients.map(abs).max()!
    try network.withParameters { _, found in
      for i in found.indices { #expect(abs(Double(found[i]) - gradients[i]) <= 1e-5 * top, "gradient \(i)") }
    }
  }

  /// forward, the oracle's own dy, backward: y, dx and gradients as the oracle's.
  @Test(arguments: Case.all) func phases(_ c: Case) throws {
    let network = try c.network(Double.self, seed: 2, batch: c.batch + 3)
    var oracle = try MaskedDense(network, activations: c.activations, loss: c.loss)
    let (x, t) = samples(c.batch, inputs: c.widths[0], outputs: c.widths.last!, loss: c.loss, seed: 8)
    let y = try network.forward(x.flatMap { $0 })
    let outputs = x.map { oracle.forward($0).a.last! }
    for (found, expected) in zip(y, outputs.flatMap { $0 }) { #expect(abs(found - expected) <= 1e-12 * max(1, abs(expected))) }
    let dy = zip(outputs, t).flatMap { oracle.lossAndGradient($0, $1).1.map { $0 / Double(c.batch) } }
    let dx = try network.backward(dy)
    let expected = oracle.step(x, t)
    for (found, expected) in zip(dx, expected.dx.flatMap { $0 }) { #expect(abs(found - expected) <= 1e-12) }
    let gradients = oracle.flattened(gradient: true)
    try network.withParameters { _, found in
      for i in found.indices { #expect(abs(found[i] - gradients[i]) <= 1e-12 * max(1, abs(gradients[i]))) }
    }
  }
}
