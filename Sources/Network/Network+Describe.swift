import Base
import Graphs
import KernelInterface
import Layers
import Machine
import Optimizers
import Sparse
import Topology

/// Options of the network itself; include/espalier.h says what they mean.
enum NetworkOption {
  static let table = [
    Option("huber_delta", 1, .above(0, upTo: .infinity)),
    Option("label_base", 0, .integer(0...1)),
    Option("clip_norm", 0, .from(0, below: .infinity)),
    Option("accumulate", 1, .integer(1...Int(Int32.max))),
    Option("dense_crossover", 0.55, .from(0, below: .infinity)),
    Option(distributionPower, 1, .above(0, upTo: .infinity), live: false),
    Option(epsilon, 0, .from(0, below: .infinity), live: false),
  ]
  static let distributionPower = "distribution_power"
  static let epsilon = "epsilon"
  // Positions in the table, for the paths that run every step.
  static let huberDelta = 0
  static let labelBase = 1
  static let clipNorm = 2
  static let accumulate = 3
  static let denseCrossover = 4
}

extension Network {
  // MARK: Layers

  /// Add a layer on top of the last one, of the network's input, or of those that the description names.
  /// - Returns: its number.
  /// - Throws: `invalidState` after build; `unknownName` and `invalidArgument` for options that the kind does not have, values out
  ///   of their range, layers that there are not and shapes that do not meet. Nothing has changed then.
  @discardableResult
  public func add(_ description: LayerDescription<T>) throws(Failure) -> Int {
    try requireUnbuilt("add_\(description.kind.row.name)")
    try plan.add(description)
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
    try plan.setInputShape(shape)
  }

  /// What comes out of a layer for one sample, or for 0 what a sample of the network's input looks like.
  public func shape(ofLayer layer: Int) throws(Failure) -> TensorShape {
    layer == 0 ? plan.inputShape : plan.shapes[try plan.index(layer)]
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
    distribution = .overall(kind, density)
  }

  /// Let a function say the densities at build, in the place of a distribution; nil: no more.
  public func setDensities(_ body: DensityFunction?) throws(Failure) {
    try requireUnbuilt("set_densities")
    distribution = body.map { .function($0) }
  }

  /// Give a linear layer a pattern of the caller's, and weights in its slot order or nil.
  package func setPattern(_ layer: Int, _ pattern: Pattern, values: Buffer<T>?) throws(Failure) {
    try requireUnbuilt("set_pattern")
    _ = try plan.connected(layer)
    try plan.change(layer) { changed throws(Failure) in
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
    let asked = try plan.connected(layer)
    let (shape, owner) = (try plan.weightShape(layer), asked.owner)
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
    loss = kind
    guard lossTerms != nil else { return }
    lossTerms = nil
    weigh()
  }

  /// An instance of its own for the layer, or for every layer (0); state starts anew.
  public func setOptimizer(_ optimizer: Optimizer, layer: Int = 0) throws(Failure) {
    try optimizer.check()
    try optimizer.options.check(for: T.self)
    let numbers = try plan.learningLayers(layer)
    if isBuilt {
      // All instances first: when one cannot be made, no layer has changed.
      var instances: [OptimizerInstance<T>] = []
      for number in numbers {
        instances.append(try OptimizerInstance(optimizer, parameters: try learner(number).layer.parameters))
      }
      for (number, instance) in zip(numbers, instances) { try learner(number).optimizer = instance }
      weigh()
    }
    if layer == 0 { optimizers.removeAll() }
    optimizers[layer] = optimizer
  }

  // MARK: Options by name

  /// - Throws: `unknownName`; `invalidArgument`; `outOfMemory` for "dense_crossover" after build, which makes the layers'
  ///   scratch anew. Nothing has changed then.
  public func setOption(_ name: String, _ value: Double) throws(Failure) {
    let option = try options.index(of: name)
    if !options.table[option].isLive { try requireUnbuilt("network: \(name)") }
    var changed = options
    try changed.set(name, value)
    if workspace != nil, option == NetworkOption.denseCrossover {
      let connected = trainers.compactMap(\.connected)
      let wanted = connected.map { $0.scratchElements($0.pattern, denseCrossover: value) }
      let scratch = try Buffer<T>(count: wanted.max() ?? 0, of: "scratch of the layers")
      if connected.contains(where: { $0.usesBLAS($0.pattern, value) }) { try reserveBLAS(threads: wantedThreads) }
      for layer in connected { layer.denseCrossover = value }
      use(scratch)
    }
    options = changed
  }

  /// Let the layers work in this scratch, of the most elements that one of them wants.
  func use(_ scratch: Buffer<T>) {
    for layer in layers { layer.share(scratch) }
    workspace?.scratch = scratch
    workspace?.usesBLAS = layers.contains { $0.usesBLAS }
    weigh()
  }

  /// - threads: 1 ... 1024, or 0 for the default.
  public func setThreads(_ threads: Int) throws(Failure) {
    guard threads >= 0, threads <= 1024 else {
      throw Failure(.invalidArgument, "set_threads: threads must be in 0 .. 1024, got \(threads)")
    }
    if isBuilt {
      if usesBLAS { try reserveBLAS(threads: threads) }
      try start(threads: threads)
    }
    wantedThreads = threads
  }

  /// Make the pool anew if it has another number of threads. - threads: 0 for the default.
  func start(threads: Int) throws(Failure) {
    let number = threads == 0 ? ThreadPool.defaultThreads() : threads
    if number != executor.threads { executor = try ThreadPool(threads: number) }
  }

  /// Whether steps or updates of patterns call OpenBLAS.
  var usesBLAS: Bool { workspace?.usesBLAS == true || topologyUnits.contains { $0.instance.needsGradient } }

  /// Make sure that so many threads of the network's can call OpenBLAS. - threads: as in ``setThreads(_:)``.
  func reserveBLAS(threads: Int) throws(Failure) {
    try OpenBLAS.reserve(callers: threads == 0 ? ThreadPool.defaultThreads() : threads)
  }

  public func setLayerOption(_ layer: Int, _ name: String, _ value: Double) throws(Failure) {
    let asked = plan.layers[try plan.index(layer)].options
    if !asked.table[try asked.index(of: name)].isLive { try requireUnbuilt("\(asked.owner): \(name)") }
    try plan.change(layer) { changed throws(Failure) in
      try changed.options.set(name, value)
      try changed.options.check(for: T.self)
      if name == LayerOption.density {
        changed.pattern = nil
        changed.values = nil
      }
    }
    if isBuilt { layers[layer - 1].set(name, value) }
  }

  /// Change a hyperparameter of a layer's own optimizer, or of every layer's (0); state stays.
  public func setOptimizerOption(_ layer: Int, _ name: String, _ value: Double) throws(Failure) {
    let numbers = try plan.learningLayers(layer)
    var changes: [(instance: OptimizerInstance<T>, change: OptimizerInstance<T>.Change)] = []
    for number in numbers {
      guard let instance = try learner(number).optimizer else {
        throw Failure(.invalidState, "\(plan.layers[number - 1].owner) has no optimizer; call set_optimizer first")
      }
      changes.append((instance, try instance.change(name, value)))
    }
    for (instance, change) in changes { instance.adopt(change) }
    weigh()
  }

  @_specialize(where T == Float)
  @_specialize(where T == Double)
  public func optimizerOption(_ layer: Int, _ name: String) throws(Failure) -> Double {
    guard let instance = try learner(layer).optimizer else {
      throw Failure(.invalidState, "\(plan.layers[layer - 1].owner) has no optimizer; call set_optimizer first")
    }
    return try instance.get(name)
  }
}
