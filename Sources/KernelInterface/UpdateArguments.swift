// Arguments of the optimizers' kernels. Each updates `weights` and its moments in place, in one pass; `gradient` is only
// read, and multiplied by `gradientScale` (the clipping factor, else 1) on its way in. Formulas: PyTorch's single-tensor
// implementations, torch/optim/{sgd,rmsprop,adagrad,adam,adamw}.py. Coefficients are computed in double by the caller.

/// g += weightDecay w; with momentum: m = first ? g : momentum m + (1 - dampening) g; g = nesterov ? g + momentum m : m;
/// w -= rate g.
public struct SGDArguments<T> {
  public var weights: UnsafeMutablePointer<T>
  public var gradient: UnsafePointer<T>
  /// nil when momentum is 0.
  public var moment: UnsafeMutablePointer<T>?
  public var gradientScale: T
  public var rate: T
  public var weightDecay: T
  public var momentum: T
  public var dampening: T
  public var nesterov: Bool
  /// The first step: m = g, whatever the dampening.
  public var first: Bool
  /// Receives 1 when a weight comes out as no finite number.
  public var nonFinite: UnsafeMutablePointer<Int32>?

  @inlinable
  public init(
    weights: UnsafeMutablePointer<T>, gradient: UnsafePointer<T>, moment: UnsafeMutablePointer<T>?, gradientScale: T,
    rate: T, weightDecay: T, momentum: T, dampening: T, nesterov: Bool, first: Bool,
    nonFinite: UnsafeMutablePointer<Int32>? = nil
  ) {
    self.weights = weights
    self.gradient = gradient
    self.moment = moment
    self.gradientScale = gradientScale
    self.rate = rate
    self.weightDecay = weightDecay
    self.momentum = momentum
    self.dampening = dampening
    self.nesterov = nesterov
    self.first = first
    self.nonFinite = nonFinite
  }
}

/// g += weightDecay w; v = alpha v + (1 - alpha) g^2; centered: a += (1 - alpha)(g - a), d = sqrt(v - a^2) + epsilon, else
/// d = sqrt(v) + epsilon; with momentum: m = momentum m + g / d, w -= rate m; else w -= rate g / d.
public struct RMSPropArguments<T> {
  public var weights: UnsafeMutablePointer<T>
  public var gradient: UnsafePointer<T>
  /// v
  public var square: UnsafeMutablePointer<T>
  /// a, nil unless centered.
  public var average: UnsafeMutablePointer<T>?
  /// m, nil when momentum is 0.
  public var moment: UnsafeMutablePointer<T>?
  public var gradientScale: T
  public var rate: T
  public var weightDecay: T
  public var alpha: T
  /// 1 - alpha, from double.
  public var oneMinusAlpha: T
  public var epsilon: T
  public var momentum: T
  /// Receives 1 when a weight comes out as no finite number.
  public var nonFinite: UnsafeMutablePointer<Int32>?

  @inlinable
  public init(
    weights: UnsafeMutablePointer<T>, gradient: UnsafePointer<T>, square: UnsafeMutablePointer<T>,
    average: UnsafeMutablePointer<T>?, moment: UnsafeMutablePointer<T>?, gradientScale: T, rate: T, weightDecay: T,
    alpha: T, oneMinusAlpha: T, epsilon: T, momentum: T, nonFinite: UnsafeMutablePointer<Int32>? = nil
  ) {
    self.weights = weights
    self.gradient = gradient
    self.square = square
    self.average = average
    self.moment = moment
    self.gradientScale = gradientScale
    self.rate = rate
    self.weightDecay = weightDecay
    self.alpha = alpha
    self.oneMinusAlpha = oneMinusAlpha
    self.epsilon = epsilon
    self.momentum = momentum
    self.nonFinite = nonFinite
  }
}

/// g += weightDecay w; s += g^2, at most the largest number; w -= rate g / (sqrt(s) + epsilon). `rate` already has lr_decay in it.
public struct AdagradArguments<T> {
  public var weights: UnsafeMutablePointer<T>
  public var gradient: UnsafePointer<T>
  /// s
  public var sum: UnsafeMutablePointer<T>
  public var gradientScale: T
  public var rate: T
  public var weightDecay: T
  public var epsilon: T
  /// Receives 1 when a weight comes out as no finite number.
  public var nonFinite: UnsafeMutablePointer<Int32>?

