import Base
import Graphs
import Machine

extension Network {
  /// Whether a batch consists of the whole numbers that a layer asks for. - Throws: `invalidArgument`, and `nonFinite` for NaN and
  /// infinity, naming the first value that does not.
  @_specialize(where T == Float)
  @_specialize(where T == Double)
  func check(input batch: Batch<T>, _ call: String) throws(Failure) {
    try checkBound(batch, call)
    if ownInput != nil { return }
    for i in 0..<inputNumbers.count { try check(batch, inputNumbers[i], call) }
  }

  @inline(__always)
  private func check(_ batch: Batch<T>, _ numbers: InputNumbers, _ call: String) throws(Failure) {
    for position in 0..<batch.count {
      let sample = batch.samples.map { Int($0[position]) } ?? position
      let values = batch.x + sample * inputs
      for feature in 0..<inputs where !numbers.contains(values[feature]) {
        let what = "\(call): x[\(sample)][\(feature)] (sample, feature, from 0)"
        guard values[feature].isFinite else { throw Failure(.nonFinite, "\(what) is \(values[feature])") }
        throw Failure(.invalidArgument, "\(what) \(numbers.text), got \(values[feature])")
      }
    }
  }
}

extension InputNumbers {
  @inline(__always)
  func contains<T: Scalar>(_ value: T) -> Bool {
    let value = Double(value)
    return value >= first && value <= last && value == value.rounded(.towardZero)
  }

  /// For messages.
  var text: String { "must be a whole number in \(Int(clamping: first)) .. \(Int(clamping: last)) for \(owner)" }
}
