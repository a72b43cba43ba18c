import Base
import Graphs
import Machine

extension Network {
  /// Whether a batch consists of the whole numbers that a layer asks for. - Throws: `invalidArgument`, and `nonFinite` for NaN and
  /// infinity, naming the first value that does not.
  @_specialize(where T == Float)
  @_specialize(where T == Double)
  func check(input batch: Batch<T>, _ call: String) throws(Failure) {
    for i in 0..<inputNumbers.count { try check(batch, inputNumbers[i], call) }
  }

  @inline(__always)
  private func check(_ batch: Batch<T>, _ numbers: InputNumbers, _ call: String) throws(Failure) {
    for position in 0..<batch.count {
      let sample = batch.samples.map { Int($0[position]) } ?? position
      let values = batch.x + sample * inputs
      for feature in 0..<inputs where !isNumber(values[feature], numbers) {
        let what = "\(call): x[\(sample)][\(feature)] (sample, feature, from 0)"
        guard values[feature].isFinite else { throw Failure(.nonFinite, "\(what) is \(values[feature])") }
        throw Failure(
          .invalidArgument,
          "\(what) must be a whole number in \(Int(clamping: numbers.first)) .. \(Int(clamping: numbers.last)) "
            + "for \(numbers.owner), got \(values[feature])")
      }
    }
  }

  @inline(__always)
  private func isNumber(_ value: T, _ numbers: InputNumbers) -> Bool {
    let value = Double(value)
    return value >= numbers.first && value <= numbers.last && value == value.rounded(.towardZero)
  }
}
