import Base
import Graphs
import KernelInterface
import Layers
import Machine
import Pruning
import Sparse

// Connections that go for good, all at once: before training, or whenever the caller says so.
extension Network {
  /// Take connections away by a criterion; see ``Pruner``. The layers with connections whose density is not fixed take part; dense
  /// ones become sparse. What stays keeps its weight, gradient and state; see ``retain(_:_:)`` for the storage. A layer (with the
  /// scope `global` all layers together) that has no more connections than it is to keep stays as it is.
  /// - x: (inputs, samples), target: (outputs, samples) or class numbers; for criteria that need them, otherwise passed over.
  /// - Throws: `invalidState` before build, when no layer takes part, or while one has a soft threshold; `nullArgument`,
  ///   `invalidArgument`, `nonFinite` for the data; `invalidArgument` when a layer would be left with none; `nonFinite` when a
  ///   score is not finite; `numerical` when a factorisation fails; `outOfMemory`. Nothing has changed then.
  package func prune(
    _ method: PruningMethod, _ x: UnsafePointer<T>? = nil, _ target: Target<T>? = nil, samples: Int = 0
  ) throws(Failure) {
    try method.check()
    for unit in topologyUnits where unit.hasThreshold {
      throw Failure(
        .invalidState,
        "prune: \(unit.trainers[0].name) has a soft threshold, which its weights are not yet without; train to "
          + "the last update of its topology method, or give it another one")
    }
    if method.data == .inputs {
      try reconstruct(method, x, samples)
    } else {
      let data = try pruningData(method, x, target, samples)
      let kept = try pruner(method).survivors(data)
      if !kept.isEmpty { try retain(kept, "prune") }
    }
    prunings += 1
  }

  /// What decides over the layers that take part.
  func pruner(_ method: PruningMethod) throws(Failure) -> Pruner<T> {
    _ = try requireBuilt("prune")
    var subjects: [PruningSubject<T>] = []
    for trainer in trainers where !plan.layers[trainer.number - 1].hasFixedDensity {
      guard let layer = trainer.connected else { continue }
      let dimensions = try plan.weightShape(trainer.number).dimensions
      subjects.append(PruningSubject(number: trainer.number, name: trainer.name, layer: layer, dimensions: dimensions))
    }
    guard !subjects.isEmpty else {
      throw Failure(.invalidState, "prune: there is no layer with connections whose density is not fixed")
    }
    return Pruner(
      method, ProbeSource(plan: plan, layers: layers, executor: executor), subjects,
      power: try options.get(NetworkOption.distributionPower),
      random: PruningRandom(seed: seed, stream: Stream.pruning, prunings: prunings))
  }

  /// Prune layer by layer, with the weights that stay corrected for those that go. Memory: the parameters once more.
  private func reconstruct(_ method: PruningMethod, _ x: UnsafePointer<T>?, _ samples: Int) throws(Failure) {
    let workspace = try requireBuilt("prune")
    if ownInput != nil { try requireUnbound("prune: \(method.owner)") }
    guard let x else { throw Failure(.nullArgument, "prune: x must not be NULL for \(method.owner)") }
    try check(samples: samples, "prune")
    try check(input: Batch(x: x, count: samples), "prune")
    try requireFinite(x, "x", features: inputs, samples)
    try requireBoundFinite(Batch(x: x, count: samples))
    let pruner = try pruner(method)
    guard let values else { return }
    let before = try Buffer<T>(count: values.count, of: "prune, a copy of the parameters")
    _ = before.span.update(fromContentsOf: values)
    try reserveBLAS(threads: wantedThreads)
    let held = Hold(environment: .begin(), blas: .begin())
    defer { held.release() }
    let data = CalibrationSamples<T>(samples: samples, batch: maximumBatch) { layer, body in
      self.eachInput(of: layer, x, samples: samples, workspace, body)
    }
    do throws(Failure) {
      let kept = try pruner.reconstructed(data)
      if !kept.isEmpty { try retain(kept, "prune") }
    } catch {
      _ = values.update(fromContentsOf: before.span)
      throw Failure(error.kind, error.message.hasPrefix("prune") ? error.message : "prune: \(error.message)")
    }
  }

  /// Run samples through the layers before one in inference mode. - body: gets its input, batch after batch.
  private func eachInput(
    of layer: Int, _ x: UnsafePointer<T>, samples: Int, _ workspace: Workspace<T>,
    _ body: (UnsafePointer<T>, PanelShape) -> Void
  ) {
    forwardBatch = nil
    holdsGradients = false
    var done = 0
    while done < samples {
      let count = min(maximumBatch, samples - done)
      let shape = PanelShape(batch: count, elementSize: MemoryLayout<T>.stride)
      pack(Batch(x: x + done * inputs, count: count, first: done), workspace, shape)
      let pass = Pass(shape: shape, training: false, key: 0, accumulate: false, executor: executor)
      workspace.graph.forward(pass, count: layer - 1)
      body(workspace.graph.input(of: layer - 1), shape)
      done += count
    }
  }

  /// The caller's data, found fit for use.
  func pruningData(
    _ method: PruningMethod, _ x: UnsafePointer<T>?, _ target: Target<T>?, _ samples: Int
  ) throws(Failure) -> PruningData<T>? {
    _ = try requireBuilt("prune")
    if method.criterion == .synflow || method.data != .nothing { try requireUnbound("prune: \(method.owner)") }
    if method.criterion == .synflow, let numbers = inputNumbers.first {
      throw Failure(.invalidState, "prune: synflow passes ones through the network, which are no classes for \(numbers.owner)")
    }
    if method.data == .nothing { return nil }
    guard lossTerms == nil else {
      throw Failure(.invalidState, "prune: \(method.owner) goes by one loss for all outputs; call set_loss first")
    }
    guard let x else { throw Failure(.nullArgument, "prune: x must not be NULL for \(method.owner)") }
    guard let target else { throw Failure(.nullArgument, "prune: target must not be NULL for \(method.owner)") }
    try check(samples: samples, "prune")
    try check(input: Batch(x: x, count: samples), "prune")
    try check(target, Batch(x: x, count: samples), "prune")
    try requireFinite(x, "x", features: inputs, samples)
    if case .values(let values) = target { try requireFinite(values, "target", features: outputs, samples) }
    let takesLogits = loss == .softmaxCrossEntropy || loss == .binaryCrossEntropy
    return PruningData(
      x: x, samples: samples,
      criterion: LossCriterion(
        kind: loss, target: target, labelBase: Int32(clamping: options[NetworkOption.labelBase]),
        places: labelsPerSample, delta: options[NetworkOption.huberDelta], temperature: takesLogits ? method.temperature : 1))
  }

  @_specialize(where T == Float)
  @_specialize(where T == Double)
  func requireFinite(
    _ array: UnsafePointer<T>, _ name: String, features: Int, _ samples: Int, _ call: String = "prune"
  ) throws(Failure) {
    for i in 0..<samples * features where !array[i].isFinite {
      throw Failure(
        .nonFinite,
        "\(call): \(name)[\(i / features)][\(i % features)] is \(array[i]) (sample, feature, from 0); nothing has changed")
    }
  }
}
