import Base
import Graphs
import KernelInterface
import Layers
import Machine

// The training step, as a whole and in phases.
extension Network {
  // Specialised here, because the callers are other modules: without it a step asks the runtime for type metadata all along.

  /// Forward, loss, backward, update, and drop and grow when due.
  /// - loss: receives the mean loss of the batch before the update; when `nonFinite` is thrown, the loss that is not, or NaN
  ///   when the data is not.
  /// - Throws: `nonFinite`, and whatever a wrong argument is; no weight has changed then. When it is the loss or a gradient
  ///   that is not finite, there is no forward pass any more to go back through; a gradient is left where gradients are, and
  ///   accumulation begins anew.
  @_specialize(where T == Float)
  @_specialize(where T == Double)
  package func trainStep(_ batch: Batch<T>, _ target: Target<T>, loss: inout Double) throws(Failure) {
    let built = try requireBuilt("train_step")
    // Read once: each time they are read counts references.
    let (graph, packer, objective, evolver) = (built.graph, built.packer, built.objective, built.evolver)
    try built.check(batch: batch.count, "train_step")
    try graph.check(batch: batch.count, "train_step")
    try packer.check(input: batch, "train_step")
    try objective.check(target, batch, "train_step")
    try built.store.requireOptimizers("train_step")
    let accumulate = Int(clamping: blueprint.options[NetworkOption.accumulate])

    let held = built.hold()
    defer { held.release() }
    loss = .nan
    var pass = built.pass(batch: batch.count, training: true, key: built.phase.nextKey(seed: blueprint.seed))
    // Beside the input that the last forward had: it can still be gone back through if this one is refused.
    try packer.packFinite(batch, pass)
    if case .values(let values) = target { try packer.packFinite(values, "target", batch, pass) }
    packer.takeInput(batch, pass)
    // From here on the layers' panels are this batch's, whatever comes.
    built.phase.begin(pass)
    graph.forward(pass)
    loss =
      objective.measure(
        target, batch.samples, output: graph.output, packed: packer.target.pointer, pass, gradient: graph.outputGradient,
        gradientScale: 1 / (Double(batch.count) * Double(accumulate)), correct: nil) / Double(batch.count)
    guard loss.isFinite else {
      throw Failure(.nonFinite, "train_step: the loss is \(loss); no weight has changed")
    }
    backward(built, &pass, wantsInput: false)
    let updates = built.phase.pendingGradients >= accumulate
    let scale = try gradientScale("train_step", built, pass.shape, updates: updates)
    graph.commit()
    built.phase.endForward(batch: batch.count)
    built.phase.endBackward()
    evolver.watch(built.phase)
    if updates {
      try update("train_step", built, gradientScale: scale)
      try evolver.evolveDue(built.phase)
    }
  }

  // MARK: The step in phases

  /// Forward in training mode; keeps what `backward` needs. - y: receives (outputs, batch).
  @_specialize(where T == Float)
  @_specialize(where T == Double)
  package func forward(_ x: UnsafePointer<T>, count: Int, y: UnsafeMutablePointer<T>) throws(Failure) {
    let built = try requireBuilt("forward")
    let batch = Batch(x: x, count: count)
    try built.check(batch: count, "forward")
    try built.graph.check(batch: count, "forward")
    try built.packer.check(input: batch, "forward")
    let held = built.hold()
    defer { held.release() }
    let pass = forward(built, batch, training: true)
    built.graph.commit()
    built.packer.unpackOutput(pass, to: y)
    built.phase.endForward(batch: count)
  }

  /// Gradients of the forward just made. They may overflow; `update` looks at them. - dy: (outputs, batch). - dx: receives
  /// (inputs, batch), or nil. - Throws: `nonFinite` for dy; `invalidState` without a forward. Nothing has changed then.
  @_specialize(where T == Float)
  @_specialize(where T == Double)
  package func backward(_ dy: UnsafePointer<T>, count: Int, dx: UnsafeMutablePointer<T>?) throws(Failure) {
    let built = try requireBuilt("backward")
    guard let forwardBatch = built.phase.forwardBatch else {
      throw Failure(.invalidState, "backward: there is no forward pass to go back through; call forward first")
    }
    guard count == forwardBatch else {
      throw Failure(.invalidArgument, "backward: batch must be that of forward, \(forwardBatch), got \(count)")
    }
    try built.packer.checkInputGradients(count)
    let held = built.hold()
    defer { held.release() }
    var pass = built.pass(batch: count, training: true, key: built.phase.passKey)
    // Where targets are packed, until it is known to be finite: topology methods may still ask for the last one.
    try built.packer.packFinite(dy, "dloss_dy", Batch(x: dy, count: count), pass)
    built.graph.outputGradient.update(
      from: built.packer.target.pointer, count: pass.shape.elements(features: built.objective.outputs))
    backward(built, &pass, wantsInput: dx != nil || built.packer.wantsInputGradients)
    built.phase.endBackward()
    // Units keep the panels of a pass whose gradients are finite, where an update is to come that asks for them.
    if !built.evolver.watches(built.phase) || areGradientsFinite(built, pass.shape) { built.evolver.watch(built.phase) }
    if let dx { built.packer.unpackInputGradient(pass, to: dx) }
    built.packer.unpackInputGradients(pass)
  }

