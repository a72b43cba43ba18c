import Base
import Machine
import Sparse

/// What a topology method sees of a layer, and does to it.
///
/// A class, so that passing one as `any` allocates nothing. Nothing here allocates.
package protocol TopologyLayer<T>: AnyObject {
  associatedtype T: Scalar

  /// In the network, from 1.
  var number: Int { get }
  /// For messages: "linear layer 2".
  var name: String { get }
  /// Whether its outputs are the network's.
  var isLast: Bool { get }
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

  /// A moment of the optimizer, one value a slot; nil where it has none. - index: 0, 1 or 2.
  func moment(_ index: Int) -> UnsafePointer<T>?

  /// dL/dW at every position of some rows, connected or not, of the last batch or the mean of several, reduced.
  /// - gradient: receives rows.count x columns values, row-major. - Throws: what `reduce` throws.
  func growthScores(rows: Range<Int>, into gradient: UnsafeMutablePointer<T>) throws(Failure)

  /// Let the caller sum gradients that growth scores are made of over the ranks of a data-parallel run, in place; nothing where
  /// it has not asked for that. Everything that differs between ranks and decides what grows comes by here.
  /// - Throws: `stopped` by the caller's function.
  func reduce(_ values: UnsafeMutablePointer<T>, count: Int) throws(Failure)

  /// dL/dW at some positions, otherwise as above. - scores: receives one a position.
  func growthScores(at positions: PositionRows, into scores: UnsafeMutablePointer<T>) throws(Failure)

  /// How active each unit and each input was in the batches that `growthScores` knows: the sums of |dL/dz| and |x|, or of both
  /// times random signs of the samples, summed over ranks like growth scores.
  /// - units, inputs: receive one value each.
  func activity(
    signs: SignSequence?, units: UnsafeMutablePointer<T>, inputs: UnsafeMutablePointer<T>
  ) throws(Failure)

  /// Let only some connections take part in forward and dL/dx, until the next call. For methods whose forward share is below 1.
  /// - count: those marked 0, >= 1. - marks: one a slot, valid during the call.
  func useForward(_ count: Int, marks: UnsafePointer<UInt8>)

  /// Let forward and dL/dx use sign(w) (|w| - threshold) of the connections whose |w| exceeds it, and no others, whose gradients
  /// are 0; until the next call. For methods with a soft threshold.
  func useForward(above threshold: T)

  /// Make the weights what they have been for forward, and let it use all of them as they are from now on.
  func settleForward()

  /// Move everything that is stored in slot order, and start what has grown. `pattern` has changed already.
  func apply(_ remap: SlotRemap)
}
