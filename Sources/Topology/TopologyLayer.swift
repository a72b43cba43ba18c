import Base
import Machine
import Sparse

/// What a topology method sees of a layer, and does to it.
///
/// A class, so that passing one as `any` allocates nothing. Nothing here allocates.
public protocol TopologyLayer<T>: AnyObject {
  associatedtype T: Scalar

  /// For messages: "linear layer 2".
  var name: String { get }
  /// Units and inputs of its connections now; changed in place by an update.
  var pattern: Pattern { get }
  /// One a slot. Updates only write to them when the method adds noise or shrinks.
  var weights: UnsafeMutablePointer<T> { get }
  /// dL/dw of the last backward pass, one a slot.
  var gradient: UnsafePointer<T> { get }
  /// The present learning rate of the layer's optimizer, 0 without one.
  var learningRate: Double { get }
  /// The first learning rate of its schedule.
  var initialLearningRate: Double { get }

  /// The optimizer's momentum of each connection (SGD's buffer, Adam's m / (sqrt(v) + 1e-8)); the gradient where the optimizer
  /// has none. - momentum: receives one a slot.
  func copyMomentum(into momentum: UnsafeMutablePointer<T>)

  /// The growth scores of every position of some rows, connected or not: dL/dW, of the last batch or the mean of several,
  /// summed over ranks where the caller does that, or what a function of the caller's says.
  /// - scores: receives rows.count x columns values, row-major. - Throws: `stopped` by a function of the caller's.
  func growthScores(rows: Range<Int>, into scores: UnsafeMutablePointer<T>) throws(Failure)

  /// The drop scores of a function of the caller's, one a slot. - Throws: `stopped`.
  func dropScores(into scores: UnsafeMutablePointer<T>) throws(Failure)

  /// Move everything that is stored in slot order, and start what has grown. `pattern` has changed already.
  func apply(_ remap: SlotRemap)
}
