import Base
import KernelInterface
import Machine
import Sparse

/// a = f(W x + b), W: (units, inputs) with a pattern, or dense.
///
/// Sparse: forward and both backward passes touch only the pattern's connections. Dense, or nearly: the products are
/// OpenBLAS's.
package final class Linear<T: Scalar>: Connected {
  package let inputs: Int
  package let outputs: Int
  package private(set) var pattern: Pattern?
  package let weights: Parameter<T>
  package let bias: Parameter<T>?
  package let activation: Activation
  /// The number that the activation has, if any; >= 0: the derivative is told from the sign of a.
  package private(set) var negativeSlope: T
  package var denseCrossover: Double
  private let owner: String
  private var panels: PanelPair<T>
  package var forwardSet: ForwardSet<T>?
  /// z, for activations whose derivative is not a function of a.
  private var preactivation: Buffer<T>?
  /// Shared with the other layers: `scratchElements`.
  private var scratch: Buffer<T>?
  /// The last backward pass and its input.
  private var last: (input: UnsafePointer<T>, pass: Pass)?

  package init(
    inputs: Int, units: Int, pattern: Pattern?, hasBias: Bool, activation: Activation, negativeSlope: Double,
    denseCrossover: Double, owner: String
  ) throws(Failure) {
    self.inputs = inputs
    self.outputs = units
    self.pattern = pattern
    self.activation = activation
    self.negativeSlope = T(negativeSlope)
    self.denseCrossover = denseCrossover
    self.owner = owner
    weights = Parameter(
      name: "\(owner), weights", role: .weights, count: pattern?.connections ?? units * inputs,
      capacity: pattern?.capacity)
    bias = hasBias ? Parameter(name: "\(owner), bias", role: .bias, count: units) : nil
    panels = try PanelPair(features: 0, elements: 0, of: owner)
  }

  package var multipliesPanels: Bool { true }
  package var rows: Int { outputs }
  package var columns: Int { inputs }
  package var parameters: [Parameter<T>] { bias.map { [weights, $0] } ?? [weights] }
  package var usesBLAS: Bool { usesBLAS(pattern, denseCrossover) }
  package var output: UnsafeMutablePointer<T> { panels.output.pointer }
  package var outputGradient: UnsafeMutablePointer<T> { panels.gradient.pointer }
  package func visit(_ visitor: inout some StateVisitor) {
    panels.visit(&visitor)
    visitor.scratch(preactivation)
  }
  package func set(_ option: String, _ value: Double) {
    if option == LayerOption.number(of: activation) { negativeSlope = T(value) }
  }
  package var flops: Int { 2 * (forwardSet?.pattern.connections ?? weights.count) }
  package var gradientFlops: Int { 2 * (learning?.connections ?? weights.count) }

  package var scratchElements: Int { scratchElements(pattern, denseCrossover: nil) }

  /// W in the order of the transposed index, for dx, or a dense matrix.
  package func scratchElements(_ pattern: Pattern?, denseCrossover: Double?) -> Int {
    guard let pattern else { return 0 }
    return usesBLAS(pattern, denseCrossover ?? self.denseCrossover) ? outputs * inputs : pattern.capacity
  }

  package func usesBLAS(_ pattern: Pattern?, _ denseCrossover: Double) -> Bool {
    guard let pattern else { return true }
    return Double(pattern.capacity) > denseCrossover * Double(outputs) * Double(inputs)
  }

  /// Whether the pattern is so dense that a pass through OpenBLAS is quicker, to which W is written out, 0 where there is no
  /// connection, and from which dW is read back. That costs the same for any batch, about as much as the products of 8
  /// samples: hence the factor. Measured.
  private func multipliesDensely(_ pattern: Pattern, _ pass: Pass) -> Bool {
    usesBLAS && pattern.density > denseCrossover * (1 + 8 / Double(pass.shape.batch))
  }

  /// The connections that forward and dx go through; nil for a dense layer.
  private var taking: Pattern? { forwardSet?.pattern ?? pattern }
  /// Those that have a gradient.
  private var learning: Pattern? { forwardSet?.hidesGradients == true ? taking : pattern }

  package func share(_ scratch: Buffer<T>) { self.scratch = scratch }

  package func plan(elements: Int) throws(Failure) {
    if usesBLAS { try OpenBLAS.reserve(callers: 1) }
    panels = try PanelPair(features: outputs, elements: elements, of: owner)
    preactivation = activation.needsPreactivation ? try Buffer(count: panels.output.count, of: owner) : nil
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
      values, rows: outputs, columns: inputs, rowStart: pattern?.rowStart, random: &random, owner: owner)
  }

  package func adopt(_ pattern: Pattern) {
    self.pattern = pattern
    weights.resize(count: pattern.connections, capacity: pattern.capacity)
    last = nil
  }

  // MARK: Passes

  // Specialised here, because the callers are other modules: without it a step asks the runtime for type metadata all along.

  @_specialize(where T == Float)
  @_specialize(where T == Double)
  package func forward(_ inputs: UnsafePointer<UnsafePointer<T>>, _ pass: Pass) { propagate(inputs[0], pass) }

  // Apart: a generic function lays out its locals, and asks for their metadata, before it goes to the specialised one.
  @inline(never)
  private func propagate(_ input: UnsafePointer<T>, _ pass: Pass) {
    guard let stored = weights.values else { return }
    var values = UnsafePointer(stored)
    // Read once: each time they are read counts references.
    var taking = pattern
    if let forwardSet, let pattern = taking {
      values = forwardSet.take(values, of: pattern)
      taking = forwardSet.pattern
    }
    let arguments = self.arguments(taking, values, input, pass)
    if let taking, !multipliesDensely(taking, pass) {
      run(T.kernels.sparseForward, arguments, units: outputs, work: work(pass), pass, balancedBy: taking.rowStart)
    } else {
      let product = DenseArguments(
        rows: outputs, columns: inputs, shape: pass.shape, weights: denseWeights(taking, values, pass),
        input: input, output: output)
      run(T.dense.forward, product, units: product.forwardUnits, work: product.work, pass)
      run(T.kernels.denseForwardEpilogue, arguments, units: outputs, work: 8 * elements(pass), pass)
    }
    if activation == .softmax { softmax(T.kernels.softmaxForward, gradient: nil, pass) }
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
    if activation == .softmax { softmax(T.kernels.softmaxBackward, gradient: outputGradient, pass) }
    let taking = self.taking
    let values = forwardSet?.taken ?? UnsafePointer(stored)
    var arguments = self.arguments(taking, values, input, pass)
    arguments.gradient = outputGradient
    arguments.biasGradient = bias?.gradient
    arguments.inputGradient = inputGradient
    arguments.transposedValues = scratch?.pointer
    arguments.accumulate = pass.accumulate
    if let forwardSet, forwardSet.hidesGradients {
      multiplyBack(
        arguments, of: taking, into: forwardSet.gradients(of: weightGradient, accumulate: pass.accumulate), pass)
      forwardSet.spread(to: weightGradient, count: weights.count)
    } else {
      multiplyBack(arguments, of: forwardSet == nil ? taking : pattern, into: weightGradient, pass)
    }
    guard inputGradient != nil else { return }
    if let taking, !multipliesDensely(taking, pass) {
      run(
        T.kernels.sparseBackwardInput, arguments, units: inputs, work: work(pass), pass, balancedBy: taking.columnStart)
    } else {
      let product = DenseArguments(
        rows: outputs, columns: inputs, shape: pass.shape, weights: denseWeights(taking, values, pass),
        input: input, gradient: UnsafePointer(outputGradient), inputGradient: inputGradient)
      run(T.dense.backwardInput, product, units: product.backwardInputUnits, work: product.work, pass)
    }
  }

  /// dz in the place of da, and the gradients of the weights and biases.
  /// - arguments: of the pass. - learning: the connections that have a gradient; nil for a dense layer.
  /// - weightGradient: one a slot of these connections.
  @inline(__always)
  private func multiplyBack(
    _ arguments: LinearArguments<T>, of learning: Pattern?, into weightGradient: UnsafeMutablePointer<T>, _ pass: Pass
  ) {
    var arguments = arguments
    arguments.weightGradient = weightGradient
    if let learning, !multipliesDensely(learning, pass) {
      // The values play no part. Without a forward set the matrix is that of the pass already.
      if forwardSet != nil { arguments.matrix = learning.matrix(values: UnsafePointer(weightGradient)) }
      run(
        T.kernels.sparseBackwardWeight, arguments, units: outputs, work: work(pass), pass, balancedBy: learning.rowStart)
      return
    }
    run(T.kernels.denseBackwardPrologue, arguments, units: outputs, work: 8 * elements(pass), pass)
    var product = DenseArguments(
      rows: outputs, columns: inputs, shape: pass.shape, input: arguments.input, gradient: UnsafePointer(outputGradient),
      weightGradient: weightGradient, accumulate: pass.accumulate)
    if learning != nil { (product.weightGradient, product.accumulate) = (scratch?.pointer, false) }
    run(T.dense.backwardWeight, product, units: product.backwardWeightUnits, work: product.backwardWeightWork, pass)
    if let learning, let dense = scratch?.pointer {
      let gathering = ScatterArguments(
        matrix: learning.matrix(values: UnsafePointer(weightGradient)), dense: dense, gathered: weightGradient,
        accumulate: pass.accumulate)
      run(T.dense.gather, gathering, units: outputs, work: 2 * outputs * inputs, pass)
    }
  }

  /// W as OpenBLAS takes it: as it is, or a pattern's written out into the scratch. - values: those that take part.
  @_specialize(where T == Float)
  @_specialize(where T == Double)
  private func denseWeights(_ taking: Pattern?, _ values: UnsafePointer<T>, _ pass: Pass) -> UnsafePointer<T> {
    guard let taking, let dense = scratch?.pointer else { return values }
    let scattering = ScatterArguments(matrix: taking.matrix(values: values), dense: dense)
    run(T.dense.scatter, scattering, units: outputs, work: 2 * outputs * inputs, pass)
    return UnsafePointer(dense)
  }

  @inline(__always)
  private func arguments(
    _ taking: Pattern?, _ values: UnsafePointer<T>, _ input: UnsafePointer<T>, _ pass: Pass
  ) -> LinearArguments<T> {
    LinearArguments(
      matrix: taking?.matrix(values: values), rows: outputs, columns: inputs, shape: pass.shape,
      bias: bias?.values.map { UnsafePointer($0) }, activation: activation, negativeSlope: negativeSlope, input: input,
      output: output, preactivation: preactivation?.pointer)
  }

  @_specialize(where T == Float)
  @_specialize(where T == Double)
  private func softmax(_ kernel: @escaping Kernel, gradient: UnsafeMutablePointer<T>?, _ pass: Pass) {
    let arguments = SoftmaxArguments(channels: outputs, shape: pass.shape, output: output, gradient: gradient)
    run(kernel, arguments, units: pass.shape.count, work: 20 * elements(pass), pass)
  }

  private func elements(_ pass: Pass) -> Int { pass.shape.elements(features: outputs) }
  private func work(_ pass: Pass) -> Int { 2 * pass.shape.elements(features: weights.count) }

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

