import Base
import KernelInterface
import Layers
import Machine
import Sparse

/// Inputs of layers on the caller's samples, in inference mode, through the layers before them as they are now.
package struct CalibrationSamples<T: Scalar> {
  package let samples: Int
  /// The most that come at once.
  package let batch: Int
  /// Run all samples through the layers before one, and tell `body` its input, (inputs, batch), batch after batch.
  let inputs: (_ layer: Int, _ body: (_ panels: UnsafePointer<T>, _ shape: PanelShape) -> Void) -> Void

  package init(
    samples: Int, batch: Int,
    inputs: @escaping (_ layer: Int, _ body: (_ panels: UnsafePointer<T>, _ shape: PanelShape) -> Void) -> Void
  ) {
    self.samples = samples
    self.batch = batch
    self.inputs = inputs
  }
}

// Pruning after training, layer by layer, with the weights that stay corrected for those that go.
extension Pruner {
  /// Prune by a criterion that looks at the layers' inputs only. Each layer's inputs are those that the samples give through the
  /// layers before it, already pruned: weights are changed in place, 0 for those that are to go. Biases stay. OpenBLAS's threads
  /// are held back by the caller.
  ///
  /// Memory, beside what ``OptimalBrainSurgeon`` and ``SparseGPT`` say for one layer at a time: 9 bytes a connection.
  /// - Returns: the connections that stay, of each layer that loses some.
  /// - Throws: as ``survivors(_:)``, and `numerical` when a factorisation fails. Weights may have changed then.
  package func reconstructed(_ data: CalibrationSamples<T>) throws(Failure) -> [KeptConnections] {
    var kept: [KeptConnections] = []
    for (subject, target) in zip(subjects, try reconstructionTargets(data)) {
      guard let target, let reconstruction = try reconstruct(subject, target, data) else { continue }
      kept.append(KeptConnections(layer: subject.number, marks: reconstruction.marks))
    }
    return kept
  }

  /// What is to be left of each layer; nil for one that stays as it is.
  private func reconstructionTargets(_ data: CalibrationSamples<T>) throws(Failure) -> [Reconstruction.Target?] {
    if let (keep, size) = method.groups {
      for subject in subjects { try Groups.check(size: size, inputs: subject.layer.columns, name: subject.name) }
      return subjects.map { _ in keep < size ? .groups(keep, of: size) : nil }
    }
    var counts = [Int](repeating: 0, count: subjects.count)
    for group in try groups(round: method.rounds) {
      if method.scope == .global {
        counts = try shared(group.keep, data)
      } else {
        for member in group.members { counts[member] = group.keep }
      }
    }
    var targets: [Reconstruction.Target?] = []
    for (subject, count) in zip(subjects, counts) {
      guard count >= 1 else {
        throw Failure(
          .invalidArgument,
          "prune: density \(method.density): \(subject.name): none of the \(subject.layer.weights.count) connections would be left"
        )
      }
      targets.append(count < subject.layer.weights.count ? .connections(count) : nil)
    }
    return targets
  }

  /// How many each layer keeps when the steps that cost least are taken over all of them together. What they cost is found
  /// with the inputs that layers have now.
  private func shared(_ keep: Int, _ data: CalibrationSamples<T>) throws(Failure) -> [Int] {
    var candidates: [Candidates] = []
    for subject in subjects {
      guard let layer = try reconstruction(subject) else { continue }
      let surgeon = try OptimalBrainSurgeon(
        layer, try moments(subject, data), damping: method.damping, executor: source.executor, lanes: source.executor.threads)
      candidates.append(Candidates(name: subject.name, scores: try surgeon.trace(), marks: layer.marks))
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
    _ subject: PruningSubject<T>, _ target: Reconstruction.Target, _ data: CalibrationSamples<T>
  ) throws(Failure) -> Reconstruction? {
    guard let layer = try reconstruction(subject), let weights = subject.layer.weights.values else { return nil }
    let moments = try moments(subject, data)
    if method.criterion == .obs {
      let surgeon = try OptimalBrainSurgeon(
        layer, moments, damping: method.damping, executor: source.executor, lanes: source.executor.threads)
      try surgeon.prune(target)
    } else {
      try SparseGPT.prune(layer, moments, target, damping: method.damping, block: method.block, executor: source.executor)
    }
    for slot in 0..<layer.connections {
      weights[slot] = T(layer.weights.pointer[slot])
      guard weights[slot].isFinite else {
        throw Failure(.numerical, "\(subject.name): the corrected weight \(slot) (from 0) is \(layer.weights.pointer[slot])")
      }
    }
    return layer
  }

  private func reconstruction(_ subject: PruningSubject<T>) throws(Failure) -> Reconstruction? {
    guard let weights = subject.layer.weights.values else { return nil }
    guard subject.layer.sharesInputs else {
      throw Failure(
        .invalidState,
        "prune: weights are corrected where all units meet the same inputs, and those of \(subject.name) do not; keep its density "
          + "fixed, or choose another criterion")
    }
    return try Reconstruction(
      name: subject.name, units: subject.layer.rows, inputs: subject.layer.columns, pattern: subject.layer.pattern,
      weights: UnsafePointer(weights))
  }

  /// Second moments of what a layer's units meet over all samples.
  private func moments(_ subject: PruningSubject<T>, _ data: CalibrationSamples<T>) throws(Failure) -> SecondMoments {
    let layer = subject.layer
    let batch = min(data.batch, data.samples)
    let moments = try SecondMoments(
      inputs: layer.columns, samples: data.samples.multipliedClamped(by: layer.placesMet), batch: batch, owner: subject.name)
    let elements = PanelShape(batch: batch, elementSize: MemoryLayout<T>.stride).elements(features: 1)
    let unfolded = try Buffer<T>(
      count: layer.copiesInputs ? layer.columns.multipliedClamped(by: elements) : 0, of: "\(subject.name), what its units meet")
    let executor = source.executor
    data.inputs(subject.number) { panels, shape in
      layer.unfold(panels, shape, into: unfolded.pointer) { moments.add($0, $1, executor: executor) }
    }
    return moments
  }
}
