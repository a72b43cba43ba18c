import KernelInterface

/// f(z). Sources: GELU, Hendrycks and Gimpel 2016 (exact form); SiLU, Elfwing et al. 2018.
@inline(__always)
func activate<T: KernelScalar>(_ activation: Activation, _ z: T, negativeSlope: T) -> T {
  switch activation {
  case .identity, .softmax: z
  case .relu: z < 0 ? 0 : z  // this way round, NaN comes through
  case .leakyReLU: z > 0 ? z : negativeSlope * z
  case .gelu: z * (T(0.5) * (1 + T.erf(z * T(0.5).squareRoot())))
  case .silu: z * sigmoid(z)
  case .sigmoid: sigmoid(z)
  case .tanh: T.tanh(z)
  }
}

/// dz = da f'(z), from a = f(z) alone or, for GELU and SiLU, from z. At the kinks the derivative is PyTorch's: 0 for relu,
/// `negativeSlope` for leaky relu.
@inline(__always)
func backpropagate<T: KernelScalar>(_ activation: Activation, _ da: T, a: T, z: T, negativeSlope: T) -> T {
  switch activation {
  case .identity, .softmax: return da
  case .relu: return a <= 0 ? 0 : da
  case .leakyReLU: return a > 0 ? da : da * negativeSlope
  case .gelu:
    let density = T.exp(T(-0.5) * z * z) * T(0.398_942_280_401_432_677_94)  // 1 / sqrt(2 pi)
    return da * (T(0.5) * (1 + T.erf(z * T(0.5).squareRoot())) + z * density)
  case .silu:
    let s = sigmoid(z)
    return da * (s * (1 + z * (1 - s)))
  case .sigmoid: return da * (a * (1 - a))
  case .tanh: return da * (1 - a * a)
  }
}

/// 1 / (1 + e^-z), without overflow on either side.
@inline(__always)
func sigmoid<T: KernelScalar>(_ z: T) -> T {
  let e = T.exp(-z.magnitude)
  return z < 0 ? e / (1 + e) : 1 / (1 + e)
}
