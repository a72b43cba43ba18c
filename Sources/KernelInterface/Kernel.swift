/// A kernel: a free function over raw arguments and a half-open range of work units.
///
/// - arguments: points to the argument structure that the kernel's entry in ``KernelTable`` names; only read.
/// - begin, end: units of work (rows, columns, elements, ...); any partition of the units gives the same bits, because
///   no unit depends on where another one's range ends. That is what makes results independent of the thread count.
///
/// A plain function with raw arguments, because the thread pool can then hand it over without allocating a closure.
public typealias Kernel = @Sendable (_ arguments: UnsafeRawPointer, _ begin: Int, _ end: Int) -> Void

/// Activations, a = f(z). The raw values are those of include/espalier.h.
public enum Activation: Int32, Sendable, CaseIterable {
  case identity = 0
  case relu, leakyReLU, gelu, silu, sigmoid, tanh, softmax
  case softplus, softsign, elu, celu, hardSigmoid, hardTanh, relu6, mish, step

  /// Whether backward needs z beside a. The others' derivatives are functions of a.
  public var needsPreactivation: Bool { self == .gelu || self == .silu || self == .mish }
}

/// Losses. The raw values are those of include/espalier.h.
public enum LossKind: Int32, Sendable, CaseIterable {
  case meanSquaredError = 0
  case softmaxCrossEntropy, binaryCrossEntropy, huber
}

/// One instruction set's kernels for one element type.
///
/// Every module of kernels (`Kernels`, `KernelsAVX2`, `KernelsAVX512`: the same sources, compiled for another instruction
/// set) has a public `kernels32` and `kernels64` of this type; `Machine` chooses among them once.
public struct KernelTable<T: Sendable>: Sendable {
  /// "portable", "avx2", "avx512" or "neon".
  public let name: String
  /// ``PackArguments``; units: blocks of 16 features.
  public let pack: Kernel
  /// ``UnpackArguments``; units: blocks of 16 features.
  public let unpack: Kernel
  /// ``LinearArguments``; units: rows. a = f(W x + b) for sparse W.
  public let sparseForward: Kernel
  /// ``LinearArguments``; units: rows. dz = da f'(.) in place, db, dW at the pattern's positions.
  public let sparseBackwardWeight: Kernel
  /// ``LinearArguments``; units: columns. dx = W^T dz.
  public let sparseBackwardInput: Kernel
  /// ``LinearArguments``; units: rows. `output` holds W x (by BLAS); adds the bias and applies f in place.
  public let denseForwardEpilogue: Kernel
  /// ``LinearArguments``; units: rows. dz = da f'(.) in place, db. dW and dx are BLAS's.
  public let denseBackwardPrologue: Kernel
  /// ``ActivationArguments``; units: features.
  public let activationForward: Kernel
  /// ``ActivationArguments``; units: features.
  public let activationBackward: Kernel
  /// f(z) of an activation, or its first or second derivative: order 0, 1 or 2, z, and the activation's own number.
  public let activationCurve: @Sendable (_ activation: Activation, _ order: Int, _ z: T, _ alpha: T) -> T
  /// ``SoftmaxArguments``; units: places of panels. Softmax over the channels, in place.
  public let softmaxForward: Kernel
  /// ``SoftmaxArguments``; units: places of panels. Full Jacobian, da -> dz in place.
  public let softmaxBackward: Kernel
  /// ``DropoutArguments``; units: features.
  public let dropout: Kernel
  /// ``MoveArguments``; units: features.
  public let move: Kernel
  /// Those of convolutions.
  public let convolution: ConvolutionKernels<T>
  /// ``LossArguments``; units: panels.
  public let loss: Kernel
  /// ``SGDArguments``; units: elements.
  public let sgd: Kernel
  /// ``RMSPropArguments``; units: elements.
  public let rmsprop: Kernel
  /// ``AdagradArguments``; units: elements.
  public let adagrad: Kernel
  /// ``AdamArguments``; units: elements.
  public let adam: Kernel
  /// ``SumOfSquaresArguments``; units: blocks of `SumOfSquaresArguments.block` elements.
  public let sumOfSquares: Kernel
  /// ``SegmentArguments``; units: segments.
  public let squaresOfSegments: Kernel
  public let fields: FieldKernels
  public let norms: NormKernels
  public let sequences: SequenceKernels

  public init(
    name: String, pack: @escaping Kernel, unpack: @escaping Kernel, sparseForward: @escaping Kernel,
    sparseBackwardWeight: @escaping Kernel, sparseBackwardInput: @escaping Kernel,
    denseForwardEpilogue: @escaping Kernel, denseBackwardPrologue: @escaping Kernel,
    activationForward: @escaping Kernel, activationBackward: @escaping Kernel,
    activationCurve: @escaping @Sendable (Activation, Int, T, T) -> T,
    softmaxForward: @escaping Kernel, softmaxBackward: @escaping Kernel, dropout: @escaping Kernel,
    move: @escaping Kernel, convolution: ConvolutionKernels<T>, loss: @escaping Kernel, sgd: @escaping Kernel,
    rmsprop: @escaping Kernel, adagrad: @escaping Kernel, adam: @escaping Kernel, sumOfSquares: @escaping Kernel,
    squaresOfSegments: @escaping Kernel, fields: FieldKernels, sequences: SequenceKernels, norms: NormKernels
  ) {
    self.name = name
    self.pack = pack
    self.unpack = unpack
    self.sparseForward = sparseForward
    self.sparseBackwardWeight = sparseBackwardWeight
    self.sparseBackwardInput = sparseBackwardInput
    self.denseForwardEpilogue = denseForwardEpilogue
    self.denseBackwardPrologue = denseBackwardPrologue
    self.activationForward = activationForward
    self.activationBackward = activationBackward
    self.activationCurve = activationCurve
    self.softmaxForward = softmaxForward
    self.softmaxBackward = softmaxBackward
    self.dropout = dropout
    self.move = move
    self.convolution = convolution
    self.loss = loss
    self.sgd = sgd
    self.rmsprop = rmsprop
    self.adagrad = adagrad
    self.adam = adam
    self.sumOfSquares = sumOfSquares
    self.squaresOfSegments = squaresOfSegments
    self.fields = fields
    self.norms = norms
    self.sequences = sequences
  }
}
