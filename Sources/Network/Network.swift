import Base
import Graphs
import KernelInterface
import Layers
import Machine
import Optimizers
import Sparse
import Topology

/// A sequence of layers that trains in place: in the library's arrays, or in the caller's once bound.
///
/// Describe (`add...`), then `build`, then train. One thread at a time may use a network; distinct networks are
/// independent. Layers are numbered from 1; 0 stands for every layer that has weights.
///
/// The life of its memory: `build` allocates patterns, parameters and all panels; after it and one warm-up step the calls
/// that train, update and predict allocate nothing.
public final class Network<T: Scalar> {
  /// Features of a sample.
  public let inputs: Int
  /// Of every random draw.
  public let seed: Int64

  // What was asked for.
  var plan: GraphPlan<T>
  var distribution: Distributing?
  var loss = LossKind.meanSquaredError
  /// Losses of some outputs each, in the place of `loss`.
  var lossTerms: LossTerms<T>?
  var options = OptionValues(owner: "network", table: NetworkOption.table)
  var optimizers: [Int: Optimizer] = [:]
  var topologies: [Int: TopologyMethod] = [:]
  var reduction: Reduction<T>?

  // What build made of it.
  var layers: [any Layer<T>] = []
  /// The whole numbers that the input must consist of, if any layer asks for such.
  var inputNumbers: [InputNumbers] = []
  /// The network's own input while the caller has bound it.
  var ownInput: InputSource<T>?
  /// Inputs beside it.
  var furtherInputs: [InputSource<T>] = []
  /// Whether an array is bound to the gradient of any of them.
  var wantsInputGradients = false
  /// One for each layer with parameters, in order.
  var trainers: [Trainer<T>] = []
  /// Layers that change their patterns together.
  var topologyUnits: [TopologyUnit<T>] = []
  /// The library's own parameters and gradients, in use while nothing is bound.
  var own: Arrays<T>?
  /// Where parameters and gradients are.
  var values: UnsafeMutableBufferPointer<T>?
  var gradients: UnsafeMutableBufferPointer<T>?
  public internal(set) var isBound = false
  /// Elements of the caller's arrays, while bound.
  var boundCount = 0
  public internal(set) var maximumBatch = 0
  var workspace: Workspace<T>?
  /// Threads asked for; 0: the default.
  var wantedThreads = 0
  /// One thread until build: a network that is only described needs no workers.
  var executor: ThreadPool

  /// Bytes that the library holds: indices, panels, moments, and parameters when they are its own; and of each layer without
  /// parameters and moments. As of the last ``weigh()``.
  var held: (total: Int, layers: [Int]) = (0, [])
  /// What `rewind` goes back to, the parameters apart.
  var remembered: RememberedState?

  // Where training stands.
  /// Training passes so far: the counter behind dropout's draws.
  var passes: UInt64 = 0
  /// Key of the last pass's draws.
  var passKey: UInt64 = 0
  /// Backward passes since the last update.
  var pendingGradients = 0
  /// Epochs that have ended.
  public internal(set) var epochs = 0
  /// Updates done.
  public internal(set) var steps = 0
  /// Prunings done: the counter behind random pruning's draws.
  var prunings = 0
  /// Batch whose training activations the layers hold; nil when there are none.
  var forwardBatch: Int?
  /// Whether somebody else knows where the gradients are, and may have changed them since the last backward pass.
  var gradientsAreShared = false
  /// Whether the gradients are more than those of the last backward pass.
  var gradientsAreSums = false
  /// Whether the layers hold the gradient panels of `forwardBatch` as well.
  var holdsGradients = false
  /// Whether there has been a backward since build: `update` has something to apply.
  var hasGradients = false
  var shuffler: RandomSource
  var order: Buffer<Int64>?

  /// - inputs: 1 ... 2^31 - 1.
  public init(inputs: Int, seed: Int64 = 0) throws(Failure) {
    try Check.size(inputs, "inputs")
    self.inputs = inputs
    plan = GraphPlan(inputShape: TensorShape(features: inputs))
    self.seed = seed
    shuffler = RandomSource(seed: UInt64(bitPattern: seed), stream: Stream.shuffling)
    executor = try ThreadPool(threads: 1)
  }

