import KernelInterface
import Layers

extension Pass {
  /// What ``run(_:_:units:work:)`` does. Inlined, because a generic function of another module asks the runtime for the metadata of
  /// the arguments, which allocates.
  @inline(__always)
  func start<A>(_ kernel: @escaping Kernel, _ arguments: A, units: Int, work: Int) {
    withUnsafePointer(to: arguments) { executor.run(kernel, $0, units: units, work: work, balancedBy: nil) }
  }
}
