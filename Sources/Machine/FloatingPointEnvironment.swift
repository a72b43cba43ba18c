import CSystem

/// The floating-point environment that kernels run in: exceptions masked, rounding to nearest, subnormals flushed to zero
/// (they cost a factor of eight in a dot product), whatever the host program has set. The host's own setting, its sticky
/// exception flags included, is back exactly after `end`.
///
///     let environment = FloatingPointEnvironment.begin()
///     defer { environment.end() }
public struct FloatingPointEnvironment: Sendable {
  #if arch(x86_64)
    private let saved: UInt32

    /// All six exceptions masked, flush to zero (bit 15), subnormal inputs are zero (bit 6).
    private static let kernels: UInt32 = 0x1F80 | 0x8000 | 0x0040

    public static func begin() -> FloatingPointEnvironment {
      let environment = FloatingPointEnvironment(saved: csystem_get_mxcsr())
      csystem_set_mxcsr(kernels)
      return environment
    }

    public func end() { csystem_set_mxcsr(saved) }
  #elseif arch(arm64)
    private let control: UInt64
    private let status: UInt64

    /// Bit 24 flushes subnormal inputs and results; exceptions are not trapped, rounding is to nearest.
    private static let kernels: UInt64 = 1 << 24

    public static func begin() -> FloatingPointEnvironment {
      let environment = FloatingPointEnvironment(control: csystem_get_fpcr(), status: csystem_get_fpsr())
      csystem_set_fpcr(kernels)
      return environment
    }

    public func end() {
      csystem_set_fpcr(control)
      csystem_set_fpsr(status)
    }
  #else
    // Other architectures: the host's environment is used as it is; subnormals are then only slow.
    public static func begin() -> FloatingPointEnvironment { FloatingPointEnvironment() }
    public func end() {}
  #endif
}
