import Base
import Graphs
import KernelInterface
import Layers
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

  /// - batch: the most samples. - Throws: `outOfMemory`.
  init(_ terms: [LossTerm], batch: Int) throws(Failure) {
    self.terms = terms
    let elements = PanelShape(batch: batch, elementSize: MemoryLayout<T>.stride).elements(features: 1)
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
extension Objective {
  /// Whether the target fits each term; see ``check(_:_:_:)``.
  func check(_ target: Target<T>, _ batch: Batch<T>, _ call: String, terms: [LossTerm]) throws(Failure) {
    switch target {
    case .values(let values):
      for term in terms { try checkRange(values, batch, call, term.kind, first: term.first, count: term.count) }
    case .labels(let labels):
      for (number, term) in terms.enumerated() {
        guard term.kind == .softmaxCrossEntropy else {
          throw Failure(
            .invalidState, "\(call): labels need the softmax cross-entropy loss, that of \(term.outputs) is another")
        }
        let last = Int64(labelBase) + Int64(term.count) - 1
        for position in 0..<batch.count {
          let sample = batch.sample(position)
          let label = Int64(labels[sample * terms.count + number])
          guard label >= Int64(labelBase), label <= last else {
            throw Failure(
              .invalidArgument,
              "\(call): labels[\(sample)][\(number)] (sample, loss, from 0) must be in \(labelBase) .. \(last), got \(label)")
          }
        }
      }
    }
  }

  /// The sum of the batch's losses over the terms; as the other one.
  @_specialize(where T == Float)
  @_specialize(where T == Double)
  func measure(
    _ terms: LossTerms<T>, _ target: Target<T>, _ samples: UnsafePointer<Int64>?, output: UnsafePointer<T>,
    packed: UnsafePointer<T>, _ pass: Pass, gradient: UnsafeMutablePointer<T>?, gradientScale: Double,
    correct: UnsafeMutablePointer<Int>?
  ) -> Double {
    let shape = pass.shape
    // Terms may share outputs, and leave others out.
    gradient?.update(repeating: 0, count: shape.elements(features: outputs))
    var sum = 0.0
    for number in 0..<terms.terms.count {
      let term = terms.terms[number]
      take(term, of: output, to: terms.output.pointer, pass)
      var labels: UnsafePointer<Int32>?
      switch target {
      case .values: take(term, of: packed, to: terms.target.pointer, pass)
      case .labels(let given):
        for position in 0..<shape.batch {
          let sample = samples.map { Int($0[position]) } ?? position
          terms.labels.pointer[position] = given[sample * terms.terms.count + number]
        }
        labels = UnsafePointer(terms.labels.pointer)
      }
      let arguments = LossArguments(
        kind: term.kind, outputs: term.count, shape: shape, output: UnsafePointer(terms.output.pointer),
        target: labels == nil ? UnsafePointer(terms.target.pointer) : nil, labels: labels,
        labelBase: labelBase, samples: nil, delta: delta,
        gradientScale: gradientScale * term.weight, gradient: gradient == nil ? nil : terms.gradient.pointer,
        losses: losses.pointer, correct: correct == nil ? nil : self.correct.pointer)
      pass.start(T.kernels.loss, arguments, units: shape.count, work: 20 * shape.elements(features: term.count))
      for panel in 0..<shape.count {
        sum += term.weight * losses.pointer[panel]
        if let correct { correct.pointee += Int(self.correct.pointer[panel]) }
      }
      if let gradient {
        pass.start(
          T.kernels.move,
          MoveArguments(
            source: UnsafePointer(terms.gradient.pointer), sourceFeatures: term.count, destination: gradient,
            destinationFeatures: outputs, destinationFirst: term.first, shape: shape, adds: true),
          units: term.count, work: shape.elements(features: term.count))
      }
    }
    return sum
  }

  /// Put a term's outputs together.
  @inline(__always)
  private func take(
    _ term: LossTerm, of source: UnsafePointer<T>, to destination: UnsafeMutablePointer<T>, _ pass: Pass
  ) {
    pass.start(
      T.kernels.move,
      MoveArguments(
        source: source, sourceFeatures: outputs, sourceFirst: term.first, destination: destination,
        destinationFeatures: term.count, shape: pass.shape, adds: false),
      units: term.count, work: pass.shape.elements(features: term.count))
  }
}
