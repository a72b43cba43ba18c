import Base
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
    guard case .linear? = descriptions.last else {
      throw Failure(.invalidState, "build: the network needs layers, the last of them linear")
    }
    let planned = try distributed()
    var layers: [any Layer<T>] = []
    var trainers: [Trainer<T>] = []
    for (position, description) in planned.enumerated() {
      let number = position + 1
      let width = width(before: number)
      switch description {
      case .dropout(let probability):
        layers.append(
          try Dropout<T>(
            inputs: width, probability: probability, stream: Stream.mask &+ UInt64(truncatingIfNeeded: number),
            owner: "dropout layer \(number)"))
      case .linear(let linear):
        let layer = try make(linear, number: number, inputs: width)
        layers.append(layer)
        trainers.append(Trainer(number: number, layer: layer, isLast: number == planned.count))
      }
    }
    try makeRoom(trainers)
    let own = try place(trainers)
    try initialize(planned, trainers)
    for trainer in trainers {
      if let optimizer = optimizers[trainer.number] ?? optimizers[0] {
        trainer.optimizer = try OptimizerInstance(optimizer, parameters: trainer.layer.parameters)
      }
    }
    let workspace = try makeWorkspace(maximumBatch, layers, trainers)
    self.maximumBatch = maximumBatch
    let units: [TopologyUnit<T>]
    do {
      units = try makeTopologyUnits(trainers) { $0.linear?.pattern }
      if workspace.usesBLAS { try reserveBLAS(threads: wantedThreads) }
      try start(threads: wantedThreads)
    } catch {
      self.maximumBatch = 0
      throw error
    }

    // Nothing fails from here on.
    descriptions = planned
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
      let layers = members.compactMap { trainer in trainer.linear.map { (trainer.number, $0) } }
      for (number, layer) in layers where layer.pattern == nil && !method.thins {
        throw Failure(.invalidArgument, "set_topology: linear layer \(number) is dense and has no pattern to change")
      }
      let capacities = method.plan.capacities(
        layers.map { (connections: $1.weights.count, positions: $1.inputs * $1.outputs) })
      for ((number, layer), capacity) in zip(layers, capacities) {
        let owner = "linear layer \(number)"
        if layer.pattern == nil {
          layer.adopt(try Pattern(fullRows: layer.outputs, columns: layer.inputs, owner: owner))
        } else if let pattern = layer.pattern, pattern.capacity < capacity {
          layer.adopt(try Pattern(copying: pattern, capacity: capacity, owner: owner))
        }
      }
    }
  }

  private func make(_ linear: LinearDescription<T>, number: Int, inputs: Int) throws(Failure) -> Linear<T> {
    let owner = "linear layer \(number)"
    var pattern = linear.pattern
    if let pattern, pattern.columns != inputs || pattern.rows != linear.units {
      throw Failure(
        .invalidArgument,
        "\(owner): the pattern is for \(pattern.rows) x \(pattern.columns), the layer has "
          + "\(linear.units) units and \(inputs) inputs")
    }
    if pattern == nil, linear.density < 1 {
      let positions = linear.units * inputs
      let connections = Distribution.connections(density: linear.density, positions: positions)
      guard connections >= 1 else {
        throw Failure(
          .invalidArgument, "\(owner): density \(linear.density) leaves none of \(positions) connections")
      }
      if connections < positions {
        var random = RandomSource(seed: UInt64(bitPattern: seed), stream: Stream.pattern &+ UInt64(truncatingIfNeeded: number))
        let method = topologies[number] ?? topologies[0]
        pattern =
          if let method, method.changesPatterns, method.plan.hasConstantFanIn {
            try Pattern(rows: linear.units, columns: inputs, constantFanIn: connections, random: &random, owner: owner)
          } else {
            try Pattern(rows: linear.units, columns: inputs, connections: connections, random: &random)
          }
      }
    }
    return try Linear<T>(
      inputs: inputs, units: linear.units, pattern: pattern, hasBias: linear.hasBias, activation: linear.activation,
      negativeSlope: linear.negativeSlope, denseCrossover: options[NetworkOption.denseCrossover], owner: owner)
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

  private func initialize(_ planned: [LayerDescription<T>], _ trainers: [Trainer<T>]) throws(Failure) {
    for trainer in trainers {
      guard let layer = trainer.layer as? Linear<T>, case .linear(let linear) = planned[trainer.number - 1],
        let weights = layer.weights.values
      else { continue }
      if let given = linear.values {
        weights.update(from: given.pointer, count: given.count)
      } else {
        var random = RandomSource(
          seed: UInt64(bitPattern: seed), stream: Stream.weights &+ UInt64(truncatingIfNeeded: trainer.number))
        try layer.initialize(linear.initializer, random: &random)
      }
    }
  }

  private func makeWorkspace(
    _ maximumBatch: Int, _ layers: [any Layer<T>], _ trainers: [Trainer<T>]
  ) throws(Failure) -> Workspace<T> {
    let shape = PanelShape(batch: maximumBatch, elementSize: MemoryLayout<T>.stride)
    // A smaller batch may take narrower panels but never more elements, up to one narrowest panel.
    let elements = shape.elements(features: 1)
    for layer in layers { try layer.plan(elements: elements) }
    let scratch = try Buffer<T>(count: layers.map { $0.scratchElements }.max() ?? 0, of: "scratch of the layers")
    for layer in layers { layer.share(scratch) }
    func panels(_ features: Int, _ what: String) throws(Failure) -> Buffer<T> {
      let (count, overflow) = features.multipliedReportingOverflow(by: elements)
      guard !overflow else { throw Failure(.outOfMemory, "build: \(what) of \(features) x \(maximumBatch) overflow") }
      return try Buffer(count: count, of: what)
    }
    let parameters = trainers.flatMap { $0.layer.parameters }
    return try Workspace(
      input: panels(inputs, "input panels"), target: panels(outputs, "target panels"), features: max(inputs, outputs),
      samples: elements, norm: GlobalNorm(parameters: parameters),
      gradientGuard: GradientGuard(layers, trainers, elements: parameters.total { $0.capacity }),
      usesBLAS: layers.contains { $0.usesBLAS },
      inputGradient: panels(inputs, "input gradient panels"), scratch: scratch)
  }
}
