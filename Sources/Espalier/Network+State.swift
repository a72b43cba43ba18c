extension Network {
  /// Numbers that a layer keeps beside its parameters, to be read and to be set, by their name in include/espalier.h:
  /// "running_mean". The view is valid until the network's end.
  public func layerState(_ layer: Int, _ name: String) throws(Failure) -> UnsafeMutableBufferPointer<T> {
    try state(layer, name)
  }

  /// Let a normalization layer take its means and deviations from samples of what it normalises. - x: (inputs of the layer, samples)
  public func fit(layer: Int, _ x: Span<T>) throws(Failure) {
    let features = Int(clamping: try layerValue(layer, "inputs"))
    guard x.count > 0, x.count % features == 0 else {
      throw Failure(.invalidArgument, "x must hold whole samples of \(features) values, got \(x.count) values")
    }
    try x.withUnsafeBufferPointer { x throws(Failure) in
      guard let start = x.baseAddress else { return }
      try fit(layer, start, samples: x.count / features)
    }
  }
}
