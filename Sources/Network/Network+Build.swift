import Base
import Graphs
import KernelInterface
import Layers
import Machine
import Optimizers
import Sparse
import Topology

extension Network {
  /// Draw patterns and weights and allocate everything that training needs. Once. On failure nothing has changed.
  /// - maximumBatch: the largest batch for forward and trainStep, 1 ... 2^31 - 1.
  public func build(maximumBatch: Int) throws(Failure) {
    try requireUnbuilt("build")
    try Check.size(maximumBatch, "build: max_batch")
    try plan.requireWhole()
    let plan = try distributed()
    let lossTerms = try self.lossTerms.map { given throws(Failure) in try LossTerms<T>(given.terms, batch: maximumBatch) }
    try lossTerms?.check(outputs: plan.outputs, "build")
    let inputNumbers = try plan.inputNumbers(0)
    var layers: [any Layer<T>] = []
    var trainers: [Trainer<T>] = []
    for (position, description) in plan.layers.enumerated() {
      let number = position + 1
      let layer = try description.kind.row.make(
        LayerSite<T>(
          inputs: plan.inputShapes(description), output: plan.shapes[position], options: description.options,
          pattern: try pattern(of: description, number: number), denseCrossover: options[NetworkOption.denseCrossover],
          stream: Stream.mask &+ UInt64(truncatingIfNeeded: number), owner: description.owner))
      layers.append(layer)
      if layer.parameters.isEmpty { continue }
      trainers.append(Trainer(number: number, name: description.owner, layer: layer, isLast: number == plan.layers.count))
    }
    try makeRoom(trainers)
    let own = try place(trainers)
    try initialize(plan.layers, trainers)
    for trainer in trainers {
      if let optimizer = optimizers[trainer.number] ?? optimizers[0] {
        trainer.optimizer = try OptimizerInstance(optimizer, parameters: trainer.layer.parameters)
      }
    }
    let furtherInputs = try furtherInputs(plan, layers)
    let workspace = try makeWorkspace(maximumBatch, layers, trainers)
    self.maximumBatch = maximumBatch
    let units: [TopologyUnit<T>]
    do {
      units = try makeTopologyUnits(trainers) { $0.connected?.pattern }
      if workspace.usesBLAS { try reserveBLAS(threads: wantedThreads) }
      try start(threads: wantedThreads)
    } catch {
      self.maximumBatch = 0
      throw error
    }

    // Nothing fails from here on.
    self.plan = plan
    self.lossTerms = lossTerms
    self.inputNumbers = inputNumbers
    self.furtherInputs = furtherInputs
    self.layers = layers
    self.trainers = trainers
    for trainer in trainers { trainer.reduction = reduction }
    self.own = own
    values = own.values.span
    gradients = own.gradients.span
    self.workspace = workspace
    use(units)
  }

  /// Give layers the room in their patterns that their topology methods need.
  private func makeRoom(_ trainers: [Trainer<T>]) throws(Failure) {
    for (method, members) in topologyPlan(trainers, isSparse: { $0.sparse != nil }) {
      let layers = members.compactMap { trainer in trainer.connected.map { (trainer.name, $0) } }
      for (name, layer) in layers where layer.pattern == nil && !method.thins {
        throw Failure(.invalidArgument, "set_topology: \(name) is dense and has no pattern to change")
      }
      let capacities = method.plan.capacities(
        layers.map { (connections: $1.weights.count, positions: $1.positions) })
      for ((owner, layer), capacity) in zip(layers, capacities) {
        if layer.pattern == nil {
          layer.adopt(try Pattern(fullRows: layer.rows, columns: layer.columns, placement: layer.placement, owner: owner))
        } else if let pattern = layer.pattern, pattern.capacity < capacity {
          layer.adopt(try Pattern(copying: pattern, capacity: capacity, owner: owner))
        }
      }
    }
  }

