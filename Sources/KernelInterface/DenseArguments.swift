/// The products of a dense layer or of a dense gradient, on panels. W: (rows, columns), row-major. x, dx: (columns, batch),
/// z, dz: (rows, batch), in panels. Each product needs only the pointers that its definition names.
public struct DenseArguments<T> {
  public var rows: Int
  public var columns: Int
  public var shape: PanelShape
  /// W, only read.
  public var weights: UnsafePointer<T>?
  /// x
  public var input: UnsafePointer<T>?
  /// z
  public var output: UnsafeMutablePointer<T>?
  /// dz, only read.
  public var gradient: UnsafePointer<T>?
  /// dx
  public var inputGradient: UnsafeMutablePointer<T>?
  /// dW of the rows in `gradientRows` only: its first element belongs to the first of them, column 0.
  public var weightGradient: UnsafeMutablePointer<T>?
  /// The rows of which dW is wanted; those of a layer or, to look at a large dense gradient piece by piece, some of them.
  public var gradientRows: Range<Int>
  /// Whether dW is added to what is there.
  public var accumulate: Bool

  @inlinable
  public init(
    rows: Int, columns: Int, shape: PanelShape, weights: UnsafePointer<T>? = nil, input: UnsafePointer<T>? = nil,
    output: UnsafeMutablePointer<T>? = nil, gradient: UnsafePointer<T>? = nil,
    inputGradient: UnsafeMutablePointer<T>? = nil, weightGradient: UnsafeMutablePointer<T>? = nil,
    gradientRows: Range<Int>? = nil, accumulate: Bool = false
  ) {
    self.rows = rows
    self.columns = columns
    self.shape = shape
    self.weights = weights
    self.input = input
    self.output = output
    self.gradient = gradient
    self.inputGradient = inputGradient
    self.weightGradient = weightGradient
    self.gradientRows = gradientRows ?? 0..<rows
    self.accumulate = accumulate
  }
}

/// A sparse matrix beside a dense one of the same shape, rows x columns, row-major: what goes from one to the other.
public struct ScatterArguments<T> {
  public var matrix: SparseMatrix<T>
  public var dense: UnsafeMutablePointer<T>
  /// One value a slot, to be gathered. nil when scattering.
  public var gathered: UnsafeMutablePointer<T>?
  /// Whether what is gathered is added to what is there.
  public var accumulate: Bool

  @inlinable
  public init(
    matrix: SparseMatrix<T>, dense: UnsafeMutablePointer<T>, gathered: UnsafeMutablePointer<T>? = nil,
    accumulate: Bool = false
  ) {
    self.matrix = matrix
    self.dense = dense
    self.gathered = gathered
    self.accumulate = accumulate
  }
}
