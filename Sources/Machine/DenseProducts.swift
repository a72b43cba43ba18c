import KernelInterface

/// Dense products on panels as kernels for a pool, by OpenBLAS, which must be held to one thread meanwhile: ``BLASThreads``.
/// The products take ``DenseArguments``. A unit is a fixed piece of the result, large enough for a BLAS to be efficient in, so the
/// bits do not depend on the number of threads.
@usableFromInline
package struct DenseProducts<T: Scalar>: Sendable {
  /// z = W x; units: `forwardUnits`.
  package let forward: Kernel
  /// dx = W^T dz; units: `backwardInputUnits`.
  package let backwardInput: Kernel
  /// dW (+)= dz x^T in `gradientRows`, panels in order; units: `backwardWeightUnits`.
  package let backwardWeight: Kernel
  /// A sparse matrix as a dense one; ``ScatterArguments``, units: rows.
  package let scatter: Kernel
  /// A dense matrix at a pattern's positions; ``ScatterArguments``, units: rows.
  package let gather: Kernel

  init() {
    scatter = { Machine.scatter($0.load(as: ScatterArguments<T>.self), $1, $2) }
    gather = { Machine.gather($0.load(as: ScatterArguments<T>.self), $1, $2) }
    forward = { multiplyForward($0.load(as: DenseArguments<T>.self), $1, $2) }
    backwardInput = { multiplyBackwardInput($0.load(as: DenseArguments<T>.self), $1, $2) }
    backwardWeight = { multiplyBackwardWeight($0.load(as: DenseArguments<T>.self), $1, $2) }
  }
}

// Inlined into callers of other modules, as a call without them there would ask for the metadata of its type.
extension DenseArguments {
  /// Features of one panel a unit, in forward and backward-input.
  @inlinable static var featureBlock: Int { 128 }
  /// Rows and columns of dW a unit: its piece stays in the second-level cache while the panels go by.
  @inlinable static var rowBlock: Int { 64 }
  @inlinable static var columnBlock: Int { 512 }

  @inlinable func blocks(_ count: Int, of size: Int) -> Int { (count + size - 1) / size }

  @inlinable package var forwardUnits: Int { shape.count * blocks(rows, of: Self.featureBlock) }
  @inlinable package var backwardInputUnits: Int { shape.count * blocks(columns, of: Self.featureBlock) }
  @inlinable package var backwardWeightUnits: Int {
    blocks(gradientRows.count, of: Self.rowBlock) * blocks(columns, of: Self.columnBlock)
  }

  /// Floating-point operations of forward or backward-input.
  @inlinable package var work: Int { 2 * rows * columns * shape.count * shape.width }
  /// Floating-point operations of backward-weight.
  @inlinable package var backwardWeightWork: Int { 2 * gradientRows.count * columns * shape.count * shape.width }
}

private func multiplyForward<T: Scalar>(_ a: DenseArguments<T>, _ begin: Int, _ end: Int) {
  guard let weights = a.weights, let input = a.input, let output = a.output else { return }
  let (size, width) = (DenseArguments<T>.featureBlock, a.shape.width)
  let blocks = a.blocks(a.rows, of: size)
  for unit in begin..<end {
    let (panel, row) = (unit / blocks, unit % blocks * size)
    T.gemm(
      transposeA: false, transposeB: false, m: min(size, a.rows - row), n: width, k: a.columns, alpha: 1,
      a: weights + row * a.columns, lda: a.columns, b: input + panel * a.columns * width, ldb: width, beta: 0,
      c: output + (panel * a.rows + row) * width, ldc: width)
  }
}

private func multiplyBackwardInput<T: Scalar>(_ a: DenseArguments<T>, _ begin: Int, _ end: Int) {
  guard let weights = a.weights, let gradient = a.gradient, let inputGradient = a.inputGradient else { return }
  let (size, width) = (DenseArguments<T>.featureBlock, a.shape.width)
  let blocks = a.blocks(a.columns, of: size)
  for unit in begin..<end {
    let (panel, column) = (unit / blocks, unit % blocks * size)
    T.gemm(
      transposeA: true, transposeB: false, m: min(size, a.columns - column), n: width, k: a.rows, alpha: 1,
      a: weights + column, lda: a.columns, b: gradient + panel * a.rows * width, ldb: width, beta: 0,
      c: inputGradient + (panel * a.columns + column) * width, ldc: width)
  }
}

private func multiplyBackwardWeight<T: Scalar>(_ a: DenseArguments<T>, _ begin: Int, _ end: Int) {
  guard let input = a.input, let gradient = a.gradient, let weightGradient = a.weightGradient else { return }
  let (rowSize, columnSize, width) = (DenseArguments<T>.rowBlock, DenseArguments<T>.columnBlock, a.shape.width)
  let columnBlocks = a.blocks(a.columns, of: columnSize)
  for unit in begin..<end {
    let (row, column) = (unit / columnBlocks * rowSize, unit % columnBlocks * columnSize)
    for panel in 0..<a.shape.count {
      T.gemm(
        transposeA: false, transposeB: true, m: min(rowSize, a.gradientRows.count - row),
        n: min(columnSize, a.columns - column), k: width, alpha: 1,
        a: gradient + (panel * a.rows + a.gradientRows.lowerBound + row) * width, lda: width,
        b: input + (panel * a.columns + column) * width, ldb: width, beta: a.accumulate || panel > 0 ? 1 : 0,
        c: weightGradient + row * a.columns + column, ldc: a.columns)
    }
  }
}
