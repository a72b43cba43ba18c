import Base
import Layers
import Machine
import Sparse

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Parameters and gradients of a whole network.
struct ParameterArrays<T: Scalar> {
  let values: Buffer<T>
  let gradients: Buffer<T>

  init(count: Int) throws(Failure) {
    values = try Buffer(count: count, of: "parameters")
    gradients = try Buffer(count: count, of: "gradients")
  }
}

/// Where the parameters and gradients of all layers are: in the library's arrays, or in the caller's once bound. They lie one after
/// the other, in the order of the layers, each with its capacity.
final class ParameterStore<T: Scalar>: Stateful {
  /// The layers with parameters, in order.
  let layers: [TrainedLayer<T>]
  private(set) var values: UnsafeMutableBufferPointer<T>
  private(set) var gradients: UnsafeMutableBufferPointer<T>
  /// The library's own arrays, in use while nothing is bound.
  private var own: ParameterArrays<T>?
  /// Elements of the caller's arrays, while bound.
  private(set) var boundCount = 0
  /// Whether somebody else knows where the gradients are, and may have changed them since the last backward pass.
  private(set) var gradientsAreShared = false

  var isBound: Bool { own == nil }
  var count: Int { values.count }

  /// Place the parameters in arrays of the library's own. - Throws: `outOfMemory`.
  init(_ layers: [TrainedLayer<T>]) throws(Failure) {
    self.layers = layers
    let own = try ParameterArrays<T>(count: try Self.count(layers, "build"))
    self.own = own
    values = own.values.span
    gradients = own.gradients.span
    place()
  }

  /// Elements that all parameters take. - capacity: of one that is about to have another.
  static func count(
    _ layers: [TrainedLayer<T>], _ call: String, capacity: (Parameter<T>) -> Int = { $0.capacity }
  ) throws(Failure) -> Int {
    var count = 0
    for layer in layers {
      for parameter in layer.parameters {
        let (sum, overflow) = count.addingReportingOverflow(capacity(parameter))
        guard !overflow else { throw Failure(.outOfMemory, "\(call): the number of parameters overflows") }
        count = sum
      }
    }
    return count
  }

  func visit(_ visitor: inout some StateVisitor) {
    visitor.array("parameters", values, isOwned: !isBound)
    visitor.array("gradients", gradients, isOwned: !isBound)
  }

  // MARK: The layers with parameters

  /// One of them by its number.
  @_specialize(where T == Float)
  @_specialize(where T == Double)
  func layer(_ number: Int) -> TrainedLayer<T>? {
    for layer in layers where layer.number == number { return layer }
    return nil
  }

  /// - Throws: `invalidState` when a layer has no optimizer; `invalidArgument` for options of one that contradict each other.
  @_specialize(where T == Float)
  @_specialize(where T == Double)
  func requireOptimizers(_ call: String) throws(Failure) {
    // By position: iterating would hold on to arrays and elements, which is much of a small network's step.
    for i in 0..<layers.count {
      guard let optimizer = layers[i].optimizer else {
        throw Failure(.invalidState, "\(call): \(layers[i].name) has no optimizer; call set_optimizer first")
      }
      // Options that contradict each other are found before anything changes.
      try optimizer.check()
    }
  }

  // MARK: Places

  /// Work in the caller's arrays from now on; see espalier_network_bind_f32 in include/espalier.h.
  func bind(
    values: UnsafeMutableBufferPointer<T>, gradients: UnsafeMutableBufferPointer<T>
  ) throws(Failure) {
    guard values.count >= count else {
      throw Failure(.bufferTooSmall, "bind: w has \(values.count) elements, the network has \(count) parameters")
    }
    guard gradients.count >= count else {
      throw Failure(.bufferTooSmall, "bind: dw has \(gradients.count) elements, the network has \(count) parameters")
    }
    guard let w = values.baseAddress, let dw = gradients.baseAddress, let now = self.values.baseAddress else {
      throw Failure(.nullArgument, "bind: w and dw must not be NULL")
    }
    let (low, high) =
      UInt(bitPattern: w) < UInt(bitPattern: dw)
      ? (UInt(bitPattern: w), UInt(bitPattern: dw))
      : (UInt(bitPattern: dw), UInt(bitPattern: w))
    guard high - low >= (count * MemoryLayout<T>.stride).magnitude else {
      throw Failure(.invalidArgument, "bind: w and dw overlap; they start \(high - low) bytes apart")
    }
    // Moves, not copies: w may be the array that is bound now.
    memmove(w, now, count * MemoryLayout<T>.stride)
    dw.update(repeating: 0, count: count)
    boundCount = min(values.count, gradients.count)
    use(UnsafeMutableBufferPointer(start: w, count: count), UnsafeMutableBufferPointer(start: dw, count: count), own: nil)
    gradientsAreShared = true
  }

  /// Back to arrays of the library's own, with the present contents. Nothing happens while they are in use. - Throws: `outOfMemory`.
  func unbind() throws(Failure) {
    guard isBound else { return }
    let own = try ParameterArrays<T>(count: count)
    _ = own.values.span.update(fromContentsOf: values)
    _ = own.gradients.span.update(fromContentsOf: gradients)
    use(own.values.span, own.gradients.span, own: own)
    gradientsAreShared = false
  }

  /// Go on in arrays of the same contents and perhaps of another size. Those of the caller's stay in use while they are bound, and
  /// what they have beyond is zeroed.
  func adopt(_ new: ParameterArrays<T>) {
    guard isBound, let w = values.baseAddress, let dw = gradients.baseAddress else {
      return use(new.values.span, new.gradients.span, own: new)
    }
    let count = new.values.count
    w.update(from: new.values.pointer, count: count)
    dw.update(from: new.gradients.pointer, count: count)
    if count < values.count {
      (w + count).update(repeating: 0, count: values.count - count)
      (dw + count).update(repeating: 0, count: values.count - count)
    }
    use(UnsafeMutableBufferPointer(start: w, count: count), UnsafeMutableBufferPointer(start: dw, count: count), own: nil)
  }

  private func use(
    _ values: UnsafeMutableBufferPointer<T>, _ gradients: UnsafeMutableBufferPointer<T>, own: ParameterArrays<T>?
  ) {
    self.values = values
    self.gradients = gradients
    self.own = own
    place()
  }

  private func place() {
    guard let w = values.baseAddress, let dw = gradients.baseAddress else { return }
    var offset = 0
    for layer in layers {
      for parameter in layer.parameters {
        parameter.place(values: w + offset, gradient: dw + offset)
        offset += parameter.capacity
      }
    }
  }

  // MARK: What the caller may look at

  /// All parameters and gradients, where they are now.
  @_specialize(where T == Float)
  @_specialize(where T == Double)
  func shared() -> (values: UnsafeMutableBufferPointer<T>, gradients: UnsafeMutableBufferPointer<T>) {
    gradientsAreShared = true
    return (values, gradients)
  }

  /// A layer's own part of them: what it multiplies by, and what it adds. nil for one that it does not have.
  @_specialize(where T == Float)
  @_specialize(where T == Double)
  func shared(_ layer: TrainedLayer<T>) -> (weights: Parameter<T>?, bias: Parameter<T>?) {
    var found: (weights: Parameter<T>?, bias: Parameter<T>?)
    for parameter in layer.parameters {
      switch parameter.role {
      case .weights, .scale: found.weights = parameter
      case .bias, .shift: found.bias = parameter
      }
    }
    gradientsAreShared = true
    return found
  }
}
