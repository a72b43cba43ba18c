import Base
import Graphs
import KernelInterface
import Layers
import Machine
import Sparse
import Topology

/// What build makes of a blueprint: all that a network trains with. After it and one warm-up step nothing is allocated in what trains,
/// updates and predicts.
final class Built<T: Scalar>: Stateful {
  let maximumBatch: Int
  let graph: Graph<T>
  let store: ParameterStore<T>
  let packer: Packer<T>
  let objective: Objective<T>
  let evolver = Evolver<T>()
  let accounts: Accounts<T>
  let shuffler: Shuffler
  var executor: ThreadPool
  var phase = Phase()
  private(set) var gradientGuard: GradientGuard<T>
  /// What the layers share.
  private(set) var scratch: Buffer<T>
  /// Whether passes call OpenBLAS.
  private(set) var passesUseBLAS: Bool
  /// What layers keep beside their parameters, as `rewind` goes back to it.
  private(set) var remembered: RememberedState?
  /// Bytes that the library holds: indices, panels, moments, and parameters when they are its own; and of each layer without
  /// parameters and moments. As of the last ``weigh()``.
  private(set) var held: (total: Int, layers: [Int]) = (0, [])

  /// Draw patterns and weights and allocate everything that training needs.
  /// - blueprint: whose densities are settled. - maximumBatch: the largest batch for training.
  /// - Throws: `outOfMemory`, `invalidArgument`, `numerical`; nothing is left behind.
  init(_ blueprint: Blueprint<T>, maximumBatch: Int) throws(Failure) {
    let plan = blueprint.plan
    let terms = blueprint.lossTerms.isEmpty ? nil : try LossTerms<T>(blueprint.lossTerms, batch: maximumBatch)
    try terms?.check(outputs: plan.outputs, "build")
    let (layers, trained) = try blueprint.makeLayers()
    store = try ParameterStore(trained)
    try blueprint.initialize(trained)
    for layer in trained {
      if let optimizer = blueprint.optimizers[layer.number] ?? blueprint.optimizers[0] { try layer.use(optimizer) }
    }
    // A smaller batch may take narrower panels but never more elements, up to one narrowest panel.
    let elements = PanelShape(batch: maximumBatch, elementSize: MemoryLayout<T>.stride).elements(features: 1)
    let origins = plan.origins
    for (position, layer) in layers.enumerated() where origins[position + 1] == position + 1 {
      try layer.plan(elements: elements)
    }
    scratch = try Buffer<T>(count: layers.map { $0.scratchElements }.max() ?? 0, of: "scratch of the layers")
    for layer in layers { layer.share(scratch) }
    graph = try Graph(
      layers, inputs: plan.layers.map(\.inputs), origins: origins, features: blueprint.inputs, elements: elements)
    packer = try Packer(graph, plan, elements: elements)
    objective = try Objective(
      blueprint.loss, terms, outputs: plan.outputs, places: plan.outputPlaces, elements: elements, blueprint.options)
    gradientGuard = try GradientGuard(graph, store)
    accounts = try Accounts(graph, store, inputs: plan.layers.map(\.inputs))
    shuffler = Shuffler(seed: blueprint.seed)
    passesUseBLAS = graph.usesBLAS
    self.maximumBatch = maximumBatch
    let units = try blueprint.makeUnits(trained, batch: maximumBatch) { $0.connected?.pattern }
    if passesUseBLAS { try blueprint.reserveBLAS() }
    executor = try ThreadPool(threads: blueprint.threadCount)
    evolver.use(units, in: trained)
    weigh()
  }

  // MARK: State

  /// Show everything that training goes on from between two steps, and all memory. Options are no part of it, and neither are
  /// descriptions of layers, optimizers and methods, from which a network is built: they say which parts there are.
  func visit(_ visitor: inout some StateVisitor) {
    phase.visit(&visitor)
    shuffler.visit(&visitor)
    store.visit(&visitor)
    evolver.visit(&visitor)
    for position in graph.layers.indices { visitLayer(position, &visitor) }
    visitor.part("remembered", remembered)
    visitor.part("graph", graph)
    visitor.part("packer", packer)
    visitor.part("objective", objective)
    visitor.part("gradient_guard", gradientGuard)
    visitor.part("accounts", accounts)
    visitor.scratch(scratch)
  }

