import Base
import Machine
import Pruning
import Sparse

/// Computes what connections are judged by: a larger score is more reason to stay.
struct PruningScorer<T: Scalar> {
  /// The layers that take part.
  let subjects: [Trainer<T>]
  /// Their connections: scores, and marks of those that are not out.
  let candidates: [Candidates]
  private let method: PruningMethod
  private let network: Network<T>
  private let data: PruningData<T>?
  /// nil for criteria that look at no more than the weights.
  private let probe: Probe?
  /// The probe's layers that take part, in order.
  private let layers: [ProbeLayer]

  /// - data: what the criterion needs.
  init(
    _ method: PruningMethod, _ network: Network<T>, _ subjects: [Trainer<T>], _ data: PruningData<T>?
  ) throws(Failure) {
    var candidates: [Candidates] = []
    for trainer in subjects {
      let count = network.connections(trainer)
      let marks = try Buffer<UInt8>(count: count, of: "prune, marks of \(trainer.name)")
      marks.span.update(repeating: 1)
      candidates.append(
        Candidates(name: trainer.name, scores: try Buffer(count: count, of: "prune, scores of \(trainer.name)"), marks: marks))
    }
    self.candidates = candidates
    self.method = method
    self.network = network
    self.subjects = subjects
    self.data = data
    switch method.criterion {
    case .random, .magnitude: probe = nil
    case .synflow: probe = try Probe(network, samples: 1, linearised: true)
    case .snip, .grasp, .fisher: probe = try Probe(network, samples: data?.samples ?? 1)
    }
    layers = subjects.compactMap { [probe] trainer in probe?.layers.first { $0.number == trainer.number } }
  }

  /// Connections whose mark is 0 weigh nothing in the scores to come.
  func silence() {
    for (layer, candidate) in zip(layers, candidates) { layer.silence(candidate.marks) }
  }

  /// Compute the scores.
  func score() throws(Failure) {
    let environment = FloatingPointEnvironment.begin()
    defer { environment.end() }
    let blas = probe?.usesBLAS == true ? BLASThreads.begin() : nil
    defer { blas?.end() }
    switch method.criterion {
    case .random: draw()
    case .magnitude:
      for (trainer, layer) in zip(subjects, candidates) {
        guard let weights = trainer.linear?.weights.values else { continue }
        for i in 0..<layer.scores.count { layer.scores.pointer[i] = Double(weights[i].magnitude) }
      }
    case .snip:
      try gradient()
      fill { gradient, weight in (gradient * weight).magnitude }
    case .grasp, .synflow, .fisher:
      throw Failure(.invalidArgument, "prune: \(method.owner) is not there yet")
    }
  }

  /// Independent numbers: every set of connections is equally likely to stay.
  private func draw() {
    for (trainer, layer) in zip(subjects, candidates) {
      var random = RandomSource(
        seed: UInt64(bitPattern: network.seed),
        stream: (Stream.pruning &+ UInt64(trainer.number)) ^ RandomSource.mix(UInt64(network.prunings)))
      for i in 0..<layer.scores.count { layer.scores.pointer[i] = random.uniform() }
    }
  }

  private func fill(_ score: (_ gradient: Double, _ weight: Double) -> Double) {
    for (layer, candidate) in zip(layers, candidates) {
      for i in 0..<candidate.scores.count {
        candidate.scores.pointer[i] = score(layer.gradient.pointer[i], layer.weights.pointer[i])
      }
    }
  }

  /// dL/dW of the mean loss over all samples, into the probe's layers.
  private func gradient() throws(Failure) {
    guard let probe else { return }
    try eachBatch { accumulate in probe.backward(accumulate: accumulate) }
  }

  /// Forward and loss of each batch, then `body`. - body: is told whether there was a batch before.
  private func eachBatch(_ body: (Bool) -> Void) throws(Failure) {
    guard let probe, let data else { return }
    var done = 0
    while done < data.samples {
      let count = min(Probe.batch, data.samples - done)
      probe.load(data.x + done * network.inputs, count: count)
      probe.forward()
      let loss = probe.measure(data.criterion, first: done, scale: 1 / Double(data.samples))
      guard loss.isFinite else { throw Failure(.nonFinite, "prune: the loss is \(loss); nothing has changed") }
      body(done > 0)
      done += count
    }
  }
}
