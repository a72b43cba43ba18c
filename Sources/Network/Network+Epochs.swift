import Base
import Graphs
import Layers
import Machine

// Many batches at a time: epochs and inference; and what changes patterns between steps.
extension Network {
  /// Every sample once, in batches; the last may be smaller. Then the epoch has ended: see ``endEpoch()``.
  ///
  /// - shuffle: in an order drawn from the network's seed, anew each epoch; samples are gathered while they are packed.
  /// - progress: told samples done, samples in all, mean loss so far after each batch; false stops the epoch.
  /// - loss: receives the mean over samples of the loss at the time of their batch.
  /// - Throws: `stopped` when progress asked for it. What earlier batches did stays.
  package func trainEpoch(
    _ x: UnsafePointer<T>, _ target: Target<T>, samples: Int, batch: Int, shuffle: Bool, loss: inout Double,
    progress: (Int, Int, Double) -> Bool
  ) throws(Failure) {
    let built = try requireBuilt("train_epoch")
    try check(samples: samples, "train_epoch")
    try built.check(batch: batch, "train_epoch")
    // Also what is left for the last batch.
    let last = samples < batch || samples % batch == 0 ? min(samples, batch) : samples % batch
    let all = Batch(x: x, count: samples)
    try built.graph.check(batch: last, "train_epoch")
    try built.packer.check(input: all, "train_epoch")
    try built.objective.check(target, all, "train_epoch")
    try built.store.requireOptimizers("train_epoch")
    let drawn = built.shuffler.position
    var order: UnsafePointer<Int64>?
    if shuffle {
      if try built.shuffler.makeRoom(samples: samples) { built.weigh() }
      order = built.shuffler.shuffled()
    }
    var sum = 0.0
    var done = 0
    while done < samples {
      let count = min(batch, samples - done)
      var mean = 0.0
      do {
        if let order {
          try trainStep(Batch(x: x, count: count, samples: order + done), target, loss: &mean)
        } else {
          try trainStep(
            Batch(x: x + done * inputs, count: count, first: done), built.objective.advanced(target, by: done), loss: &mean)
        }
      } catch {
        if error.kind == .nonFinite {
          loss = mean
          // Nothing of the epoch has happened: the next one comes in the same order.
          if done == 0 { built.shuffler.position = drawn }
        }
        throw error
      }
      sum += mean * Double(count)
      done += count
      loss = sum / Double(done)
      guard progress(done, samples, loss) else {
        throw Failure(.stopped, "train_epoch: stopped by the caller after \(done) of \(samples) samples")
      }
    }
    try endEpoch()
  }

  /// An epoch has ended: methods whose clock counts epochs may be due.
  /// - Throws: `invalidState` when one of them needs the gradients of a backward pass that is gone; the epoch is not counted
  ///   then. `stopped` when a function of the caller's asked for it; the update stays due then.
  public func endEpoch() throws(Failure) {
    let built = try requireBuilt("end_epoch")
    try built.evolver.checkEpoch(built.phase, "end_epoch")
    built.phase.endEpoch()
    built.evolver.afterEpoch(built.phase)
    let held = built.hold()
    defer { held.release() }
    try built.evolver.evolveDue(built.phase)
  }

  // MARK: Updates of patterns

  /// Drop and grow connections where it is due.
  public func evolve() throws(Failure) {
    let built = try requireBuilt("evolve")
    let held = built.hold()
    defer { held.release() }
    try built.evolver.evolveDue(built.phase)
  }

  /// Drop and grow now, whatever the schedule. - layer: 0 for all that have a method. - dropFraction: in [0, 1].
  public func evolveNow(layer: Int = 0, dropFraction: Double) throws(Failure) {
    let built = try requireBuilt("evolve_now")
    guard dropFraction >= 0, dropFraction <= 1 else {
      throw Failure(.invalidArgument, "evolve_now: drop_fraction must be in [0, 1], got \(dropFraction)")
    }
    let held = built.hold()
    defer { held.release() }
    let units = try built.evolver.units(of: layer == 0 ? nil : try connected(layer), "evolve_now")
    try built.evolver.evolve(units, built.phase, dropFraction: dropFraction, "evolve_now")
  }

  // MARK: Inference

  /// Outputs in inference mode, in chunks of the maximum batch. - y: receives (outputs, samples).
  package func predict(_ x: UnsafePointer<T>, samples: Int, y: UnsafeMutablePointer<T>) throws(Failure) {
    let built = try requireBuilt("predict")
    try infer(built, "predict", x, samples: samples) { pass, done in
      built.packer.unpackOutput(pass, to: y + done * built.objective.outputs)
    }
  }

  /// Mean loss in inference mode, and for labels the share classified rightly.
  package func evaluate(
    _ x: UnsafePointer<T>, _ target: Target<T>, samples: Int
  ) throws(Failure) -> (loss: Double, accuracy: Double) {
    let built = try requireBuilt("evaluate")
    let objective = built.objective
    try check(samples: samples, "evaluate")
    try objective.check(target, Batch(x: x, count: samples), "evaluate")
    var sum = 0.0
    var correct = 0
    try infer(built, "evaluate", x, samples: samples) { pass, done in
      let target = objective.advanced(target, by: done)
      var isClass = true
      if case .values(let values) = target {
        built.packer.pack(target: values, Batch(x: values, count: pass.shape.batch), pass)
        isClass = false
      }
      withUnsafeMutablePointer(to: &correct) { correct in
        sum += objective.measure(
          target, nil, output: built.graph.output, packed: built.packer.target.pointer, pass, gradient: nil,
          gradientScale: 0, correct: isClass ? correct : nil)
      }
    }
    return (sum / Double(samples), Double(correct) / (Double(samples) * Double(labelsPerSample)))
  }

  /// Run chunk after chunk through the layers. - body: gets each chunk's pass and the number of samples before it.
  private func infer(
    _ built: Built<T>, _ call: String, _ x: UnsafePointer<T>, samples: Int, body: (Pass, Int) -> Void
  ) throws(Failure) {
    try check(samples: samples, call)
    try built.packer.check(input: Batch(x: x, count: samples), call)
    let held = built.hold()
    defer { held.release() }
    var done = 0
    while done < samples {
      let batch = Batch(x: x + done * inputs, count: min(built.maximumBatch, samples - done), first: done)
      body(forward(built, batch, training: false), done)
      done += batch.count
    }
  }

  // MARK: Checks

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
