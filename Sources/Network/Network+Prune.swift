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
    let built = try requireBuilt("prune")
    for unit in built.evolver.units where unit.hasThreshold {
      throw Failure(
        .invalidState,
        "prune: \(unit.layers[0].name) has a soft threshold, which its weights are not yet without; train to "
          + "the last update of its topology method, or give it another one")
    }
    if method.data == .inputs {
      try reconstruct(built, method, x, samples)
    } else {
      let data = try pruningData(method, x, target, samples)
      let kept = try pruner(method).survivors(data)
      if !kept.isEmpty { try built.retain(kept, blueprint, "prune") }
    }
    built.phase.endPruning()
  }

  /// What decides over the layers that take part.
  func pruner(_ method: PruningMethod) throws(Failure) -> Pruner<T> {
    let built = try requireBuilt("prune")
    var subjects: [PruningSubject<T>] = []
    for trained in built.store.layers where !blueprint.plan.layers[trained.number - 1].hasFixedDensity {
      guard let layer = trained.connected else { continue }
      let dimensions = try blueprint.plan.weightShape(trained.number).dimensions
      subjects.append(PruningSubject(number: trained.number, name: trained.name, layer: layer, dimensions: dimensions))
    }
    guard !subjects.isEmpty else {
      throw Failure(.invalidState, "prune: there is no layer with connections whose density is not fixed")
    }
    return Pruner(
      method,
      ProbeSource(
        plan: blueprint.plan, layers: built.graph.layers, executor: built.executor,
        inputs: built.packer.furtherInputs.map { input in
          ProbeInput(position: input.number - 1) { input.widen(first: $0, $1, into: $2) }
        }),
      subjects,
      power: try blueprint.options.get(NetworkOption.distributionPower),
      random: PruningRandom(seed: seed, stream: Stream.pruning, prunings: built.phase.prunings))
  }

  /// Prune layer by layer, with the weights that stay corrected for those that go. Memory: the parameters once more.
  private func reconstruct(
    _ built: Built<T>, _ method: PruningMethod, _ x: UnsafePointer<T>?, _ samples: Int
  ) throws(Failure) {
    try built.packer.requireUnbound("prune: \(method.owner)")
    guard let x else { throw Failure(.nullArgument, "prune: x must not be NULL for \(method.owner)") }
    try check(samples: samples, "prune")
    let all = Batch(x: x, count: samples)
    try built.packer.check(input: all, "prune")
    try requireFinite(x, "x", features: inputs, samples)
    try built.packer.requireBoundFinite(all)
    let pruner = try pruner(method)
    let values = built.store.values
    let before = try Buffer<T>(count: values.count, of: "prune, a copy of the parameters")
    _ = before.span.update(fromContentsOf: values)
    try blueprint.reserveBLAS()
    let held = Hold(environment: .begin(), blas: .begin())
    defer { held.release() }
    let data = CalibrationSamples<T>(samples: samples, batch: built.maximumBatch) { layer, body in
      self.eachInput(of: layer, x, samples: samples, built, body)
    }
    do throws(Failure) {
      let kept = try pruner.reconstructed(data)
      if !kept.isEmpty { try built.retain(kept, blueprint, "prune") }
    } catch {
      _ = values.update(fromContentsOf: before.span)
      throw Failure(error.kind, error.message.hasPrefix("prune") ? error.message : "prune: \(error.message)")
    }
  }

  /// Run samples through the layers before one in inference mode. - body: gets its input, batch after batch.
  private func eachInput(
    of layer: Int, _ x: UnsafePointer<T>, samples: Int, _ built: Built<T>,
    _ body: (UnsafePointer<T>, PanelShape) -> Void
  ) {
    built.phase.forgetPanels()
    var done = 0
    while done < samples {
      let batch = Batch(x: x + done * inputs, count: min(built.maximumBatch, samples - done), first: done)
      let pass = built.pass(batch: batch.count, training: false, key: 0)
      built.packer.pack(batch, pass)
      built.graph.forward(pass, count: layer - 1)
      body(built.graph.input(of: layer - 1), pass.shape)
      done += batch.count
    }
  }

  /// The caller's data, found fit for use.
  func pruningData(
    _ method: PruningMethod, _ x: UnsafePointer<T>?, _ target: Target<T>?, _ samples: Int
  ) throws(Failure) -> PruningData<T>? {
    let built = try requireBuilt("prune")
    if method.data != .nothing { try built.packer.requireUnbound("prune: \(method.owner)") }
    if method.criterion == .synflow,
      let numbers = (built.packer.wholeNumbers + built.packer.furtherInputs.flatMap(\.wholeNumbers)).first
    {
      throw Failure(.invalidState, "prune: synflow passes ones through the network, which are no classes for \(numbers.owner)")
    }
    if method.data == .nothing { return nil }
    guard blueprint.lossTerms.isEmpty else {
      throw Failure(.invalidState, "prune: \(method.owner) goes by one loss for all outputs; call set_loss first")
    }
    guard let x else { throw Failure(.nullArgument, "prune: x must not be NULL for \(method.owner)") }
    guard let target else { throw Failure(.nullArgument, "prune: target must not be NULL for \(method.owner)") }
    try check(samples: samples, "prune")
    try built.packer.check(input: Batch(x: x, count: samples), "prune")
    try built.objective.check(target, Batch(x: x, count: samples), "prune")
    try requireFinite(x, "x", features: inputs, samples)
    try built.packer.requireBoundFinite(Batch(x: x, count: samples))
    if case .values(let values) = target { try requireFinite(values, "target", features: outputs, samples) }
    let loss = blueprint.loss
    let takesLogits = loss == .softmaxCrossEntropy || loss == .binaryCrossEntropy
    return PruningData(
      x: x, samples: samples,
      criterion: LossCriterion(
        kind: loss, target: target, labelBase: built.objective.labelBase,
        places: labelsPerSample, delta: built.objective.delta, temperature: takesLogits ? method.temperature : 1))
  }
}
