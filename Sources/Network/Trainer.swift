import Base
import Layers
import Machine
import Optimizers
import Sparse
import Topology

/// What changes one layer's parameters: its optimizer, its topology method, and how often they acted.
final class Trainer<T: Scalar> {
  /// Number of the layer in the network, from 1.
  let number: Int
  let layer: any Layer<T>
  /// The layer as what can be asked for its dense gradient. Made here, because the first conversion of a process allocates.
  let gradients: (any DenseGradientSource<T>)?
  var optimizer: OptimizerInstance<T>?
  var topology: TopologyInstance<T>?
  /// Optimizer steps of this layer since build: the clock of its topology schedule.
  var steps = 0
  /// A topology update is due and waits for `evolve`.
  var awaitsEvolution = false

  init(number: Int, layer: any Layer<T>) {
    self.number = number
    self.layer = layer
    gradients = layer as? Linear<T>
  }

  /// The layer as one with a pattern, if it is one.
  var sparse: Linear<T>? {
    guard let linear = layer as? Linear<T>, linear.pattern != nil else { return nil }
    return linear
  }

  /// One optimizer step, unless a topology update takes its place.
  @_specialize(where T == Float)
  @_specialize(where T == Double)
  func update(gradientScale: Double, executor: any Executor) throws(Failure) {
    if let topology, topology.replacesStep, topology.isDue(step: steps) {
      awaitsEvolution = true
      topology.noteDue(step: steps)
      return
    }
    try optimizer?.step(gradientScale: gradientScale, executor: executor)
    steps += 1
    if let topology, !topology.replacesStep, topology.isDue(step: steps) {
      awaitsEvolution = true
      topology.noteDue(step: steps)
    }
  }
}
