// Inputs beside the first, whose data is in the caller's memory.
extension Network {
  /// Let an input layer's outputs be what is in the caller's memory: every call reads there the samples that it is given of x. What
  /// is bound must stay where it is until something else is bound, or the network's end.
  /// - input: number of an input layer. - values: (its features, samples); nil: nothing is bound any more.
  public func bindInput(_ input: Int, _ values: UnsafeBufferPointer<T>?) throws(Failure) {
    try bindInput(input, values?.baseAddress, samples: try samples(values?.count, input, "values"))
  }

  /// The same with class numbers, or other whole ones. - numbers: (its features, samples).
  public func bindInput(_ input: Int, numbers: UnsafeBufferPointer<Int32>?) throws(Failure) {
    try bindInput(input, numbers: numbers?.baseAddress, samples: try samples(numbers?.count, input, "numbers"))
  }

  /// Let ``backward(_:into:)`` put the derivative of the loss by an input layer into the caller's memory, which must stay as above.
  /// - gradient: receives (its features, batch), and has room for the largest batch to come; nil: no more.
  public func bindInputGradient(_ input: Int, _ gradient: UnsafeMutableBufferPointer<T>?) throws(Failure) {
    try bindInputGradient(input, gradient?.baseAddress, samples: try samples(gradient?.count, input, "gradient"))
  }

  private func samples(_ count: Int?, _ input: Int, _ name: String) throws(Failure) -> Int {
    let features = try shape(ofLayer: input).features
    guard input != 0 else {
      throw Failure(.invalidArgument, "bind_input: input must be the number of an input layer, got 0; calls are given x itself")
    }
    guard let count else { return 0 }
    guard count > 0, count % features == 0 else {
      throw Failure(.invalidArgument, "\(name) must hold whole samples of \(features) values, got \(count) values")
    }
    return count / features
  }
}
