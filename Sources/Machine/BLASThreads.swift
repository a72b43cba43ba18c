import COpenBLAS
import CSystem

/// Holds OpenBLAS to one thread while the library's own threads call it: they share the products out themselves, in pieces
/// that do not depend on how many threads there are. The host's setting is back after the last call that holds it ends.
///
///     let hold = BLASThreads.begin()
///     defer { hold.end() }  // in the same thread
package struct BLASThreads {
  /// The calling thread's setting, in the build that takes it from OpenMP.
  private let savedOpenMP: Int32?

  /// In which process the hold began: a child of a fork has none of its parent's other threads, and none of their holds.
  private let forks: Int32

  /// In the other builds: the process's setting, while it is held, and how many callers of this process hold it.
  private nonisolated(unsafe) static var holders: (saved: Int32?, count: Int, forks: Int32) = (nil, 0, 0)

  package static func begin() -> BLASThreads {
    if copenblas_is_on_openmp() != 0 {
      // This build asks OpenMP, thread by thread.
      let saved = copenblas_threads()
      copenblas_set_threads(1)
      return BLASThreads(savedOpenMP: saved, forks: 0)
    }
    csystem_lock()
    defer { csystem_unlock() }
    forgetTheParents()
    if holders.saved == nil {
      holders.saved = copenblas_threads()
      if holders.saved != 1 { copenblas_set_threads(1) }
    }
    holders.count += 1
    return BLASThreads(savedOpenMP: nil, forks: holders.forks)
  }

  package func end() {
    if let savedOpenMP {
      copenblas_set_threads(savedOpenMP)
      return
    }
    csystem_lock()
    defer { csystem_unlock() }
    Self.forgetTheParents()
    if forks == Self.holders.forks { Self.holders.count -= 1 }
    guard Self.holders.count == 0, let saved = Self.holders.saved else { return }
    if saved != 1 { copenblas_set_threads(saved) }
    Self.holders.saved = nil
  }

  /// What a fork interrupted goes on here with the hold that comes next.
  private static func forgetTheParents() {
    guard holders.forks != csystem_forks() else { return }
    holders.count = 0
    holders.forks = csystem_forks()
  }
}
