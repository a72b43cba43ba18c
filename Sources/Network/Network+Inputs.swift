import Base
import Graphs
import KernelInterface
import Layers
import Machine

// Inputs whose data is in arrays that the caller has bound: read by every call, sample by sample beside x.
extension Network {
  /// Let an input be what is in an array of the caller's, which stays the caller's and is read by every call that x is given to.
  /// - input: the number of an input layer, or 0 for the network's own, which is then no argument of calls.
  /// - values: (features, samples); nil: nothing is bound any more. - samples: at least those of any call.
  /// - Throws: `invalidState` before build; `invalidArgument` for a layer that is no input. Nothing has changed then.
  package func bindInput(_ input: Int, _ values: UnsafePointer<T>?, samples: Int) throws(Failure) {
    try bind(input, values, nil, samples: samples)
  }

  /// The same with class numbers, or other whole ones. - numbers: (features, samples).
  package func bindInput(_ input: Int, numbers: UnsafePointer<Int32>?, samples: Int) throws(Failure) {
    try bind(input, nil, numbers, samples: samples)
  }

  /// Let `backward` put the derivative by an input layer into an array of the caller's.
  /// - gradient: receives (features, batch); nil: no more. - samples: at least those of any batch.
  /// - Throws: as ``bindInput(_:_:samples:)``.
  package func bindInputGradient(_ input: Int, _ gradient: UnsafeMutablePointer<T>?, samples: Int) throws(Failure) {
    guard input != 0 else {
      throw Failure(.invalidArgument, "bind_input_gradient: the derivative by the network's own input is dx of backward")
    }
    let source = try source(input, "bind_input_gradient")
    if gradient != nil { try check(samples: samples, source, "bind_input_gradient") }
    source.gradient = gradient
    source.gradientSamples = gradient == nil ? 0 : samples
    wantsInputGradients = furtherInputs.contains { $0.gradient != nil }
  }

  private func bind(
    _ input: Int, _ values: UnsafePointer<T>?, _ numbers: UnsafePointer<Int32>?, samples: Int
  ) throws(Failure) {
    let source = try source(input, "bind_input")
    let isBound = values != nil || numbers != nil
    if isBound { try check(samples: samples, source, "bind_input") }
    source.bind(values, numbers, samples: isBound ? samples : 0)
    if input == 0 { ownInput = isBound ? source : nil }
  }

  private func source(_ input: Int, _ call: String) throws(Failure) -> InputSource<T> {
    _ = try requireBuilt(call)
    if input == 0 {
      if let ownInput { return ownInput }
      return InputSource(number: 0, name: "input", features: inputs, wholeNumbers: inputNumbers, layer: nil)
    }
    let position = try plan.index(input)
    for source in furtherInputs where source.number == input { return source }
    throw Failure(.invalidArgument, "\(call): \(plan.layers[position].owner) is no input")
  }

  private func check(samples: Int, _ source: InputSource<T>, _ call: String) throws(Failure) {
    guard samples >= 1, !samples.multipliedReportingOverflow(by: source.features * MemoryLayout<T>.stride).overflow else {
      throw Failure(
        .invalidArgument, "\(call): samples must be at least 1, and of a size that there is, got \(samples)")
    }
  }

  /// The inputs beside the network's own, of layers that have been made.
  func furtherInputs(_ plan: GraphPlan<T>, _ layers: [any Layer<T>]) throws(Failure) -> [InputSource<T>] {
    var found: [InputSource<T>] = []
    for (position, planned) in plan.layers.enumerated() where planned.kind == .input {
      found.append(
        InputSource(
          number: position + 1, name: planned.owner, features: plan.shapes[position].features,
          wholeNumbers: try plan.inputNumbers(position + 1), layer: layers[position]))
    }
    return found
  }

  /// What stands for x in a call that is not given it, because the input is bound; nil when it is not. It is not read.
  /// - Throws: `invalidArgument` when it is bound and x is given too.
  package func boundInput(isGiven: Bool) throws(Failure) -> UnsafePointer<T>? {
    guard ownInput != nil, let workspace else { return nil }
    guard !isGiven else { throw Failure(.invalidArgument, "x must be NULL while an array is bound to input 0") }
    return UnsafePointer(workspace.graph.input)
  }

  /// Whether everything that is bound holds the samples of a batch. - Throws: as ``InputSource/check(_:_:)``.
  @_specialize(where T == Float)
  @_specialize(where T == Double)
  func checkBound(_ batch: Batch<T>, _ call: String) throws(Failure) {
    if let ownInput { try ownInput.check(batch, call) }
    for i in 0..<furtherInputs.count { try furtherInputs[i].check(batch, call) }
  }

  /// - Throws: `nonFinite` for NaN and infinity in the samples of a batch.
  @_specialize(where T == Float)
  @_specialize(where T == Double)
  func requireBoundFinite(_ batch: Batch<T>) throws(Failure) {
    if let ownInput { try ownInput.requireFinite(batch) }
    for i in 0..<furtherInputs.count { try furtherInputs[i].requireFinite(batch) }
  }

  /// Put a batch of the inputs beside the network's own where layers take it from.
  @_specialize(where T == Float)
  @_specialize(where T == Double)
  func packFurther(_ batch: Batch<T>, _ shape: PanelShape) {
    for i in 0..<furtherInputs.count {
      guard let layer = furtherInputs[i].layer else { continue }
      furtherInputs[i].pack(batch, shape, into: layer.output, executor)
    }
  }

  /// Whether there is room for the derivatives by inputs that are asked for. - Throws: `invalidArgument`.
  @_specialize(where T == Float)
  @_specialize(where T == Double)
  func checkInputGradients(_ count: Int) throws(Failure) {
    for i in 0..<furtherInputs.count where furtherInputs[i].gradient != nil && furtherInputs[i].gradientSamples < count {
      throw Failure(
        .invalidArgument,
        "backward: the gradient of \(furtherInputs[i].name) has room for \(furtherInputs[i].gradientSamples) samples, "
          + "the batch has \(count)")
    }
  }

  @_specialize(where T == Float)
  @_specialize(where T == Double)
  func unpackInputGradients(_ shape: PanelShape) {
    for i in 0..<furtherInputs.count {
      guard let gradient = furtherInputs[i].gradient, let layer = furtherInputs[i].layer else { continue }
      unpack(layer.outputGradient, features: furtherInputs[i].features, shape, to: gradient)
    }
  }

  /// - Throws: `invalidState` when data comes from anywhere but x.
  func requireUnbound(_ what: String) throws(Failure) {
    guard ownInput == nil, furtherInputs.isEmpty else {
      throw Failure(.invalidState, "\(what) is not there for networks with inputs beside x, nor while an array is bound to x")
    }
  }
}
