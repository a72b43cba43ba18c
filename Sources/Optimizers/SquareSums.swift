import Base
import KernelInterface
import Machine

/// Quick sums of squares of arrays, a block at a time: whether values are finite, and how large the largest can be. `add` the
/// arrays, `measure` them all at once, then ask for their sums in the same order. Nothing is allocated after construction.
package final class SquareSums<T: Scalar>: Stateful {
  private static var block: Int { 8192 }
  private let segments: Buffer<Segment<T>>
  private let sums: Buffer<T>
  private let kernel: Kernel
  private var used = 0
  private var elements = 0
  private var next = 0

  /// - room: blocks that arrays may take together, see `blocks`. - Throws: `outOfMemory`.
  package init(room: Int, of what: @autoclosure () -> String) throws(Failure) {
    segments = try Buffer(count: room, of: what())
    sums = try Buffer(count: room, of: what())
    kernel = T.kernels.squaresOfSegments
  }

  package func visit(_ visitor: inout some StateVisitor) { visitor.scratch(segments, sums) }

  /// What an array takes.
  package static func blocks(_ count: Int) -> Int { max(1, count / block + (count % block == 0 ? 0 : 1)) }

  package func clear() {
    used = 0
    elements = 0
    next = 0
  }

  @_specialize(where T == Float)
  @_specialize(where T == Double)
  package func add(_ values: UnsafePointer<T>, count: Int) {
    var begin = 0
    repeat {
      let part = min(Self.block, count &- begin)
      segments.pointer[used] = Segment(values: values + begin, count: part)
      used &+= 1
      begin &+= part
    } while begin < count
    elements &+= count
  }

  @_specialize(where T == Float)
  @_specialize(where T == Double)
  package func measure(executor: any Executor) {
    let arguments = SegmentArguments(segments: UnsafePointer(segments.pointer), sums: sums.pointer)
    withUnsafePointer(to: arguments) {
      executor.run(kernel, UnsafeRawPointer($0), units: used, work: elements &* 2, balancedBy: nil)
    }
  }

  /// The sum of all arrays that were added.
  @_specialize(where T == Float)
  @_specialize(where T == Double)
  package func total() -> Double {
    var total = 0.0
    for position in 0..<used { total += Double(sums.pointer[position]) }
    return total
  }

  /// The sum of the next array: infinite or NaN whenever one of its values is, or when the sum overflows T. The square root
  /// is at least the largest magnitude, but for rounding. - count: its elements.
  @_specialize(where T == Float)
  @_specialize(where T == Double)
  package func sum(count: Int) -> Double {
    var sum = 0.0
    for _ in 0..<Self.blocks(count) {
      sum += Double(sums.pointer[next])
      next &+= 1
    }
    return sum
  }
}
