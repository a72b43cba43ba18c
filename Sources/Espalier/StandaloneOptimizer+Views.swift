extension StandaloneOptimizer {
  /// One step on an array of the caller's: `weights` change in place. - gradient: as many elements.
  public func minimize(_ weights: inout MutableSpan<Float>, gradient: Span<Float>) throws(Failure) {
    let count = try common(weights.count, gradient.count)
    try weights.withUnsafeMutableBufferPointer { weights throws(Failure) in
      try gradient.withUnsafeBufferPointer { gradient throws(Failure) in
        guard let weights = weights.baseAddress, let gradient = gradient.baseAddress else { return }
        try minimize(weights: weights, gradient: gradient, count: count)
      }
    }
  }

  /// The same in double precision.
  public func minimize(_ weights: inout MutableSpan<Double>, gradient: Span<Double>) throws(Failure) {
    let count = try common(weights.count, gradient.count)
    try weights.withUnsafeMutableBufferPointer { weights throws(Failure) in
      try gradient.withUnsafeBufferPointer { gradient throws(Failure) in
        guard let weights = weights.baseAddress, let gradient = gradient.baseAddress else { return }
        try minimize(weights: weights, gradient: gradient, count: count)
      }
    }
  }

  private func common(_ weights: Int, _ gradient: Int) throws(Failure) -> Int {
    guard weights == gradient, weights > 0 else {
      throw Failure(
        .invalidArgument,
        "weights and gradient must have the same number of elements, at least 1, got \(weights) and \(gradient)")
    }
    return weights
  }
}
