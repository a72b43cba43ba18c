import Base
import KernelInterface
import Machine
import Sparse

/// A convolution, a = f(W * x + b), or its transpose; with a pattern, or dense. W: (filters, channels of a group x kernel).
///
/// Fields are copied into padded planes, in which a connection is a constant offset; nothing is unfolded. The transposed
/// convolution is the same geometry with the roles of forward and dL/dx exchanged, so there are two ways through it for both:
/// `gather` makes outputs of the padded field, `scatter` the field of outputs.
package final class Convolution<T: Scalar>: Connected {
  package let geometry: ConvolutionGeometry
  /// Whether it goes from fields of the geometry's outputs to fields of its inputs.
  package let isTransposed: Bool
  package internal(set) var pattern: Pattern?
  package let weights: Parameter<T>
  package let bias: Parameter<T>?
  package let activation: Activation
  package internal(set) var negativeSlope: T
  package var denseCrossover: Double
  package var forwardSet: ForwardSet<T>?
  let owner: String
  private var panels: PanelPair<T>
  /// z, for activations whose derivative is not a function of a.
  private var preactivation: Buffer<T>?
  /// Shared with the other layers: `scratchElements`.
  private var scratch: Buffer<T>?
  /// Elements of a feature, the most that a batch takes.
  private(set) var elements = 0
  let tables: ConvolutionTables
  /// The last backward pass and its input.
  private(set) var last: (input: UnsafePointer<T>, pass: Pass)?

  package init(
    geometry: ConvolutionGeometry, isTransposed: Bool, pattern: Pattern?, hasBias: Bool, activation: Activation,
    negativeSlope: Double, denseCrossover: Double, owner: String
  ) throws(Failure) {
    self.geometry = geometry
    self.isTransposed = isTransposed
    self.pattern = pattern
    self.activation = activation
    self.negativeSlope = T(negativeSlope)
    self.denseCrossover = denseCrossover
    self.owner = owner
    weights = Parameter(
      name: "\(owner), weights", role: .weights, count: pattern?.connections ?? geometry.filters * geometry.columns,
      capacity: pattern?.capacity)
    let biases = isTransposed ? geometry.channels : geometry.filters
    bias = hasBias ? Parameter(name: "\(owner), bias", role: .bias, count: biases) : nil
    panels = try PanelPair(features: 0, elements: 0, of: owner)
    tables = try ConvolutionTables(geometry, owner: owner)
  }

  private var fieldFeatures: Int { geometry.channels * geometry.inputPlaces }
  private var filterFeatures: Int { geometry.filters * geometry.outputPlaces }
  package var inputs: Int { isTransposed ? filterFeatures : fieldFeatures }
  package var outputs: Int { isTransposed ? fieldFeatures : filterFeatures }
  package var rows: Int { geometry.filters }
  package var columns: Int { geometry.columns }
  package var parameters: [Parameter<T>] { bias.map { [weights, $0] } ?? [weights] }
  package var usesBLAS: Bool { false }
  package var output: UnsafeMutablePointer<T> { panels.output.pointer }
  package var outputGradient: UnsafeMutablePointer<T> { panels.gradient.pointer }
  package func visit(_ visitor: inout some StateVisitor) {
    panels.visit(&visitor)
    visitor.scratch(preactivation)
    tables.visit(&visitor)
  }
  package func set(_ option: String, _ value: Double) {
    if option == LayerOption.number(of: activation) { negativeSlope = T(value) }
  }
  package var connectionFlops: Int { 2.multipliedClamped(by: geometry.outputPlaces) }
  package var flops: Int { connectionFlops.multipliedClamped(by: forwardSet?.pattern.connections ?? weights.count) }
  package var gradientFlops: Int { connectionFlops.multipliedClamped(by: learning?.connections ?? weights.count) }

  /// The connections that forward and dx go through; nil for a dense layer.
  private var taking: Pattern? { forwardSet?.pattern ?? pattern }
  /// Those that have a gradient.
  private var learning: Pattern? { forwardSet?.hidesGradients == true ? taking : pattern }

  package func usesBLAS(_ pattern: Pattern?, _ denseCrossover: Double) -> Bool { false }

  package var scratchElements: Int { scratchElements(pattern, denseCrossover: nil) }

  package func share(_ scratch: Buffer<T>) { self.scratch = scratch }

  package func plan(elements: Int) throws(Failure) {
    panels = try PanelPair(features: outputs, elements: elements, of: owner)
    preactivation = activation.needsPreactivation ? try Buffer(count: panels.output.count, of: owner) : nil
    self.elements = elements
    // Of `last`, which the second backward pass ends the first one's value of.
    if T.self == Float.self {
      prepare((input: UnsafePointer<Float>, pass: Pass)?.self)
    } else {
      prepare((input: UnsafePointer<Double>, pass: Pass)?.self)
    }
  }

  package func initialize(_ initializer: Initializer, random: inout RandomSource) throws(Failure) {
    guard let values = weights.values else { return }
    try initializer.fill(
      values, rows: rows, columns: columns, inputs: geometry.groupChannels, rowStart: pattern?.rowStart, random: &random,
      owner: owner)
    if let bias { bias.values?.update(repeating: 0, count: bias.count) }
  }

  package func adopt(_ pattern: Pattern) {
    self.pattern = pattern
    weights.resize(count: pattern.connections, capacity: pattern.capacity)
    last = nil
  }

  @_specialize(where T == Float)
  @_specialize(where T == Double)
  package func forward(_ inputs: UnsafePointer<UnsafePointer<T>>, _ pass: Pass) { propagate(inputs[0], pass) }

  // Apart: a generic function lays out its locals, and asks for their metadata, before it goes to the specialised one.
  @inline(never)
  private func propagate(_ input: UnsafePointer<T>, _ pass: Pass) {
    guard let stored = weights.values else { return }
    var values = UnsafePointer(stored)
    if let forwardSet, let pattern { values = forwardSet.take(values, of: pattern) }
    let layer = layerArguments(pass)
    if isTransposed {
      scatter(input, values, to: layer, pass)
    } else {
      gather(input, values, to: layer, pass)
    }
  }

  @_specialize(where T == Float)
  @_specialize(where T == Double)
  package func backward(
    _ inputs: UnsafePointer<UnsafePointer<T>>, inputGradients: UnsafePointer<UnsafeMutablePointer<T>?>, _ pass: Pass
  ) {
    backpropagate(inputs[0], inputGradient: inputGradients[0], pass)
  }

  @inline(never)
  private func backpropagate(_ input: UnsafePointer<T>, inputGradient: UnsafeMutablePointer<T>?, _ pass: Pass) {
    guard let stored = weights.values, let weightGradient = weights.gradient else { return }
    last = (input, pass)
    let values = forwardSet?.taken ?? UnsafePointer(stored)
    var layer = layerArguments(pass)
    layer.gradient = outputGradient
    layer.biasGradient = bias?.gradient
    layer.accumulate = pass.accumulate
    let (rows, places) = isTransposed ? (geometry.channels, geometry.inputPlaces) : (geometry.filters, geometry.outputPlaces)
    run(
      T.kernels.convolution.prologue, FieldArguments(places: places, layer: layer), units: rows,
      work: 8 * pass.shape.elements(features: outputs), pass)
    if let inputGradient, pattern != nil, forwardSet == nil, learnsOnTheWay {
      return scatter(UnsafePointer(outputGradient), values, to: plain(inputGradient, pass), pass, (input, weightGradient))
    }
    let panels = GradientPanels(input: input, gradient: UnsafePointer(outputGradient), shape: pass.shape)
    if let forwardSet, forwardSet.hidesGradients {
      let gradients = forwardSet.gradients(of: weightGradient, accumulate: pass.accumulate)
      multiply(panels, learning?.matrix(values: UnsafePointer(gradients)), into: gradients, pass)
      forwardSet.spread(to: weightGradient, count: weights.count)
    } else {
      multiply(panels, learning?.matrix(values: UnsafePointer(weightGradient)), into: weightGradient, pass)
    }
    guard let inputGradient else { return }
    if isTransposed {
      gather(UnsafePointer(outputGradient), values, to: plain(inputGradient, pass), pass)
    } else {
      scatter(UnsafePointer(outputGradient), values, to: plain(inputGradient, pass), pass)
    }
  }

  /// Where sums go as they are.
  @inline(__always)
  private func plain(_ output: UnsafeMutablePointer<T>, _ pass: Pass) -> LinearArguments<T> {
    LinearArguments(
      matrix: nil, rows: 0, columns: 0, shape: pass.shape, bias: nil, activation: .identity, negativeSlope: 0,
      input: UnsafePointer(output), output: output)
  }

  @inline(__always)
  private func layerArguments(_ pass: Pass) -> LinearArguments<T> {
    LinearArguments(
      matrix: nil, rows: isTransposed ? geometry.channels : geometry.filters, columns: 0, shape: pass.shape,
      bias: bias?.values.map { UnsafePointer($0) }, activation: activation, negativeSlope: negativeSlope,
      input: UnsafePointer(output), output: output, preactivation: preactivation?.pointer)
  }

  /// The places of the outputs, each made of the padded field.
  @inline(__always)
  private func gather(
    _ field: UnsafePointer<T>, _ values: UnsafePointer<T>, to layer: LinearArguments<T>, _ pass: Pass
  ) {
    guard let scratch else { return }
    let (g, lanes, padded) = (geometry, pass.shape.width, geometry.padded)
    let planes = pad(field, pass)
    let entries = self.entries(values, transposed: false, scratch.pointer, pass)
    let arguments = CorrelationArguments(
      rows: g.filters, kinds: 1, parts: entries.parts, alike: taking == nil ? g.groupFilters : 1, start: entries.start,
      offset: entries.offset, weight: values, shape: pass.shape, planes: planes,
      planesPanel: g.channels * padded.places * lanes, planesRow: padded.row * lanes,
      planesSlice: padded.slice * lanes, planesCount: g.channels, reach: g.height.reach,
      depth: CorrelationAxis(count: g.depth.output, multiplier: g.depth.stride),
      height: CorrelationAxis(count: g.height.output, multiplier: g.height.stride),
      width: CorrelationAxis(count: g.width.output), outputPlaces: g.outputPlaces,
      outputSlice: g.height.output * g.width.output, outputRow: g.width.output, outputPhase: 0, epilogue: layer)
    run(T.kernels.convolution.correlate, arguments, units: arguments.units, work: work(pass), pass)
  }

  /// The places of the field, each the sum of the outputs that are made of it. - learning: with a pattern, the field and where
  /// dL/dW goes; nil: nowhere.
  @inline(__always)
  private func scatter(
    _ outputs: UnsafePointer<T>, _ values: UnsafePointer<T>, to layer: LinearArguments<T>, _ pass: Pass,
    _ learning: (field: UnsafePointer<T>, weightGradient: UnsafeMutablePointer<T>)? = nil
  ) {
    guard let scratch else { return }
    let (g, lanes, spread, padded) = (geometry, pass.shape.width, geometry.spread, geometry.padded)
    var planes = outputs
    if !g.needsNoSpread {
      var arguments = PaddingArguments(
        channels: g.filters, depth: g.depth.output, height: g.height.output, width: g.width.output, planes: spread,
        depthMap: tables.spread.depth, heightMap: tables.spread.height, widthMap: tables.spread.width, shape: pass.shape,
        source: outputs, destination: scratch.pointer)
      arguments.destination = scratch.pointer
      run(
        T.kernels.convolution.pad, arguments, units: g.filters * pass.shape.count,
        work: pass.shape.elements(features: g.filters * spread.places), pass)
      planes = UnsafePointer(scratch.pointer)
    }
    let entries = self.entries(values, transposed: true, worthwhile: learning == nil ? 12 : 24, scratch.pointer, pass)
    var sums = layer
    if !g.cropsRows {
      // What does not lie beside each other in the field is summed apart, and folded into it.
      (sums.output, sums.preactivation, sums.bias, sums.activation) = (scratch.pointer + spreadElements, nil, nil, .identity)
    }
    @inline(__always)
    func axis(_ d: ConvolutionDimension) -> CorrelationAxis {
      g.cropsRows
        ? CorrelationAxis(count: d.input, first: d.before, divisor: d.stride)
        : CorrelationAxis(count: d.padded, divisor: d.stride)
    }
    let (places, slice, row) =
      g.cropsRows
      ? (g.inputPlaces, g.height.input * g.width.input, g.width.input) : (padded.places, padded.slice, padded.row)
    let arguments = CorrelationArguments(
      rows: g.channels, kinds: g.kinds, parts: entries.parts, alike: taking == nil ? g.groupChannels : 1, start: entries.start,
      offset: entries.offset, weight: entries.weight, shape: pass.shape, planes: planes,
      planesPanel: g.filters * spread.places * lanes, planesRow: spread.row * lanes,
      planesSlice: spread.slice * lanes, planesCount: g.filters, reach: g.height.lead + 1, depth: axis(g.depth),
      height: axis(g.height), width: axis(g.width), outputPlaces: places, outputSlice: slice, outputRow: row,
      outputPhase: padded.length, epilogue: sums)
    if let learning {
      let products = entries.weight + Self.rounded(taking?.connections ?? 0)
      return run(
        T.kernels.convolution.backward,
        CorrelationBackwardArguments(
          sums: arguments, entries: entries, field: learning.field, products: products,
          weightGradient: learning.weightGradient, accumulate: pass.accumulate),
        units: g.channels, work: work(pass).multipliedClamped(by: 2), pass,
        balancedBy: g.kinds * entries.parts == 1 ? UnsafePointer(entries.start) : nil)
    }
    run(T.kernels.convolution.correlate, arguments, units: arguments.units, work: work(pass), pass)
    if g.cropsRows { return }
    run(
      T.kernels.convolution.fold,
      PaddingArguments(
        channels: g.channels, depth: g.depth.input, height: g.height.input, width: g.width.input, planes: padded,
        depthMap: tables.padded.depth, heightMap: tables.padded.height, widthMap: tables.padded.width, shape: pass.shape,
        source: UnsafePointer(sums.output), destination: layer.output),
      units: g.channels * pass.shape.count, work: pass.shape.elements(features: g.channels * padded.places), pass)
    if layer.bias == nil, layer.activation == .identity { return }
    run(
      T.kernels.convolution.epilogue, FieldArguments(places: g.inputPlaces, layer: layer), units: g.channels,
      work: 8 * pass.shape.elements(features: g.channels * g.inputPlaces), pass)
  }

  /// dW from the panels of a pass. - matrix: of the connections; nil: all of a dense layer.
  @inline(__always)
  func multiply(
    _ panels: GradientPanels<T>, _ matrix: SparseMatrix<T>?, rows: Range<Int>? = nil, accumulate: Bool? = nil,
    into gradient: UnsafeMutablePointer<T>, _ pass: Pass
  ) {
    guard let scratch = scratch?.pointer else { return }
    let (field, filtered) = isTransposed ? (panels.gradient, panels.input) : (panels.input, panels.gradient)
    let rows = rows ?? 0..<geometry.filters
    var of = pass
    of.accumulate = accumulate ?? pass.accumulate
    let connections = matrix.map { Int($0.rowStart[$0.rows]) } ?? rows.count * columns
    let place = panels.shape.width * MemoryLayout<T>.stride
    let planes = geometry.paddedPlanesOfPart(
      run: Self.pieceBytes, place: place, connections: Double(connections) / Double(rows.count), worthwhile: 8)
    let piece = planes < geometry.groupChannels ? Self.pieceBytes : 2 * Self.pieceBytes
    let arguments = CorrelationGradientArguments(
      geometry: geometry, matrix: matrix, firstRow: rows.lowerBound, partColumns: planes * geometry.taps,
      start: entryMemory(scratch).assumingMemoryBound(to: Int64.self), piece: piece / MemoryLayout<T>.stride,
      columnOffset: tables.columnOffset,
      shape: panels.shape, planes: pad(field, pass, panels.shape), gradient: filtered, weightGradient: gradient,
      accumulate: of.accumulate)
    run(
      T.kernels.convolution.gradient, arguments, units: rows.count,
      work: (2 * connections * geometry.outputPlaces).multipliedClamped(by: panels.shape.elements(features: 1)), pass,
      balancedBy: matrix?.rowStart)
  }

  /// The padded planes of a field.
  @inline(__always)
  private func pad(_ field: UnsafePointer<T>, _ pass: Pass, _ shape: PanelShape? = nil) -> UnsafePointer<T> {
    guard !geometry.needsNoPadding, let scratch else { return field }
    let (g, shape) = (geometry, shape ?? pass.shape)
    run(
      T.kernels.convolution.pad,
      PaddingArguments(
        channels: g.channels, depth: g.depth.input, height: g.height.input, width: g.width.input, planes: g.padded,
        depthMap: tables.padded.depth, heightMap: tables.padded.height, widthMap: tables.padded.width, shape: shape,
        source: field, destination: scratch.pointer),
      units: g.channels * shape.count, work: shape.elements(features: g.channels * g.padded.places), pass)
    return UnsafePointer(scratch.pointer)
  }

  /// Bytes of outputs that sums are made for at once, and of dz that products are.
  private static var tileBytes: Int { 512 }
  private static var pieceBytes: Int { 1024 }

  /// The connections as sums go through them, behind the planes in the scratch.
  @inline(__always)
  private func entries(
    _ values: UnsafePointer<T>, transposed: Bool, worthwhile: Double = 12, _ scratch: UnsafeMutablePointer<T>, _ pass: Pass
  ) -> EntryArguments<T> {
    let memory = entryMemory(scratch)
    let stride = MemoryLayout<T>.stride
    let connections = taking?.connections ?? rows * columns
    let place = pass.shape.width * stride
    // Rows that are alike share what they read; the others have it in the first-level cache where they have enough to do there.
    let all = transposed ? geometry.groupFilters : geometry.groupChannels
    let tile: Int? = taking == nil ? nil : Self.tileBytes
    let partPlanes =
      tile.map {
        transposed
          ? geometry.spreadPlanesOfPart(
            run: $0, place: place, connections: Double(connections) / Double(geometry.channels * geometry.kinds),
            worthwhile: worthwhile)
          : geometry.paddedPlanesOfPart(
            run: $0, place: place, connections: Double(connections) / Double(geometry.filters),
            worthwhile: worthwhile)
      } ?? all
    let offset = memory + Self.numbers(starts) * stride
    let weight = offset + Self.numbers(connections) * stride
    let arguments = EntryArguments(
      geometry: geometry, matrix: taking?.matrix(values: values), values: values, columnOffset: tables.columnOffset,
      lanes: pass.shape.width, transposed: transposed, parts: (all + partPlanes - 1) / partPlanes, partPlanes: partPlanes,
      start: memory.assumingMemoryBound(to: Int64.self),
      offset: offset.assumingMemoryBound(to: Int.self), weight: weight.assumingMemoryBound(to: T.self))
    run(T.kernels.convolution.entries, arguments, units: 1, work: 0, pass)
    return arguments
  }

  /// Operations of a pass through all connections.
  private func work(_ pass: Pass) -> Int { flops.multipliedClamped(by: pass.shape.elements(features: 1)) }

  // Inlined, as what hands arguments around without knowing their type asks the runtime for its metadata, which allocates.
  @inline(__always)
  private func run<A>(
    _ kernel: @escaping Kernel, _ arguments: A, units: Int, work: Int, _ pass: Pass,
    balancedBy prefix: UnsafePointer<Int64>? = nil
  ) {
    withUnsafePointer(to: arguments) {
      pass.executor.run(kernel, $0, units: units, work: work, balancedBy: prefix)
    }
  }
}
