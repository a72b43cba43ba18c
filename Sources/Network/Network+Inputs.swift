import Base
import Graphs
import Layers
import Machine

// Inputs whose data is in arrays that the caller has bound: read by every call, sample by sample beside x.
extension Network {
  /// Let an input be what is in an array of the caller's, which stays the caller's and is read by every call that x is given to.
  /// - input: the number of an input layer, or 0 for the network's own, which is then no argument of calls.
  /// - values: (features, samples); nil: nothing is bound any more. - samples: at least those of any call.
  /// - Throws: `invalidState` before build; `invalidArgument` for a layer that is no input. Nothing has changed then.
  package func bindInput(_ input: Int, _ values: UnsafePointer<T>?, samples: Int) throws(Failure) {
    let source = try source(input, "bind_input")
    try built?.packer.bind(source, values, nil, samples: samples)
  }

  /// The same with class numbers, or other whole ones. - numbers: (features, samples).
  package func bindInput(_ input: Int, numbers: UnsafePointer<Int32>?, samples: Int) throws(Failure) {
    let source = try source(input, "bind_input")
    try built?.packer.bind(source, nil, numbers, samples: samples)
  }

  /// Let `backward` put the derivative by an input layer into an array of the caller's.
  /// - gradient: receives (features, batch); nil: no more. - samples: at least those of any batch.
  /// - Throws: as ``bindInput(_:_:samples:)``.
  package func bindInputGradient(_ input: Int, _ gradient: UnsafeMutablePointer<T>?, samples: Int) throws(Failure) {
    guard input != 0 else {
      throw Failure(.invalidArgument, "bind_input_gradient: the derivative by the network's own input is dx of backward")
    }
    let source = try source(input, "bind_input_gradient")
    if gradient != nil { try source.check(samples: samples, "bind_input_gradient") }
    source.gradient = gradient
    source.gradientSamples = gradient == nil ? 0 : samples
  }

  private func source(_ input: Int, _ call: String) throws(Failure) -> InputSource<T> {
    let built = try requireBuilt(call)
    let owner = input == 0 ? "input" : blueprint.plan.layers[try blueprint.plan.index(input)].owner
    guard let source = built.packer.source(input) else {
      throw Failure(.invalidArgument, "\(call): \(owner) is no input")
    }
    return source
  }

  /// What stands for x in a call that is not given it, because the input is bound; nil when it is not. It is not read.
  /// - Throws: `invalidArgument` when it is bound and x is given too.
  package func boundInput(isGiven: Bool) throws(Failure) -> UnsafePointer<T>? {
    guard let built, built.packer.ownInput != nil else { return nil }
    guard !isGiven else { throw Failure(.invalidArgument, "x must be NULL while an array is bound to input 0") }
    return UnsafePointer(built.graph.input)
  }
}
