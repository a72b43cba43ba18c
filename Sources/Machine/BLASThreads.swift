import COpenBLAS
import Synchronization

/// Holds OpenBLAS to one thread while the library's own threads call it: they share the products out themselves, in pieces
/// that do not depend on how many threads there are. The host's setting is back after the last call that holds it ends.
///
///     let hold = BLASThreads.begin()
///     defer { hold.end() }  // in the same thread
public struct BLASThreads {
  /// The calling thread's setting, in the build that takes it from OpenMP.
  private let savedOpenMP: Int32?

  /// The process's setting, in the other builds, and how many callers hold it.
  private static let holders = Mutex<(count: Int, saved: Int32)>((0, 1))

  static let isBuiltOnOpenMP = openblas_get_parallel() == 2

  public static func begin() -> BLASThreads {
    if isBuiltOnOpenMP {
      // This build asks OpenMP, thread by thread. The workers of a pool have asked for one thread at their start.
      let saved = OpenMP.maxThreads
      OpenMP.maxThreads = 1
      return BLASThreads(savedOpenMP: saved)
    }
    holders.withLock {
      if $0.count == 0 {
        $0.saved = openblas_get_num_threads()
        if $0.saved != 1 { openblas_set_num_threads(1) }
      }
      $0.count += 1
    }
    return BLASThreads(savedOpenMP: nil)
  }

  public func end() {
    if Self.isBuiltOnOpenMP {
      OpenMP.maxThreads = savedOpenMP
      return
    }
    Self.holders.withLock {
      $0.count -= 1
      if $0.count == 0, $0.saved != 1 { openblas_set_num_threads($0.saved) }
    }
  }
}
