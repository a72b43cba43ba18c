import Machine

/// What can compute the gradient of a layer's weights at every position, connected or not: the score by which RigL grows.
/// It is asked for a few rows at a time, so that it need never exist as a whole.
///
/// A class, so that passing one as `any` allocates nothing.
public protocol DenseGradientSource<T>: AnyObject {
  associatedtype T: Scalar

  /// dL/dW of some rows for the last backward pass's batch. Nothing is allocated.
  /// - gradient: receives rows.count x columns values, row-major; overwritten.
  func denseGradient(rows: Range<Int>, into gradient: UnsafeMutablePointer<T>)
}