  /// The caller's pattern, or one that is drawn; nil for a dense layer and one without connections.
  private func pattern(of layer: PlannedLayer<T>, number: Int) throws(Failure) -> Pattern? {
    guard layer.hasConnections, let shape = layer.kind.row.weightShape(of: plan.inputShapes(layer), layer.options) else {
      return nil
    }
    if let pattern = layer.pattern {
      guard pattern.columns == shape.columns, pattern.rows == shape.rows else {
        throw Failure(
          .invalidArgument,
          "\(layer.owner): the pattern is for \(pattern.rows) x \(pattern.columns), the layer has "
            + "\(shape.rows) units and \(shape.columns) inputs")
      }
      return pattern
    }
    guard layer.density < 1 else { return nil }
    let positions = shape.rows * shape.columns
    let connections = Distribution.connections(density: layer.density, positions: positions)
    guard connections >= 1 else {
      throw Failure(
        .invalidArgument, "\(layer.owner): density \(layer.density) leaves none of \(positions) connections")
    }
    guard connections < positions else { return nil }
    var random = RandomSource(seed: UInt64(bitPattern: seed), stream: Stream.pattern &+ UInt64(truncatingIfNeeded: number))
    if let method = topologies[number] ?? topologies[0], method.changesPatterns, method.plan.hasConstantFanIn {
      return try Pattern(
        rows: shape.rows, columns: shape.columns, constantFanIn: connections, random: &random, owner: layer.owner)
    }
    return try Pattern(rows: shape.rows, columns: shape.columns, connections: connections, random: &random)
  }

  /// Lay the parameters out one after the other, in layer order, weights before biases, each with its capacity.
  private func place(_ trainers: [Trainer<T>]) throws(Failure) -> Arrays<T> {
    var count = 0
    for trainer in trainers {
      for parameter in trainer.layer.parameters {
        let (sum, overflow) = count.addingReportingOverflow(parameter.capacity)
        guard !overflow else { throw Failure(.outOfMemory, "build: the number of parameters overflows") }
        count = sum
      }
    }
    let arrays = Arrays<T>(
      values: try Buffer(count: count, of: "parameters"), gradients: try Buffer(count: count, of: "gradients"))
    Self.place(trainers, in: arrays.values.pointer, arrays.gradients.pointer)
    return arrays
  }

  static func place(
    _ trainers: [Trainer<T>], in values: UnsafeMutablePointer<T>, _ gradients: UnsafeMutablePointer<T>
  ) {
    var offset = 0
    for trainer in trainers {
      for parameter in trainer.layer.parameters {
        parameter.place(values: values + offset, gradient: gradients + offset)
        offset += parameter.capacity
      }
    }
  }

  private func initialize(_ planned: [PlannedLayer<T>], _ trainers: [Trainer<T>]) throws(Failure) {
    for trainer in trainers {
      let asked = planned[trainer.number - 1]
      if let given = asked.values, let connected = trainer.connected {
        for parameter in connected.parameters { parameter.restart() }
        connected.weights.values?.update(from: given.pointer, count: given.count)
      } else {
        var random = RandomSource(
          seed: UInt64(bitPattern: seed), stream: Stream.weights &+ UInt64(truncatingIfNeeded: trainer.number))
        try trainer.layer.initialize(asked.options, random: &random)
      }
    }
  }

  private func makeWorkspace(
    _ maximumBatch: Int, _ layers: [any Layer<T>], _ trainers: [Trainer<T>]
  ) throws(Failure) -> Workspace<T> {
    let shape = PanelShape(batch: maximumBatch, elementSize: MemoryLayout<T>.stride)
    // A smaller batch may take narrower panels but never more elements, up to one narrowest panel.
    let elements = shape.elements(features: 1)
    let origins = plan.origins
    for (position, layer) in layers.enumerated() where origins[position + 1] == position + 1 {
      try layer.plan(elements: elements)
    }
    let scratch = try Buffer<T>(count: layers.map { $0.scratchElements }.max() ?? 0, of: "scratch of the layers")
    for layer in layers { layer.share(scratch) }
    func panels(_ features: Int, _ what: String) throws(Failure) -> Buffer<T> {
      let (count, overflow) = features.multipliedReportingOverflow(by: elements)
      guard !overflow else { throw Failure(.outOfMemory, "build: \(what) of \(features) x \(maximumBatch) overflow") }
      return try Buffer(count: count, of: what)
    }
    let parameters = trainers.flatMap { $0.layer.parameters }
    let graph = try Graph(
      layers, inputs: plan.layers.map(\.inputs), origins: origins, input: panels(inputs, "input panels"),
      inputGradient: panels(inputs, "input gradient panels"), features: inputs, elements: elements)
    return try Workspace(
      graph: graph, target: panels(outputs, "target panels"), features: max(inputs, outputs), samples: elements,
      norm: GlobalNorm(parameters: parameters),
      gradientGuard: GradientGuard(graph, trainers, elements: parameters.total { $0.capacity }), usesBLAS: graph.usesBLAS,
      scratch: scratch)
  }
}
