import Base
import Graphs
import KernelInterface
import Layers
import Machine
import Optimizers
import Sparse
import Topology

// What a network is to be, and what of it may change later.
extension Network {
  // MARK: Layers

  /// Add a layer on top of the last one, of the network's input, or of those that the description names.
  /// - Returns: its number.
  /// - Throws: `invalidState` after build; `unknownName` and `invalidArgument` for options that the kind does not have, values out
  ///   of their range, layers that there are not and shapes that do not meet. Nothing has changed then.
  @discardableResult
  public func add(_ description: LayerDescription<T>) throws(Failure) -> Int {
    try requireUnbuilt("add_\(description.kind.row.name)")
    try blueprint.plan.add(description)
    return layerCount
  }

  /// Say that a sample is a field with channels, of as many features as before. - Throws: `invalidState` after build;
  /// `invalidArgument` for another number of features, and when the layers that there are do not meet any more.
  public func setInputShape(_ shape: TensorShape) throws(Failure) {
    try requireUnbuilt("set_input_shape")
    guard (1...4).contains(shape.extents.count + 1) else {
      throw Failure(.invalidArgument, "set_input_shape: dimensions must be in 1 .. 4, got \(shape.extents.count + 1)")
    }
    try shape.check("set_input_shape: the input")
    guard shape.features == inputs else {
      throw Failure(
        .invalidArgument, "set_input_shape: \(shape) are \(shape.features) values a sample, the network has \(inputs) inputs")
    }
    try blueprint.plan.setInputShape(shape)
  }

  /// What comes out of a layer for one sample, or for 0 what a sample of the network's input looks like.
  public func shape(ofLayer layer: Int) throws(Failure) -> TensorShape {
    layer == 0 ? blueprint.plan.inputShape : blueprint.plan.shapes[try blueprint.plan.index(layer)]
  }

  /// a = f(W x + b). - units: 1 ... 2^31 - 1. - density: in (0, 1]; 1: dense.
  public func addLinear(_ units: Int, density: Double = 1, activation: Activation = .identity) throws(Failure) {
    // Here, because a size of 2^53 and more would not be named exactly as an option's value.
    try Check.size(units, "linear layer \(layerCount + 1): units")
    try add(.linear(units, density: density, activation: activation))
  }

  /// - probability: in [0, 1).
  public func addDropout(_ probability: Double) throws(Failure) { try add(.dropout(probability: probability)) }

  /// Spread one density over the linear layers at build; see include/espalier.h.
  public func setDistribution(_ kind: Distribution, density: Double) throws(Failure) {
    try requireUnbuilt("set_distribution")
    try Check.density(density, "set_distribution")
    blueprint.distribution = .overall(kind, density)
  }

  /// Let a function say the densities at build, in the place of a distribution; nil: no more.
  public func setDensities(_ body: DensityFunction?) throws(Failure) {
    try requireUnbuilt("set_densities")
    blueprint.distribution = body.map { .function($0) }
  }

  /// Give a linear layer a pattern of the caller's, and weights in its slot order or nil.
  package func setPattern(_ layer: Int, _ pattern: Pattern, values: Buffer<T>?) throws(Failure) {
    try requireUnbuilt("set_pattern")
    _ = try blueprint.plan.connected(layer)
    try blueprint.plan.change(layer) { changed throws(Failure) in
      try changed.options.set(LayerOption.density, pattern.density)
      changed.pattern = pattern
      changed.values = values
    }
  }

  /// Connect the units of a linear layer to the inputs at the cells around their own. Its units and its inputs are channels of the
  /// same cells, channel after channel.
  /// - cells: of a grid or a mesh; they must divide the units and the inputs. - around: makes their neighbourhood, for messages by
  ///   the name that it is given.
  package func setPattern(
    _ layer: Int, cells: Int, around: (String) throws(Failure) -> Neighbourhood
  ) throws(Failure) {
    try requireUnbuilt("set_pattern")
    let asked = try blueprint.plan.connected(layer)
    let (shape, owner) = (try blueprint.plan.weightShape(layer), asked.owner)
    guard asked.kind == .linear else {
      throw Failure(.invalidArgument, "\(owner): neighbours of cells are for linear layers")
    }
    for (count, what) in [(shape.rows, "units"), (shape.columns, "inputs")] where cells < 1 || count % cells != 0 {
      throw Failure(.invalidArgument, "\(owner): its \(count) \(what) must be channels of the \(cells) cells")
    }
    let pattern = try Pattern(
      try around(owner), channels: shape.rows / cells, inputChannels: shape.columns / cells, owner: owner)
    try setPattern(layer, pattern, values: nil)
  }

  // MARK: Loss, optimizers, topology

  /// One loss for all outputs. Any time.
  public func setLoss(_ kind: LossKind) {
    blueprint.loss = kind
    blueprint.lossTerms = []
    built?.objective.use(kind, nil)
    built?.weigh()
  }

  /// Compare some outputs by a loss of their own, in the place of the network's loss for all of them: the loss of a sample is then the
  /// sum of all that have been added, each times its weight. Outputs in none of them have no loss; those in several have all of
  /// theirs. ``setLoss(_:)`` takes all of them away. Any time.
  /// - first: from 0. - weight: > 0.
  /// - Throws: `invalidArgument`, `outOfMemory`. Nothing has changed then.
  public func addLoss(first: Int, count: Int, _ kind: LossKind, weight: Double = 1) throws(Failure) {
    guard first >= 0, first < Int(Int32.max) else {
      throw Failure(.invalidArgument, "add_loss: first must be in 0 .. \(Int32.max - 1), got \(first)")
    }
    try Check.size(count, "add_loss: count")
    let largest = Option.limit(T.self)
    guard weight > 0, weight <= largest, !weight.isSubnormal else {
      throw Failure(.invalidArgument, "add_loss: weight must be in (0, \(largest)], got \(weight)")
    }
    let terms = blueprint.lossTerms + [LossTerm(first: first, count: count, kind: kind, weight: weight)]
    if let built {
      let made = try LossTerms<T>(terms, batch: built.maximumBatch)
      try made.check(outputs: outputs, "add_loss")
      built.objective.use(blueprint.loss, made)
      built.weigh()
    }
    blueprint.lossTerms = terms
  }

