import Base
import Graphs
import KernelInterface
import Machine

/// Outputs of a network that are compared by a loss of their own.
struct LossTerm {
  /// The first of these outputs, from 0.
  let first: Int
  let count: Int
  let kind: LossKind
  /// Factor on the loss.
  let weight: Double

  /// For messages.
  var outputs: String { "outputs \(first) .. \(first + count - 1) (from 0)" }
}

/// The terms of a loss, and where a term's part of a batch is put together.
final class LossTerms<T: Scalar>: Stateful {
  let terms: [LossTerm]
  /// (count, batch) of the term with the most outputs each.
  fileprivate let output: Buffer<T>
  fileprivate let target: Buffer<T>
  fileprivate let gradient: Buffer<T>
  /// One a sample.
  fileprivate let labels: Buffer<Int32>

  /// - batch: the most samples; 0 before build. - Throws: `outOfMemory`.
  init(_ terms: [LossTerm], batch: Int) throws(Failure) {
    self.terms = terms
    let elements = batch > 0 ? PanelShape(batch: batch, elementSize: MemoryLayout<T>.stride).elements(features: 1) : 0
    let count = (terms.map(\.count).max() ?? 0).multipliedClamped(by: elements)
    output = try Buffer(count: count, of: "losses of some outputs")
    target = try Buffer(count: count, of: "losses of some outputs")
    gradient = try Buffer(count: count, of: "losses of some outputs")
    labels = try Buffer(count: batch, of: "losses of some outputs")
  }

  func visit(_ visitor: inout some StateVisitor) { visitor.scratch(output, target, gradient, labels) }

  /// - Throws: `invalidArgument` for a term whose outputs there are not.
  func check(outputs: Int, _ call: String) throws(Failure) {
    for term in terms where term.first + term.count > outputs {
      throw Failure(.invalidArgument, "\(call): \(term.outputs) have a loss, the network has \(outputs) outputs")
    }
  }
}

// A loss that is a sum over parts of the outputs.
extension Network {
  /// Compare some outputs by a loss of their own, in the place of the network's loss for all of them: the loss of a sample is then the
  /// sum of all that have been added, each times its weight. Outputs in none of them have no loss; those in several have all of
  /// theirs. ``setLoss(_:)`` takes all of them away. Any time.
  /// - first: from 0. - weight: > 0.
  /// - Throws: `invalidArgument`, `outOfMemory`. Nothing has changed then.
  public func addLoss(first: Int, count: Int, _ kind: LossKind, weight: Double = 1) throws(Failure) {
    guard first >= 0, first < Int(Int32.max) else {
      throw Failure(.invalidArgument, "add_loss: first must be in 0 .. \(Int32.max - 1), got \(first)")
    }
    try Check.size(count, "add_loss: count")
    let largest = Option.limit(T.self)
    guard weight > 0, weight <= largest, !weight.isSubnormal else {
      throw Failure(.invalidArgument, "add_loss: weight must be in (0, \(largest)], got \(weight)")
    }
    let terms = (lossTerms?.terms ?? []) + [LossTerm(first: first, count: count, kind: kind, weight: weight)]
    let made = try LossTerms<T>(terms, batch: maximumBatch)
    if isBuilt { try made.check(outputs: outputs, "add_loss") }
    lossTerms = made
    weigh()
  }

  /// Whether the target fits each term; see ``check(_:_:_:)``.
  func check(_ target: Target<T>, _ batch: Batch<T>, _ call: String, terms: [LossTerm]) throws(Failure) {
    switch target {
    case .values(let values):
      for term in terms { try checkRange(values, batch, call, term.kind, first: term.first, count: term.count) }
    case .labels(let labels):
      let base = Int64(Int(clamping: options[NetworkOption.labelBase]))
      for (number, term) in terms.enumerated() {
        guard term.kind == .softmaxCrossEntropy else {
          throw Failure(
            .invalidState, "\(call): labels need the softmax cross-entropy loss, that of \(term.outputs) is another")
        }
        let last = base + Int64(term.count) - 1
        for position in 0..<batch.count {
          let sample = batch.samples.map { Int($0[position]) } ?? position
          let label = Int64(labels[sample * terms.count + number])
          guard label >= base, label <= last else {
            throw Failure(
              .invalidArgument,
              "\(call): labels[\(sample)][\(number)] (sample, loss, from 0) must be in \(base) .. \(last), got \(label)")
          }
        }
      }
    }
  }

  /// The sum of the batch's losses over the terms; as ``measure(_:_:_:_:gradient:gradientScale:correct:)``.
  @_specialize(where T == Float)
  @_specialize(where T == Double)
  func measure(
    _ losses: LossTerms<T>, _ target: Target<T>, _ samples: UnsafePointer<Int64>?, _ workspace: Workspace<T>,
    _ shape: PanelShape, gradient: UnsafeMutablePointer<T>?, gradientScale: Double, correct: UnsafeMutablePointer<Int>?
  ) -> Double {
    // Terms may share outputs, and leave others out.
    gradient?.update(repeating: 0, count: shape.elements(features: outputs))
    var sum = 0.0
    for number in 0..<losses.terms.count {
      let term = losses.terms[number]
      take(term, of: workspace.graph.output, to: losses.output.pointer, shape)
      var labels: UnsafePointer<Int32>?
      switch target {
      case .values: take(term, of: workspace.target.pointer, to: losses.target.pointer, shape)
      case .labels(let given):
        for position in 0..<shape.batch {
          let sample = samples.map { Int($0[position]) } ?? position
          losses.labels.pointer[position] = given[sample * losses.terms.count + number]
        }
        labels = UnsafePointer(losses.labels.pointer)
      }
      let arguments = LossArguments(
        kind: term.kind, outputs: term.count, shape: shape, output: UnsafePointer(losses.output.pointer),
        target: labels == nil ? UnsafePointer(losses.target.pointer) : nil, labels: labels,
        labelBase: Int32(clamping: options[NetworkOption.labelBase]), samples: nil, delta: options[NetworkOption.huberDelta],
        gradientScale: gradientScale * term.weight, gradient: gradient == nil ? nil : losses.gradient.pointer,
        losses: workspace.losses.pointer, correct: correct == nil ? nil : workspace.correct.pointer)
      run(T.kernels.loss, arguments, units: shape.count, work: 20 * shape.elements(features: term.count))
      for panel in 0..<shape.count {
        sum += term.weight * workspace.losses.pointer[panel]
        if let correct { correct.pointee += Int(workspace.correct.pointer[panel]) }
      }
      if let gradient {
        run(
          T.kernels.move,
          MoveArguments(
            source: UnsafePointer(losses.gradient.pointer), sourceFeatures: term.count, destination: gradient,
            destinationFeatures: outputs, destinationFirst: term.first, shape: shape, adds: true),
          units: term.count, work: shape.elements(features: term.count))
      }
    }
    return sum
  }

  /// Put a term's outputs together.
  @inline(__always)
  private func take(
    _ term: LossTerm, of source: UnsafeMutablePointer<T>, to destination: UnsafeMutablePointer<T>, _ shape: PanelShape
  ) {
    run(
      T.kernels.move,
      MoveArguments(
        source: UnsafePointer(source), sourceFeatures: outputs, sourceFirst: term.first, destination: destination,
        destinationFeatures: term.count, shape: shape, adds: false),
      units: term.count, work: shape.elements(features: term.count))
  }
}
