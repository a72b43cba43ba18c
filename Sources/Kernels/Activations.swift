import KernelInterface

// The table of activations: of each the value, the derivative as backward needs it, and the second derivative. Everything that
// computes an activation, for a vector or for a number, comes here. `alpha` is the number that an activation may have: leaky
// relu's negative slope, elu's and celu's alpha.
//
// Sources: GELU, Hendrycks and Gimpel 2016 (exact form); SiLU, Elfwing et al. 2018; ELU, Clevert et al. 2016; CELU, Barron 2017;
// Mish, Misra 2019. The others are PyTorch's, with its defaults.

/// f(z). NaN comes through.
@inline(__always)
func activate<V: Vector>(_ activation: Activation, _ z: V, _ alpha: V) -> V {
  let (zero, one) = (V.zero, V(repeating: 1))
  switch activation {
  case .identity, .softmax: return z
  case .relu: return z.replacing(with: zero, where: z, isBelow: zero)
  case .leakyReLU: return (z * alpha).replacing(with: z, where: zero, isBelow: z)
  case .gelu: return z * normalDistribution(z).distribution
  case .silu: return z * sigmoid(z)
  case .sigmoid: return sigmoid(z)
  case .tanh: return hyperbolicTangent(z)
  case .softplus:
    let tail = logarithmOfOne(plus: exponential(zero - magnitude(z)))
    return (tail + z.replacing(with: zero, where: z, isBelow: zero)).replacing(with: z, where: V(repeating: 20), isBelow: z)
  case .softsign: return z / (one + magnitude(z))
  case .elu: return (alpha * exponentialLessOne(z)).replacing(with: z, where: zero, isAtMost: z)
  case .celu: return (alpha * exponentialLessOne(z / alpha)).replacing(with: z, where: zero, isAtMost: z)
  case .hardSigmoid: return clamp(z + V(repeating: 3), zero, V(repeating: 6)) / V(repeating: 6)
  case .hardTanh: return clamp(z, zero - one, one)
  case .relu6: return clamp(z, zero, V(repeating: 6))
  case .mish: return z * mishFactor(z).tanh
  case .step: return z.replacing(with: zero, where: z, isAtMost: zero).replacing(with: one, where: zero, isBelow: z)
  }
}

/// dz = da f'(z). - x: a = f(z), or z where the activation `needsPreactivation`. At the kinks the derivative is PyTorch's.
@inline(__always)
func backpropagate<V: Vector>(_ activation: Activation, _ da: V, _ x: V, _ alpha: V) -> V {
  let (zero, one) = (V.zero, V(repeating: 1))
  switch activation {
  case .identity, .softmax: return da
  case .relu: return da.replacing(with: zero, where: x, isAtMost: zero)
  case .leakyReLU: return (da * alpha).replacing(with: da, where: zero, isBelow: x)
  case .gelu:
    let (distribution, density) = normalDistribution(x)
    return da * distribution.adding(x, times: density)
  case .silu:
    let s = sigmoid(x)
    return da * (s * (one + x * (one - s)))
  case .sigmoid: return da * (x * (one - x))
  case .tanh: return da * (one - x * x)
  case .softplus:  // 1 - e^-a = sigmoid(z), and beyond z = 20, where a = 20 + 2e-9, the line
    return (zero - da * exponentialLessOne(zero - x)).replacing(with: da, where: V(repeating: 20.000_000_002_061), isBelow: x)
  case .softsign:
    let rest = one - magnitude(x)
    return da * (rest * rest)
  case .elu: return (da * (x + alpha)).replacing(with: da, where: zero, isBelow: x)
  case .celu: return (da * (x / alpha + one)).replacing(with: da, where: zero, isAtMost: x)
  case .hardSigmoid: return keep(da / V(repeating: 6), where: x, isBetween: zero, one)
  case .hardTanh: return keep(da, where: x, isBetween: zero - one, one)
  case .relu6: return keep(da, where: x, isBetween: zero, V(repeating: 6))
  case .mish:
    let (t, square) = mishFactor(x)
    return da * (t + x * (square * sigmoid(x)))
  case .step: return zero
  }
}