  @inlinable
  public init(
    weights: UnsafeMutablePointer<T>, gradient: UnsafePointer<T>, sum: UnsafeMutablePointer<T>, gradientScale: T, rate: T,
    weightDecay: T, epsilon: T, nonFinite: UnsafeMutablePointer<Int32>? = nil
  ) {
    self.weights = weights
    self.gradient = gradient
    self.sum = sum
    self.gradientScale = gradientScale
    self.rate = rate
    self.weightDecay = weightDecay
    self.epsilon = epsilon
    self.nonFinite = nonFinite
  }
}

/// w *= keep (AdamW: 1 - rate decay; Adam: 1); g += weightDecay w (Adam's L2, else 0); m += (1 - beta1)(g - m);
/// v = beta2 v + (1 - beta2) g^2; amsgrad: h = max(h, v), else h = v; w -= stepSize m / (sqrt(h) inverseRootCorrection2 +
/// epsilon), stepSize = rate / (1 - beta1^t), inverseRootCorrection2 = 1 / sqrt(1 - beta2^t).
public struct AdamArguments<T> {
  public var weights: UnsafeMutablePointer<T>
  public var gradient: UnsafePointer<T>
  /// m
  public var first: UnsafeMutablePointer<T>
  /// v
  public var second: UnsafeMutablePointer<T>
  /// h, nil unless amsgrad.
  public var maximum: UnsafeMutablePointer<T>?
  public var gradientScale: T
  public var keep: T
  public var weightDecay: T
  public var oneMinusBeta1: T
  public var beta2: T
  public var oneMinusBeta2: T
  public var stepSize: T
  public var inverseRootCorrection2: T
  public var epsilon: T
  /// Receives 1 when a weight comes out as no finite number.
  public var nonFinite: UnsafeMutablePointer<Int32>?

  @inlinable
  public init(
    weights: UnsafeMutablePointer<T>, gradient: UnsafePointer<T>, first: UnsafeMutablePointer<T>,
    second: UnsafeMutablePointer<T>, maximum: UnsafeMutablePointer<T>?, gradientScale: T, keep: T, weightDecay: T,
    oneMinusBeta1: T, beta2: T, oneMinusBeta2: T, stepSize: T, inverseRootCorrection2: T, epsilon: T,
    nonFinite: UnsafeMutablePointer<Int32>? = nil
  ) {
    self.weights = weights
    self.gradient = gradient
    self.first = first
    self.second = second
    self.maximum = maximum
    self.gradientScale = gradientScale
    self.keep = keep
    self.weightDecay = weightDecay
    self.oneMinusBeta1 = oneMinusBeta1
    self.beta2 = beta2
    self.oneMinusBeta2 = oneMinusBeta2
    self.stepSize = stepSize
    self.inverseRootCorrection2 = inverseRootCorrection2
    self.epsilon = epsilon
    self.nonFinite = nonFinite
  }
}

/// partials[k] = sum of squares of block k, in double.
public struct SumOfSquaresArguments<T> {
  /// Elements a block. A constant, so that the rounding never depends on the number of threads.
  public static var block: Int { 4096 }
  public var values: UnsafePointer<T>
  public var count: Int
  public var partials: UnsafeMutablePointer<Double>

  @inlinable
  public init(values: UnsafePointer<T>, count: Int, partials: UnsafeMutablePointer<Double>) {
    self.values = values
    self.count = count
    self.partials = partials
  }
}

/// Some elements that follow one another.
public struct Segment<T>: BitwiseCopyable {
  public var values: UnsafePointer<T>
  public var count: Int

  @inlinable
  public init(values: UnsafePointer<T>, count: Int) {
    self.values = values
    self.count = count
  }
}

/// sums[k] = sum of squares of segment k, in the elements' own precision: quick, and infinite or NaN whenever an element is.
public struct SegmentArguments<T> {
  public var segments: UnsafePointer<Segment<T>>
  public var sums: UnsafeMutablePointer<T>

  @inlinable
  public init(segments: UnsafePointer<Segment<T>>, sums: UnsafeMutablePointer<T>) {
    self.segments = segments
    self.sums = sums
  }
}
