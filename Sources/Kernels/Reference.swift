import KernelInterface

// Every kernel once, as the loop that its definition is. Nothing here is fast; the tests hold the fast ones against it. The
// optimizers' kernels are held against recordings of PyTorch instead and are the same here.

#if !ESPALIER_AVX2 && !ESPALIER_AVX512
  public let reference32: KernelTable<Float> = referenceTable(
    name: "reference", sgd: sgd32, rmsprop: rmsprop32, adagrad: adagrad32, adam: adam32, sumOfSquares: sumOfSquares32,
    squaresOfSegments: squaresOfSegments32)
  public let reference64: KernelTable<Double> = referenceTable(
    name: "reference", sgd: sgd64, rmsprop: rmsprop64, adagrad: adagrad64, adam: adam64, sumOfSquares: sumOfSquares64,
    squaresOfSegments: squaresOfSegments64)
#endif

func referenceTable<T: KernelScalar>(
  name: String, sgd: @escaping Kernel, rmsprop: @escaping Kernel, adagrad: @escaping Kernel, adam: @escaping Kernel,
  sumOfSquares: @escaping Kernel, squaresOfSegments: @escaping Kernel
) -> KernelTable<T> {
  KernelTable(
    name: name,
    pack: { referencePack($0.load(as: PackArguments<T>.self), $1, $2) },
    unpack: { referenceUnpack($0.load(as: UnpackArguments<T>.self), $1, $2) },
    sparseForward: { referenceSparseForward($0.load(as: LinearArguments<T>.self), $1, $2) },
    sparseBackwardWeight: { referenceSparseBackwardWeight($0.load(as: LinearArguments<T>.self), $1, $2) },
    sparseBackwardInput: { referenceSparseBackwardInput($0.load(as: LinearArguments<T>.self), $1, $2) },
    denseForwardEpilogue: { referenceDenseForwardEpilogue($0.load(as: LinearArguments<T>.self), $1, $2) },
    denseBackwardPrologue: { referenceDenseBackwardPrologue($0.load(as: LinearArguments<T>.self), $1, $2) },
    activationForward: { referenceActivationForward($0.load(as: ActivationArguments<T>.self), $1, $2) },
    activationBackward: { referenceActivationBackward($0.load(as: ActivationArguments<T>.self), $1, $2) },
    activationCurve: { activationCurve($0, $1, $2, $3) },
    softmaxForward: { referenceSoftmaxForward($0.load(as: SoftmaxArguments<T>.self), $1, $2) },
    softmaxBackward: { referenceSoftmaxBackward($0.load(as: SoftmaxArguments<T>.self), $1, $2) },
    dropout: { referenceDropout($0.load(as: DropoutArguments<T>.self), $1, $2) },
    move: { referenceMove($0.load(as: MoveArguments<T>.self), $1, $2) },
    convolution: referenceConvolution(),
    loss: { referenceLoss($0.load(as: LossArguments<T>.self), $1, $2) },
    sgd: sgd, rmsprop: rmsprop, adagrad: adagrad, adam: adam, sumOfSquares: sumOfSquares,
    squaresOfSegments: squaresOfSegments, fields: referenceFields(T.self),
    sequences: referenceSequences(T.self), norms: referenceNorms(T.self))
}
