import Base
import Layers
import Machine
import Optimizers
import Topology

// Lottery tickets (Frankle and Carbin 2019): train, prune, put what is left back to where it was, train again.
extension Network {
  /// Keep a copy of all parameters, and of what layers keep beside them, for ``rewind()``, in place of an earlier one. It follows
  /// the connections through every change of pattern. Memory: one value for each of them.
  /// - Throws: `invalidState` before build; `outOfMemory`. What was kept before is kept then.
  public func remember() throws(Failure) {
    _ = try requireBuilt("remember")
    var kept: [RememberedParameters<T>] = []
    for trainer in trainers { kept.append(try RememberedParameters(trainer)) }
    let state = try RememberedState(layers)
    for (trainer, kept) in zip(trainers, kept) { trainer.remembered = kept }
    remembered = state
    weigh()
  }

  /// Begin the training again with the connections there are now: parameters and what layers keep beside them are what they were
  /// at ``remember()``, bit for bit, and connections that have come since are 0; gradients are 0; optimizers forget their state,
  /// steps and epochs count from 0, and topology methods start afresh. Hyperparameters stay, and draws of shuffling and dropout go on. The copy
  /// is kept: one may rewind again.
  /// - Throws: `invalidState` before build or when nothing is remembered; `outOfMemory`. Nothing has changed then.
  public func rewind() throws(Failure) {
    _ = try requireBuilt("rewind")
    guard let remembered else {
      throw Failure(.invalidState, "rewind: nothing is remembered; call remember first")
    }
    let units = try makeTopologyUnits(trainers) { $0.connected?.pattern }
    // Nothing fails from here on.
    for trainer in trainers {
      trainer.remembered?.restore(trainer.layer)
      trainer.connected?.forwardSet = nil
      trainer.optimizer?.reset()
      trainer.steps = 0
    }
    remembered.restore(layers)
    gradients?.update(repeating: 0)
    steps = 0
    epochs = 0
    pendingGradients = 0
    hasGradients = false
    forwardBatch = nil
    holdsGradients = false
    use(units)
  }
}
