// The calls that carry arrays, on views: an array's `span` in, an array's `mutableSpan` out. The batch is what the length
// of x says. Shapes are (features, batch) with the features of a sample contiguous, as in C and Fortran.

extension Network {
  /// Describe and build in one go.
  ///
  /// - inputs: features of a sample. - shape: what a sample looks like; nil: a vector. - loss: of `trainStep`. - maximumBatch: the largest batch to come.
  /// - density: with a distribution, the density of all linear layers together.
  public convenience init(
    inputs: Int, shape: TensorShape? = nil, layers: [LayerDescription<T>], loss: LossKind = .meanSquaredError, seed: Int64 = 0,
    maximumBatch: Int = 1024, distribution: Distribution? = nil, density: Double = 1
  ) throws(Failure) {
    try self.init(inputs: inputs, seed: seed)
    if let shape { try setInputShape(shape) }
    for layer in layers { try add(layer) }
    setLoss(loss)
    if let distribution { try setDistribution(distribution, density: density) }
    try build(maximumBatch: maximumBatch)
  }

  // MARK: Training

  /// One step; returns the mean loss of the batch before the update. - x: (inputs, batch). - target: (outputs, batch).
  @discardableResult
  public func trainStep(_ x: Span<T>, target: Span<T>) throws(Failure) -> Double {
    let batch = try samples(x, "x")
    try require(target.count, batch * outputs, "target")
    return try with(x, target) { x, target throws(Failure) in
      var loss = 0.0
      try trainStep(Batch(x: x, count: batch), .values(target), loss: &loss)
      return loss
    }
  }

  /// The same with class numbers from the option "label_base". - labels: (batch).
  @discardableResult
  public func trainStep(_ x: Span<T>, labels: Span<Int32>) throws(Failure) -> Double {
    let batch = try samples(x, "x")
    try require(labels.count, batch.multipliedClamped(by: labelsPerSample), "labels")
    return try with(x, labels) { x, labels throws(Failure) in
      var loss = 0.0
      try trainStep(Batch(x: x, count: batch), .labels(labels), loss: &loss)
      return loss
    }
  }

  /// One epoch in batches; returns the mean loss. - progress: samples done, samples, mean loss so far; false stops.
  @discardableResult
  public func trainEpoch(
    _ x: Span<T>, target: Span<T>, batchSize: Int, shuffle: Bool = true,
    progress: (Int, Int, Double) -> Bool = { _, _, _ in true }
  ) throws(Failure) -> Double {
    let count = try samples(x, "x")
    try require(target.count, count * outputs, "target")
    return try with(x, target) { x, target throws(Failure) in
      var loss = 0.0
      try trainEpoch(
        x, .values(target), samples: count, batch: batchSize, shuffle: shuffle, loss: &loss, progress: progress)
      return loss
    }
  }

  /// The same with class numbers.
  @discardableResult
  public func trainEpoch(
    _ x: Span<T>, labels: Span<Int32>, batchSize: Int, shuffle: Bool = true,
    progress: (Int, Int, Double) -> Bool = { _, _, _ in true }
  ) throws(Failure) -> Double {
    let count = try samples(x, "x")
    try require(labels.count, count.multipliedClamped(by: labelsPerSample), "labels")
    return try with(x, labels) { x, labels throws(Failure) in
      var loss = 0.0
      try trainEpoch(
        x, .labels(labels), samples: count, batch: batchSize, shuffle: shuffle, loss: &loss, progress: progress)
      return loss
    }
  }

  // MARK: The step in phases

  /// Forward in training mode. - y: receives (outputs, batch).
  public func forward(_ x: Span<T>, into y: inout MutableSpan<T>) throws(Failure) {
    let batch = try samples(x, "x")
    try require(y.count, batch * outputs, "y")
    try with(x, &y) { x, y throws(Failure) in try forward(x, count: batch, y: y) }
  }

  /// Gradients of the forward just made. - dy: (outputs, batch).
  public func backward(_ dy: Span<T>) throws(Failure) {
    let batch = try columns(dy, outputs, "dy")
    try with(dy) { dy throws(Failure) in try backward(dy, count: batch, dx: nil) }
  }

