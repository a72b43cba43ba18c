import Base
import Graphs
import Layers
import Machine
import Sparse

// Where parameters and gradients live, and what of a layer can be looked at and set.
extension Network {
  @_specialize(where T == Float)
  @_specialize(where T == Double)
  public func parameterCount() throws(Failure) -> Int { try requireBuilt("parameter_count").store.count }

  /// Work in the caller's arrays from now on; see espalier_network_bind_f32 in include/espalier.h.
  public func bind(
    values: UnsafeMutableBufferPointer<T>, gradients: UnsafeMutableBufferPointer<T>
  ) throws(Failure) {
    let built = try requireBuilt("bind")
    try built.store.bind(values: values, gradients: gradients)
    built.phase.forgetGradients()
    built.weigh()
  }

  /// Back to arrays of the library's own, with the present contents.
  public func unbind() throws(Failure) {
    let built = try requireBuilt("unbind")
    guard built.store.isBound else { return }
    try built.store.unbind()
    built.phase.forgetGradients()
    built.weigh()
  }

  /// All parameters and gradients, where they are now; valid until bind, unbind or the network's end.
  @_specialize(where T == Float)
  @_specialize(where T == Double)
  package func arrays() throws(Failure) -> (values: UnsafeMutableBufferPointer<T>, gradients: UnsafeMutableBufferPointer<T>) {
    try requireBuilt("parameters").store.shared()
  }

  /// A layer's own part of them: what it multiplies by, and what it adds. nil for one that it does not have.
  @_specialize(where T == Float)
  @_specialize(where T == Double)
  package func parameters(_ layer: Int) throws(Failure) -> (weights: Parameter<T>?, bias: Parameter<T>?) {
    let trained = try trained(layer)
    return try requireBuilt("parameters").store.shared(trained)
  }

  // MARK: Patterns

  /// The matrix of positions of a layer that must have connections.
  package func weightShape(_ layer: Int) throws(Failure) -> WeightShape { try blueprint.plan.weightShape(layer) }

  /// The pattern of a layer with connections, nil for a dense one.
  package func pattern(_ layer: Int) throws(Failure) -> Pattern? {
    try connected(layer).connected?.pattern
  }

  /// Copy a layer's pattern out; returns its number of connections. Pointers that are nil are passed over.
  /// - base: 0 or 1. - capacity: of rows and columns.
  @_specialize(where T == Float)
  @_specialize(where T == Double)
  package func copyPattern(
    _ layer: Int, base: Int, capacity: Int, rowStart: UnsafeMutablePointer<Int64>?, rows: UnsafeMutablePointer<Int32>?,
    columns: UnsafeMutablePointer<Int32>?
  ) throws(Failure) -> Int {
    let trained = try connected(layer)
    let connections = trained.connections
    guard capacity >= connections || (rows == nil && columns == nil) else {
      throw Failure(.bufferTooSmall, "capacity must be at least \(connections), the layer's connections, got \(capacity)")
    }
    if let pattern = trained.sparse?.pattern {
      pattern.copy(base: base, rowStart: rowStart, rowNumbers: rows, columnNumbers: columns)
    } else if let connected = trained.connected {
      Pattern.copyDense(
        rows: connected.rows, columns: connected.columns, base: base, rowStart: rowStart, rowNumbers: rows,
        columnNumbers: columns)
    }
    return connections
  }

  // MARK: What layers keep beside parameters

  /// An array of a layer's state by its name, to be read and to be set: running statistics, fixed normalisations.
  /// - Throws: `invalidState` before build; `unknownName`, with the names that there are.
  package func state(_ layer: Int, _ name: String) throws(Failure) -> UnsafeMutableBufferPointer<T> {
    let position = try blueprint.plan.index(layer)
    let owner = blueprint.plan.layers[position].owner
    var search = StateSearch<T>(name: name)
    try requireBuilt("state of \(owner)").graph.layers[position].visit(&search)
    guard let found = search.found else {
      let names = search.names.isEmpty ? "it keeps none" : "there are \(search.names.joined(separator: ", "))"
      throw Failure(.unknownName, "\(owner): no state named \"\(name)\"; \(names)")
    }
    return found
  }

  /// Let a layer take its numbers from samples. - x: (inputs of the layer, samples).
  /// - Throws: `invalidState` before build; `invalidArgument` for a layer that takes none; `nonFinite`. Nothing has changed then.
  package func fit(_ layer: Int, _ x: UnsafePointer<T>, samples: Int) throws(Failure) {
    let position = try blueprint.plan.index(layer)
    guard let fitted = try requireBuilt("fit").graph.layers[position] as? any Fitted<T> else {
      throw Failure(
        .invalidArgument,
        "fit: \(blueprint.plan.layers[position].owner) takes nothing from samples; a normalization layer does")
    }
    let features = fitted.inputs
    guard samples >= 1, !samples.multipliedReportingOverflow(by: features * MemoryLayout<T>.stride).overflow else {
      throw Failure(.invalidArgument, "fit: samples must be at least 1, and of a size that there is, got \(samples)")
    }
    try requireFinite(x, "x", features: features, samples, "fit")
    try fitted.fit(x, samples: samples)
  }
}
