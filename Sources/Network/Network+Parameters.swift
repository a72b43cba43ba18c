import Base
import Graphs
import Layers
import Machine
import Sparse

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

// Where parameters and gradients live, and what of a layer can be looked at.
extension Network {
  @_specialize(where T == Float)
  @_specialize(where T == Double)
  public func parameterCount() throws(Failure) -> Int {
    _ = try requireBuilt("parameter_count")
    return values?.count ?? 0
  }

  /// Work in the caller's arrays from now on; see espalier_network_bind_f32 in include/espalier.h.
  public func bind(
    values: UnsafeMutableBufferPointer<T>, gradients: UnsafeMutableBufferPointer<T>
  ) throws(Failure) {
    let count = try parameterCount()
    guard values.count >= count else {
      throw Failure(.bufferTooSmall, "bind: w has \(values.count) elements, the network has \(count) parameters")
    }
    guard gradients.count >= count else {
      throw Failure(.bufferTooSmall, "bind: dw has \(gradients.count) elements, the network has \(count) parameters")
    }
    guard let w = values.baseAddress, let dw = gradients.baseAddress, let now = self.values?.baseAddress else {
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
    use(UnsafeMutableBufferPointer(start: w, count: count), UnsafeMutableBufferPointer(start: dw, count: count))
    own = nil
    isBound = true
    gradientsAreShared = true
    boundCount = min(values.count, gradients.count)
    weigh()
  }

  /// Back to arrays of the library's own, with the present contents.
  public func unbind() throws(Failure) {
    let count = try parameterCount()
    guard isBound, let values, let gradients, let w = values.baseAddress, let dw = gradients.baseAddress else { return }
    let own = Arrays<T>(
      values: try Buffer(count: count, of: "parameters"), gradients: try Buffer(count: count, of: "gradients"))
    own.values.pointer.update(from: w, count: count)
    own.gradients.pointer.update(from: dw, count: count)
    use(own.values.span, own.gradients.span)
    self.own = own
    isBound = false
    gradientsAreShared = false
    weigh()
  }

  func use(_ values: UnsafeMutableBufferPointer<T>, _ gradients: UnsafeMutableBufferPointer<T>) {
    guard let w = values.baseAddress, let dw = gradients.baseAddress else { return }
    self.values = values
    self.gradients = gradients
    Self.place(trainers, in: w, dw)
    // What is accumulated stayed in the old gradient array.
    pendingGradients = 0
    hasGradients = false
  }

  /// All parameters and gradients, where they are now; valid until bind, unbind or the network's end.
  @_specialize(where T == Float)
  @_specialize(where T == Double)
  package func arrays() throws(Failure) -> (values: UnsafeMutableBufferPointer<T>, gradients: UnsafeMutableBufferPointer<T>) {
    _ = try requireBuilt("parameters")
    guard let values, let gradients else { throw Failure(.invalidState, "parameters: the network is not built yet") }
    gradientsAreShared = true
    return (values, gradients)
  }

  /// A layer's own part of them: what it multiplies by, and what it adds. nil for one that it does not have.
  @_specialize(where T == Float)
  @_specialize(where T == Double)
  package func parameters(_ layer: Int) throws(Failure) -> (weights: Parameter<T>?, bias: Parameter<T>?) {
    var found: (weights: Parameter<T>?, bias: Parameter<T>?)
    for parameter in try learner(layer).parameters {
      switch parameter.role {
      case .weights, .scale: found.weights = parameter
      case .bias, .shift: found.bias = parameter
      }
    }
    gradientsAreShared = true
    return found
  }

  /// The pattern of a linear layer, nil for a dense one.
  package func pattern(_ layer: Int) throws(Failure) -> Pattern? {
    try trainer(layer).connected?.pattern
  }

  /// Copy a linear layer's pattern out; returns its number of connections. Pointers that are nil are passed over.
  /// - base: 0 or 1. - capacity: of rows and columns.
  @_specialize(where T == Float)
  @_specialize(where T == Double)
  package func copyPattern(
    _ layer: Int, base: Int, capacity: Int, rowStart: UnsafeMutablePointer<Int64>?, rows: UnsafeMutablePointer<Int32>?,
    columns: UnsafeMutablePointer<Int32>?
  ) throws(Failure) -> Int {
    let trainer = try trainer(layer)
    let connections = connections(trainer)
    guard capacity >= connections || (rows == nil && columns == nil) else {
      throw Failure(.bufferTooSmall, "capacity must be at least \(connections), the layer's connections, got \(capacity)")
    }
    if let pattern = trainer.sparse?.pattern {
      pattern.copy(base: base, rowStart: rowStart, rowNumbers: rows, columnNumbers: columns)
    } else if let connected = trainer.connected {
      Pattern.copyDense(
        rows: connected.rows, columns: connected.columns, base: base, rowStart: rowStart, rowNumbers: rows,
        columnNumbers: columns)
    }
    return connections
  }
}
