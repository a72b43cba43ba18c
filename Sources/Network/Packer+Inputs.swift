import Base
import Graphs
import KernelInterface
import Layers
import Machine

// Inputs whose data is in arrays that the caller has bound: read by every call, sample by sample beside x.
extension Packer {
  /// - values, numbers: (features, samples); both nil: nothing is bound any more. - input: as in ``source(_:_:owner:)``.
  /// - Throws: `invalidArgument`. Nothing has changed then.
  func bind(
    _ source: InputSource<T>, _ values: UnsafePointer<T>?, _ numbers: UnsafePointer<Int32>?, samples: Int
  ) throws(Failure) {
    let isBound = values != nil || numbers != nil
    if isBound { try source.check(samples: samples, "bind_input") }
    source.bind(values, numbers, samples: isBound ? samples : 0)
    if source.number == 0 { ownInput = isBound ? source : nil }
  }

  /// An input by its number; 0 is the network's own, which is in use only while it is bound. nil for a layer that is no input.
  func source(_ input: Int) -> InputSource<T>? {
    if input != 0 { return furtherInputs.first { $0.number == input } }
    return ownInput ?? InputSource(number: 0, name: "input", features: inputs, wholeNumbers: wholeNumbers, layer: nil)
  }

  /// Whether an array is bound to the gradient of an input.
  @inline(__always)
  var wantsInputGradients: Bool {
    for i in 0..<furtherInputs.count where furtherInputs[i].gradient != nil { return true }
    return false
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
  func packFurther(_ batch: Batch<T>, _ pass: Pass) {
    for i in 0..<furtherInputs.count {
      guard let layer = furtherInputs[i].layer else { continue }
      furtherInputs[i].pack(batch, pass, into: layer.output)
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
  func unpackInputGradients(_ pass: Pass) {
    for i in 0..<furtherInputs.count {
      guard let gradient = furtherInputs[i].gradient, let layer = furtherInputs[i].layer else { continue }
      unpack(layer.outputGradient, features: furtherInputs[i].features, pass, to: gradient)
    }
  }

  /// - Throws: `invalidState` while an array is bound to the network's own input.
  func requireUnbound(_ what: String) throws(Failure) {
    guard ownInput == nil else {
      throw Failure(.invalidState, "\(what) takes samples as x alone; bind NULL to input 0 first")
    }
  }
}
