import KernelInterface

// From raw arguments to the function compiled for their panel width and index size.

@inline(__always)
func bytesOfRow<T: KernelScalar>(_ shape: PanelShape, _: T.Type) -> Int { shape.width &* MemoryLayout<T>.stride }

/// A kernel that is specialised for panel width and index type.
protocol SparseKernel {
  associatedtype T: KernelScalar
  static func run<L: Lanes, Index: FixedWidthInteger & UnsignedInteger>(
    _ arguments: LinearArguments<T>, _ matrix: SparseMatrix<T>, _ begin: Int, _ end: Int, _: L.Type, _: Index.Type)
  where L.V.Scalar == T
  /// For panels of one sample.
  static func runSingle<Index: FixedWidthInteger & UnsignedInteger>(
    _ arguments: LinearArguments<T>, _ matrix: SparseMatrix<T>, _ begin: Int, _ end: Int, _: Index.Type)
}

enum SparseForward<T: KernelScalar>: SparseKernel {
  @inline(__always)
  static func run<L: Lanes, Index: FixedWidthInteger & UnsignedInteger>(
    _ arguments: LinearArguments<T>, _ matrix: SparseMatrix<T>, _ begin: Int, _ end: Int, _: L.Type, _: Index.Type
  ) where L.V.Scalar == T { sparseForward(arguments, matrix, begin, end, L.self, Index.self) }

  @inline(__always)
  static func runSingle<Index: FixedWidthInteger & UnsignedInteger>(
    _ arguments: LinearArguments<T>, _ matrix: SparseMatrix<T>, _ begin: Int, _ end: Int, _: Index.Type
  ) { singleForward(arguments, matrix, begin, end, Index.self) }
}

enum SparseBackwardInput<T: KernelScalar>: SparseKernel {
  @inline(__always)
  static func run<L: Lanes, Index: FixedWidthInteger & UnsignedInteger>(
    _ arguments: LinearArguments<T>, _ matrix: SparseMatrix<T>, _ begin: Int, _ end: Int, _: L.Type, _: Index.Type
  ) where L.V.Scalar == T { sparseBackwardInput(arguments, matrix, begin, end, L.self, Index.self) }

  @inline(__always)
  static func runSingle<Index: FixedWidthInteger & UnsignedInteger>(
    _ arguments: LinearArguments<T>, _ matrix: SparseMatrix<T>, _ begin: Int, _ end: Int, _: Index.Type
  ) { singleBackwardInput(arguments, matrix, begin, end, Index.self) }
}

enum SparseBackwardWeight<T: KernelScalar>: SparseKernel {
  @inline(__always)
  static func run<L: Lanes, Index: FixedWidthInteger & UnsignedInteger>(
    _ arguments: LinearArguments<T>, _ matrix: SparseMatrix<T>, _ begin: Int, _ end: Int, _: L.Type, _: Index.Type
  ) where L.V.Scalar == T { sparseBackwardWeight(arguments, matrix, begin, end, L.self, Index.self) }

  @inline(__always)
  static func runSingle<Index: FixedWidthInteger & UnsignedInteger>(
    _ arguments: LinearArguments<T>, _ matrix: SparseMatrix<T>, _ begin: Int, _ end: Int, _: Index.Type
  ) { singleBackwardWeight(arguments, matrix, begin, end, Index.self) }
}

@inline(__always)
func run<K: SparseKernel>(_: K.Type, _ raw: UnsafeRawPointer, _ begin: Int, _ end: Int) {
  let arguments = raw.assumingMemoryBound(to: LinearArguments<K.T>.self).pointee
  guard let matrix = arguments.matrix else { return }
  @inline(__always)
  func with<Index: FixedWidthInteger & UnsignedInteger>(_: Index.Type) {
    switch bytesOfRow(arguments.shape, K.T.self) {
    case MemoryLayout<K.T>.stride: K.runSingle(arguments, matrix, begin, end, Index.self)
    case 16: K.run(arguments, matrix, begin, end, K.T.Lanes16Bytes.self, Index.self)
    case 32: K.run(arguments, matrix, begin, end, K.T.Lanes32Bytes.self, Index.self)
    case 64: K.run(arguments, matrix, begin, end, K.T.Lanes64Bytes.self, Index.self)
    case 128: K.run(arguments, matrix, begin, end, K.T.Lanes128Bytes.self, Index.self)
    default: K.run(arguments, matrix, begin, end, K.T.Lanes256Bytes.self, Index.self)
    }
  }
  if matrix.indexBytes == 2 { with(UInt16.self) } else { with(UInt32.self) }
}

@inline(__always)
func runDenseForwardEpilogue<T: KernelScalar>(_ raw: UnsafeRawPointer, _ begin: Int, _ end: Int, _: T.Type) {
  let arguments = raw.assumingMemoryBound(to: LinearArguments<T>.self).pointee
  switch bytesOfRow(arguments.shape, T.self) {
  case MemoryLayout<T>.stride: singleForwardEpilogue(arguments, begin, end)
  case 16: denseForwardEpilogue(arguments, begin, end, T.Lanes16Bytes.self)
  case 32: denseForwardEpilogue(arguments, begin, end, T.Lanes32Bytes.self)
  case 64: denseForwardEpilogue(arguments, begin, end, T.Lanes64Bytes.self)
  case 128: denseForwardEpilogue(arguments, begin, end, T.Lanes128Bytes.self)
  default: denseForwardEpilogue(arguments, begin, end, T.Lanes256Bytes.self)
  }
}

@inline(__always)
func runDenseBackwardPrologue<T: KernelScalar>(_ raw: UnsafeRawPointer, _ begin: Int, _ end: Int, _: T.Type) {
  let arguments = raw.assumingMemoryBound(to: LinearArguments<T>.self).pointee
  switch bytesOfRow(arguments.shape, T.self) {
  case MemoryLayout<T>.stride: singleBackwardPrologue(arguments, begin, end)
  case 16: denseBackwardPrologue(arguments, begin, end, T.Lanes16Bytes.self)
  case 32: denseBackwardPrologue(arguments, begin, end, T.Lanes32Bytes.self)
  case 64: denseBackwardPrologue(arguments, begin, end, T.Lanes64Bytes.self)
  case 128: denseBackwardPrologue(arguments, begin, end, T.Lanes128Bytes.self)
  default: denseBackwardPrologue(arguments, begin, end, T.Lanes256Bytes.self)
  }
}
