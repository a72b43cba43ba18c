/// A description whose options are set by name.
protocol OptionsByName {
  mutating func set(_ name: String, _ value: Double) throws(Failure)
}

extension OptionsByName {
  /// With those set that are there.
  func with(_ settings: [(name: String, value: Double?)]) throws(Failure) -> Self {
    var changed = self
    for case (let name, let value?) in settings { try changed.set(name, value) }
    return changed
  }
}

extension Optimizer: OptionsByName {}
extension TopologyMethod: OptionsByName {}
extension PruningMethod: OptionsByName {}

// What an argument of a constructor is as the value of an option.

func number(_ value: Double?) -> Double? { value }
func number(_ value: Int?) -> Double? { value.map { Double($0) } }
func number(_ value: Bool?) -> Double? { value.map { $0 ? 1 : 0 } }
func number<Choice: RawRepresentable>(_ value: Choice?) -> Double? where Choice.RawValue == Int32 {
  value.map { Double($0.rawValue) }
}
