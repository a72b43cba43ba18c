// Arguments of the norms' kernels, and their table. Statistics are sums in double, in an order that threads do not change.

/// y = (x - center) factor + shift, each of them one number a parameter. The rows of parameter k are the features
/// k rows ..< (k + 1) rows. Padding lanes get what the formula makes of them, so those of a gradient stay 0 without a shift.
public struct AffineArguments<T> {
  public var source: UnsafePointer<T>
  public var destination: UnsafeMutablePointer<T>
  /// Units.
  public var parameters: Int
  /// Features that share a parameter, one after the other.
  public var rows: Int
  public var shape: PanelShape
  /// nil: 0.
  public var center: UnsafePointer<T>?
  public var factor: UnsafePointer<T>
  /// nil: 0.
  public var shift: UnsafePointer<T>?

  @inlinable
  public init(
    source: UnsafePointer<T>, destination: UnsafeMutablePointer<T>, parameters: Int, rows: Int, shape: PanelShape,
    center: UnsafePointer<T>?, factor: UnsafePointer<T>, shift: UnsafePointer<T>?
  ) {
    self.source = source
    self.destination = destination
    self.parameters = parameters
    self.rows = rows
    self.shape = shape
    self.center = center
    self.factor = factor
    self.shift = shift
  }
}

/// Statistics of each channel over the samples of a batch and the places, padding lanes apart; and the way back through a norm
/// that is made of them.
public struct ChannelArguments<T> {
  /// x
  public var source: UnsafePointer<T>
  /// Units.
  public var channels: Int
  /// Features of a channel, one after the other.
  public var places: Int
  public var shape: PanelShape
  /// One a channel: the mean of x, which `channelMoments` writes and `channelProducts` reads.
  public var mean: UnsafeMutablePointer<Double>
  /// One a channel: `channelMoments` writes the mean of (x - mean)^2, `channelProducts` the sum of dy (x - mean).
  public var second: UnsafeMutablePointer<Double>
  /// One a channel: the sum of dy, which `channelProducts` writes.
  public var sums: UnsafeMutablePointer<Double>?
  /// dy
  public var gradient: UnsafePointer<T>?

  @inlinable
  public init(
    source: UnsafePointer<T>, channels: Int, places: Int, shape: PanelShape, mean: UnsafeMutablePointer<Double>,
    second: UnsafeMutablePointer<Double>, sums: UnsafeMutablePointer<Double>? = nil, gradient: UnsafePointer<T>? = nil
  ) {
    self.source = source
    self.channels = channels
    self.places = places
    self.shape = shape
    self.mean = mean
    self.second = second
    self.sums = sums
    self.gradient = gradient
  }
}

/// dx = dy factor + (x - center) slope + shift, each of them one number a channel; padding lanes become 0.
public struct ChannelGradientArguments<T> {
  public var source: UnsafePointer<T>
  public var gradient: UnsafePointer<T>
  public var inputGradient: UnsafeMutablePointer<T>
  /// Units.
  public var channels: Int
  public var places: Int
  public var shape: PanelShape
  public var center: UnsafePointer<T>
  public var factor: UnsafePointer<T>
  public var slope: UnsafePointer<T>
  public var shift: UnsafePointer<T>

  @inlinable
  public init(
    source: UnsafePointer<T>, gradient: UnsafePointer<T>, inputGradient: UnsafeMutablePointer<T>, channels: Int, places: Int,
    shape: PanelShape, center: UnsafePointer<T>, factor: UnsafePointer<T>, slope: UnsafePointer<T>, shift: UnsafePointer<T>
  ) {
    self.source = source
    self.gradient = gradient
    self.inputGradient = inputGradient
    self.channels = channels
    self.places = places
    self.shape = shape
    self.center = center
    self.factor = factor
    self.slope = slope
    self.shift = shift
  }
}

/// Which features of a sample a norm takes together, a set, and which parameter each of them has. Row m of the set's parameter
/// number a is feature set setStride + a parameterStride + m.
public struct NormSets: Equatable, Sendable {
  public var features: Int
  public var sets: Int
  public var setStride: Int
  /// Parameters of a set.
  public var parameters: Int
  public var parameterStride: Int
  /// Features of a set that share a parameter, one after the other.
  public var rows: Int
  /// Whether all sets have the same parameters; otherwise set s has those from s parameters on.
  public var sharesParameters: Bool

