import KernelInterface
import Machine

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// An elementwise activation in double precision with its first two derivatives, as functions of z. At a kink they are those
/// of the kernels; softmax is none of these and counts as the identity.
struct ActivationCurve {
  let kind: Activation
  let negativeSlope: Double

  func value(_ z: Double) -> Double { Double.kernels.activationCurve(kind, 0, z, negativeSlope) }
  func slope(_ z: Double) -> Double { Double.kernels.activationCurve(kind, 1, z, negativeSlope) }
  func curvature(_ z: Double) -> Double { Double.kernels.activationCurve(kind, 2, z, negativeSlope) }
}

/// 1 / (1 + e^-z), without overflow on either side.
func sigmoid(_ z: Double) -> Double { ActivationCurve(kind: .sigmoid, negativeSlope: 0).value(z) }

func exponential(_ z: Double) -> Double { exp(z) }