  /// The same, with the derivative by x. - dx: receives (inputs, batch).
  public func backward(_ dy: Span<T>, into dx: inout MutableSpan<T>) throws(Failure) {
    let batch = try columns(dy, outputs, "dy")
    try require(dx.count, batch * inputs, "dx")
    try with(dy, &dx) { dy, dx throws(Failure) in try backward(dy, count: batch, dx: dx) }
  }

  // MARK: Pruning

  /// Take connections away by a criterion that needs no data; see espalier_network_prune_f32 in include/espalier.h.
  public func prune(_ method: PruningMethod) throws(Failure) { try prune(method, nil, nil) }

  /// By one that looks at samples only. - x: (inputs, samples).
  public func prune(_ method: PruningMethod, _ x: Span<T>) throws(Failure) {
    let count = try samples(x, "x")
    try with(x) { x throws(Failure) in try prune(method, x, nil, samples: count) }
  }

  /// The same by samples. - x: (inputs, samples). - target: (outputs, samples).
  public func prune(_ method: PruningMethod, _ x: Span<T>, target: Span<T>) throws(Failure) {
    let count = try samples(x, "x")
    try require(target.count, count * outputs, "target")
    try with(x, target) { x, target throws(Failure) in try prune(method, x, .values(target), samples: count) }
  }

  /// The same with class numbers from the option "label_base". - labels: (samples).
  public func prune(_ method: PruningMethod, _ x: Span<T>, labels: Span<Int32>) throws(Failure) {
    let count = try samples(x, "x")
    try require(labels.count, count.multipliedClamped(by: labelsPerSample), "labels")
    try with(x, labels) { x, labels throws(Failure) in try prune(method, x, .labels(labels), samples: count) }
  }

  // MARK: Inference

  /// Outputs in inference mode. - y: receives (outputs, samples).
  public func predict(_ x: Span<T>, into y: inout MutableSpan<T>) throws(Failure) {
    let count = try samples(x, "x")
    try require(y.count, count * outputs, "y")
    try with(x, &y) { x, y throws(Failure) in try predict(x, samples: count, y: y) }
  }

  /// Mean loss in inference mode.
  public func evaluate(_ x: Span<T>, target: Span<T>) throws(Failure) -> Double {
    let count = try samples(x, "x")
    try require(target.count, count * outputs, "target")
    return try with(x, target) { x, target throws(Failure) in
      try evaluate(x, .values(target), samples: count).loss
    }
  }

  /// Mean loss and share of samples classified rightly.
  public func evaluate(_ x: Span<T>, labels: Span<Int32>) throws(Failure) -> (loss: Double, accuracy: Double) {
    let count = try samples(x, "x")
    try require(labels.count, count.multipliedClamped(by: labelsPerSample), "labels")
    return try with(x, labels) { x, labels throws(Failure) in try evaluate(x, .labels(labels), samples: count) }
  }

  // MARK: Parameters

  /// Read and change all parameters and gradients in place: for each layer its weights, then its biases. The views are
  /// valid during `body`.
  public func withParameters<R>(
    _ body: (_ values: UnsafeMutableBufferPointer<T>, _ gradients: UnsafeMutableBufferPointer<T>) throws -> R
  ) throws -> R {
    let arrays = try arrays()
    return try body(arrays.values, arrays.gradients)
  }

  /// One layer's part of them: weights in the order of `coordinates(ofLayer:)` (row-major for a dense layer) and their
  /// gradients; biases and theirs, empty for a layer without. A norm's weights are what it multiplies by. The views are valid until bind, unbind or the network's end.
  public func layerParameters(_ layer: Int) throws(Failure) -> LayerParameters<T> {
    let (weights, bias) = try parameters(layer)
    return LayerParameters(
      weights: UnsafeMutableBufferPointer(start: weights?.values, count: weights?.count ?? 0),
      weightGradients: UnsafeMutableBufferPointer(start: weights?.gradient, count: weights?.count ?? 0),
      bias: UnsafeMutableBufferPointer(start: bias?.values, count: bias?.count ?? 0),
      biasGradients: UnsafeMutableBufferPointer(start: bias?.gradient, count: bias?.count ?? 0))
  }

