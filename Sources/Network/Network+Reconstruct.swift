import Base
import Graphs
import KernelInterface
import Layers
import Machine
import Pruning
import Sparse

// Pruning after training, layer by layer, with the weights that stay corrected for those that go.
extension Network {
  /// Prune by a criterion that looks at the layers' inputs only. Each layer's inputs are those that the samples give in
  /// inference mode through the layers before it, already pruned. Biases stay.
  ///
  /// Memory, beside what ``OptimalBrainSurgeon`` and ``SparseGPT`` say for one layer at a time: the parameters once more, and
  /// 9 bytes a connection.
  /// - x: (inputs, samples). - Throws: as ``prune(_:_:_:samples:)``, and `numerical` when a factorisation fails.
  func reconstruct(_ method: PruningMethod, _ x: UnsafePointer<T>?, _ samples: Int) throws(Failure) {
    let workspace = try requireBuilt("prune")
    guard let x else { throw Failure(.nullArgument, "prune: x must not be NULL for \(method.owner)") }
    try check(samples: samples, "prune")
    try requireFinite(x, "x", features: inputs, samples)
    let subjects = try pruningSubjects()
    guard let values else { return }
    let before = try Buffer<T>(count: values.count, of: "prune, a copy of the parameters")
    _ = before.span.update(fromContentsOf: values)
    try reserveBLAS(threads: wantedThreads)
    let held = Hold(environment: .begin(), blas: .begin())
    defer { held.release() }
    let data = Calibration(x: x, samples: samples, workspace: workspace)
    do throws(Failure) {
      let targets = try reconstructionTargets(method, subjects, data)
      var kept: [KeptConnections] = []
      for (trainer, target) in zip(subjects, targets) {
        guard let target, let reconstruction = try reconstruct(trainer, method, target, data) else { continue }
        kept.append(KeptConnections(layer: trainer.number, marks: reconstruction.marks))
      }
      if !kept.isEmpty { try retain(kept, "prune") }
    } catch {
      _ = values.update(fromContentsOf: before.span)
      throw Failure(error.kind, error.message.hasPrefix("prune") ? error.message : "prune: \(error.message)")
    }
    prunings += 1
  }

  /// What passes of the samples through the first layers need.
  private struct Calibration {
    let x: UnsafePointer<T>
    let samples: Int
    let workspace: Workspace<T>
  }

  /// What is to be left of each layer; nil for one that stays as it is.
  private func reconstructionTargets(
    _ method: PruningMethod, _ subjects: [Trainer<T>], _ data: Calibration
  ) throws(Failure) -> [Reconstruction.Target?] {
    if let (keep, size) = method.groups {
      for trainer in subjects { try Groups.check(size: size, inputs: trainer.connected?.columns ?? 0, name: trainer.name) }
      return subjects.map { _ in keep < size ? .groups(keep, of: size) : nil }
    }
    var counts = [Int](repeating: 0, count: subjects.count)
    for group in try pruningGroups(method, subjects, round: method.rounds) {
      let keep = group.keep
      if method.scope == .global {
        counts = try shared(keep, method, subjects, data)
      } else {
        for member in group.members { counts[member] = keep }
      }
    }
    var targets: [Reconstruction.Target?] = []
    for (trainer, count) in zip(subjects, counts) {
      guard count >= 1 else {
        throw Failure(
          .invalidArgument,
          "prune: density \(method.density): \(trainer.name): none of the \(connections(trainer)) connections would be left")
      }
      targets.append(count < connections(trainer) ? .connections(count) : nil)
    }
    return targets
  }

  /// How many each layer keeps when the steps that cost least are taken over all of them together. What they cost is found
  /// with the inputs that layers have now.
  private func shared(
    _ keep: Int, _ method: PruningMethod, _ subjects: [Trainer<T>], _ data: Calibration
  ) throws(Failure) -> [Int] {
    var candidates: [Candidates] = []
    for trainer in subjects {
      guard let layer = try reconstruction(trainer) else { continue }
      let surgeon = try OptimalBrainSurgeon(
        layer, try moments(trainer, data), damping: method.damping, executor: executor, lanes: executor.threads)
      candidates.append(Candidates(name: trainer.name, scores: try surgeon.trace(), marks: layer.marks))
    }
    do throws(Failure) {
      try Survivors.choose(candidates, keep: keep)
    } catch {
      throw Failure(error.kind, "prune: density \(method.density): \(error.message)")
    }
    return candidates.map(\.present)
  }

  /// Prune one layer and put its new weights in place, zeros for those that are to go; nil when none is.
  private func reconstruct(
    _ trainer: Trainer<T>, _ method: PruningMethod, _ target: Reconstruction.Target, _ data: Calibration
  ) throws(Failure) -> Reconstruction? {
    guard let layer = try reconstruction(trainer), let weights = trainer.connected?.weights.values else { return nil }
    let moments = try moments(trainer, data)
    if method.criterion == .obs {
      let surgeon = try OptimalBrainSurgeon(
        layer, moments, damping: method.damping, executor: executor, lanes: executor.threads)
      try surgeon.prune(target)
    } else {
      try SparseGPT.prune(layer, moments, target, damping: method.damping, block: method.block, executor: executor)
    }
    for slot in 0..<layer.connections {
      weights[slot] = T(layer.weights.pointer[slot])
      guard weights[slot].isFinite else {
        throw Failure(.numerical, "\(trainer.name): the corrected weight \(slot) (from 0) is \(layer.weights.pointer[slot])")
      }
    }
    return layer
  }

  private func reconstruction(_ trainer: Trainer<T>) throws(Failure) -> Reconstruction? {
    guard let connected = trainer.connected, let weights = connected.weights.values else { return nil }
    return try Reconstruction(
      name: trainer.name, units: connected.rows, inputs: connected.columns, pattern: connected.pattern,
      weights: UnsafePointer(weights))
  }

  /// Second moments of a layer's inputs over all samples, through the layers before it as they are now.
  private func moments(_ trainer: Trainer<T>, _ data: Calibration) throws(Failure) -> SecondMoments {
    let position = trainer.number - 1
    let moments = try SecondMoments(
      inputs: trainer.layer.inputs, samples: data.samples, batch: min(maximumBatch, data.samples), owner: trainer.name)
    forwardBatch = nil
    holdsGradients = false
    var done = 0
    while done < data.samples {
      let count = min(maximumBatch, data.samples - done)
      let shape = PanelShape(batch: count, elementSize: MemoryLayout<T>.stride)
      pack(Batch(x: data.x + done * inputs, count: count), data.workspace, shape)
      let pass = Pass(shape: shape, training: false, key: 0, accumulate: false, executor: executor)
      data.workspace.graph.forward(pass, count: position)
      moments.add(data.workspace.graph.input(of: position), shape, executor: executor)
      done += count
    }
    return moments
  }
}