/// f''(z); 0 at kinks and on both sides of them.
@inline(__always)
func curvature<V: Vector>(_ activation: Activation, _ z: V, _ alpha: V) -> V {
  let (zero, one, two) = (V.zero, V(repeating: 1), V(repeating: 2))
  switch activation {
  case .identity, .softmax, .relu, .leakyReLU, .hardSigmoid, .hardTanh, .relu6, .step: return zero
  case .gelu: return normalDistribution(z).density * (two - z * z)
  case .silu:
    let s = sigmoid(z)
    return s * (one - s) * (two + z * (one - two * s))
  case .sigmoid:
    let s = sigmoid(z)
    return s * (one - s) * (one - two * s)
  case .tanh:
    let t = hyperbolicTangent(z)
    return zero - two * t * (one - t * t)
  case .softplus:
    let s = sigmoid(z)
    return (s * (one - s)).replacing(with: zero, where: V(repeating: 20), isBelow: z)
  case .softsign:
    let inverse = one / (one + magnitude(z))
    let size = two * inverse * inverse * inverse
    return (zero - size).replacing(with: size, where: z, isBelow: zero)
  case .elu: return (alpha * exponential(z)).replacing(with: zero, where: zero, isBelow: z)
  case .celu: return (exponential(z / alpha) / alpha).replacing(with: zero, where: zero, isBelow: z)
  case .mish:
    let ((t, square), s) = (mishFactor(z), sigmoid(z))
    let slope = square * s
    return slope * (two + z * (one - s - two * t * s))
  }
}

/// x within [low, high]; NaN stays.
@inline(__always)
private func clamp<V: Vector>(_ x: V, _ low: V, _ high: V) -> V {
  x.replacing(with: low, where: x, isBelow: low).replacing(with: high, where: high, isBelow: x)
}

/// y where low < x < high, 0 elsewhere.
@inline(__always)
private func keep<V: Vector>(_ y: V, where x: V, isBetween low: V, _ high: V) -> V {
  y.replacing(with: .zero, where: x, isAtMost: low).replacing(with: .zero, where: high, isAtMost: x)
}

/// t = tanh(log(1 + e^z)) = n / (n + 2) and 1 - t^2 = 4 (n + 1) / (n + 2)^2, where n = e^z (e^z + 2). Beyond z = 30 they are 1
/// and 0.
@inline(__always)
private func mishFactor<V: Vector>(_ z: V) -> (tanh: V, rest: V) {
  let (two, most) = (V(repeating: 2), V(repeating: 30))
  let e = exponential(z.replacing(with: most, where: most, isBelow: z))
  let n = e * (e + two)
  let sum = n + two
  return (n / sum, V(repeating: 4) * ((n + V(repeating: 1)) / sum) / sum)
}

// MARK: For single numbers

/// What ``KernelTable/activationCurve`` is: f(z) and its first two derivatives, by `order` 0, 1 and 2.
@inline(never)
func activationCurve<T: KernelScalar>(_ activation: Activation, _ order: Int, _ z: T, _ alpha: T) -> T {
  switch order {
  case 0: return activate(activation, z, negativeSlope: alpha)
  case 1:
    let a = activation.needsPreactivation ? z : activate(activation, z, negativeSlope: alpha)
    return backpropagate(activation, 1, a: a, z: z, negativeSlope: alpha)
  default: return curvature(activation, Lane(z), Lane(alpha)).value
  }
}

func activate<T: KernelScalar>(_ activation: Activation, _ z: T, negativeSlope: T) -> T {
  activate(activation, Lane(z), Lane(negativeSlope)).value
}

func backpropagate<T: KernelScalar>(_ activation: Activation, _ da: T, a: T, z: T, negativeSlope: T) -> T {
  backpropagate(activation, Lane(da), Lane(activation.needsPreactivation ? z : a), Lane(negativeSlope)).value
}
