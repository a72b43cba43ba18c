import Base
import Layers
import Machine
import Sparse

/// A layer's weights and biases as they once were, in the order of the connections that it has now.
final class RememberedParameters<T: Scalar> {
  /// As much room as the layer's weights have.
  private let weights: Buffer<T>
  private let bias: Buffer<T>

  /// What they are now. - Throws: `outOfMemory`.
  convenience init(_ layer: any Connected<T>) throws(Failure) {
    let bias = layer.bias?.count ?? 0
    self.init(
      weights: try Buffer(count: layer.weights.capacity, of: "\(layer.weights.name), remembered"),
      bias: try Buffer(count: bias, of: "\(layer.weights.name), remembered"))
    if let values = layer.weights.values { weights.pointer.update(from: values, count: layer.weights.count) }
    if let values = layer.bias?.values { self.bias.pointer.update(from: values, count: bias) }
  }

  private init(weights: Buffer<T>, bias: Buffer<T>) {
    self.weights = weights
    self.bias = bias
  }

  var bytes: Int { weights.bytes + bias.bytes }

  /// Follow the connections, in place. One that has come since starts again from 0.
  func remap(_ remap: SlotRemap) { remap.apply(to: weights.pointer, fill: 0) }

  /// The same in room of another size, for connections that are about to move. - Throws: `outOfMemory`.
  func moved(_ remap: SlotRemap, capacity: Int) throws(Failure) -> RememberedParameters<T> {
    let weights = try remap.moved(weights, capacity: capacity, fill: 0, of: "remembered weights")
    return RememberedParameters(weights: weights, bias: bias)
  }

  /// Make the layer's connections and biases what they were.
  func restore(_ layer: any Connected<T>) {
    layer.weights.values?.update(from: weights.pointer, count: layer.weights.count)
    layer.bias?.values?.update(from: bias.pointer, count: bias.count)
  }
}
