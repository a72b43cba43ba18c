import Base
import KernelInterface
import Machine
import Sparse

/// A locally connected layer, a = f(W x + b): a convolution whose filters have weights of their own at each place of the output.
/// W: (filters x output places, channels of a group x kernel), so every position of the matrix is one that may be connected.
///
/// It is a linear layer on the padded field with connections around each place only: a ``Placement`` says which feature of the
/// padded field a position reads, and the kernels are those of sparse linear layers. A dense layer holds its pattern too.
package final class LocallyConnected<T: Scalar>: Connected {
  let geometry: ConvolutionGeometry
  private let places: Placement
  package private(set) var pattern: Pattern?
  /// Of a dense layer every position, over the features of the padded field.
  private var full: Pattern?
  package let weights: Parameter<T>
  package let bias: Parameter<T>?
  private let activation: Activation
  private var negativeSlope: T
  package var denseCrossover: Double
  package var forwardSet: ForwardSet<T>?
  private let owner: String
  private var panels: PanelPair<T>
  /// z, for activations whose derivative is not a function of a.
  private var preactivation: Buffer<T>?
  /// Shared with the other layers: the padded field or the derivative by it, then the weights in the transposed order.
  private var scratch: Buffer<T>?
  /// Elements of a feature, the most that a batch takes.
  private var elements = 0
  /// From the padded field to the field; nil where the field is its own padded field.
  private let padding: ConvolutionTables.Maps?
  /// Positions that gradients are asked for, as kernels take them.
  private let asked: (start: Buffer<Int64>, index: Buffer<UInt32>)
  /// The last backward pass and its input.
  private var last: (input: UnsafePointer<T>, pass: Pass)?

  init(_ site: LayerSite<T>) throws(Failure) {
    let (g, owner) = (try ConvolutionGeometry(of: site.inputs[0], site.options, transposed: false), site.owner)
    (geometry, self.owner) = (g, owner)
    places = try Placement(g, owner: owner)
    let (rows, columns) = (places.rows, places.columns)
    pattern = site.pattern
    try pattern?.place(by: places, owner: owner)
    full = pattern == nil ? try Pattern(full: places, owner: owner) : nil
    activation = try site.options.choice(LayerOption.activation, of: Activation.self)
    negativeSlope = T(try LayerOption.activationNumber(site.options))
    denseCrossover = site.denseCrossover
    weights = Parameter(
      name: "\(owner), weights", role: .weights, count: pattern?.connections ?? rows * columns, capacity: pattern?.capacity)
    let hasBias = try site.options.get(LayerOption.bias) == 1
    bias = hasBias ? Parameter(name: "\(owner), bias", role: .bias, count: rows) : nil
    panels = try PanelPair(features: 0, elements: 0, of: owner)
    padding =
      g.isPadded
      ? try ConvolutionTables.Maps(
        g.planes, owner: owner, depth: g.depth.source, height: g.height.source, width: g.width.source) : nil
    let what = "\(owner), positions that gradients are asked for"
    asked = (
      try Buffer(count: rows + 1, of: what), try Buffer(count: max(columns, min(1 << 14, rows * columns)), of: what)
    )
  }

  package var inputs: Int { geometry.channels * geometry.inputPlaces }
  package var outputs: Int { places.rows }
  package var rows: Int { places.rows }
  package var columns: Int { places.columns }
  package var placement: Placement? { places }
  package var parameters: [Parameter<T>] { bias.map { [weights, $0] } ?? [weights] }
  package var usesBLAS: Bool { false }
  package var multipliesPanels: Bool { true }
  package var output: UnsafeMutablePointer<T> { panels.output.pointer }
  package var outputGradient: UnsafeMutablePointer<T> { panels.gradient.pointer }
  package func visit(_ visitor: inout some StateVisitor) {
    panels.visit(&visitor)
    visitor.scratch(preactivation, asked.start, asked.index)
    visitor.scratch(bytes: places.bytes.addingClamped(full?.bytes ?? 0))
    padding?.visit(&visitor)
  }
  package func set(_ option: String, _ value: Double) {
    if option == LayerOption.number(of: activation) { negativeSlope = T(value) }
  }
  package var flops: Int { connectionFlops.multipliedClamped(by: forwardSet?.pattern.connections ?? weights.count) }
  package var gradientFlops: Int { connectionFlops.multipliedClamped(by: learning?.connections ?? weights.count) }

  /// The connections that forward and dx go through; nil for a dense layer.
  private var taking: Pattern? { forwardSet?.pattern ?? pattern }
  /// Those that have a gradient.
  private var learning: Pattern? { forwardSet?.hidesGradients == true ? taking : pattern }

  package func usesBLAS(_ pattern: Pattern?, _ denseCrossover: Double) -> Bool { false }

  package var scratchElements: Int { scratchElements(pattern, denseCrossover: nil) }

  package func scratchElements(_ pattern: Pattern?, denseCrossover: Double?) -> Int {
    paddedElements.addingClamped(pattern?.capacity ?? rows.multipliedClamped(by: columns))
  }

  /// A whole number of 64 bytes.
  private var paddedElements: Int {
    padding == nil ? 0 : places.features.multipliedClamped(by: elements).addingClamped(15) & ~15
  }

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
      values, rows: rows, columns: columns, inputs: inputs, rowStart: pattern?.rowStart, random: &random, owner: owner)
  }

  package func adopt(_ pattern: Pattern) {
    self.pattern = pattern
    full = nil
    weights.resize(count: pattern.connections, capacity: pattern.capacity)
    last = nil
  }

  // MARK: Passes

  @_specialize(where T == Float)
  @_specialize(where T == Double)
  package func forward(_ inputs: UnsafePointer<UnsafePointer<T>>, _ pass: Pass) { propagate(inputs[0], pass) }

  // Apart: a generic function lays out its locals, and asks for their metadata, before it goes to the specialised one.
  @inline(never)
  private func propagate(_ input: UnsafePointer<T>, _ pass: Pass) {
    guard let stored = weights.values else { return }
    var values = UnsafePointer(stored)
    if let forwardSet, let pattern { values = forwardSet.take(values, of: pattern) }
    guard let placed = placed(taking) else { return }
    let arguments = self.arguments(placed.matrix(values: values), pad(input, pass.shape, pass), pass)
    run(T.kernels.sparseForward, arguments, units: outputs, work: work(placed, pass), pass, balancedBy: placed.rowStart)
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
    guard let stored = weights.values, let weightGradient = weights.gradient, let scratch = scratch?.pointer else { return }
    guard let taking = placed(taking), let learning = placed(learning) else { return }
    last = (input, pass)
    var arguments = self.arguments(
      learning.matrix(values: UnsafePointer(weightGradient)), pad(input, pass.shape, pass), pass)
    arguments.gradient = outputGradient
    arguments.biasGradient = bias?.gradient
    arguments.accumulate = pass.accumulate
    arguments.weightGradient = weightGradient
    let hiding = forwardSet?.hidesGradients == true ? forwardSet : nil
    if let hiding { arguments.weightGradient = hiding.gradients(of: weightGradient, accumulate: pass.accumulate) }
    run(
      T.kernels.sparseBackwardWeight, arguments, units: outputs, work: work(learning, pass), pass,
      balancedBy: learning.rowStart)
    hiding?.spread(to: weightGradient, count: weights.count)
    guard let inputGradient else { return }
    // The padded field is of no more use, and makes room for the derivative by it.
    arguments.matrix = taking.matrix(values: forwardSet?.taken ?? UnsafePointer(stored))
    arguments.inputGradient = padding == nil ? inputGradient : scratch
    arguments.transposedValues = scratch + paddedElements
    run(
      T.kernels.sparseBackwardInput, arguments, units: places.features, work: work(taking, pass), pass,
      balancedBy: taking.columnStart)
    if let padding {
      runPadding(T.kernels.convolution.fold, padding, from: UnsafePointer(scratch), to: inputGradient, pass.shape, pass)
    }
  }

  /// What kernels go through for a pattern of the layer's; nil: the dense one.
  private func placed(_ pattern: Pattern?) -> Pattern? { pattern == nil ? full : pattern?.placed }

  /// The padded field.
  @inline(__always)
  private func pad(_ field: UnsafePointer<T>, _ shape: PanelShape, _ pass: Pass) -> UnsafePointer<T> {
    guard let padding, let scratch else { return field }
    runPadding(T.kernels.convolution.pad, padding, from: field, to: scratch.pointer, shape, pass)
    return UnsafePointer(scratch.pointer)
  }

  @inline(__always)
  private func runPadding(
    _ kernel: @escaping Kernel, _ maps: ConvolutionTables.Maps, from source: UnsafePointer<T>,
    to destination: UnsafeMutablePointer<T>, _ shape: PanelShape, _ pass: Pass
  ) {
    let g = geometry
    let arguments = PaddingArguments(
      channels: g.channels, depth: g.depth.input, height: g.height.input, width: g.width.input, planes: g.planes,
      depthMap: maps.depth, heightMap: maps.height, widthMap: maps.width, shape: shape, source: source,
      destination: destination)
    run(kernel, arguments, units: g.channels * shape.count, work: shape.elements(features: places.features), pass)
  }

  @inline(__always)
  private func arguments(_ matrix: SparseMatrix<T>, _ input: UnsafePointer<T>, _ pass: Pass) -> LinearArguments<T> {
    LinearArguments(
      matrix: matrix, rows: outputs, columns: places.features, shape: pass.shape,
      bias: bias?.values.map { UnsafePointer($0) }, activation: activation, negativeSlope: negativeSlope, input: input,
      output: output, preactivation: preactivation?.pointer)
  }

  private func work(_ pattern: Pattern, _ pass: Pass) -> Int { 2 * pass.shape.elements(features: pattern.connections) }

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

  // MARK: Gradients where topology methods ask for them

  package var gradientPanels: GradientPanels<T>? {
    @_specialize(where T == Float)
    @_specialize(where T == Double)
    get { panelsOfLast() }
  }

  @inline(never)
  private func panelsOfLast() -> GradientPanels<T>? {
    last.map { GradientPanels(input: $0.input, gradient: UnsafePointer(outputGradient), shape: $0.pass.shape) }
  }

  @_specialize(where T == Float)
  @_specialize(where T == Double)
  package func denseGradient(
    _ panels: GradientPanels<T>, rows: Range<Int>, into gradient: UnsafeMutablePointer<T>, accumulate: Bool
  ) {
    multiply(panels, rows, nil, into: gradient, accumulate)
  }

  @_specialize(where T == Float)
  @_specialize(where T == Double)
  package func gradient(
    _ panels: GradientPanels<T>, at positions: PositionRows, into gradient: UnsafeMutablePointer<T>, accumulate: Bool
  ) {
    multiply(panels, 0..<rows, positions, into: gradient, accumulate)
  }

  /// dL/dW at positions of some rows, as many rows at a time as `asked` has room for. - positions: nil: all of these rows.
  @inline(never)
  private func multiply(
    _ panels: GradientPanels<T>, _ rows: Range<Int>, _ positions: PositionRows?, into gradient: UnsafeMutablePointer<T>,
    _ accumulate: Bool
  ) {
    guard let pass = last?.pass else { return }
    let input = pad(panels.input, panels.shape, pass)
    let dz = UnsafeMutablePointer(mutating: panels.gradient)
    let (start, index) = (asked.start.pointer, asked.index.pointer)
    var (first, done) = (rows.lowerBound, 0)
    while first < rows.upperBound {
      var (end, count) = (first, 0)
      while end < rows.upperBound {
        let more = positions.map { Int($0.rowStart[end &+ 1] &- $0.rowStart[end]) } ?? columns
        if count &+ more > asked.index.count { break }
        place(positions, row: end, into: index + count)
        count &+= more
        end &+= 1
        start[end &- first] = Int64(count)
      }
      // The kernel looks at the end of the whole matrix for how dense it is.
      start[outputs] = Int64(count)
      // The panels hold dz: as the identity's da the kernel leaves them as they are.
      let from = dz + first &* panels.shape.width
      var arguments = LinearArguments(
        matrix: SparseMatrix(
          rows: outputs, columns: places.features, rowStart: UnsafePointer(start), columnIndex: UnsafeRawPointer(index),
          indexBytes: 4, values: UnsafePointer(gradient), columnStart: UnsafePointer(start),
          rowIndex: UnsafeRawPointer(index), slot: UnsafePointer(index)),
        rows: outputs, columns: places.features, shape: panels.shape, bias: nil, activation: .identity, negativeSlope: 0,
        input: input, output: from)
      arguments.gradient = from
      arguments.weightGradient = gradient + done
      arguments.accumulate = accumulate
      run(
        T.kernels.sparseBackwardWeight, arguments, units: end &- first,
        work: 2 * panels.shape.elements(features: count &+ end &- first), pass, balancedBy: UnsafePointer(start))
      (first, done) = (end, done &+ count)
    }
  }

  /// The features that positions of a row read. - positions: nil: all.
  @inline(__always)
  private func place(_ positions: PositionRows?, row: Int, into index: UnsafeMutablePointer<UInt32>) {
    let (offset, offsets) = (places.rowOffset[row], places.columnOffset)
    guard let positions else {
      for column in 0..<columns { index[column] = UInt32(truncatingIfNeeded: offset &+ offsets[column]) }
      return
    }
    let first = Int(positions.rowStart[row])
    for i in first..<Int(positions.rowStart[row &+ 1]) {
      index[i &- first] = UInt32(truncatingIfNeeded: offset &+ offsets[positions.column(i)])
    }
  }
}
