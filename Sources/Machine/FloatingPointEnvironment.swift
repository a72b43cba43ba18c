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

    /// For ``asHost(_:)``: what this call of the host's has found.
    public func remember() { csystem_remember_host(UInt64(saved)) }

    private static var host: FloatingPointEnvironment {
      FloatingPointEnvironment(saved: UInt32(truncatingIfNeeded: csystem_remembered_host()))
    }
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

    public func remember() { csystem_remember_host(control) }

    private static var host: FloatingPointEnvironment {
      FloatingPointEnvironment(control: csystem_remembered_host(), status: csystem_get_fpsr())
    }
  #else
    // Other architectures: the host's environment is used as it is; subnormals are then only slow.
    public static func begin() -> FloatingPointEnvironment { FloatingPointEnvironment() }
    public func end() {}
    public func remember() {}
    private static var host: FloatingPointEnvironment { FloatingPointEnvironment() }
  #endif

  /// Run a function of the host's, called from within a call of the host's on this thread, in the environment that the host
  /// had when it called.
  public static func asHost<R>(_ body: () -> R) -> R {
    let inside = begin()
    // A host's function may call in again, which remembers anew.
    let host = host
    host.end()
    defer {
      host.remember()
      inside.end()
    }
    return body()
  }
}