  /// An instance of its own for the layer, or for every layer (0); state starts anew.
  public func setOptimizer(_ optimizer: Optimizer, layer: Int = 0) throws(Failure) {
    try optimizer.check()
    try optimizer.options.check(for: T.self)
    let numbers = try blueprint.plan.learningLayers(layer)
    if let built {
      // All instances first: when one cannot be made, no layer has changed.
      var instances: [OptimizerInstance<T>] = []
      for number in numbers { instances.append(try OptimizerInstance(optimizer, parameters: try trained(number).parameters)) }
      for (number, instance) in zip(numbers, instances) { try trained(number).optimizer = instance }
      built.weigh()
    }
    if layer == 0 { blueprint.optimizers.removeAll() }
    blueprint.optimizers[layer] = optimizer
  }

  /// Give layers a topology method: one layer an instance of its own, or all that it can change (0) one that changes them
  /// together. A method that takes connections away for good also changes dense layers, unless their density is fixed; others
  /// pass over them, and naming one is an error.
  public func setTopology(_ method: TopologyMethod, layer: Int = 0) throws(Failure) {
    try method.check(for: T.self)
    let numbers = try blueprint.plan.connectedLayers(layer)
    if layer != 0, method.changesPatterns, !method.thins {
      let asked = try blueprint.plan.connected(layer)
      let isDense = isBuilt ? try connected(layer).sparse == nil : asked.isDense && !blueprint.isDistributed
      guard !isDense else {
        throw Failure(.invalidArgument, "set_topology: \(asked.owner) is dense and has no pattern to change")
      }
    }
    var changed = blueprint
    if layer == 0 { changed.topologies = [:] }
    changed.topologies[layer] = method
    if let built {
      if layer == 0 {
        let chosen = built.store.layers.filter { changed.isChangeable($0, by: method, isSparse: $0.sparse != nil) }
        try built.install(method, on: chosen, keeping: [], changed)
      } else {
        let chosen = try connected(numbers[0])
        try built.install(
          method, on: method.changesPatterns ? [chosen] : [], keeping: built.evolver.units(without: chosen), changed)
      }
    }
    blueprint = changed
  }

  // MARK: Options by name

  /// - Throws: `unknownName`; `invalidArgument`; `outOfMemory` for "dense_crossover" after build, which makes the layers'
  ///   scratch anew. Nothing has changed then.
  public func setOption(_ name: String, _ value: Double) throws(Failure) {
    let option = try blueprint.options.index(of: name)
    if !blueprint.options.table[option].isLive { try requireUnbuilt("network: \(name)") }
    var changed = blueprint
    try changed.options.set(name, value)
    if let built {
      if option == NetworkOption.denseCrossover { try built.setDenseCrossover(value, changed) }
      built.objective.follow(changed.options)
    }
    blueprint = changed
  }

  /// - threads: 1 ... 1024, or 0 for the default.
  public func setThreads(_ threads: Int) throws(Failure) {
    guard threads >= 0, threads <= 1024 else {
      throw Failure(.invalidArgument, "set_threads: threads must be in 0 .. 1024, got \(threads)")
    }
    var changed = blueprint
    changed.threads = threads
    if let built {
      if built.usesBLAS { try changed.reserveBLAS() }
      try built.start(threads: changed.threadCount)
    }
    blueprint = changed
  }

  public func setLayerOption(_ layer: Int, _ name: String, _ value: Double) throws(Failure) {
    let asked = blueprint.plan.layers[try blueprint.plan.index(layer)].options
    if !asked.table[try asked.index(of: name)].isLive { try requireUnbuilt("\(asked.owner): \(name)") }
    try blueprint.plan.change(layer) { changed throws(Failure) in
      try changed.options.set(name, value)
      try changed.options.check(for: T.self)
      if name == LayerOption.density {
        changed.pattern = nil
        changed.values = nil
      }
    }
    built?.graph.layers[layer - 1].set(name, value)
  }

  /// Change a hyperparameter of a layer's own optimizer, or of every layer's (0); state stays.
  public func setOptimizerOption(_ layer: Int, _ name: String, _ value: Double) throws(Failure) {
    let numbers = try blueprint.plan.learningLayers(layer)
    var changes: [(instance: OptimizerInstance<T>, change: OptimizerInstance<T>.Change)] = []
    for number in numbers {
      let instance = try optimizer(number)
      changes.append((instance, try instance.change(name, value)))
    }
    for (instance, change) in changes { instance.adopt(change) }
    built?.weigh()
  }

  @_specialize(where T == Float)
  @_specialize(where T == Double)
  public func optimizerOption(_ layer: Int, _ name: String) throws(Failure) -> Double { try optimizer(layer).get(name) }

  @_specialize(where T == Float)
  @_specialize(where T == Double)
  private func optimizer(_ layer: Int) throws(Failure) -> OptimizerInstance<T> {
    let trained = try trained(layer)
    guard let instance = trained.optimizer else {
      throw Failure(.invalidState, "\(trained.name) has no optimizer; call set_optimizer first")
    }
    return instance
  }
}
