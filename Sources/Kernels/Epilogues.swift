import KernelInterface

// What surrounds a linear layer's products, row by row: the activation on the way forward, its derivative and the bias's
// gradient on the way back.

/// Store z as the activation and, where wanted, as it is. - at: offset into the output's panels.
@inline(__always)
func finish<L: Lanes>(_ z: L, _ a: LinearArguments<L.V.Scalar>, at offset: Int) {
  let output = a.output + offset
  if let preactivation = a.preactivation { z.store(to: preactivation + offset) }
  let alpha = L.V(repeating: a.negativeSlope)
  // What is no more than a comparison stands here, where the products end.
  switch a.activation {
  case .identity, .softmax: z.store(to: output)
  case .relu: z.map { activate(.relu, $0, alpha) }.store(to: output)
  case .leakyReLU: z.map { activate(.leakyReLU, $0, alpha) }.store(to: output)
  default:
    z.store(to: output)
    activateInPlace(a.activation, output, L.count, alpha)
  }
}

/// - count: a multiple of the vector's lanes.
@inline(never)
func activateInPlace<V: Vector>(_ activation: Activation, _ values: UnsafeMutablePointer<V.Scalar>, _ count: Int, _ alpha: V) {
  for i in stride(from: 0, to: count, by: V.scalarCount) {
    activate(activation, V(UnsafePointer(values + i)), alpha).store(to: values + i)
  }
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
  let alpha = L.V(repeating: arguments.negativeSlope)
  @inline(__always)
  func multiply(_ activation: Activation) -> L {
    L(UnsafePointer(gradient + offset)).zip(L(output)) { backpropagate(activation, $0, $1, alpha) }
  }
  switch arguments.activation {
  case .identity, .softmax: return L(UnsafePointer(gradient + offset))
  case .relu: return multiply(.relu)
  case .leakyReLU: return multiply(.leakyReLU)
  case .sigmoid: return multiply(.sigmoid)
  case .tanh: return multiply(.tanh)
  default:
    backpropagateInPlace(
      arguments.activation, gradient + offset, (arguments.preactivation ?? arguments.output) + offset, L.count, alpha)
    return L(UnsafePointer(gradient + offset))
  }
}

/// - x: z where it is kept, else a.
@inline(never)
func backpropagateInPlace<V: Vector>(
  _ activation: Activation, _ gradient: UnsafeMutablePointer<V.Scalar>, _ x: UnsafeMutablePointer<V.Scalar>, _ count: Int,
  _ alpha: V
) {
  for i in stride(from: 0, to: count, by: V.scalarCount) {
    backpropagate(activation, V(UnsafePointer(gradient + i)), V(UnsafePointer(x + i)), alpha).store(to: gradient + i)
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

// MARK: Activations by themselves

enum ActivationForwardKernel<T: KernelScalar>: RowKernel {
  static func shape(_ arguments: ActivationArguments<T>) -> PanelShape { arguments.shape }

  @inline(never)
  static func run<L: Lanes>(_ a: ActivationArguments<T>, _ begin: Int, _ end: Int, _: L.Type) where L.V.Scalar == T {
    let alpha = L.V(repeating: a.negativeSlope)
    eachVector(of: L.V.scalarCount, a, begin, end) { at in
      activate(a.activation, L.V(a.input + at), alpha).store(to: a.output + at)
    }
  }
}

enum ActivationBackwardKernel<T: KernelScalar>: RowKernel {
  static func shape(_ arguments: ActivationArguments<T>) -> PanelShape { arguments.shape }

  @inline(never)
  static func run<L: Lanes>(_ a: ActivationArguments<T>, _ begin: Int, _ end: Int, _: L.Type) where L.V.Scalar == T {
    guard let gradient = a.gradient, let inputGradient = a.inputGradient else { return }
    let alpha = L.V(repeating: a.negativeSlope)
    let x = a.activation.needsPreactivation ? a.input : UnsafePointer(a.output)
    eachVector(of: L.V.scalarCount, a, begin, end) { at in
      backpropagate(a.activation, L.V(gradient + at), L.V(x + at), alpha).store(to: inputGradient + at)
    }
  }
}

@inline(__always)
private func eachVector<T>(of lanes: Int, _ a: ActivationArguments<T>, _ begin: Int, _ end: Int, _ body: (Int) -> Void) {
  for p in 0..<a.shape.count {
    let first = panelRow(p, begin, features: a.features, width: a.shape.width)
    for at in stride(from: first, to: first &+ (end &- begin) &* a.shape.width, by: lanes) { body(at) }
  }
}
