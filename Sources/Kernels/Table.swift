import KernelInterface

#if ESPALIER_AVX512
  private let instructionSet = "avx512"
#elseif ESPALIER_AVX2
  private let instructionSet = "avx2"
#elseif arch(arm64)
  private let instructionSet = "neon"
#else
  private let instructionSet = "portable"
#endif

/// This module's kernels for Float.
public let kernels32 = KernelTable<Float>(
  name: instructionSet,
  pack: { pack($0.assumingMemoryBound(to: PackArguments<Float>.self).pointee, $1, $2) },
  unpack: { unpack($0.assumingMemoryBound(to: UnpackArguments<Float>.self).pointee, $1, $2) },
  sparseForward: { run(SparseForward<Float>.self, $0, $1, $2) },
  sparseBackwardWeight: { run(SparseBackwardWeight<Float>.self, $0, $1, $2) },
  sparseBackwardInput: { run(SparseBackwardInput<Float>.self, $0, $1, $2) },
  denseForwardEpilogue: { runDenseForwardEpilogue($0, $1, $2, Float.self) },
  denseBackwardPrologue: { runDenseBackwardPrologue($0, $1, $2, Float.self) },
  activationForward: { run(ActivationForwardKernel<Float>.self, $0, $1, $2) },
  activationBackward: { run(ActivationBackwardKernel<Float>.self, $0, $1, $2) },
  activationCurve: { activationCurve($0, $1, $2, $3) },
  softmaxForward: { softmaxForward($0.assumingMemoryBound(to: SoftmaxArguments<Float>.self).pointee, $1, $2) },
  softmaxBackward: { softmaxBackward($0.assumingMemoryBound(to: SoftmaxArguments<Float>.self).pointee, $1, $2) },
  dropout: { dropout($0.assumingMemoryBound(to: DropoutArguments<Float>.self).pointee, $1, $2) },
  move: { move($0.assumingMemoryBound(to: MoveArguments<Float>.self).pointee, $1, $2, SIMD16<Float>.self) },
  convolution: ConvolutionKernels(
    pad: { padFields($0.assumingMemoryBound(to: PaddingArguments<Float>.self).pointee, $1, $2) },
    fold: { foldFields($0.assumingMemoryBound(to: PaddingArguments<Float>.self).pointee, $1, $2) },
    entries: { raw, _, _ in convolutionEntries(raw.assumingMemoryBound(to: EntryArguments<Float>.self).pointee) },
    correlate: { correlate($0.assumingMemoryBound(to: CorrelationArguments<Float>.self).pointee, $1, $2) },
    gradient: { correlationGradient($0.assumingMemoryBound(to: CorrelationGradientArguments<Float>.self).pointee, $1, $2) },
    backward: { correlationBackward($0.assumingMemoryBound(to: CorrelationBackwardArguments<Float>.self).pointee, $1, $2) },
    epilogue: { fieldEpilogue($0.assumingMemoryBound(to: FieldArguments<Float>.self).pointee, $1, $2) },
    prologue: { fieldPrologue($0.assumingMemoryBound(to: FieldArguments<Float>.self).pointee, $1, $2) }),
  loss: { loss($0.assumingMemoryBound(to: LossArguments<Float>.self).pointee, $1, $2) },
  sgd: sgd32, rmsprop: rmsprop32, adagrad: adagrad32, adam: adam32, sumOfSquares: sumOfSquares32,
  squaresOfSegments: squaresOfSegments32, fields: fields32, sequences: sequences32, norms: norms32)

/// This module's kernels for Double.
public let kernels64 = KernelTable<Double>(
  name: instructionSet,
  pack: { pack($0.assumingMemoryBound(to: PackArguments<Double>.self).pointee, $1, $2) },
  unpack: { unpack($0.assumingMemoryBound(to: UnpackArguments<Double>.self).pointee, $1, $2) },
  sparseForward: { run(SparseForward<Double>.self, $0, $1, $2) },
  sparseBackwardWeight: { run(SparseBackwardWeight<Double>.self, $0, $1, $2) },
  sparseBackwardInput: { run(SparseBackwardInput<Double>.self, $0, $1, $2) },
  denseForwardEpilogue: { runDenseForwardEpilogue($0, $1, $2, Double.self) },
  denseBackwardPrologue: { runDenseBackwardPrologue($0, $1, $2, Double.self) },
  activationForward: { run(ActivationForwardKernel<Double>.self, $0, $1, $2) },
  activationBackward: { run(ActivationBackwardKernel<Double>.self, $0, $1, $2) },
  activationCurve: { activationCurve($0, $1, $2, $3) },
  softmaxForward: { softmaxForward($0.assumingMemoryBound(to: SoftmaxArguments<Double>.self).pointee, $1, $2) },
  softmaxBackward: { softmaxBackward($0.assumingMemoryBound(to: SoftmaxArguments<Double>.self).pointee, $1, $2) },
  dropout: { dropout($0.assumingMemoryBound(to: DropoutArguments<Double>.self).pointee, $1, $2) },
  move: { move($0.assumingMemoryBound(to: MoveArguments<Double>.self).pointee, $1, $2, SIMD8<Double>.self) },
  convolution: ConvolutionKernels(
    pad: { padFields($0.assumingMemoryBound(to: PaddingArguments<Double>.self).pointee, $1, $2) },
    fold: { foldFields($0.assumingMemoryBound(to: PaddingArguments<Double>.self).pointee, $1, $2) },
    entries: { raw, _, _ in convolutionEntries(raw.assumingMemoryBound(to: EntryArguments<Double>.self).pointee) },
    correlate: { correlate($0.assumingMemoryBound(to: CorrelationArguments<Double>.self).pointee, $1, $2) },
    gradient: { correlationGradient($0.assumingMemoryBound(to: CorrelationGradientArguments<Double>.self).pointee, $1, $2) },
    backward: { correlationBackward($0.assumingMemoryBound(to: CorrelationBackwardArguments<Double>.self).pointee, $1, $2) },
    epilogue: { fieldEpilogue($0.assumingMemoryBound(to: FieldArguments<Double>.self).pointee, $1, $2) },
    prologue: { fieldPrologue($0.assumingMemoryBound(to: FieldArguments<Double>.self).pointee, $1, $2) }),
  loss: { loss($0.assumingMemoryBound(to: LossArguments<Double>.self).pointee, $1, $2) },
  sgd: sgd64, rmsprop: rmsprop64, adagrad: adagrad64, adam: adam64, sumOfSquares: sumOfSquares64,
  squaresOfSegments: squaresOfSegments64, fields: fields64, sequences: sequences64, norms: norms64)
