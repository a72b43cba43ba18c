import Base
import Graphs
import KernelInterface
import Layers
import Machine

/// What a network's outputs are compared by: one loss for all of them, or a sum of losses of some outputs each.
final class Objective<T: Scalar>: Stateful {
  let outputs: Int
  /// Places of the outputs' field; 1 of a vector.
  private let places: Int
  /// Loss of all outputs, while there are no terms.
  private(set) var kind: LossKind
  private(set) var terms: LossTerms<T>?
  // Options of the network.
  private(set) var labelBase: Int32 = 0
  private(set) var delta = 1.0
  /// One a panel.
  let losses: Buffer<Double>
  let correct: Buffer<Int64>

  /// - elements: of one feature, the most that a batch takes. - Throws: `outOfMemory`.
  init(
    _ kind: LossKind, _ terms: LossTerms<T>?, outputs: Int, places: Int, elements: Int, _ options: OptionValues
  ) throws(Failure) {
    self.kind = kind
    self.terms = terms
    self.outputs = outputs
    self.places = places
    losses = try Buffer(count: elements, of: "workspace")
    correct = try Buffer(count: elements, of: "workspace")
    follow(options)
  }

  func visit(_ visitor: inout some StateVisitor) {
    visitor.scratch(losses, correct)
    visitor.part("terms", terms)
  }

  /// Have other options.
  func follow(_ options: OptionValues) {
    labelBase = Int32(clamping: options[NetworkOption.labelBase])
    delta = options[NetworkOption.huberDelta]
  }

  /// Have one loss for all outputs, or terms.
  func use(_ kind: LossKind, _ terms: LossTerms<T>?) {
    self.kind = kind
    self.terms = terms
  }

  /// Class numbers that a sample has.
  @inline(__always)
  var labelsPerSample: Int { terms?.terms.count ?? places }

  /// Where the targets of later samples begin.
  func advanced(_ target: Target<T>, by samples: Int) -> Target<T> {
    switch target {
    case .values(let values): .values(values + samples * outputs)
    case .labels(let labels): .labels(labels + samples * labelsPerSample)
    }
  }

  // MARK: Checks

  /// Whether the target fits the loss: every label is a class, and every value is one that the loss is meant for. NaN and
  /// infinity are left to others.
  @_specialize(where T == Float)
  @_specialize(where T == Double)
  func check(_ target: Target<T>, _ batch: Batch<T>, _ call: String) throws(Failure) {
    if let terms { return try check(target, batch, call, terms: terms.terms) }
    let labels: UnsafePointer<Int32>
    switch target {
    case .values(let values): return try checkRange(values, batch, call, kind, first: 0, count: outputs)
    case .labels(let given): labels = given
    }
    guard kind == .softmaxCrossEntropy else {
      throw Failure(.invalidState, "\(call): labels need the softmax cross-entropy loss, the network's is another")
    }
    // One comparison a label: what is below the base wraps around.
    let (base, classes, places) = (labelBase, UInt32(clamping: outputs / places), places)
    for position in 0..<batch.count {
      let sample = batch.sample(position)
      for place in 0..<places where UInt32(bitPattern: labels[sample &* places &+ place] &- base) >= classes {
        let which = places > 1 ? "[\(place)] (sample, place, from 0)" : ""
        throw Failure(
          .invalidArgument,
          "\(call): labels[\(sample)]\(which) must be in \(base) .. \(Int64(base) + Int64(classes) - 1), "
            + "got \(labels[sample * places + place])")
      }
    }
  }

  @inline(__always)
  func checkRange(
    _ values: UnsafePointer<T>, _ batch: Batch<T>, _ call: String, _ loss: LossKind, first: Int, count: Int
  ) throws(Failure) {
    let most: T
    switch loss {
    case .meanSquaredError, .huber: return
    case .binaryCrossEntropy: most = 1
    case .softmaxCrossEntropy: most = .greatestFiniteMagnitude
    }
    func row(_ position: Int) -> (sample: Int, values: UnsafePointer<T>) {
      let sample = batch.sample(position)
      return (sample, values + (sample * outputs + first))
    }
    // In order they are one run.
    let runs = batch.samples == nil && count == outputs ? 1 : batch.count
    let length = batch.count / runs * count
    var run = 0
    while run < runs, areWithin(row(run).values, length, most) { run += 1 }
    if run == runs { return }
    for position in 0..<batch.count {
      let (sample, target) = row(position)
      for feature in 0..<count where target[feature].isFinite && !isWithin(target[feature], most) {
        throw Failure(
          .invalidArgument,
          "\(call): target[\(sample)][\(first + feature)] (sample, feature, from 0) must be "
            + "\(most == 1 ? "in [0, 1] for binary cross-entropy" : ">= 0 for cross-entropy"), got \(target[feature])")
      }
    }
  }

  /// Whether a value is in 0 ... most. A subnormal number is less than 0 by its bits only, because it is computed with as 0.
  private func isWithin(_ value: T, _ most: T) -> Bool { (value.sign == .plus || value.isZero) && value <= most }

  /// Whether all values are in 0 ... most, or perhaps not if one is -0. Without a branch, so that it is done by vectors.
  private func areWithin(_ values: UnsafePointer<T>, _ count: Int, _ most: T) -> Bool {
    var begin = 0
    while begin < count {
      let end = min(count, begin &+ 4096)
      var within: Int32 = 0
      for i in begin..<end { within &+= values[i].sign == .plus && values[i] <= most ? 1 : 0 }
      if Int(within) != end &- begin { return false }
      begin = end
    }
    return true
  }

  // MARK: Measuring

  /// The sum of the batch's losses; targets given as values are packed already.
  /// - output, packed: panels of the outputs and of the target. - samples: which ones of the target's the batch consists of.
  /// - gradient: receives the derivative by the outputs, times `gradientScale`. - correct: the number of samples classified rightly is
  ///   added to it.
  @_specialize(where T == Float)
  @_specialize(where T == Double)
  func measure(
    _ target: Target<T>, _ samples: UnsafePointer<Int64>?, output: UnsafePointer<T>, packed: UnsafePointer<T>, _ pass: Pass,
    gradient: UnsafeMutablePointer<T>?, gradientScale: Double, correct: UnsafeMutablePointer<Int>?
  ) -> Double {
    if let terms {
      return measure(
        terms, target, samples, output: output, packed: packed, pass, gradient: gradient, gradientScale: gradientScale,
        correct: correct)
    }
    var labels: UnsafePointer<Int32>?
    if case .labels(let given) = target { labels = given }
    let arguments = LossArguments(
      kind: kind, outputs: outputs, places: places, shape: pass.shape, output: output,
      target: labels == nil ? packed : nil, labels: labels,
      labelBase: labelBase, samples: samples, delta: delta,
      gradientScale: gradientScale, gradient: gradient, losses: losses.pointer,
      correct: correct == nil ? nil : self.correct.pointer)
    pass.start(T.kernels.loss, arguments, units: pass.shape.count, work: 20 * pass.shape.elements(features: outputs))
    var sum = 0.0
    for panel in 0..<pass.shape.count {
      sum += losses.pointer[panel]
      if let correct { correct.pointee += Int(self.correct.pointer[panel]) }
    }
    return sum
  }
}
