import KernelInterface

// What surrounds a linear layer's products, row by row: the activation on the way forward, its derivative and the bias's
// gradient on the way back.

/// Store z as the activation and, where wanted, as it is. - at: offset into the output's panels.
@inline(__always)
func finish<L: Lanes>(_ z: L, _ a: LinearArguments<L.V.Scalar>, at offset: Int) {
  let output = a.output + offset
  if let preactivation = a.preactivation { z.store(to: preactivation + offset) }
  switch a.activation {
  case .identity, .softmax: z.store(to: output)
  case .relu: z.map { $0.replacing(with: .zero, where: $0, isBelow: .zero) }.store(to: output)
  case .leakyReLU:
    let slope = L.V(repeating: a.negativeSlope)
    z.map { ($0 * slope).replacing(with: $0, where: .zero, isBelow: $0) }.store(to: output)
  case .gelu, .silu, .sigmoid, .tanh:
    z.store(to: output)
    activateInPlace(a.activation, output, L.count, L.V.self)
  }
}

/// The activations that are more than a comparison. - count: a multiple of the vector's lanes.
@inline(never)
func activateInPlace<V: Vector>(
  _ activation: Activation, _ values: UnsafeMutablePointer<V.Scalar>, _ count: Int, _: V.Type
) {
  switch activation {
  case .sigmoid: mapInPlace(values, count) { (z: V) in sigmoid(z) }
  case .silu: mapInPlace(values, count) { (z: V) in z * sigmoid(z) }
  case .tanh: mapInPlace(values, count) { (z: V) in hyperbolicTangent(z) }
  case .gelu: mapInPlace(values, count) { (z: V) in z * normalDistribution(z).distribution }
  case .identity, .softmax, .relu, .leakyReLU: break
  }
}

@inline(__always)
private func mapInPlace<V: Vector>(_ values: UnsafeMutablePointer<V.Scalar>, _ count: Int, _ body: (V) -> V) {
  for i in stride(from: 0, to: count, by: V.scalarCount) { body(V(UnsafePointer(values + i))).store(to: values + i) }
}

/// dz = da f'(.) in place, and db, for some rows.
@inline(__always)
func backwardPrologue<L: Lanes>(_ a: LinearArguments<L.V.Scalar>, _ begin: Int, _ end: Int, _: L.Type) {
  guard let gradient = a.gradient else { return }
  // Then dz is da, and there is nothing to sum.
  if a.biasGradient == nil, a.activation == .identity || a.activation == .softmax { return }
  let width = a.shape.width
  for row in begin..<end {
    var sum = L.V.zero
    for p in 0..<a.shape.count {
      let at = panelRow(p, row, features: a.rows, width: width)
      for offset in stride(from: at, to: at + width, by: L.count) {
        let dz = backpropagate(a, at: offset, L.self)
        dz.store(to: gradient + offset)
        sum = dz.fold(into: sum)
      }
    }
    if let biasGradient = a.biasGradient {
      let db = total(sum)
      biasGradient[row] = a.accumulate ? biasGradient[row] + db : db
    }
  }
}

/// dz of some lanes. - at: offset into the output's panels.
@inline(__always)
func backpropagate<L: Lanes>(_ arguments: LinearArguments<L.V.Scalar>, at offset: Int, _: L.Type) -> L {
  guard let gradient = arguments.gradient else { return L(repeating: 0) }
  let output = UnsafePointer(arguments.output + offset)
  switch arguments.activation {
  case .identity, .softmax: return L(UnsafePointer(gradient + offset))
  case .relu:
    return L(UnsafePointer(gradient + offset)).zip(L(output)) { $0.replacing(with: .zero, where: $1, isAtMost: .zero) }
  case .leakyReLU:
    let slope = L.V(repeating: arguments.negativeSlope)
    return L(UnsafePointer(gradient + offset)).zip(L(output)) {
      ($0 * slope).replacing(with: $0, where: .zero, isBelow: $1)
    }
  case .sigmoid: return L(UnsafePointer(gradient + offset)).zip(L(output)) { $0 * ($1 * (L.V(repeating: 1) - $1)) }
  case .tanh: return L(UnsafePointer(gradient + offset)).zip(L(output)) { $0 * (L.V(repeating: 1) - $1 * $1) }
  case .gelu, .silu:
    backpropagateInPlace(arguments, at: offset, L.count, L.V.self)
    return L(UnsafePointer(gradient + offset))
  }
}

/// The derivatives that need z.
@inline(never)
func backpropagateInPlace<V: Vector>(_ a: LinearArguments<V.Scalar>, at offset: Int, _ count: Int, _: V.Type) {
  guard let gradient = a.gradient, let preactivation = a.preactivation else { return }
  @inline(__always)
  func multiply(_ slope: (V) -> V) {
    for i in stride(from: offset, to: offset + count, by: V.scalarCount) {
      (V(UnsafePointer(gradient + i)) * slope(V(UnsafePointer(preactivation + i)))).store(to: gradient + i)
    }
  }
  if a.activation == .silu {
    multiply { z in
      let s = sigmoid(z)
      return s * (V(repeating: 1) + z * (V(repeating: 1) - s))
    }
  } else {
    multiply { z in
      let (distribution, density) = normalDistribution(z)
      return distribution.adding(z, times: density)
    }
  }
}

@inline(never)
func denseForwardEpilogue<L: Lanes>(_ a: LinearArguments<L.V.Scalar>, _ begin: Int, _ end: Int, _: L.Type) {
  let width = a.shape.width
  for p in 0..<a.shape.count {
    for row in begin..<end {
      let bias = L.V(repeating: a.bias?[row] ?? 0)
      let at = panelRow(p, row, features: a.rows, width: width)
      for offset in stride(from: at, to: at + width, by: L.count) {
        finish(L(UnsafePointer(a.output + offset)).map { $0 + bias }, a, at: offset)
      }
    }
  }
}

@inline(never)
func denseBackwardPrologue<L: Lanes>(_ a: LinearArguments<L.V.Scalar>, _ begin: Int, _ end: Int, _: L.Type) {
  backwardPrologue(a, begin, end, L.self)
}
