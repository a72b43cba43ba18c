import Base
import Graphs
import KernelInterface
import Machine

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
    let workspace = try requireBuilt("train_epoch")
    try check(samples: samples, "train_epoch")
    try check(batch: batch, "train_epoch")
    // Also what is left for the last batch.
    let last = samples < batch || samples % batch == 0 ? min(samples, batch) : samples % batch
    try workspace.graph.check(batch: last, "train_epoch")
    try check(input: Batch(x: x, count: samples), "train_epoch")
    try check(target, Batch(x: x, count: samples), "train_epoch")
    try requireOptimizers("train_epoch")
    let shufflerBefore = shuffler
    var order: UnsafeMutablePointer<Int64>?
    if shuffle { order = try shuffled(samples) }
    var sum = 0.0
    var done = 0
    while done < samples {
      let count = min(batch, samples - done)
      var mean = 0.0
      do {
        if let order {
          try trainStep(Batch(x: x, count: count, samples: UnsafePointer(order + done)), target, loss: &mean)
        } else {
          try trainStep(
            Batch(x: x + done * inputs, count: count, first: done), advanced(target, by: done), loss: &mean)
        }
      } catch {
        if error.kind == .nonFinite {
          loss = mean
          // Nothing of the epoch has happened: the next one comes in the same order.
          if done == 0 { shuffler = shufflerBefore }
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

  func advanced(_ target: Target<T>, by samples: Int) -> Target<T> {
    switch target {
    case .values(let values): .values(values + samples * outputs)
    case .labels(let labels): .labels(labels + samples * labelsPerSample)
    }
  }

  /// A random order of 0 ..< samples (Fisher and Yates), drawn from the network's stream of shuffles.
  private func shuffled(_ samples: Int) throws(Failure) -> UnsafeMutablePointer<Int64> {
    let order: Buffer<Int64>
    if let present = self.order, present.count == samples {
      order = present
    } else {
      order = try Buffer(count: samples, of: "order of the samples")
      self.order = order
      weigh()
    }
    for i in 0..<samples { order.pointer[i] = Int64(i) }
    for i in stride(from: samples - 1, to: 0, by: -1) {
      let j = shuffler.below(i + 1)
      (order.pointer[i], order.pointer[j]) = (order.pointer[j], order.pointer[i])
    }
    return order.pointer
  }

  // MARK: Inference

  /// Outputs in inference mode, in chunks of the maximum batch. - y: receives (outputs, samples).
  package func predict(_ x: UnsafePointer<T>, samples: Int, y: UnsafeMutablePointer<T>) throws(Failure) {
    try infer("predict", x, samples: samples) { workspace, shape, done in
      self.unpack(workspace.graph.output, features: self.outputs, shape, to: y + done * self.outputs)
    }
  }

  /// Mean loss in inference mode, and for labels the share classified rightly.
  package func evaluate(
    _ x: UnsafePointer<T>, _ target: Target<T>, samples: Int
  ) throws(Failure) -> (loss: Double, accuracy: Double) {
    _ = try requireBuilt("evaluate")
    try check(samples: samples, "evaluate")
    try check(target, Batch(x: x, count: samples), "evaluate")
    var sum = 0.0
    var correct = 0
    try infer("evaluate", x, samples: samples) { workspace, shape, done in
      let target = self.advanced(target, by: done)
      if case .values(let values) = target {
        let arguments = PackArguments(
          source: values, samples: nil, features: self.outputs, shape: shape, panels: workspace.target.pointer,
          nonFinite: nil)
        self.run(
          T.kernels.pack, arguments, units: (self.outputs + 15) / 16, work: 2 * shape.elements(features: self.outputs))
        sum += self.measure(target, nil, workspace, shape, gradient: nil, gradientScale: 0, correct: nil)
      } else {
        sum += self.measure(target, nil, workspace, shape, gradient: nil, gradientScale: 0, correct: &correct)
      }
    }
    return (sum / Double(samples), Double(correct) / (Double(samples) * Double(labelsPerSample)))
  }

  /// Run chunk after chunk through the layers. - body: gets each chunk's shape and the number of samples before it.
  private func infer(
    _ call: String, _ x: UnsafePointer<T>, samples: Int, body: (Workspace<T>, PanelShape, Int) -> Void
  ) throws(Failure) {
    let workspace = try requireBuilt(call)
    try check(samples: samples, call)
    try check(input: Batch(x: x, count: samples), call)
    let held = hold(workspace)
    defer { held.release() }
    var done = 0
    while done < samples {
      let count = min(maximumBatch, samples - done)
      let shape = PanelShape(batch: count, elementSize: MemoryLayout<T>.stride)
      pack(Batch(x: x + done * inputs, count: count, first: done), workspace, shape)
      forward(workspace, shape, training: false)
      body(workspace, shape, done)
      done += count
    }
  }
}
