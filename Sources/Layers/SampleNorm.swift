import Base
import KernelInterface
import Machine
import Sparse

/// y = (x - mean) / sqrt(variance + epsilon) weight + bias, mean and biased variance over features of one sample: the same in training
/// and inference. Layer norm (Ba, Kiros and Hinton 2016) and group norm (Wu and He 2018) are sets of features.
final class SampleNorm<T: Scalar>: PanelLayer<T>, Elementwise {
  private let sets: NormSets
  private var epsilon: Double
  private let affine: AffineParameters<T>
  /// Mean and 1 / sqrt(variance + epsilon) of each set and sample.
  private var statistics: Buffer<Double>

  init(sets: NormSets, options: OptionValues, owner: String) throws(Failure) {
    self.sets = sets
    epsilon = try options.get(LayerOption.epsilon)
    affine = try AffineParameters(count: sets.parametersInAll, options: options, owner: owner)
    statistics = try Buffer(count: 0, of: owner)
    try super.init(inputs: sets.features, outputs: sets.features, owner: owner)
  }

  override var parameters: [Parameter<T>] { affine.all }
  override var flops: Int { 8.multipliedClamped(by: outputs) }

  override func visit(_ visitor: inout some StateVisitor) {
    super.visit(&visitor)
    visitor.scratch(statistics)
  }

  override func set(_ option: String, _ value: Double) {
    if option == LayerOption.epsilon { epsilon = value }
  }

  override func plan(elements: Int) throws(Failure) {
    try super.plan(elements: elements)
    // No more than twice as many as the panels have, whose number is one.
    statistics = try Buffer(count: sets.sets.multipliedClamped(by: elements).multipliedClamped(by: 2), of: owner)
  }

  @_specialize(where T == Float)
  @_specialize(where T == Double)
  func forward(_ inputs: UnsafePointer<UnsafePointer<T>>, _ pass: Pass) { propagate(inputs[0], pass) }

  private func propagate(_ input: UnsafePointer<T>, _ pass: Pass) {
    var arguments = self.arguments(input, pass)
    arguments.destination = output
    pass.run(
      T.kernels.norms.sampleNormForward, arguments, units: pass.shape.count * sets.sets,
      work: 12 * pass.shape.elements(features: outputs))
  }

  @_specialize(where T == Float)
  @_specialize(where T == Double)
  func backward(
    _ inputs: UnsafePointer<UnsafePointer<T>>, inputGradients: UnsafePointer<UnsafeMutablePointer<T>?>, _ pass: Pass
  ) {
    backpropagate(inputs[0], inputGradient: inputGradients[0], pass)
  }

  private func backpropagate(_ input: UnsafePointer<T>, inputGradient: UnsafeMutablePointer<T>?, _ pass: Pass) {
    var arguments = self.arguments(input, pass)
    arguments.gradient = UnsafePointer(outputGradient)
    arguments.inputGradient = inputGradient
    arguments.scaleGradient = affine.scale?.gradient
    arguments.shiftGradient = affine.shift?.gradient
    arguments.accumulate = pass.accumulate
    let work = 12 * pass.shape.elements(features: outputs)
    if affine.scale != nil {
      pass.run(T.kernels.norms.sampleNormProducts, arguments, units: sets.parametersInAll, work: work)
    }
    if inputGradient != nil {
      pass.run(T.kernels.norms.sampleNormBackward, arguments, units: pass.shape.count * sets.sets, work: work)
    }
  }

  private func arguments(_ input: UnsafePointer<T>, _ pass: Pass) -> SampleNormArguments<T> {
    SampleNormArguments(
      sets: sets, shape: pass.shape, source: input, epsilon: epsilon, scale: affine.scale?.values.map { UnsafePointer($0) },
      shift: affine.shift?.values.map { UnsafePointer($0) }, statistics: statistics.pointer)
  }
}

/// The row of layer norms: over all features of a sample, with a weight and a bias for each of them, or over the channels of each
/// place, with one for each channel.
enum LayerNormRow: NormRow {
  static let name = "layer_norm"
  static let options = LayerOption.ofNorms + [Option(LayerOption.perPlace, 0, .flag, live: false)]

  static func make<T: Scalar>(_ site: LayerSite<T>) throws(Failure) -> any Layer<T> {
    let (features, places) = (site.output.features, site.output.places)
    let perPlace = try site.options.get(LayerOption.perPlace) == 1
    let sets =
      perPlace
      ? NormSets(
        features: features, sets: places, setStride: 1, parameters: site.output.channels, parameterStride: places, rows: 1,
        sharesParameters: true)
      : NormSets(
        features: features, sets: 1, setStride: 0, parameters: features, parameterStride: 1, rows: 1, sharesParameters: true)
    return try SampleNorm<T>(sets: sets, options: site.options, owner: site.owner)
  }
}

/// The row of group norms: over the channels of a group and their places, with a weight and a bias for each channel.
enum GroupNormRow: NormRow {
  static let name = "group_norm"
  static let options = [Option(LayerOption.groups, 1, .integer(1...Int(Int32.max)), live: false)] + LayerOption.ofNorms

  static func outputShape(of inputs: [TensorShape], _ options: OptionValues) throws(Failure) -> TensorShape {
    let groups = try options.integer(LayerOption.groups)
    guard inputs[0].channels % groups == 0 else {
      throw Failure(
        .invalidArgument,
        "\(options.owner): groups must divide the \(inputs[0].channels) channels of \(inputs[0]), got \(groups)")
    }
    return inputs[0]
  }

  static func make<T: Scalar>(_ site: LayerSite<T>) throws(Failure) -> any Layer<T> {
    let groups = try site.options.integer(LayerOption.groups)
    let (features, places) = (site.output.features, site.output.places)
    let sets = NormSets(
      features: features, sets: groups, setStride: features / groups, parameters: site.output.channels / groups,
      parameterStride: places, rows: places, sharesParameters: false)
    return try SampleNorm<T>(sets: sets, options: site.options, owner: site.owner)
  }
}
