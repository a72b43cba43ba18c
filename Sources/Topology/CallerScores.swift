import Base
import Machine
import Sparse

/// What a score function of the caller's sees of a layer: views of the network's own arrays, valid while the function runs.
public struct LayerView<T: Scalar> {
  /// Its number in the network.
  public let layer: Int
  public let units: Int
  public let inputs: Int
  public let connections: Int
  /// units + 1 offsets of each unit's connections, from 0.
  public let rowStart: UnsafePointer<Int64>
  /// The input of each connection, from 0, ascending within a unit.
  public let columns: UnsafePointer<Int32>
  /// One a connection.
  public let weights: UnsafePointer<T>
  /// dL/dw of the last backward pass, one a connection.
  public let gradients: UnsafePointer<T>
  /// The optimizer's, one a connection each; nil where it has none.
  public let moments: (UnsafePointer<T>?, UnsafePointer<T>?, UnsafePointer<T>?)
  /// Units whose positions growth scores are asked for; all when connections are to be dropped.
  public let rows: Range<Int>
}

/// A score of the caller's, for one element type.
///
/// To drop by: fill one score a connection; the smallest go. They may be infinite, but not NaN. To grow by: `scores` come in as
/// dL/dW at every position of `view.rows`, row-major, summed over ranks if the network has a reduction; leave the scores there,
/// finite; the largest |score| of those without a connection grow. Return false to stop. Then, and when a score is refused,
/// nothing of the layer's method has changed.
/// It must not call the network that asks. The same inputs must give the same scores, or results depend on more than the seed.
public final class ScoreFunction<T: Scalar>: Sendable {
  public typealias Body = @Sendable (_ view: LayerView<T>, _ scores: UnsafeMutablePointer<T>) -> Bool

  let body: Body

  public init(_ body: @escaping Body) { self.body = body }
}

/// The caller's score functions at work on one layer; without any it does nothing.
final class CallerScores<T: Scalar>: Stateful {
  private let subject: any TopologyLayer<T>
  private let drop: ScoreFunction<T>?
  private let grow: ScoreFunction<T>?
  /// Column numbers in 32 bits, where the pattern has them in 16.
  private let columns: Buffer<Int32>

  /// - pattern: the subject's, now or once it is put in place.
  init(_ method: TopologyMethod, _ subject: any TopologyLayer<T>, pattern: Pattern) throws(Failure) {
    drop = method.plan.drop == .callback ? method.dropFunction as? ScoreFunction<T> : nil
    grow = method.plan.grow == .callback ? method.growFunction as? ScoreFunction<T> : nil
    self.subject = subject
    let copies = pattern.indexBytes == 2 && (drop != nil || grow != nil)
    columns = try Buffer(count: copies ? pattern.capacity : 0, of: "topology method, column numbers for the caller")
  }

  func visit(_ visitor: inout some StateVisitor) { visitor.scratch(columns) }

  /// An update begins: the pattern is as it will be seen.
  func prepare() {
    let pattern = subject.pattern
    guard columns.count > 0 else { return }
    for slot in 0..<pattern.connections { columns.pointer[slot] = Int32(truncatingIfNeeded: pattern.column(slot)) }
  }

  /// - scores: receives one a connection.
  func dropScores(into scores: UnsafeMutablePointer<T>) throws(Failure) {
    guard let drop else { return }
    guard drop.body(view(0..<subject.pattern.rows), scores) else { throw stopped("drop") }
    for slot in 0..<subject.pattern.connections where scores[slot].isNaN {
      throw Failure(
        .nonFinite,
        "evolve: the drop score of connection \(slot) (from 0) of \(subject.name) is \(scores[slot]); its pattern has not "
          + "changed")
    }
  }

  /// - scores: dL/dW of these rows on the way in.
  func growthScores(rows: Range<Int>, in scores: UnsafeMutablePointer<T>) throws(Failure) {
    guard let grow else { return }
    guard grow.body(view(rows), scores) else { throw stopped("growth") }
    let columns = subject.pattern.columns
    for i in 0..<rows.count * columns where !scores[i].isFinite {
      throw Failure(
        .nonFinite,
        "evolve: the growth score of \(subject.name) at row \(rows.lowerBound + i / columns), column \(i % columns) (from 0) is "
          + "\(scores[i]); its pattern has not changed")
    }
  }

  private func stopped(_ which: String) -> Failure {
    Failure(.stopped, "evolve: the \(which) score of \(subject.name) asked to stop; its pattern has not changed")
  }

  private func view(_ rows: Range<Int>) -> LayerView<T> {
    let pattern = subject.pattern
    return LayerView(
      layer: subject.number, units: pattern.rows, inputs: pattern.columns, connections: pattern.connections,
      rowStart: pattern.rowStart,
      columns: pattern.indexBytes == 2
        ? UnsafePointer(columns.pointer) : pattern.columnIndex.assumingMemoryBound(to: Int32.self),
      weights: UnsafePointer(subject.weights), gradients: subject.gradient,
      moments: (subject.moment(0), subject.moment(1), subject.moment(2)), rows: rows)
  }
}