  public var isBuilt: Bool { workspace != nil }
  public var layerCount: Int { plan.layers.count }

  /// Outputs of the last layer; `inputs` while there is none.
  public var outputs: Int { plan.outputs }

  /// Class numbers that a sample has: one for each place where the outputs are a field, or for each loss of some outputs.
  public var labelsPerSample: Int { lossTerms?.terms.count ?? plan.outputPlaces }

  func requireBuilt(_ call: String) throws(Failure) -> Workspace<T> {
    guard let workspace else { throw Failure(.invalidState, "\(call): the network is not built yet; call build first") }
    return workspace
  }

  func requireUnbuilt(_ call: String) throws(Failure) {
    guard !isBuilt else { throw Failure(.invalidState, "\(call): the network is built already") }
  }

  /// The matrix of positions of a layer that must have connections.
  package func weightShape(_ layer: Int) throws(Failure) -> WeightShape { try plan.weightShape(layer) }

  /// The trainer of a layer that must have connections.
  func trainer(_ layer: Int) throws(Failure) -> Trainer<T> {
    _ = try plan.connected(layer)
    return try learner(layer)
  }

  /// The trainer of a layer that must have parameters.
  func learner(_ layer: Int) throws(Failure) -> Trainer<T> {
    _ = try plan.learning(layer)
    for trainer in trainers where trainer.number == layer { return trainer }
    throw Failure(.invalidState, "layer \(layer): the network is not built yet; call build first")
  }
}

/// Parameters and gradients of a whole network.
struct Arrays<T: Scalar> {
  let values: Buffer<T>
  let gradients: Buffer<T>
}

/// What passes need beside the layers' own panels. A class, because it is handed around in every step: to copy a structure
/// counts the references to each of its buffers.
final class Workspace<T: Scalar>: Stateful {
  /// The layers, and the packed batch.
  let graph: Graph<T>
  /// The packed targets, (outputs, batch).
  let target: Buffer<T>
  /// One byte a block of 16 features of inputs or outputs.
  let nonFinite: Buffer<UInt8>
  /// One byte an output of each layer, for accounts.
  let goesOn: Buffer<UInt8>
  /// One a panel.
  let losses: Buffer<Double>
  let correct: Buffer<Int64>
  var norm: GlobalNorm<T>
  var usesBLAS: Bool
  var gradientGuard: GradientGuard<T>
  /// What the layers share.
  var scratch: Buffer<T>

  func visit(_ visitor: inout some StateVisitor) {
    visitor.part("graph", graph)
    visitor.part("gradient_guard", gradientGuard)
    visitor.part("norm", norm)
    visitor.scratch(target, nonFinite, goesOn, losses, correct, scratch)
  }

  /// - features: the most of the inputs and the outputs. - samples: elements of a panel of one feature.
  init(
    graph: Graph<T>, target: Buffer<T>, features: Int, samples: Int, norm: GlobalNorm<T>,
    gradientGuard: GradientGuard<T>, usesBLAS: Bool, scratch: Buffer<T>
  ) throws(Failure) {
    self.graph = graph
    self.target = target
    nonFinite = try Buffer(count: (features + 15) / 16, of: "workspace")
    goesOn = try Buffer(count: graph.layers.total { $0.outputs }, of: "workspace")
    losses = try Buffer(count: samples, of: "workspace")
    correct = try Buffer(count: samples, of: "workspace")
    self.norm = norm
    self.gradientGuard = gradientGuard
    self.usesBLAS = usesBLAS
    self.scratch = scratch
  }
}

/// Streams of the seed, one a purpose; a layer adds its number.
enum Stream {
  static let shuffling: UInt64 = 1
  static let dropout: UInt64 = 2
  static let pattern: UInt64 = 1 << 32
  static let weights: UInt64 = 2 << 32
  static let topology: UInt64 = 3 << 32
  static let mask: UInt64 = 4 << 32
  static let pruning: UInt64 = 5 << 32
}
