import Base
import Layers
import Machine

/// Where training stands: how often it has done what, what the layers' panels hold, and what the gradient array holds.
struct Phase {
  /// What the layers' panels hold.
  private enum Panels {
    /// Nothing that a training pass could go on from.
    case stale
    /// The activations of a training batch.
    case forward(batch: Int)
    /// The gradients of the activations as well.
    case backward(batch: Int)
  }

  private var panels = Panels.stale
  /// Training passes so far: the counter behind dropout's draws.
  private var passes: UInt64 = 0
  /// Key of the last pass's draws, which backward draws again.
  private(set) var passKey: UInt64 = 0

  /// Backward passes since the last update.
  private(set) var pendingGradients = 0
  /// Whether there has been a backward pass since build, so that `update` has something to apply.
  private(set) var hasGradients = false
  /// Whether the gradients are more than those of the last backward pass.
  private(set) var gradientsAreSums = false

  /// Updates done.
  private(set) var steps = 0
  /// Epochs that have ended.
  private(set) var epochs = 0
  /// Prunings done: the counter behind random pruning's draws.
  private(set) var prunings = 0

  mutating func visit(_ visitor: inout some StateVisitor) {
    visitor.number("passes", &passes)
    visitor.number("steps", &steps)
    visitor.number("epochs", &epochs)
    visitor.number("prunings", &prunings)
    visitor.number("pending_gradients", &pendingGradients)
    visitor.number("has_gradients", &hasGradients)
    visitor.number("gradients_are_sums", &gradientsAreSums)
  }

  /// Batch whose activations the layers hold after a training pass; nil when there are none.
  var forwardBatch: Int? {
    switch panels {
    case .stale: nil
    case .forward(let batch), .backward(let batch): batch
    }
  }

  /// Whether the layers hold the gradient panels of `forwardBatch` as well.
  var holdsGradientPanels: Bool {
    if case .backward = panels { true } else { false }
  }

  // MARK: What happens in a step

  /// The layers' panels are about to be written.
  mutating func forgetPanels() { panels = .stale }

  /// Key of the draws of the pass to come.
  func nextKey(seed: Int64) -> UInt64 {
    RandomSource.mix(UInt64(bitPattern: seed) ^ RandomSource.mix(passes &+ Stream.dropout << 56))
  }

  /// A pass begins: whatever comes, the layers' panels are no longer those of the last one.
  mutating func begin(_ pass: Pass) {
    panels = .stale
    passKey = pass.key
  }

  /// A training pass forward has come to a good end.
  mutating func endForward(batch: Int) {
    passes &+= 1
    panels = .forward(batch: batch)
  }

  /// The gradient array has been written. - accumulates: whether it has been added to.
  mutating func receiveGradients(accumulates: Bool) {
    pendingGradients = accumulates ? pendingGradients + 1 : 1
    gradientsAreSums = accumulates
    hasGradients = true
  }

  /// A pass backward has come to a good end.
  mutating func endBackward() {
    if let forwardBatch { panels = .backward(batch: forwardBatch) }
  }

  /// The optimizers have made their step.
  mutating func endUpdate() {
    steps += 1
    pendingGradients = 0
  }

  mutating func endEpoch() { epochs += 1 }
  mutating func endPruning() { prunings += 1 }

  /// What is accumulated is not to be gone on from.
  mutating func forgetAccumulated() { pendingGradients = 0 }

  /// The gradient array is another, or holds nothing.
  mutating func forgetGradients() {
    pendingGradients = 0
    hasGradients = false
  }

  /// Training begins again. Draws go on.
  mutating func rewind() {
    steps = 0
    epochs = 0
    forgetGradients()
    panels = .stale
  }
}