  @inlinable
  public init(
    features: Int, sets: Int, setStride: Int, parameters: Int, parameterStride: Int, rows: Int, sharesParameters: Bool
  ) {
    self.features = features
    self.sets = sets
    self.setStride = setStride
    self.parameters = parameters
    self.parameterStride = parameterStride
    self.rows = rows
    self.sharesParameters = sharesParameters
  }

  /// Features of a set.
  @inlinable public var count: Int { parameters &* rows }
  /// Of all sets.
  @inlinable public var parametersInAll: Int { sharesParameters ? parameters : parameters &* sets }
}

/// y = (x - mean) / sqrt(variance + epsilon) scale + shift, mean and variance over the features of a set of one sample.
public struct SampleNormArguments<T> {
  public var sets: NormSets
  public var shape: PanelShape
  /// x
  public var source: UnsafePointer<T>
  /// y; nil in backward.
  public var destination: UnsafeMutablePointer<T>?
  public var epsilon: Double
  /// One a parameter; nil: 1.
  public var scale: UnsafePointer<T>?
  /// One a parameter; nil: 0.
  public var shift: UnsafePointer<T>?
  /// The means, [panel][set][lane], then as many values of 1 / sqrt(variance + epsilon): forward writes them.
  public var statistics: UnsafeMutablePointer<Double>
  /// dy. nil in forward.
  public var gradient: UnsafePointer<T>?
  /// dx, padding lanes 0. Only `sampleNormBackward` writes it.
  public var inputGradient: UnsafeMutablePointer<T>?
  /// One a parameter, of all sets; only `sampleNormProducts` writes them.
  public var scaleGradient: UnsafeMutablePointer<T>?
  public var shiftGradient: UnsafeMutablePointer<T>?
  /// Whether these two are added to what is there.
  public var accumulate: Bool

  @inlinable
  public init(
    sets: NormSets, shape: PanelShape, source: UnsafePointer<T>, destination: UnsafeMutablePointer<T>? = nil, epsilon: Double,
    scale: UnsafePointer<T>?, shift: UnsafePointer<T>?, statistics: UnsafeMutablePointer<Double>,
    gradient: UnsafePointer<T>? = nil, inputGradient: UnsafeMutablePointer<T>? = nil,
    scaleGradient: UnsafeMutablePointer<T>? = nil, shiftGradient: UnsafeMutablePointer<T>? = nil, accumulate: Bool = false
  ) {
    self.sets = sets
    self.shape = shape
    self.source = source
    self.destination = destination
    self.epsilon = epsilon
    self.scale = scale
    self.shift = shift
    self.statistics = statistics
    self.gradient = gradient
    self.inputGradient = inputGradient
    self.scaleGradient = scaleGradient
    self.shiftGradient = shiftGradient
    self.accumulate = accumulate
  }
}

/// The norms' part of a ``KernelTable``.
public struct NormKernels: Sendable {
  /// ``AffineArguments``; units: parameters.
  public let affine: Kernel
  /// ``ChannelArguments``; units: channels. Means and variances.
  public let channelMoments: Kernel
  /// ``ChannelArguments``; units: channels. What a batch norm's gradients are made of.
  public let channelProducts: Kernel
  /// ``ChannelGradientArguments``; units: channels.
  public let channelGradient: Kernel
  /// ``SampleNormArguments``; units: sets of panels, panels x sets.
  public let sampleNormForward: Kernel
  /// ``SampleNormArguments``; units: sets of panels, panels x sets. dx.
  public let sampleNormBackward: Kernel
  /// ``SampleNormArguments``; units: parameters of all sets. The gradients of scale and shift.
  public let sampleNormProducts: Kernel

  public init(
    affine: @escaping Kernel, channelMoments: @escaping Kernel, channelProducts: @escaping Kernel,
    channelGradient: @escaping Kernel, sampleNormForward: @escaping Kernel, sampleNormBackward: @escaping Kernel,
    sampleNormProducts: @escaping Kernel
  ) {
    self.affine = affine
    self.channelMoments = channelMoments
    self.channelProducts = channelProducts
    self.channelGradient = channelGradient
    self.sampleNormForward = sampleNormForward
    self.sampleNormBackward = sampleNormBackward
    self.sampleNormProducts = sampleNormProducts
  }
}
