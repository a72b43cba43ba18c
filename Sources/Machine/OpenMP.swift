#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// The host's OpenMP runtime, if there is one: looked up in the process, never linked.
enum OpenMP {
  private typealias Getter = @convention(c) () -> Int32

  private static let inParallel: Getter? = symbol("omp_in_parallel").map { unsafeBitCast($0, to: Getter.self) }

  /// nil as the handle searches the whole process.
  private static func symbol(_ name: StaticString) -> UnsafeMutableRawPointer? {
    name.withUTF8Buffer { $0.withMemoryRebound(to: CChar.self) { $0.baseAddress.flatMap { dlsym(nil, $0) } } }
  }

  static var isInParallelRegion: Bool { (inParallel?() ?? 0) != 0 }
}
