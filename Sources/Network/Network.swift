import Base
import Graphs
import Layers
import Machine
import Optimizers
import Sparse
import Topology

/// A graph of layers that trains in place: in the library's arrays, or in the caller's once bound.
///
/// Describe (`add...`), then `build`, then train. One thread at a time may use a network; distinct networks are
/// independent. Layers are numbered from 1; 0 stands for every layer that has weights.
///
/// The network itself is only the door: what was asked for is in its blueprint, and what build makes of that in ``Built``: the graph of
/// layers, where their parameters are, the phase that training is in, who changes patterns, and the accounts.
public final class Network<T: Scalar> {
  var blueprint: Blueprint<T>
  /// nil before build.
  private(set) var built: Built<T>?

  /// - inputs: features of a sample, 1 ... 2^31 - 1. - seed: of every random draw.
  public init(inputs: Int, seed: Int64 = 0) throws(Failure) {
    try Check.size(inputs, "inputs")
    blueprint = Blueprint(seed: seed, plan: GraphPlan(inputShape: TensorShape(features: inputs)))
  }

  /// Draw patterns and weights and allocate everything that training needs. Once. On failure nothing has changed.
  /// - maximumBatch: the largest batch for forward and trainStep, 1 ... 2^31 - 1.
  public func build(maximumBatch: Int) throws(Failure) {
    try requireUnbuilt("build")
    try Check.size(maximumBatch, "build: max_batch")
    try blueprint.plan.requireWhole()
    let settled = try blueprint.distributed()
    built = try Built(settled, maximumBatch: maximumBatch)
    blueprint = settled
  }

  public var isBuilt: Bool { built != nil }
  /// Features of a sample.
  public var inputs: Int { blueprint.inputs }
  /// Of every random draw.
  public var seed: Int64 { blueprint.seed }
  public var layerCount: Int { blueprint.plan.layers.count }
  /// Outputs of the last layer; `inputs` while there is none.
  public var outputs: Int { blueprint.plan.outputs }
  /// Class numbers that a sample has: one for each place where the outputs are a field, or for each loss of some outputs.
  public var labelsPerSample: Int { blueprint.labelsPerSample }
  /// The largest batch; 0 before build.
  public var maximumBatch: Int { built?.maximumBatch ?? 0 }
  /// Whether the caller's arrays are in use.
  public var isBound: Bool { built?.store.isBound ?? false }
  /// Updates done.
  public var steps: Int { built?.phase.steps ?? 0 }
  /// Epochs that have ended.
  public var epochs: Int { built?.phase.epochs ?? 0 }

  // MARK: Lottery tickets (Frankle and Carbin 2019): train, prune, put what is left back to where it was, train again.

  /// Keep a copy of all parameters, and of what layers keep beside them, for ``rewind()``, in place of an earlier one. It follows
  /// the connections through every change of pattern. Memory: one value for each of them.
  /// - Throws: `invalidState` before build; `outOfMemory`. What was kept before is kept then.
  public func remember() throws(Failure) { try requireBuilt("remember").remember() }

  /// Begin the training again with the connections there are now: parameters and what layers keep beside them are what they were
  /// at ``remember()``, bit for bit, and connections that have come since are 0; gradients are 0; optimizers forget their state,
  /// steps and epochs count from 0, and topology methods start afresh. Hyperparameters stay, and draws of shuffling and dropout go on.
  /// The copy is kept: one may rewind again.
  /// - Throws: `invalidState` before build or when nothing is remembered; `outOfMemory`. Nothing has changed then.
  public func rewind() throws(Failure) {
    let built = try requireBuilt("rewind")
    guard let remembered = built.remembered else {
      throw Failure(.invalidState, "rewind: nothing is remembered; call remember first")
    }
    let units = try blueprint.makeUnits(built.store.layers, batch: built.maximumBatch) { $0.connected?.pattern }
    built.rewind(to: remembered, units)
  }

  // MARK: State

  /// Show everything that training goes on from between two steps, and all memory; see ``Built/visit(_:)``.
  package func visit(_ visitor: inout some StateVisitor) { built?.visit(&visitor) }

  // MARK: What calls require

  @inline(__always)
  func requireBuilt(_ call: String) throws(Failure) -> Built<T> {
    guard let built else { throw Failure(.invalidState, "\(call): the network is not built yet; call build first") }
    return built
  }

  func requireUnbuilt(_ call: String) throws(Failure) {
    guard !isBuilt else { throw Failure(.invalidState, "\(call): the network is built already") }
  }

  /// A layer that must have connections, once it is built.
  @_specialize(where T == Float)
  @_specialize(where T == Double)
  func connected(_ layer: Int) throws(Failure) -> TrainedLayer<T> {
    _ = try blueprint.plan.connected(layer)
    return try trained(layer)
  }

  /// A layer that must have parameters, once it is built.
  @_specialize(where T == Float)
  @_specialize(where T == Double)
  func trained(_ layer: Int) throws(Failure) -> TrainedLayer<T> {
    _ = try blueprint.plan.learning(layer)
    guard let found = built?.store.layer(layer) else {
      throw Failure(.invalidState, "layer \(layer): the network is not built yet; call build first")
    }
    return found
  }
}
