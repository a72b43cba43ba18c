import Base
import Graphs
import KernelInterface
import Layers
import Machine

/// An input whose data is in an array of the caller's that is bound: the network's own, or one beside it.
final class InputSource<T: Scalar> {
  /// 0 for the network's own, or the number of a layer.
  let number: Int
  /// For messages: "input layer 3".
  let name: String
  /// Features of a sample.
  let features: Int
  /// The whole numbers that it must consist of, if any layer asks for such.
  let wholeNumbers: [InputNumbers]
  /// The layer whose outputs it is; nil for the network's own.
  let layer: (any Layer<T>)?

  /// (features, samples), or nil.
  private(set) var values: UnsafePointer<T>?
  /// The same as class numbers, or nil.
  private(set) var numbers: UnsafePointer<Int32>?
  /// Samples in either.
  private(set) var samples = 0
  /// Where backward puts the derivative by it, (features, batch), or nil.
  var gradient: UnsafeMutablePointer<T>?
  /// Samples that there is room for.
  var gradientSamples = 0

  init(number: Int, name: String, features: Int, wholeNumbers: [InputNumbers], layer: (any Layer<T>)?) {
    self.number = number
    self.name = name
    self.features = features
    self.wholeNumbers = wholeNumbers
    self.layer = layer
  }

  /// The inputs beside the network's own, of layers that have been made.
  static func beside(_ plan: GraphPlan<T>, _ layers: [any Layer<T>]) throws(Failure) -> [InputSource<T>] {
    var found: [InputSource<T>] = []
    for (position, planned) in plan.layers.enumerated() where planned.kind == .input {
      found.append(
        InputSource(
          number: position + 1, name: planned.owner, features: plan.shapes[position].features,
          wholeNumbers: try plan.inputNumbers(position + 1), layer: layers[position]))
    }
    return found
  }

  /// - Throws: `invalidArgument` for a number of samples that an array cannot have.
  func check(samples: Int, _ call: String) throws(Failure) {
    guard samples >= 1, !samples.multipliedReportingOverflow(by: features * MemoryLayout<T>.stride).overflow else {
      throw Failure(
        .invalidArgument, "\(call): samples must be at least 1, and of a size that there is, got \(samples)")
    }
  }

  func bind(_ values: UnsafePointer<T>?, _ numbers: UnsafePointer<Int32>?, samples: Int) {
    self.values = values
    self.numbers = numbers
    self.samples = samples
  }

  var isBound: Bool { values != nil || numbers != nil }

  @inline(__always)
  private func value(_ index: Int) -> T { values?[index] ?? numbers.map { T($0[index]) } ?? 0 }

  @inline(__always)
  private func sample(_ position: Int, _ batch: Batch<T>) -> Int {
    batch.samples.map { Int($0[position]) } ?? position + batch.first
  }

  /// Whether it holds the samples of a batch, and the whole numbers that layers ask for. - Throws: `invalidState`, `invalidArgument`,
  /// and `nonFinite` for NaN and infinity where whole numbers must be.
  @_specialize(where T == Float)
  @_specialize(where T == Double)
  func check(_ batch: Batch<T>, _ call: String) throws(Failure) {
    guard isBound else {
      throw Failure(.invalidState, "\(call): no array is bound to \(name); call bind_input first")
    }
    let count = batch.samples == nil ? batch.first + batch.count : batch.count
    guard count <= samples else {
      throw Failure(.invalidArgument, "\(call): \(name) is bound to \(samples) samples, and \(count) are asked for")
    }
    for i in 0..<wholeNumbers.count { try check(batch, wholeNumbers[i], call) }
  }

  @inline(__always)
  private func check(_ batch: Batch<T>, _ wanted: InputNumbers, _ call: String) throws(Failure) {
    for position in 0..<batch.count {
      let sample = sample(position, batch)
      for feature in 0..<features {
        let value = value(sample * features + feature)
        if wanted.contains(value) { continue }
        let what = "\(call): \(name)[\(sample)][\(feature)] (sample, feature, from 0)"
        guard value.isFinite else { throw Failure(.nonFinite, "\(what) is \(value)") }
        throw Failure(.invalidArgument, "\(what) \(wanted.text), got \(value)")
      }
    }
  }

  /// - Throws: `nonFinite`, naming the first value of the batch that is not finite.
  @_specialize(where T == Float)
  @_specialize(where T == Double)
  func requireFinite(_ batch: Batch<T>) throws(Failure) {
    guard let values else { return }
    for position in 0..<batch.count {
      let sample = sample(position, batch)
      for feature in 0..<features where !values[sample * features + feature].isFinite {
        throw Failure(
          .nonFinite,
          "\(name)[\(sample)][\(feature)] is \(values[sample * features + feature]) "
            + "(sample, feature, from 0); no weight has changed")
      }
    }
  }

  /// Put a batch into panels in double precision. - first: number of its first sample. `check` has been called.
  func widen(first: Int, _ shape: PanelShape, into panels: UnsafeMutablePointer<Double>) {
    for position in 0..<shape.count * shape.width {
      let lane = panels + (position / shape.width * features * shape.width + position % shape.width)
      for feature in 0..<features {
        lane[feature * shape.width] = position < shape.batch ? Double(value((first + position) * features + feature)) : 0
      }
    }
  }

  /// Put a batch into panels. `check` has been called.
  @_specialize(where T == Float)
  @_specialize(where T == Double)
  func pack(_ batch: Batch<T>, _ pass: Pass, into panels: UnsafeMutablePointer<T>) {
    let shape = pass.shape
    if let values {
      let first = batch.samples == nil ? batch.first : 0
      let arguments = PackArguments(
        source: values + first * features, samples: batch.samples, features: features, shape: shape, panels: panels,
        nonFinite: nil)
      pass.start(T.kernels.pack, arguments, units: (features + 15) / 16, work: 2 * shape.elements(features: features))
    } else if let numbers {
      for position in 0..<shape.count * shape.width {
        let lane = panels + (position / shape.width * features * shape.width + position % shape.width)
        let source = position < batch.count ? numbers + sample(position, batch) * features : nil
        for feature in 0..<features { lane[feature * shape.width] = source.map { T($0[feature]) } ?? 0 }
      }
    }
  }
}
