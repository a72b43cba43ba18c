import Base
import Graphs
import KernelInterface
import Machine

// What every pass does with the caller's arrays: check them, pack them, measure the loss, unpack.
extension Network {
  // MARK: Checks

  @_specialize(where T == Float)
  @_specialize(where T == Double)
  func check(batch: Int, _ call: String) throws(Failure) {
    guard batch >= 1 else { throw Failure(.invalidArgument, "\(call): batch must be at least 1, got \(batch)") }
    guard batch <= maximumBatch else {
      throw Failure(.batchTooLarge, "\(call): batch is \(batch), the network was built for at most \(maximumBatch)")
    }
  }

  @_specialize(where T == Float)
  @_specialize(where T == Double)
  func check(samples: Int, _ call: String) throws(Failure) {
    guard samples >= 1 else { throw Failure(.invalidArgument, "\(call): samples must be at least 1, got \(samples)") }
    // The sizes of the caller's arrays in bytes must be numbers at all.
    let widest = max(inputs, outputs) * MemoryLayout<T>.stride
    guard !samples.multipliedReportingOverflow(by: widest).overflow else {
      throw Failure(.invalidArgument, "\(call): \(samples) samples of \(max(inputs, outputs)) values overflow")
    }
  }

  /// Whether the target fits the loss: every label is a class, and every value is one that the loss is meant for. NaN and
  /// infinity are left to others.
  @_specialize(where T == Float)
  @_specialize(where T == Double)
  func check(_ target: Target<T>, _ batch: Batch<T>, _ call: String) throws(Failure) {
    if let lossTerms { return try check(target, batch, call, terms: lossTerms.terms) }
    let labels: UnsafePointer<Int32>
    switch target {
    case .values(let values): return try checkRange(values, batch, call, loss, first: 0, count: outputs)
    case .labels(let given): labels = given
    }
    guard loss == .softmaxCrossEntropy else {
      throw Failure(.invalidState, "\(call): labels need the softmax cross-entropy loss, the network's is another")
    }
    let base = Int64(Int(clamping: options[NetworkOption.labelBase]))
    let places = labelsPerSample
    let last = base + Int64(outputs / places) - 1
    for position in 0..<batch.count {
      let sample = batch.samples.map { Int($0[position]) } ?? position
      for place in 0..<places {
        let label = Int64(labels[sample * places + place])
        guard label >= base, label <= last else {
          let which = places > 1 ? "[\(place)] (sample, place, from 0)" : ""
          throw Failure(.invalidArgument, "\(call): labels[\(sample)]\(which) must be in \(base) .. \(last), got \(label)")
        }
      }
    }
  }

  @inline(__always)
  func checkRange(
    _ values: UnsafePointer<T>, _ batch: Batch<T>, _ call: String, _ loss: LossKind, first: Int, count: Int
  ) throws(Failure) {
    let most: T
    switch loss {
    case .meanSquaredError, .huber: return
    case .binaryCrossEntropy: most = 1
    case .softmaxCrossEntropy: most = .greatestFiniteMagnitude
    }
    func row(_ position: Int) -> (sample: Int, values: UnsafePointer<T>) {
      let sample = batch.samples.map { Int($0[position]) } ?? position
      return (sample, values + (sample * outputs + first))
    }
    // In order they are one run.
    let runs = batch.samples == nil && count == outputs ? 1 : batch.count
    let length = batch.count / runs * count
    var run = 0
    while run < runs, areWithin(row(run).values, length, most) { run += 1 }
    if run == runs { return }
    for position in 0..<batch.count {
      let (sample, target) = row(position)
      for feature in 0..<count where target[feature].isFinite && !isWithin(target[feature], most) {
        throw Failure(
          .invalidArgument,
          "\(call): target[\(sample)][\(first + feature)] (sample, feature, from 0) must be "
            + "\(most == 1 ? "in [0, 1] for binary cross-entropy" : ">= 0 for cross-entropy"), got \(target[feature])")
      }
    }
  }

  /// Whether a value is in 0 ... most. A subnormal number is less than 0 by its bits only, because it is computed with as 0.
  private func isWithin(_ value: T, _ most: T) -> Bool { (value.sign == .plus || value.isZero) && value <= most }

  /// Whether all values are in 0 ... most, or perhaps not if one is -0. Without a branch, so that it is done by vectors.
  private func areWithin(_ values: UnsafePointer<T>, _ count: Int, _ most: T) -> Bool {
    var begin = 0
    while begin < count {
      let end = min(count, begin &+ 4096)
      var within: Int32 = 0
      for i in begin..<end { within &+= values[i].sign == .plus && values[i] <= most ? 1 : 0 }
      if Int(within) != end &- begin { return false }
      begin = end
    }
    return true
  }

  @_specialize(where T == Float)
  @_specialize(where T == Double)
  func requireOptimizers(_ call: String) throws(Failure) {
    for i in 0..<trainers.count {
      guard let optimizer = trainers[i].optimizer else {
        throw Failure(
          .invalidState, "\(call): \(trainers[i].name) has no optimizer; call set_optimizer first")
      }
      // Options that contradict each other are found before anything changes.
      try optimizer.check()
    }
  }

  // MARK: Packing

