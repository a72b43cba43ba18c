import Base
import Machine

/// An array of trainable numbers and its gradient, as a layer's weights (one a slot of its pattern) or its biases. Both live in
/// the network's or the caller's array; a parameter knows where, never owns.
package final class Parameter<T: Scalar>: Stateful, @unchecked Sendable {
  /// What a layer does with the numbers.
  package enum Role: Sendable {
    case weights, bias
    /// A norm multiplies by these, and adds those. PyTorch calls them weight and bias.
    case scale, shift

    /// What the numbers start from, unless the layer draws them.
    var start: Int { self == .scale ? 1 : 0 }
  }

  /// For messages: "linear layer 2, weights".
  package let name: String
  package let role: Role
  /// Elements in use.
  package private(set) var count: Int
  /// Elements there is room for; those beyond `count` are 0 in both arrays.
  package private(set) var capacity: Int
  /// nil until the network has given it a place.
  package private(set) var values: UnsafeMutablePointer<T>?
  package private(set) var gradient: UnsafeMutablePointer<T>?

  /// Outside of these rows the gradient is 0 and nothing is updated; nil: all elements have a gradient.
  package var activeRows: ActiveRows? { didSet { hasActiveRows = activeRows != nil } }
  /// The same as a number, for training steps: to look at an object counts the references to it.
  package private(set) var hasActiveRows = false

  /// - capacity: nil for just as many as `count`.
  package init(name: String, role: Role, count: Int, capacity: Int? = nil) {
    self.name = name
    self.role = role
    self.count = count
    self.capacity = max(capacity ?? count, count)
  }

  /// Where the numbers are, the network shows.
  package func visit(_ visitor: inout some StateVisitor) { visitor.number("count", &count) }

  /// Give it its place, `capacity` elements each.
  package func place(values: UnsafeMutablePointer<T>, gradient: UnsafeMutablePointer<T>) {
    self.values = values
    self.gradient = gradient
  }

  /// Runs of elements that have a gradient.
  package var runs: Int { hasActiveRows ? activeRows?.count ?? 0 : 1 }

  /// First element of a run, and how many it has.
  package func run(_ number: Int) -> (first: Int, count: Int) {
    guard hasActiveRows, let activeRows else { return (0, count) }
    return (activeRows.offset(number), activeRows.width)
  }

  /// Make all elements in use what they start from.
  package func restart() { values?.update(repeating: T(role.start), count: count) }

  /// Another number of elements, and another room for them, in a place that is to be given next.
  package func resize(count: Int, capacity: Int) {
    self.count = count
    self.capacity = max(capacity, count)
  }

  /// Move values and gradient with their connections; grown ones start at 0. The remap's new count must be within `capacity`.
  package func remap(_ remap: SlotRemap) {
    if let values { remap.apply(to: values, fill: 0) }
    if let gradient { remap.apply(to: gradient, fill: 0) }
    count = remap.newCount
  }
}
