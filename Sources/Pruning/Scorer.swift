import Base
import Graphs
import Layers
import Machine
import Sparse

/// Computes what connections are judged by: a larger score is more reason to stay.
package struct Scorer<T: Scalar> {
  /// The layers that take part.
  private let subjects: [PruningSubject<T>]
  /// What is left of their connections in this round: scores, and marks of those that stay.
  package private(set) var candidates: [Candidates]
  /// Marks of the connections that were there at first, a layer each; empty in the first round.
  private var survivors: [Buffer<UInt8>] = []
  private let method: PruningMethod
  private let data: PruningData<T>?
  private let random: PruningRandom
  /// nil for criteria that look at no more than the weights.
  private let probe: Probe?
  /// The probe's layers that take part, in order.
  private let layers: [ProbeLayer]

  /// - data: what the criterion needs. - Throws: `outOfMemory`; `invalidState` for a layer that the scores do not go through.
  package init(
    _ method: PruningMethod, _ source: ProbeSource<T>, _ subjects: [PruningSubject<T>], _ data: PruningData<T>?,
    _ random: PruningRandom
  ) throws(Failure) {
    var candidates: [Candidates] = []
    for subject in subjects { candidates.append(try Candidates(name: subject.name, count: subject.layer.weights.count)) }
    self.candidates = candidates
    self.method = method
    self.subjects = subjects
    self.data = data
    self.random = random
    switch method.criterion {
    case .random, .magnitude, .obs, .sparseGPT: probe = nil
    case .synflow: probe = try Probe(source, samples: 1, linearised: true)
    case .snip, .grasp, .fisher: probe = try Probe(source, samples: data?.samples ?? 1)
    }
    if probe?.usesBLAS == true { try OpenBLAS.reserve(callers: source.executor.threads) }
    layers = subjects.compactMap { [probe] subject in probe?.layers.first { $0.number == subject.number } }
  }

  /// The next round begins: connections whose mark is 0 are gone, and have no part in the scores to come.
  package mutating func advance() throws(Failure) {
    foldMarks()
    try probe?.keep(Array(zip(layers, candidates.map(\.marks))))
    for (i, candidate) in candidates.enumerated() {
      let present = candidate.present
      if present < candidate.marks.count { candidates[i] = try Candidates(name: candidate.name, count: present) }
    }
  }

  /// After the last round: marks of the connections that were there at first, a buffer a layer.
  package consuming func finish() -> [Buffer<UInt8>] {
    foldMarks()
    return survivors
  }

  /// Let the marks of the round that has ended count among all connections. Once a round.
  private mutating func foldMarks() {
    guard !survivors.isEmpty else {
      survivors = candidates.map(\.marks)
      return
    }
    // Of a layer that has lost nothing before they are the same.
    for (marks, candidate) in zip(survivors, candidates) where marks !== candidate.marks {
      var next = 0
      for slot in 0..<marks.count where marks.pointer[slot] != 0 {
        marks.pointer[slot] = candidate.marks.pointer[next]
        next += 1
      }
    }
  }

  /// Compute the scores.
  package func score() throws(Failure) {
    let environment = FloatingPointEnvironment.begin()
    defer { environment.end() }
    let blas = probe?.usesBLAS == true ? BLASThreads.begin() : nil
    defer { blas?.end() }
    switch method.criterion {
    case .random: draw()
    case .magnitude:
      for (subject, layer) in zip(subjects, candidates) {
        guard let weights = subject.layer.weights.values else { continue }
        widen(weights, count: layer.scores.count, into: layer.scores.pointer)
        for i in 0..<layer.scores.count { layer.scores.pointer[i] = layer.scores.pointer[i].magnitude }
      }
    case .snip:
      try gradient()
      fill { gradient, weight in (gradient * weight).magnitude }
    case .grasp:
      try curvature()
    case .synflow:
      flow()
      fill { gradient, weight in gradient * weight }
    case .fisher:
      try squares()
      fill { square, weight in 0.5 * square * weight * weight }
    // These do not judge connections one by one: see Pruner+Reconstruct.swift.
    case .obs, .sparseGPT: break
    }
  }

  /// Independent numbers: every set of connections is equally likely to stay.
  private func draw() {
    for (subject, layer) in zip(subjects, candidates) {
      var random = random.source(subject.number)
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
    guard let probe, let data else { return }
    try eachBatch(scale: 1 / Double(data.samples)) { accumulate, _ in probe.backward(accumulate: accumulate) }
  }

  /// The mean over the samples of each one's squared dL/dW: the diagonal of the empirical Fisher matrix.
  private func squares() throws(Failure) {
    guard let probe, let data else { return }
    let spare = try ProbeSpare(probe)
    // The square of the scale of each sample's part.
    let scale = (1 / Double(data.samples)).squareRoot()
    try eachBatch(scale: scale) { accumulate, _ in probe.backwardSquares(accumulate: accumulate, spare) }
  }

  /// w H g, g the gradient and H the Hessian of the mean loss: minus GraSP's score, of which the largest go (Wang et al. 2020,
  /// equation 8). Their code splits the samples in two and adds up: a matter of memory, and of a factor for all.
  private func curvature() throws(Failure) {
    guard let probe, let data else { return }
    let spare = try ProbeSpare(probe)
    let curvature = try ProbeCurvature(probe, spare)
    try gradient()
    curvature.aim()
    let scale = 1 / Double(data.samples)
    try eachBatch(scale: scale, forward: curvature.forward) { accumulate, criterion in
      curvature.differentiate(criterion, scale: scale)
      curvature.backward(accumulate: accumulate)
    }
    for (layer, candidate) in zip(layers, candidates) {
      let product = curvature.result(layer)
      for i in 0..<candidate.scores.count { candidate.scores.pointer[i] = layer.weights.pointer[i] * product[i] }
    }
  }

  /// dR/d|W| of R = 1^T |W_L| .. |W_1| 1 (Tanaka et al. 2020, equation 2).
  private func flow() {
    guard let probe else { return }
    probe.loadOnes()
    probe.forward()
    probe.outputGradient.update(repeating: 1, count: probe.outputs)
    probe.backward(accumulate: false)
  }

  /// Forward and loss of each batch, then `body`.
  /// - scale: factor on the derivative of the losses' sum. - forward: instead of the probe's own.
  /// - body: is told whether there was a batch before, and what the loss was.
  private func eachBatch(
    scale: Double, forward: (() -> Void)? = nil, _ body: (Bool, LossCriterion<T>) -> Void
  ) throws(Failure) {
    guard let probe, let data else { return }
    var done = 0
    while done < data.samples {
      let count = min(Probe.batch, data.samples - done)
      probe.load(data.x, first: done, count: count)
      if let forward { forward() } else { probe.forward() }
      let loss = probe.measure(data.criterion, first: done, scale: scale)
      guard loss.isFinite else { throw Failure(.nonFinite, "prune: the loss is \(loss); nothing has changed") }
      body(done > 0, data.criterion)
      done += count
    }
  }
}