  @_specialize(where T == Float)
  @_specialize(where T == Double)
  func pack(_ batch: Batch<T>, _ workspace: Workspace<T>, _ shape: PanelShape) {
    packFurther(batch, shape)
    if let ownInput { return ownInput.pack(batch, shape, into: workspace.graph.input, executor) }
    let arguments = PackArguments(
      source: batch.x, samples: batch.samples, features: inputs, shape: shape, panels: workspace.graph.input,
      nonFinite: nil)
    run(T.kernels.pack, arguments, units: (inputs + 15) / 16, work: 2 * shape.elements(features: inputs))
  }

  /// Pack a batch beside the network's input, which stays: ``Graph/takeInput()`` follows.
  @_specialize(where T == Float)
  @_specialize(where T == Double)
  func packFinite(_ batch: Batch<T>, _ workspace: Workspace<T>, _ shape: PanelShape) throws(Failure) {
    try requireBoundFinite(batch)
    if let ownInput { return ownInput.pack(batch, shape, into: workspace.graph.inputGradient, executor) }
    let arguments = PackArguments(
      source: batch.x, samples: batch.samples, features: inputs, shape: shape, panels: workspace.graph.inputGradient,
      nonFinite: workspace.nonFinite.pointer)
    run(T.kernels.pack, arguments, units: (inputs + 15) / 16, work: 2 * shape.elements(features: inputs))
    try refuseNonFinite(workspace, "x", batch.x, features: inputs, batch)
  }

  /// Pack what is compared with the outputs, or their gradient. - batch: says which samples.
  @_specialize(where T == Float)
  @_specialize(where T == Double)
  func packFinite(
    _ values: UnsafePointer<T>, _ name: String, _ batch: Batch<T>, into panels: UnsafeMutablePointer<T>,
    _ workspace: Workspace<T>, _ shape: PanelShape
  ) throws(Failure) {
    let arguments = PackArguments(
      source: values, samples: batch.samples, features: outputs, shape: shape, panels: panels,
      nonFinite: workspace.nonFinite.pointer)
    run(T.kernels.pack, arguments, units: (outputs + 15) / 16, work: 2 * shape.elements(features: outputs))
    try refuseNonFinite(workspace, name, values, features: outputs, batch)
  }

  /// Name the first value of an array that is not finite, if pack has seen one.
  @_specialize(where T == Float)
  @_specialize(where T == Double)
  private func refuseNonFinite(
    _ workspace: Workspace<T>, _ name: String, _ array: UnsafePointer<T>, features: Int, _ batch: Batch<T>
  ) throws(Failure) {
    let flags = workspace.nonFinite.pointer
    guard (0..<(features + 15) / 16).contains(where: { flags[$0] != 0 }) else { return }
    for position in 0..<batch.count {
      let sample = batch.samples.map { Int($0[position]) } ?? position
      for feature in 0..<features where !array[sample * features + feature].isFinite {
        throw Failure(
          .nonFinite,
          "\(name)[\(sample)][\(feature)] is \(array[sample * features + feature]) "
            + "(sample, feature, from 0); no weight has changed")
      }
    }
  }

  @_specialize(where T == Float)
  @_specialize(where T == Double)
  func unpack(
    _ panels: UnsafeMutablePointer<T>, features: Int, _ shape: PanelShape, to destination: UnsafeMutablePointer<T>
  ) {
    let arguments = UnpackArguments(
      panels: UnsafePointer(panels), features: features, shape: shape, destination: destination)
    run(T.kernels.unpack, arguments, units: (features + 15) / 16, work: 2 * shape.elements(features: features))
  }

  // MARK: Loss

  /// The sum of the batch's losses; targets given as values are packed already.
  /// - correct: the number of samples classified rightly is added to it.
  @_specialize(where T == Float)
  @_specialize(where T == Double)
  func measure(
    _ target: Target<T>, _ samples: UnsafePointer<Int64>?, _ workspace: Workspace<T>, _ shape: PanelShape,
    gradient: UnsafeMutablePointer<T>?, gradientScale: Double, correct: UnsafeMutablePointer<Int>?
  ) -> Double {
    if let lossTerms {
      return measure(
        lossTerms, target, samples, workspace, shape, gradient: gradient, gradientScale: gradientScale, correct: correct)
    }
    var labels: UnsafePointer<Int32>?
    if case .labels(let given) = target { labels = given }
    let arguments = LossArguments(
      kind: loss, outputs: outputs, places: labelsPerSample, shape: shape, output: UnsafePointer(workspace.graph.output),
      target: labels == nil ? UnsafePointer(workspace.target.pointer) : nil, labels: labels,
      labelBase: Int32(clamping: options[NetworkOption.labelBase]), samples: samples, delta: options[NetworkOption.huberDelta],
      gradientScale: gradientScale, gradient: gradient, losses: workspace.losses.pointer,
      correct: correct == nil ? nil : workspace.correct.pointer)
    run(T.kernels.loss, arguments, units: shape.count, work: 20 * shape.elements(features: outputs))
    var sum = 0.0
    for panel in 0..<shape.count {
      sum += workspace.losses.pointer[panel]
      if let correct { correct.pointee += Int(workspace.correct.pointer[panel]) }
    }
    return sum
  }
}
