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
public let kernels32: KernelTable<Float> = referenceTable(
  name: instructionSet, sgd: sgd32, rmsprop: rmsprop32, adagrad: adagrad32, adam: adam32, sumOfSquares: sumOfSquares32)

/// This module's kernels for Double.
public let kernels64: KernelTable<Double> = referenceTable(
  name: instructionSet, sgd: sgd64, rmsprop: rmsprop64, adagrad: adagrad64, adam: adam64, sumOfSquares: sumOfSquares64)
