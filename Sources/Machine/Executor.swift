import KernelInterface

/// What runs kernels: splits their units over the threads of a pool.
package protocol Executor: AnyObject {
  /// Run `kernel` over units 0 ..< units and return when all are done. Nothing is allocated.
  ///
  /// - work: floating-point operations, roughly; small work runs on the calling thread alone.
  /// - prefix: `units + 1` ascending offsets, the work before each unit; nil: all units cost the same.
  func run(
    _ kernel: @escaping Kernel, _ arguments: UnsafeRawPointer, units: Int, work: Int, balancedBy prefix: UnsafePointer<Int64>?)
}