/// The row of linear layers: a = f(W x + b).
enum LinearRow: LayerRow {
  static let name = "linear"
  static let options =
    [Option(LayerOption.units, 1, .integer(1...Int(Int32.max)), live: false)] + LayerOption.ofConnections

  static func outputShape(of inputs: [TensorShape], _ options: OptionValues) throws(Failure) -> TensorShape {
    TensorShape(features: try options.integer(LayerOption.units))
  }

  static func weightShape(of inputs: [TensorShape], _ options: OptionValues) -> WeightShape? {
    let (units, columns) = ((try? options.integer(LayerOption.units)) ?? 1, inputs[0].features)
    return WeightShape(rows: units, columns: columns, dimensions: [columns, units])
  }

  static func make<T: Scalar>(_ site: LayerSite<T>) throws(Failure) -> any Layer<T> {
    try Linear<T>(
      inputs: site.inputs[0].features, units: site.output.features, pattern: site.pattern,
      hasBias: try site.options.get(LayerOption.bias) == 1,
      activation: try site.options.choice(LayerOption.activation, of: Activation.self),
      negativeSlope: try LayerOption.activationNumber(site.options), denseCrossover: site.denseCrossover, owner: site.owner)
  }
}

extension Linear {
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
    let product = DenseArguments(
      rows: outputs, columns: inputs, shape: panels.shape, input: panels.input, gradient: panels.gradient,
      weightGradient: gradient, gradientRows: rows, accumulate: accumulate)
    runLast(T.dense.backwardWeight, product, units: product.backwardWeightUnits, work: product.backwardWeightWork)
  }

  /// Run a kernel where the last backward pass ran.
  @inline(__always)
  func runLast<A>(
    _ kernel: @escaping Kernel, _ arguments: A, units: Int, work: Int, balancedBy prefix: UnsafePointer<Int64>? = nil
  ) {
    guard let pass = last?.pass else { return }
    run(kernel, arguments, units: units, work: work, pass, balancedBy: prefix)
  }
}
