import Machine

/// What a batch's outputs are compared with.
package enum Target<T: Scalar> {
  /// (outputs, samples)
  case values(UnsafePointer<T>)
  /// Class numbers from the network's label base.
  case labels(UnsafePointer<Int32>)
}

/// A batch in the caller's arrays: its first `count` samples, or those that `samples` names.
package struct Batch<T: Scalar> {
  package let x: UnsafePointer<T>
  package let count: Int
  @usableFromInline package let samples: UnsafePointer<Int64>?
  /// The number of the first sample in arrays that are bound, unless `samples` names them: `x` begins with it.
  package let first: Int

  package init(x: UnsafePointer<T>, count: Int, samples: UnsafePointer<Int64>? = nil, first: Int = 0) {
    self.x = x
    self.count = count
    self.samples = samples
    self.first = first
  }

  /// Where the batch's sample of this position is in the caller's arrays.
  @inlinable @inline(__always)
  package func sample(_ position: Int) -> Int { samples.map { Int($0[position]) } ?? position }
}
