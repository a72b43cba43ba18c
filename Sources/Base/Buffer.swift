import CSystem

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Zeroed memory on a 64-byte boundary, of a fixed number of elements; freed with the object.
@usableFromInline
package final class Buffer<T: BitwiseCopyable>: @unchecked Sendable {
  @usableFromInline package let pointer: UnsafeMutablePointer<T>
  package let count: Int
  private let memory: UnsafeMutableRawPointer

  /// - Throws: `outOfMemory` when the memory is not to be had or its size overflows.
  package init(count: Int, of what: @autoclosure () -> String = "buffer") throws(Failure) {
    let (bytes, overflow) = max(count, 1).multipliedReportingOverflow(by: MemoryLayout<T>.stride)
    // Zeroed by the system, not memset: large buffers are then fresh pages that cost nothing until they are used.
    guard count >= 0, !overflow, bytes < Int.max - 64, let raw = csystem_calloc(1, bytes + 64) else {
      throw Failure(.outOfMemory, "\(what()): no memory for \(count) elements of \(MemoryLayout<T>.stride) bytes")
    }
    memory = raw
    pointer = raw.alignedUp(toMultipleOf: 64).bindMemory(to: T.self, capacity: max(count, 1))
    self.count = count
  }

  deinit { free(memory) }

  package var bytes: Int { count * MemoryLayout<T>.stride }
  package var span: UnsafeMutableBufferPointer<T> { UnsafeMutableBufferPointer(start: pointer, count: count) }
}
