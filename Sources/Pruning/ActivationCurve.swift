import KernelInterface

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// An elementwise activation in double precision with its first two derivatives, as functions of z. At a kink they are those
/// of the negative side, as in the kernels; softmax is none of these and counts as the identity.
struct ActivationCurve {
  let kind: Activation
  let negativeSlope: Double

  func value(_ z: Double) -> Double {
    switch kind {
    case .identity, .softmax: z
    case .relu: z < 0 ? 0 : z
    case .leakyReLU: z > 0 ? z : negativeSlope * z
    case .gelu: z * share(z)
    case .silu: z * sigmoid(z)
    case .sigmoid: sigmoid(z)
    case .tanh: hyperbolicTangent(z)
    }
  }

  func slope(_ z: Double) -> Double {
    switch kind {
    case .identity, .softmax: return 1
    case .relu: return z > 0 ? 1 : 0
    case .leakyReLU: return z > 0 ? 1 : negativeSlope
    case .gelu: return share(z) + z * bell(z)
    case .silu:
      let s = sigmoid(z)
      return s * (1 + z * (1 - s))
    case .sigmoid:
      let s = sigmoid(z)
      return s * (1 - s)
    case .tanh:
      let t = hyperbolicTangent(z)
      return 1 - t * t
    }
  }

  func curvature(_ z: Double) -> Double {
    switch kind {
    case .identity, .softmax, .relu, .leakyReLU: return 0
    case .gelu: return bell(z) * (2 - z * z)
    case .silu:
      let s = sigmoid(z)
      return s * (1 - s) * (2 + z * (1 - 2 * s))
    case .sigmoid:
      let s = sigmoid(z)
      return s * (1 - s) * (1 - 2 * s)
    case .tanh:
      let t = hyperbolicTangent(z)
      return -2 * t * (1 - t * t)
    }
  }
}

/// 1 / (1 + e^-z), without overflow on either side.
func sigmoid(_ z: Double) -> Double {
  let e = exp(-z.magnitude)
  return z < 0 ? e / (1 + e) : 1 / (1 + e)
}

func exponential(_ z: Double) -> Double { exp(z) }

/// Apart from the type, whose case of the same name would hide it.
private func hyperbolicTangent(_ z: Double) -> Double { tanh(z) }

/// The normal distribution up to z, and its density at z.
private func share(_ z: Double) -> Double { 0.5 * (1 + erf(z * 0.5.squareRoot())) }
private func bell(_ z: Double) -> Double { exp(-0.5 * z * z) * 0.398_942_280_401_432_677_94 }
