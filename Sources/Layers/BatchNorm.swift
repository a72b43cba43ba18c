import Base
import KernelInterface
import Machine
import Sparse

/// y = (x - mean) / sqrt(variance + epsilon) weight + bias, for each channel (Ioffe and Szegedy 2015). In training mean and variance
/// are those of the channel over the batch and the places; in inference they are running ones, which move towards those of each
/// training batch: running = (1 - momentum) running + momentum batch's, where the batch's variance is the unbiased one.
///
/// In inference it is diagonal.
final class BatchNorm<T: Scalar>: PanelLayer<T>, Statistical, Elementwise, Diagonal {
  private let channels: Int
  private let places: Int
  private var momentum: Double
  private var epsilon: Double
  private let affine: AffineParameters<T>
  private let runningMean: Buffer<T>
  private let runningVariance: Buffer<T>

  /// Of the last training pass, one a channel. The variance is the biased one.
  private let mean: Buffer<Double>
  private let variance: Buffer<Double>
  /// Values of a channel in the last training pass.
  private var count = 0
  /// Whether its statistics have not been let count.
  private var isPending = false

  /// Sums of dy and of dy (x - mean).
  private let sums: Buffer<Double>
  private let products: Buffer<Double>
  /// What the kernels take: one a channel each.
  private let center: Buffer<T>
  private let factor: Buffer<T>
  private let slope: Buffer<T>
  private let shift: Buffer<T>

  init(shape: TensorShape, options: OptionValues, owner: String) throws(Failure) {
    channels = shape.channels
    places = shape.places
    momentum = try options.get(LayerOption.momentum)
    epsilon = try options.get(LayerOption.epsilon)
    affine = try AffineParameters(count: channels, options: options, owner: owner)
    runningMean = try Buffer(count: channels, of: owner)
    runningVariance = try Buffer(count: channels, of: owner)
    runningVariance.span.update(repeating: 1)
    mean = try Buffer(count: channels, of: owner)
    variance = try Buffer(count: channels, of: owner)
    sums = try Buffer(count: channels, of: owner)
    products = try Buffer(count: channels, of: owner)
    center = try Buffer(count: channels, of: owner)
    factor = try Buffer(count: channels, of: owner)
    slope = try Buffer(count: channels, of: owner)
    shift = try Buffer(count: channels, of: owner)
    try super.init(inputs: shape.features, outputs: shape.features, owner: owner)
  }

  override var parameters: [Parameter<T>] { affine.all }
  override var flops: Int { 2 * outputs }

  override func visit(_ visitor: inout some StateVisitor) {
    super.visit(&visitor)
    visitor.array("running_mean", runningMean)
    visitor.array("running_variance", runningVariance)
    visitor.scratch(mean, variance, sums, products, center, factor, slope, shift)
  }

  override func set(_ option: String, _ value: Double) {
    if option == LayerOption.momentum { momentum = value }
    if option == LayerOption.epsilon { epsilon = value }
  }

  func check(batch: Int, _ call: String) throws(Failure) {
    guard batch.multipliedClamped(by: places) > 1 else {
      throw Failure(
        .invalidArgument, "\(call): \(owner) needs more than one value a channel in training, got a batch of 1 and 1 place")
    }
  }

  @_specialize(where T == Float)
  @_specialize(where T == Double)
  func commit() { settle() }

  private func settle() {
    guard isPending else { return }
    isPending = false
    let unbiased = Double(count) / Double(count - 1)
    for k in 0..<channels {
      let (mean, variance) = (mean.pointer[k], variance.pointer[k])
      // forward lets NaN and infinity of the caller's pass; here they would stay for ever.
      guard mean.isFinite, variance.isFinite else { continue }
      move(runningMean.pointer + k, to: mean)
      move(runningVariance.pointer + k, to: variance * unbiased)
    }
  }

  private func move(_ running: UnsafeMutablePointer<T>, to value: Double) {
    running.pointee = T((1 - momentum) * Double(running.pointee) + momentum * value)
  }

  /// The mean of a channel that a pass goes by, and 1 / sqrt(variance + epsilon).
  private func statistics(_ k: Int, _ pass: Pass) -> (mean: Double, inverse: Double) {
    let variance = pass.training ? variance.pointer[k] : Double(runningVariance.pointer[k])
    return (pass.training ? mean.pointer[k] : Double(runningMean.pointer[k]), 1 / (variance + epsilon).squareRoot())
  }

