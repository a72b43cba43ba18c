import Base
import KernelInterface
import Layers
import Machine
import Optimizers
import Sparse
import Topology

/// What a batch's outputs are compared with.
package enum Target<T: Scalar> {
  /// (outputs, samples)
  case values(UnsafePointer<T>)
  /// Class numbers from the network's label base.
  case labels(UnsafePointer<Int32>)
}

/// A batch in the caller's arrays: its first `count` samples, or those that `samples` names.
package struct Batch<T: Scalar> {
  package let x: UnsafePointer<T>
  package let count: Int
  package let samples: UnsafePointer<Int64>?

  package init(x: UnsafePointer<T>, count: Int, samples: UnsafePointer<Int64>? = nil) {
    self.x = x
    self.count = count
    self.samples = samples
  }
}

extension Network {
  // MARK: The step

  // Specialised here, because the callers are other modules: without it a step asks the runtime for type metadata all along.

  /// Forward, loss, backward, update, and drop and grow when due.
  /// - loss: receives the mean loss of the batch before the update; when `nonFinite` is thrown, the loss that is not, or NaN
  ///   when the data is not.
  /// - Throws: `nonFinite`, and whatever a wrong argument is; nothing has changed then.
  @_specialize(where T == Float)
  @_specialize(where T == Double)
  package func trainStep(_ batch: Batch<T>, _ target: Target<T>, loss: inout Double) throws(Failure) {
    let workspace = try requireBuilt("train_step")
    try check(batch: batch.count, "train_step")
    try check(target, batch, "train_step")
    try requireOptimizers("train_step")
    let accumulate = Int(clamping: options[NetworkOption.accumulate])
    let shape = PanelShape(batch: batch.count, elementSize: MemoryLayout<T>.stride)

    // The input panels are about to be overwritten: there is nothing to go back through any more.
    forwardBatch = nil
    holdsGradients = false
    let held = hold(workspace)
    defer { held.release() }
    loss = .nan
    try packFinite(batch, workspace, shape)
    if case .values(let values) = target { try packTarget(values, batch, workspace, shape) }
    forward(workspace, shape, training: true)
    let last = layers[layers.count - 1]
    loss =
      measure(
        target, batch.samples, workspace, shape, gradient: last.outputGradient,
        gradientScale: 1 / (Double(batch.count) * Double(accumulate)), correct: nil) / Double(batch.count)
    guard loss.isFinite else {
      throw Failure(.nonFinite, "train_step: the loss is \(loss); no weight has changed")
    }
    passes &+= 1
    forwardBatch = batch.count
    backward(workspace, shape, inputGradient: nil)
    if pendingGradients >= accumulate {
      update(workspace)
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
    let shape = PanelShape(batch: count, elementSize: MemoryLayout<T>.stride)
    let held = hold(workspace)
    defer { held.release() }
    pack(Batch(x: x, count: count), workspace, shape)
    forward(workspace, shape, training: true)
    unpack(layers[layers.count - 1].output, features: outputs, shape, to: y)
    passes &+= 1
    forwardBatch = count
  }

  /// Gradients of the forward just made. - dy: (outputs, batch). - dx: receives (inputs, batch), or nil.
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
    let shape = PanelShape(batch: count, elementSize: MemoryLayout<T>.stride)
    let held = hold(workspace)
    defer { held.release() }
    let arguments = PackArguments(
      source: dy, samples: nil, features: outputs, shape: shape, panels: layers[layers.count - 1].outputGradient,
      nonFinite: nil)
    run(T.kernels.pack, arguments, units: (outputs + 15) / 16, work: shape.elements(features: outputs))
    let panels = dx == nil ? nil : workspace.inputGradient.pointer
    backward(workspace, shape, inputGradient: panels)
    if let dx, let panels { unpack(panels, features: inputs, shape, to: dx) }
  }

  /// Apply every layer's optimizer, in place.
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
    update(workspace)
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
    var input = UnsafePointer(workspace.input.pointer)
    for layer in layers {
      layer.forward(input, pass)
      input = UnsafePointer(layer.output)
    }
  }

  /// Backward through all layers; the last one's output gradient is there already.
  @_specialize(where T == Float)
  @_specialize(where T == Double)
  private func backward(
    _ workspace: Workspace<T>, _ shape: PanelShape, inputGradient: UnsafeMutablePointer<T>?
  ) {
    let accumulates = pendingGradients > 0 && options[NetworkOption.accumulate] > 1
    let pass = Pass(shape: shape, training: true, key: passKey, accumulate: accumulates, executor: executor)
    for position in stride(from: layers.count - 1, through: 0, by: -1) {
      let input = position > 0 ? UnsafePointer(layers[position - 1].output) : UnsafePointer(workspace.input.pointer)
      let gradient = position > 0 ? layers[position - 1].outputGradient : inputGradient
      layers[position].backward(input, inputGradient: gradient, pass)
    }
    pendingGradients = accumulates ? pendingGradients + 1 : 1
    hasGradients = true
    holdsGradients = true
    for i in 0..<topologyUnits.count { topologyUnits[i].watch(epochs) }
  }

  /// The optimizers' step, clipped if asked for. `requireOptimizers` has been called.
  @_specialize(where T == Float)
  @_specialize(where T == Double)
  private func update(_ workspace: Workspace<T>) {
    let limit = options[NetworkOption.clipNorm]
    let scale = limit > 0 ? workspace.norm.factor(limit: limit, executor: executor) : 1
    // By position: iterating would hold on to arrays and elements, which is much of a small network's step.
    for i in 0..<topologyUnits.count { topologyUnits[i].beforeStep(gradientScale: scale) }
    for i in 0..<trainers.count { trainers[i].update(gradientScale: scale, executor: executor) }
    for i in 0..<topologyUnits.count { topologyUnits[i].afterStep() }
    steps += 1
    pendingGradients = 0
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

  func run<A>(_ kernel: @escaping Kernel, _ arguments: A, units: Int, work: Int) {
    withUnsafePointer(to: arguments) { executor.run(kernel, $0, units: units, work: work, balancedBy: nil) }
  }
}
