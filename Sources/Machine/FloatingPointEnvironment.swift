import CSystem

/// The floating-point environment that the library works in: exceptions masked, rounding to nearest, subnormals flushed to zero
/// (they cost a factor of eight in a dot product), x87's precision and rounding those of a new process, whatever the host
/// program has set. The host's own setting, its sticky exception flags included, is back exactly after `end`.
///
///     let environment = FloatingPointEnvironment.begin()
///     defer { environment.end() }
package struct FloatingPointEnvironment: Sendable {
  private let found: csystem_environment

  package static func begin() -> FloatingPointEnvironment {
    FloatingPointEnvironment(found: csystem_enter_environment())
  }

  package func end() { csystem_leave_environment(found) }

  /// The door through which every call of the host's passes: behind it the environment is the library's.
  @inline(__always)
  package static func asLibrary<R>(_ body: () -> R) -> R {
    // A function of the host's may call in again, from within a call of its own.
    let outer = csystem_get_host()
    csystem_set_host(csystem_enter_environment())
    defer {
      let host = csystem_get_host()
      csystem_set_host(outer)
      csystem_leave_environment(host)
    }
    return body()
  }

  /// Run a function of the host's, called from within a call of the host's on this thread, in the host's environment. What it
  /// changes there, flags included, stays changed when the call returns, as if the host had called it by itself.
  package static func asHost<R>(_ body: () -> R) -> R {
    csystem_leave_environment(csystem_get_host())
    defer { csystem_set_host(csystem_enter_environment()) }
    return body()
  }
}