  @_specialize(where T == Float)
  @_specialize(where T == Double)
  func forward(_ inputs: UnsafePointer<UnsafePointer<T>>, _ pass: Pass) { propagate(inputs[0], pass) }

  private func propagate(_ input: UnsafePointer<T>, _ pass: Pass) {
    if pass.training {
      pass.run(
        T.kernels.norms.channelMoments,
        ChannelArguments(
          source: input, channels: channels, places: places, shape: pass.shape, mean: mean.pointer,
          second: variance.pointer),
        units: channels, work: 4 * pass.shape.elements(features: outputs))
      count = pass.shape.batch * places
      isPending = true
    }
    for k in 0..<channels {
      let (mean, inverse) = statistics(k, pass)
      let scale = Double(affine.scale?.values?[k] ?? 1) * inverse
      center.pointer[k] = T(mean)
      factor.pointer[k] = T(scale)
      // What rounding takes off the mean.
      let rest = mean - Double(center.pointer[k])
      shift.pointer[k] = T(Double(affine.shift?.values?[k] ?? 0) - rest * scale)
    }
    pass.run(
      T.kernels.norms.affine,
      AffineArguments(
        source: input, destination: output, parameters: channels, rows: places, shape: pass.shape,
        center: UnsafePointer(center.pointer), factor: UnsafePointer(factor.pointer), shift: UnsafePointer(shift.pointer)),
      units: channels, work: 3 * pass.shape.elements(features: outputs))
  }

  @_specialize(where T == Float)
  @_specialize(where T == Double)
  func backward(
    _ inputs: UnsafePointer<UnsafePointer<T>>, inputGradients: UnsafePointer<UnsafeMutablePointer<T>?>, _ pass: Pass
  ) {
    backpropagate(inputs[0], inputGradient: inputGradients[0], pass)
  }

  private func backpropagate(_ input: UnsafePointer<T>, inputGradient: UnsafeMutablePointer<T>?, _ pass: Pass) {
    pass.run(
      T.kernels.norms.channelProducts,
      ChannelArguments(
        source: input, channels: channels, places: places, shape: pass.shape, mean: mean.pointer, second: products.pointer,
        sums: sums.pointer, gradient: UnsafePointer(outputGradient)),
      units: channels, work: 4 * pass.shape.elements(features: outputs))
    // Running statistics do not depend on x.
    let share = pass.training ? 1 / Double(count) : 0
    for k in 0..<channels {
      let sum = sums.pointer[k]
      let (mean, inverse) = statistics(k, pass)
      // The sum of dy (x - mean), whatever mean the kernel took.
      let product = (products.pointer[k] + sum * (self.mean.pointer[k] - mean)) * inverse
      let scale = Double(affine.scale?.values?[k] ?? 1) * inverse
      if let gradient = affine.scale?.gradient { gradient[k] = T(product) + (pass.accumulate ? gradient[k] : 0) }
      if let gradient = affine.shift?.gradient { gradient[k] = T(sum) + (pass.accumulate ? gradient[k] : 0) }
      let slope = -scale * inverse * product * share
      center.pointer[k] = T(mean)
      factor.pointer[k] = T(scale)
      self.slope.pointer[k] = T(slope)
      // What rounding takes off the mean.
      let rest = mean - Double(center.pointer[k])
      shift.pointer[k] = T(-scale * sum * share - rest * slope)
    }
    guard let inputGradient else { return }
    pass.run(
      T.kernels.norms.channelGradient,
      ChannelGradientArguments(
        source: input, gradient: UnsafePointer(outputGradient), inputGradient: inputGradient, channels: channels,
        places: places, shape: pass.shape, center: UnsafePointer(center.pointer), factor: UnsafePointer(factor.pointer),
        slope: UnsafePointer(slope.pointer), shift: UnsafePointer(shift.pointer)),
      units: channels, work: 5 * pass.shape.elements(features: outputs))
  }
}

/// The row of batch norms.
enum BatchNormRow: NormRow {
  static let name = "batch_norm"
  static let options = [Option(LayerOption.momentum, 0.1, .real(0...1))] + LayerOption.ofNorms

  static func make<T: Scalar>(_ site: LayerSite<T>) throws(Failure) -> any Layer<T> {
    try BatchNorm<T>(shape: site.output, options: site.options, owner: site.owner)
  }
}