  /// Apply every layer's optimizer, in place. - Throws: `nonFinite` when a gradient is NaN or infinite, or too large for an
  /// optimizer's arithmetic: no weight has changed then, and accumulation begins anew.
  @_specialize(where T == Float)
  @_specialize(where T == Double)
  public func update() throws(Failure) {
    let built = try requireBuilt("update")
    try built.store.requireOptimizers("update")
    guard built.phase.hasGradients else {
      throw Failure(.invalidState, "update: there are no gradients yet; call backward first")
    }
    let held = built.hold()
    defer { held.release() }
    // Gradients that nobody else can have changed are still the products that backward made.
    let batch = built.phase.holdsGradientPanels && !built.store.gradientsAreShared ? built.phase.forwardBatch : nil
    let shape = batch.map { PanelShape(batch: $0, elementSize: MemoryLayout<T>.stride) }
    try update("update", built, gradientScale: try gradientScale("update", built, shape, updates: true))
  }

  // MARK: Parts

  /// Forward through all layers. - Returns: the pass, to go back by.
  @_specialize(where T == Float)
  @_specialize(where T == Double)
  func forward(_ built: Built<T>, _ batch: Batch<T>, training: Bool) -> Pass {
    let pass = built.pass(batch: batch.count, training: training, key: built.phase.nextKey(seed: blueprint.seed))
    built.phase.begin(pass)
    built.packer.pack(batch, pass)
    built.graph.forward(pass)
    return pass
  }

  /// Backward through all layers; the last one's output gradient is there already.
  @_specialize(where T == Float)
  @_specialize(where T == Double)
  private func backward(_ built: Built<T>, _ pass: inout Pass, wantsInput: Bool) {
    let accumulates = built.phase.pendingGradients > 0 && blueprint.options[NetworkOption.accumulate] > 1
    pass.accumulate = accumulates
    built.graph.backward(pass, wantsInput: wantsInput)
    built.phase.receiveGradients(accumulates: accumulates)
  }

  /// The optimizers' step. They are there and checked. - gradientScale: factor on the gradients.
  /// - Throws: `nonFinite` when a parameter is no finite number any more; the step has been made then.
  @_specialize(where T == Float)
  @_specialize(where T == Double)
  private func update(_ call: StaticString, _ built: Built<T>, gradientScale scale: Double) throws(Failure) {
    let (layers, executor) = (built.store.layers, built.executor)
    var isFinite = true
    built.evolver.beforeStep(gradientScale: scale)
    // By position: iterating would hold on to arrays and elements, which is much of a small network's step.
    for i in 0..<layers.count {
      if !layers[i].update(gradientScale: scale, executor: executor) { isFinite = false }
    }
    built.evolver.afterStep()
    built.phase.endUpdate()
    if isFinite { return }
    for i in 0..<layers.count { try layers[i].optimizer?.requireFinite(call) }
  }

  /// What gradients are to be multiplied by before the optimizers take them; see ``GradientGuard``.
  /// - shape: of the backward pass just made; nil when gradients may have changed since. - updates: whether they are to be
  ///   taken now.
  /// - Throws: `nonFinite`. No weight has changed; accumulation begins anew, as what is accumulated is lost.
  @_specialize(where T == Float)
  @_specialize(where T == Double)
  private func gradientScale(
    _ call: StaticString, _ built: Built<T>, _ shape: PanelShape?, updates: Bool
  ) throws(Failure) -> Double {
    do throws(Failure) {
      return try built.gradientGuard.scale(
        call, built.phase.gradientsAreSums ? nil : shape, updates: updates,
        limit: updates ? blueprint.options[NetworkOption.clipNorm] : 0, executor: built.executor)
    } catch {
      built.phase.forgetAccumulated()
      throw error
    }
  }

  private func areGradientsFinite(_ built: Built<T>, _ shape: PanelShape) -> Bool {
    let scale = try? built.gradientGuard.scale(
      "backward", built.phase.gradientsAreSums ? nil : shape, updates: false, limit: 0, executor: built.executor)
    return scale != nil
  }
}