  private func visitLayer(_ position: Int, _ visitor: inout some StateVisitor) {
    visitor.enter("layer", position + 1)
    graph.layers[position].visit(&visitor)
    store.layer(position + 1)?.visit(&visitor)
    visitor.leave()
  }

  /// Count the memory anew, whenever there is other memory: who asks for "bytes" must ask for none.
  func weigh() {
    held.total = bytes
    held.layers = graph.layers.indices.map { position in
      var count = ByteCount()
      graph.layers[position].visit(&count)
      store.layer(position + 1)?.connected?.visitStructure(&count)
      return count.bytes
    }
  }

  // MARK: What can be exchanged

  /// Whether passes or updates of patterns call OpenBLAS.
  var usesBLAS: Bool { passesUseBLAS || evolver.usesBLAS }

  /// Have a pool of another number of threads. - Throws: `outOfMemory`.
  func start(threads: Int) throws(Failure) {
    if threads != executor.threads { executor = try ThreadPool(threads: threads) }
  }

  /// Let layers become dense products above another density. - blueprint: with that option. - Throws: `outOfMemory`.
  func setDenseCrossover(_ value: Double, _ blueprint: Blueprint<T>) throws(Failure) {
    let connected = store.layers.compactMap(\.connected)
    let wanted = connected.map { $0.scratchElements($0.pattern, denseCrossover: value) }
    let scratch = try Buffer<T>(count: wanted.max() ?? 0, of: "scratch of the layers")
    if connected.contains(where: { $0.usesBLAS($0.pattern, value) }) { try blueprint.reserveBLAS() }
    for layer in connected { layer.denseCrossover = value }
    use(scratch)
  }

  /// Let the layers work in this scratch, of the most elements that one of them wants.
  func use(_ scratch: Buffer<T>) {
    for layer in graph.layers { layer.share(scratch) }
    self.scratch = scratch
    passesUseBLAS = graph.usesBLAS
    weigh()
  }

  func use(_ gradientGuard: GradientGuard<T>) { self.gradientGuard = gradientGuard }

  func use(_ units: [TopologyUnit<T>]) {
    evolver.use(units, in: store.layers)
    weigh()
  }

  // MARK: Lottery tickets

  /// Keep a copy of all parameters, and of what layers keep beside them, in place of an earlier one. - Throws: `outOfMemory`.
  func remember() throws(Failure) {
    var kept: [RememberedParameters<T>] = []
    for layer in store.layers { kept.append(try RememberedParameters(layer)) }
    let state = try RememberedState(graph.layers)
    for (layer, kept) in zip(store.layers, kept) { layer.remembered = kept }
    remembered = state
    weigh()
  }

  /// Go back to it. - units: made for the patterns that there are.
  func rewind(to remembered: RememberedState, _ units: [TopologyUnit<T>]) {
    for layer in store.layers { layer.rewind() }
    remembered.restore(graph.layers)
    store.gradients.update(repeating: 0)
    phase.rewind()
    use(units)
  }

  // MARK: Passes

  /// The pass over a batch. - accumulates: whether gradients are added to what the gradient array holds.
  @inline(__always)
  func pass(batch: Int, training: Bool, key: UInt64, accumulates: Bool = false) -> Pass {
    Pass(
      shape: PanelShape(batch: batch, elementSize: MemoryLayout<T>.stride), training: training, key: key,
      accumulate: accumulates, executor: executor)
  }

  /// Hold what is the library's while it computes.
  @_specialize(where T == Float)
  @_specialize(where T == Double)
  func hold() -> Hold { Hold(environment: .begin(), blas: passesUseBLAS ? .begin() : nil) }

  /// - Throws: `invalidArgument`, `batchTooLarge`.
  @_specialize(where T == Float)
  @_specialize(where T == Double)
  func check(batch: Int, _ call: String) throws(Failure) {
    guard batch >= 1 else { throw Failure(.invalidArgument, "\(call): batch must be at least 1, got \(batch)") }
    guard batch <= maximumBatch else {
      throw Failure(.batchTooLarge, "\(call): batch is \(batch), the network was built for at most \(maximumBatch)")
    }
  }
}

/// What is held while the library computes: the floating-point environment, and OpenBLAS's threads if it is used.
struct Hold {
  let environment: FloatingPointEnvironment
  let blas: BLASThreads?

  func release() {
    blas?.end()
    environment.end()
  }
}