  /// A linear layer's connections, from 0, in the order of its weights.
  public func coordinates(ofLayer layer: Int) throws(Failure) -> (rows: [Int32], columns: [Int32]) {
    let count = try copyPattern(layer, base: 0, capacity: 0, rowStart: nil, rows: nil, columns: nil)
    var rows = [Int32](repeating: 0, count: count)
    var columns = rows
    var failure: Failure?
    rows.withUnsafeMutableBufferPointer { rows in
      columns.withUnsafeMutableBufferPointer { columns in
        do throws(Failure) {
          _ = try copyPattern(
            layer, base: 0, capacity: count, rowStart: nil, rows: rows.baseAddress, columns: columns.baseAddress)
        } catch { failure = error }
      }
    }
    if let failure { throw failure }
    return (rows, columns)
  }

  // MARK: Lengths

  private func samples(_ x: Span<T>, _ name: String) throws(Failure) -> Int { try columns(x, inputs, name) }

  private func columns(_ array: Span<T>, _ features: Int, _ name: String) throws(Failure) -> Int {
    guard array.count > 0, array.count % features == 0 else {
      throw Failure(
        .invalidArgument, "\(name) must hold whole samples of \(features) values, got \(array.count) values")
    }
    return array.count / features
  }

  private func require(_ count: Int, _ wanted: Int, _ name: String) throws(Failure) {
    guard count == wanted else {
      throw Failure(.invalidArgument, "\(name) must have \(wanted) elements, got \(count)")
    }
  }
}

/// Views of one layer's parameters and gradients.
public struct LayerParameters<T: Scalar> {
  public let weights: UnsafeMutableBufferPointer<T>
  public let weightGradients: UnsafeMutableBufferPointer<T>
  public let bias: UnsafeMutableBufferPointer<T>
  public let biasGradients: UnsafeMutableBufferPointer<T>
}

// MARK: Views to pointers

// Lengths are checked before; an empty view never gets here.
private let nothing = Failure(.invalidArgument, "the array is empty")

private func with<A, R>(_ a: Span<A>, _ body: (UnsafePointer<A>) throws(Failure) -> R) throws(Failure) -> R {
  try a.withUnsafeBufferPointer { a throws(Failure) in
    guard let a = a.baseAddress else { throw nothing }
    return try body(a)
  }
}

private func with<A, B, R>(
  _ a: Span<A>, _ b: Span<B>, _ body: (UnsafePointer<A>, UnsafePointer<B>) throws(Failure) -> R
) throws(Failure) -> R {
  try a.withUnsafeBufferPointer { a throws(Failure) in
    try b.withUnsafeBufferPointer { b throws(Failure) in
      guard let a = a.baseAddress, let b = b.baseAddress else { throw nothing }
      return try body(a, b)
    }
  }
}

private func with<A, B, R>(
  _ a: Span<A>, _ b: inout MutableSpan<B>,
  _ body: (UnsafePointer<A>, UnsafeMutablePointer<B>) throws(Failure) -> R
) throws(Failure) -> R {
  try a.withUnsafeBufferPointer { a throws(Failure) in
    try b.withUnsafeMutableBufferPointer { b throws(Failure) in
      guard let a = a.baseAddress, let b = b.baseAddress else { throw nothing }
      return try body(a, b)
    }
  }
}

extension LayerDescription {
  /// The same with a pattern of the caller's: `rows` and `columns` of each connection from `base`, in any order, and `values`,
  /// the initial weights in that order, or nil for the initializer.
  public static func linear(
    _ units: Int, inputs: Int, rows: Span<Int32>, columns: Span<Int32>, values: Span<T>? = nil, base: Int = 0,
    activation: Activation = .identity, bias: Bool = true
  ) throws(Failure) -> Self {
    let sorted = try rows.withUnsafeBufferPointer { rows throws(Failure) in
      try columns.withUnsafeBufferPointer { columns throws(Failure) in
        try Pattern.coordinates(rows: units, columns: inputs, rowNumbers: rows, columnNumbers: columns, base: base)
      }
    }
    var layer = LayerDescription.linear(units, activation: activation, bias: bias)
    layer.settings.append((LayerOption.density, sorted.pattern.density))
    layer.pattern = sorted.pattern
    if let values {
      guard values.count == sorted.pattern.connections else {
        throw Failure(.invalidArgument, "values must have \(sorted.pattern.connections) elements, got \(values.count)")
      }
      let ordered = try Buffer<T>(count: values.count, of: "values")
      for slot in 0..<values.count { ordered.pointer[slot] = values[Int(sorted.order.pointer[slot])] }
      layer.values = ordered
    }
    return layer
  }
}
