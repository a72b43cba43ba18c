import Base
import Graphs
import KernelInterface
import Layers
import Machine
import Optimizers
import Sparse
import Topology

extension Network {
  // MARK: The step

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
    let workspace = try requireBuilt("train_step")
    try check(batch: batch.count, "train_step")
    try workspace.graph.check(batch: batch.count, "train_step")
    try check(input: batch, "train_step")
    try check(target, batch, "train_step")
    try requireOptimizers("train_step")
    let accumulate = Int(clamping: options[NetworkOption.accumulate])
    let shape = PanelShape(batch: batch.count, elementSize: MemoryLayout<T>.stride)

    let held = hold(workspace)
    defer { held.release() }
    loss = .nan
    // Beside the input that the last forward had: it can still be gone back through if this one is refused.
    try packFinite(batch, workspace, shape)
    if case .values(let values) = target {
      try packFinite(values, "target", batch, into: workspace.target.pointer, workspace, shape)
    }
    workspace.graph.takeInput()
    packFurther(batch, shape)
    // From here on the layers' panels are this batch's, whatever comes.
    forward(workspace, shape, training: true)
    loss =
      measure(
        target, batch.samples, workspace, shape, gradient: workspace.graph.outputGradient,
        gradientScale: 1 / (Double(batch.count) * Double(accumulate)), correct: nil) / Double(batch.count)
    guard loss.isFinite else {
      throw Failure(.nonFinite, "train_step: the loss is \(loss); no weight has changed")
    }
    backward(workspace, shape, wantsInput: false)
    let updates = pendingGradients >= accumulate
    let scale = try gradientScale("train_step", workspace, shape, updates: updates)
    workspace.graph.commit()
    passes &+= 1
    forwardBatch = batch.count
    holdsGradients = true
    for i in 0..<topologyUnits.count { topologyUnits[i].watch(epochs) }
    if updates {
      try update("train_step", workspace, gradientScale: scale)
      try evolveDue()
    }
  }

  // MARK: The step in phases

  /// Forward in training mode; keeps what `backward` needs. - y: receives (outputs, batch).
  @_specialize(where T == Float)
  @_specialize(where T == Double)
  package func forward(_ x: UnsafePointer<T>, count: Int, y: UnsafeMutablePointer<T>) throws(Failure) {
    let workspace = try requireBuilt("forward")
    try check(batch: count, "forward")
    try workspace.graph.check(batch: count, "forward")
    try check(input: Batch(x: x, count: count), "forward")
    let shape = PanelShape(batch: count, elementSize: MemoryLayout<T>.stride)
    let held = hold(workspace)
    defer { held.release() }
    pack(Batch(x: x, count: count), workspace, shape)
    forward(workspace, shape, training: true)
    workspace.graph.commit()
    unpack(workspace.graph.output, features: outputs, shape, to: y)
    passes &+= 1
    forwardBatch = count
  }

  /// Gradients of the forward just made. They may overflow; `update` looks at them. - dy: (outputs, batch). - dx: receives
  /// (inputs, batch), or nil. - Throws: `nonFinite` for dy; `invalidState` without a forward. Nothing has changed then.
  @_specialize(where T == Float)
  @_specialize(where T == Double)
  package func backward(_ dy: UnsafePointer<T>, count: Int, dx: UnsafeMutablePointer<T>?) throws(Failure) {
    let workspace = try requireBuilt("backward")
    guard let forwardBatch else {
      throw Failure(.invalidState, "backward: there is no forward pass to go back through; call forward first")
    }
    guard count == forwardBatch else {
      throw Failure(.invalidArgument, "backward: batch must be that of forward, \(forwardBatch), got \(count)")
    }
    try checkInputGradients(count)
    let shape = PanelShape(batch: count, elementSize: MemoryLayout<T>.stride)
    let held = hold(workspace)
    defer { held.release() }
    // Where targets are packed, until it is known to be finite: topology methods may still ask for the last one.
    let packed = workspace.target.pointer
    try packFinite(dy, "dloss_dy", Batch(x: dy, count: count), into: packed, workspace, shape)
    workspace.graph.outputGradient.update(from: packed, count: shape.elements(features: outputs))
    backward(workspace, shape, wantsInput: dx != nil || wantsInputGradients)
    holdsGradients = true
    try? watch(workspace, shape)
    if let dx { unpack(workspace.graph.inputGradient, features: inputs, shape, to: dx) }
    unpackInputGradients(shape)
  }

  /// Apply every layer's optimizer, in place. - Throws: `nonFinite` when a gradient is NaN or infinite, or too large for an
  /// optimizer's arithmetic: no weight has changed then, and accumulation begins anew.
  @_specialize(where T == Float)
  @_specialize(where T == Double)
  public func update() throws(Failure) {
    let workspace = try requireBuilt("update")
    try requireOptimizers("update")
    guard hasGradients else {
      throw Failure(.invalidState, "update: there are no gradients yet; call backward first")
    }
    let held = hold(workspace)
    defer { held.release() }
    // Gradients that nobody else can have changed are still the products that backward made.
    let batch = holdsGradients && !gradientsAreShared ? forwardBatch : nil
    let shape = batch.map { PanelShape(batch: $0, elementSize: MemoryLayout<T>.stride) }
    try update("update", workspace, gradientScale: try gradientScale("update", workspace, shape, updates: true))
  }

  // MARK: Parts

  /// Forward through all layers from the packed input.
  @_specialize(where T == Float)
  @_specialize(where T == Double)
  func forward(_ workspace: Workspace<T>, _ shape: PanelShape, training: Bool) {
    forwardBatch = nil
    holdsGradients = false
    // The key of this pass's draws; backward draws the same ones again.
    passKey = RandomSource.mix(UInt64(bitPattern: seed) ^ RandomSource.mix(passes &+ Stream.dropout << 56))
    let pass = Pass(shape: shape, training: training, key: passKey, accumulate: false, executor: executor)
    workspace.graph.forward(pass)
  }

  /// Backward through all layers; the last one's output gradient is there already.
  @_specialize(where T == Float)
  @_specialize(where T == Double)
  private func backward(_ workspace: Workspace<T>, _ shape: PanelShape, wantsInput: Bool) {
    let accumulates = pendingGradients > 0 && options[NetworkOption.accumulate] > 1
    let pass = Pass(shape: shape, training: true, key: passKey, accumulate: accumulates, executor: executor)
    workspace.graph.backward(pass, wantsInput: wantsInput)
    pendingGradients = accumulates ? pendingGradients + 1 : 1
    gradientsAreSums = accumulates
    hasGradients = true
  }

  /// Let units keep the panels of a backward pass whose gradients are finite, where an update is to come that asks for them.
  private func watch(_ workspace: Workspace<T>, _ shape: PanelShape) throws(Failure) {
    if (0..<topologyUnits.count).contains(where: { topologyUnits[$0].watches(epochs) }) {
      let pending = pendingGradients
      defer { pendingGradients = pending }
      _ = try gradientScale("backward", workspace, shape, updates: false)
    }
    for i in 0..<topologyUnits.count { topologyUnits[i].watch(epochs) }
  }

  /// The optimizers' step. `requireOptimizers` has been called. - gradientScale: factor on the gradients.
  /// - Throws: `nonFinite` when a parameter is no finite number any more; the step has been made then.
  @_specialize(where T == Float)
  @_specialize(where T == Double)
  private func update(_ call: StaticString, _ workspace: Workspace<T>, gradientScale scale: Double) throws(Failure) {
    var isFinite = true
    // By position: iterating would hold on to arrays and elements, which is much of a small network's step.
    for i in 0..<topologyUnits.count { topologyUnits[i].beforeStep(gradientScale: scale) }
    for i in 0..<trainers.count {
      if !trainers[i].update(gradientScale: scale, executor: executor) { isFinite = false }
    }
    for i in 0..<topologyUnits.count { topologyUnits[i].afterStep() }
    steps += 1
    pendingGradients = 0
    if isFinite { return }
    for i in 0..<trainers.count { try trainers[i].optimizer?.requireFinite(call) }
  }

  // MARK: Helpers

  /// What is held while the library computes: the floating-point environment, and OpenBLAS's threads if it is used.
  struct Hold {
    let environment: FloatingPointEnvironment
    let blas: BLASThreads?

    func release() {
      blas?.end()
      environment.end()
    }
  }

  @_specialize(where T == Float)
  @_specialize(where T == Double)
  func hold(_ workspace: Workspace<T>) -> Hold {
    Hold(environment: .begin(), blas: workspace.usesBLAS ? .begin() : nil)
  }

  @inline(__always)
  func run<A>(_ kernel: @escaping Kernel, _ arguments: A, units: Int, work: Int) {
    withUnsafePointer(to: arguments) { executor.run(kernel, $0, units: units, work: work, balancedBy: nil) }
  }
}
