#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// The host's OpenMP runtime, if there is one: looked up in the process, never linked.
enum OpenMP {
  private typealias Getter = @convention(c) () -> Int32
  private typealias Setter = @convention(c) (Int32) -> Void

  private static let inParallel: Getter? = symbol("omp_in_parallel").map { unsafeBitCast($0, to: Getter.self) }
  private static let getMaxThreads: Getter? = symbol("omp_get_max_threads").map { unsafeBitCast($0, to: Getter.self) }
  private static let setNumThreads: Setter? = symbol("omp_set_num_threads").map { unsafeBitCast($0, to: Setter.self) }

  /// nil as the handle searches the whole process.
  private static func symbol(_ name: StaticString) -> UnsafeMutableRawPointer? {
    name.withUTF8Buffer { $0.withMemoryRebound(to: CChar.self) { $0.baseAddress.flatMap { dlsym(nil, $0) } } }
  }

  static var isInParallelRegion: Bool { (inParallel?() ?? 0) != 0 }

  /// Threads of the calling thread's next parallel region; nil without OpenMP. Each thread has a number of its own.
  static var maxThreads: Int32? {
    get { getMaxThreads?() }
    set { if let newValue { setNumThreads?(newValue) } }
  }

  /// Let an OpenBLAS that was built on OpenMP run in the calling thread alone. For threads that are the library's own.
  static func quietThisThread() {
    if BLASThreads.isBuiltOnOpenMP { maxThreads = 1 }
  }
}
