import Base
import Layers
import Machine
import Sparse

/// A layer as the network holds it from the time it is added: the values of all its options, and what it makes of its inputs.
package struct PlannedLayer<T: Scalar> {
  package let kind: LayerKind
  package var options: OptionValues
  /// Numbers of the layers whose outputs it takes; 0 is the network's input.
  package let inputs: [Int]
  package var pattern: Pattern?
  package var values: Buffer<T>?

  /// For messages: "linear layer 2".
  package var owner: String { options.owner }
  package var hasConnections: Bool { options.contains(LayerOption.density) }
  package var hasParameters: Bool { kind.row.hasParameters(options) }
  package var density: Double { value(LayerOption.density) ?? 1 }
  /// Whether a distribution over the network leaves this layer's density alone.
  package var hasFixedDensity: Bool { value(LayerOption.fixedDensity) == 1 }
  /// Whether nothing but a distribution could make it sparse.
  package var isDense: Bool { density == 1 && pattern == nil }

  private func value(_ option: String) -> Double? { options.contains(option) ? try? options.get(option) : nil }
}

/// Whole numbers that a layer asks an input for.
package struct InputNumbers {
  package let first: Double
  package let last: Double
  /// For messages: "embedding layer 1".
  package let owner: String
}

/// The layers that a graph is to have, and what each makes of its inputs: a value, in which every layer takes only from those before
/// it and all shapes meet.
package struct GraphPlan<T: Scalar> {
  /// What a sample of the network's input looks like.
  package private(set) var inputShape: TensorShape
  package private(set) var layers: [PlannedLayer<T>] = []
  /// What comes out of each layer for one sample.
  package private(set) var shapes: [TensorShape] = []

  /// Features of the last layer; of the input while there is none.
  package private(set) var outputs: Int
  /// Places of the last layer's field; 1 of a vector.
  package private(set) var outputPlaces = 1

  package init(inputShape: TensorShape) {
    self.inputShape = inputShape
    outputs = inputShape.features
  }

  /// Have another input. - Throws: `invalidArgument` when shapes do not meet any more. Nothing has changed then.
  package mutating func setInputShape(_ shape: TensorShape) throws(Failure) { try use(layers, shape) }

  /// Add a layer on top of the last one, of the network's input, or of those that the description names.
  /// - Throws: `unknownName` and `invalidArgument` for options that the kind does not have, values out of their range, layers that
  ///   there are not and shapes that do not meet. Nothing has changed then.
  package mutating func add(_ description: LayerDescription<T>) throws(Failure) {
    let row = description.kind.row
    let count = layers.count
    let owner = "\(row.name) layer \(count + 1)"
    let inputs = description.inputs ?? (row.inputCount.contains(0) ? [] : [count])
    guard row.inputCount.contains(inputs.count) else {
      throw Failure(.invalidArgument, "\(owner): it takes from \(row.inputCount.text), got \(inputs.count)")
    }
    for input in inputs where input < 0 || input > count {
      throw Failure(.invalidArgument, "\(owner): inputs must be in 0 .. \(count), got \(input)")
    }
    var layer = PlannedLayer<T>(
      kind: description.kind, options: OptionValues(owner: owner, table: row.options), inputs: inputs,
      pattern: description.pattern, values: description.values)
    for setting in description.settings { try layer.options.set(setting.option, setting.value) }
    try layer.options.check(for: T.self)
    try use(layers + [layer], inputShape)
  }

  /// Change a layer. - body: gets the layer; inputs and kind stay. - Throws: what `body` throws, and `invalidArgument` when shapes do
  ///   not meet any more. Nothing has changed then.
  package mutating func change(
    _ number: Int, _ body: (inout PlannedLayer<T>) throws(Failure) -> Void
  ) throws(Failure) {
    var changed = layers
    try body(&changed[try index(number)])
    try use(changed, inputShape)
  }

  /// Work out all shapes anew.
  private mutating func use(_ layers: [PlannedLayer<T>], _ inputShape: TensorShape) throws(Failure) {
    var shapes: [TensorShape] = []
    for layer in layers {
      let given = layer.inputs.map { $0 == 0 ? inputShape : shapes[$0 - 1] }
      try checkNumbers(layer, layers)
      let shape: TensorShape
      do {
        shape = try layer.kind.row.outputShape(of: given, layer.options)
      } catch {
        let sources = zip(layer.inputs, given).map { number, shape in
          "\(number == 0 ? "the network's input" : layers[number - 1].owner), \(shape)"
        }
        throw Failure(error.kind, "\(error.message) (it takes from \(sources.joined(separator: ", and from ")))")
      }
      try shape.check("\(layer.owner): the output")
      shapes.append(shape)
    }
    self.layers = layers
    self.inputShape = inputShape
    self.shapes = shapes
    outputs = shapes.last?.features ?? inputShape.features
    outputPlaces = (shapes.last ?? inputShape).places
  }

  /// Whether a layer that asks for whole numbers can be given them. - Throws: `invalidArgument`.
  private func checkNumbers(_ layer: PlannedLayer<T>, _ layers: [PlannedLayer<T>]) throws(Failure) {
    guard let numbers = try layer.kind.row.wholeNumbers(layer.options) else { return }
    for input in layer.inputs where input != 0 && layers[input - 1].kind != .input {
      throw Failure(
        .invalidArgument,
        "\(layer.owner): it takes whole numbers, which only the network's input (0) and other inputs hold, got \(input)")
    }
    // Beyond this not every whole number is a T.
    let most = 1 << (T.significandBitCount + 1)
    guard numbers.upperBound <= most else {
      throw Failure(
        .invalidArgument, "\(layer.owner): numbers must be at most \(most) in float\(T.bits), got up to \(numbers.upperBound)")
    }
  }

  /// The whole numbers that an input must consist of, and for which layers. - input: 0 is the network's own.
  package func inputNumbers(_ input: Int) throws(Failure) -> [InputNumbers] {
    var found: [InputNumbers] = []
    for layer in layers where layer.inputs.contains(input) {
      guard let numbers = try layer.kind.row.wholeNumbers(layer.options) else { continue }
      found.append(InputNumbers(first: Double(numbers.lowerBound), last: Double(numbers.upperBound), owner: layer.owner))
    }
    return found
  }

  // MARK: Looking at layers

  /// Index of a layer by its number. - Throws: `invalidArgument`
  package func index(_ layer: Int) throws(Failure) -> Int {
    guard layer >= 1, layer <= layers.count else { throw Check.noLayer(layer, of: layers.count) }
    return layer - 1
  }

  /// A layer that must have connections.
  package func connected(_ layer: Int) throws(Failure) -> PlannedLayer<T> {
    let found = layers[try index(layer)]
    guard found.hasConnections else { throw Failure(.invalidArgument, "\(found.owner) has no connections") }
    return found
  }

  /// Numbers of the layers that `layer` stands for: itself, or for 0 all with connections.
  package func connectedLayers(_ layer: Int) throws(Failure) -> [Int] {
    guard layer == 0 else {
      _ = try connected(layer)
      return [layer]
    }
    return layers.indices.filter { layers[$0].hasConnections }.map { $0 + 1 }
  }

  /// A layer that must have parameters.
  package func learning(_ layer: Int) throws(Failure) -> PlannedLayer<T> {
    let found = layers[try index(layer)]
    guard found.hasParameters else { throw Failure(.invalidArgument, "\(found.owner) has no parameters") }
    return found
  }

  /// Numbers of the layers that `layer` stands for: itself, or for 0 all with parameters.
  package func learningLayers(_ layer: Int) throws(Failure) -> [Int] {
    guard layer == 0 else {
      _ = try learning(layer)
      return [layer]
    }
    return layers.indices.filter { layers[$0].hasParameters }.map { $0 + 1 }
  }

  /// Features of a layer's outputs; 0: of the network's input.
  package func features(of number: Int) -> Int { number == 0 ? inputShape.features : shapes[number - 1].features }

  /// What a layer is given.
  package func inputShapes(_ layer: PlannedLayer<T>) -> [TensorShape] {
    layer.inputs.map { $0 == 0 ? inputShape : shapes[$0 - 1] }
  }

  /// Of the network's input and then of each layer the number of the one whose panels hold its outputs: its own, but for a view
  /// that of what it takes from. The outputs of the network are never the panels of its input, which change places with others.
  package var origins: [Int] {
    var origins = [0]
    for (position, layer) in layers.enumerated() {
      // An input takes from nothing, and is no view.
      let source = layer.inputs.isEmpty ? position + 1 : origins[layer.inputs[0]]
      let isView = layer.kind.row.isView && !(position == layers.count - 1 && source == 0)
      origins.append(isView ? source : position + 1)
    }
    return origins
  }

  /// The matrix of positions of a layer that must have connections.
  package func weightShape(_ layer: Int) throws(Failure) -> WeightShape {
    let found = try connected(layer)
    guard let shape = found.kind.row.weightShape(of: inputShapes(found), found.options) else {
      throw Failure(.invalidArgument, "\(found.owner) has no connections")
    }
    return shape
  }

  /// Whether there are layers, and each is of use. - Throws: `invalidState`, naming one that nobody takes from.
  package func requireWhole() throws(Failure) {
    guard !layers.isEmpty else { throw Failure(.invalidState, "build: the network needs layers") }
    let used = Set(layers.flatMap(\.inputs))
    guard used.contains(0) else { throw Failure(.invalidState, "build: no layer takes the network's input") }
    for number in 1..<layers.count where !used.contains(number) {
      throw Failure(.invalidState, "build: no layer takes the outputs of \(layers[number - 1].owner), which is not the last")
    }
  }
}
