import Base
import Machine

/// Looks for an array by its name.
struct StateSearch<T: Scalar>: StateVisitor {
  let name: String
  var found: UnsafeMutableBufferPointer<T>?
  var names: [String] = []

  init(name: String) { self.name = name }

  mutating func array<E: BitwiseCopyable>(_ name: StaticString, _ elements: UnsafeMutableBufferPointer<E>, isOwned: Bool) {
    guard let elements = elements as? UnsafeMutableBufferPointer<T> else { return }
    names.append("\(name)")
    if "\(name)" == self.name { found = elements }
  }

  mutating func number<E: BitwiseCopyable>(_ name: StaticString, _ value: inout E) {}
  mutating func scratch(bytes: Int) {}
}
