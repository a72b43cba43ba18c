import Machine

/// An array of trainable numbers and its gradient: a layer's weights (one a slot of its pattern) or its biases. Both live in
/// the network's or the caller's array; a parameter knows where, never owns.
public final class Parameter<T: Scalar>: @unchecked Sendable {
  public enum Role: Sendable { case weights, bias }

  /// For messages: "linear layer 2, weights".
  public let name: String
  public let role: Role
  public let count: Int
  /// nil until the network has given it a place.
  public private(set) var values: UnsafeMutablePointer<T>?
  public private(set) var gradient: UnsafeMutablePointer<T>?

  public init(name: String, role: Role, count: Int) {
    self.name = name
    self.role = role
    self.count = count
  }

  /// Give it its place, `count` elements each.
  public func place(values: UnsafeMutablePointer<T>, gradient: UnsafeMutablePointer<T>) {
    self.values = values
    self.gradient = gradient
  }

  /// Move values and gradient with their connections; grown ones start at 0.
  public func remap(_ remap: SlotRemap) {
    if let values { remap.apply(to: values, fill: 0) }
    if let gradient { remap.apply(to: gradient, fill: 0) }
  }
}
