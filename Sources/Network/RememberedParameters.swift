import Base
import Layers
import Machine
import Sparse

/// A layer's parameters as they once were, its weights in the order of the connections that it has now.
final class RememberedParameters<T: Scalar>: Stateful {
  /// One copy a parameter of the layer, in their order; with as much room as the parameter has.
  private let copies: [Buffer<T>]
  /// Which of them are one a connection, if any is.
  private let slots: Int?

  /// What they are now. - Throws: `outOfMemory`.
  convenience init(_ layer: TrainedLayer<T>) throws(Failure) {
    let parameters = layer.parameters
    var copies: [Buffer<T>] = []
    for parameter in parameters {
      let copy = try Buffer<T>(count: parameter.capacity, of: "\(parameter.name), remembered")
      if let values = parameter.values { copy.pointer.update(from: values, count: parameter.count) }
      copies.append(copy)
    }
    self.init(copies: copies, slots: parameters.firstIndex { $0 === layer.connected?.weights })
  }

  private init(copies: [Buffer<T>], slots: Int?) {
    self.copies = copies
    self.slots = slots
  }

  func visit(_ visitor: inout some StateVisitor) {
    for (index, copy) in copies.enumerated() {
      visitor.enter("parameter", index)
      visitor.array("values", copy)
      visitor.leave()
    }
  }

  /// Follow the connections, in place. One that has come since starts again from 0.
  func remap(_ remap: SlotRemap) {
    if let slots { remap.apply(to: copies[slots].pointer, fill: 0) }
  }

  /// The same in room of another size, for connections that are about to move. - Throws: `outOfMemory`.
  func moved(_ remap: SlotRemap, capacity: Int) throws(Failure) -> RememberedParameters<T> {
    var moved = copies
    if let slots { moved[slots] = try remap.moved(copies[slots], capacity: capacity, fill: 0, of: "remembered weights") }
    return RememberedParameters(copies: moved, slots: slots)
  }

  /// Make the layer's parameters what they were.
  func restore(_ layer: any Layer<T>) {
    for (parameter, copy) in zip(layer.parameters, copies) {
      parameter.values?.update(from: copy.pointer, count: parameter.count)
    }
  }
}
