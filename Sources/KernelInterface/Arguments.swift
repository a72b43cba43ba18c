// Arguments of the kernels, one structure a family. Pointers are valid for the call; nothing here owns memory.

/// Caller's rows -> panels, or back.
public struct PackArguments<T> {
  /// x[sample][feature], `features` contiguous values a sample.
  public var source: UnsafePointer<T>
  /// Sample numbers to gather, `shape.batch` of them; nil: the first ones in order.
  public var samples: UnsafePointer<Int64>?
  public var features: Int
  public var shape: PanelShape
  /// Panels; padding lanes are written with 0.
  public var panels: UnsafeMutablePointer<T>
  /// One byte a block of 16 features, set to 1 when a value of the block is NaN or infinite, else to 0. nil: not looked at.
  public var nonFinite: UnsafeMutablePointer<UInt8>?

  @inlinable
  public init(
    source: UnsafePointer<T>, samples: UnsafePointer<Int64>?, features: Int, shape: PanelShape,
    panels: UnsafeMutablePointer<T>, nonFinite: UnsafeMutablePointer<UInt8>?
  ) {
    self.source = source
    self.samples = samples
    self.features = features
    self.shape = shape
    self.panels = panels
    self.nonFinite = nonFinite
  }
}

/// Panels -> caller's rows y[sample][feature]; padding lanes are left out.
public struct UnpackArguments<T> {
  public var panels: UnsafePointer<T>
  public var features: Int
  public var shape: PanelShape
  public var destination: UnsafeMutablePointer<T>

  @inlinable
  public init(panels: UnsafePointer<T>, features: Int, shape: PanelShape, destination: UnsafeMutablePointer<T>) {
    self.panels = panels
    self.features = features
    self.shape = shape
    self.destination = destination
  }
}

/// A sparse matrix, rows x columns, in compressed rows with its transposed index over the same values.
public struct SparseMatrix<T> {
  public var rows: Int
  public var columns: Int
  /// rows + 1 slot offsets from 0.
  public var rowStart: UnsafePointer<Int64>
  /// Column of each slot, ascending in a row; UInt16 or UInt32 as `indexBytes` says.
  public var columnIndex: UnsafeRawPointer
  /// 2 (every row and column number fits 16 bits) or 4.
  public var indexBytes: Int
  /// One value a slot. The caller's array: no alignment beyond the element's.
  public var values: UnsafePointer<T>
  /// columns + 1 offsets into `rowIndex` and `slot`.
  public var columnStart: UnsafePointer<Int64>
  /// Row of each entry of a column, ascending; UInt16 or UInt32 as `indexBytes` says.
  public var rowIndex: UnsafeRawPointer
  /// Slot of each entry of a column.
  public var slot: UnsafePointer<UInt32>
  /// rows x ``bitmapBytes(columns:)`` bytes, bit c % 8 of byte c / 8 of a row set when column c is connected, bits beyond the
  /// last column 0. For patterns in which many positions are connected, or nil.
  public var bitmap: UnsafePointer<UInt8>?

  @inlinable
  public init(
    rows: Int, columns: Int, rowStart: UnsafePointer<Int64>, columnIndex: UnsafeRawPointer, indexBytes: Int,
    values: UnsafePointer<T>, columnStart: UnsafePointer<Int64>, rowIndex: UnsafeRawPointer, slot: UnsafePointer<UInt32>,
    bitmap: UnsafePointer<UInt8>? = nil
  ) {
    self.rows = rows
    self.columns = columns
    self.rowStart = rowStart
    self.columnIndex = columnIndex
    self.indexBytes = indexBytes
    self.values = values
    self.columnStart = columnStart
    self.rowIndex = rowIndex
    self.slot = slot
    self.bitmap = bitmap
  }
}

/// Bytes of a row of a bitmap.
@inlinable
public func bitmapBytes(columns: Int) -> Int { (columns &+ 7) &>> 3 }

/// One linear layer's passes. x: (in, batch), z = W x + b and a = f(z): (out, batch), all in panels.
public struct LinearArguments<T> {
  /// nil for dense layers, whose products are BLAS's.
  public var matrix: SparseMatrix<T>?
  public var rows: Int
  public var columns: Int
  public var shape: PanelShape
  /// One value a row, or nil.
  public var bias: UnsafePointer<T>?
  /// Softmax counts as identity here: it has kernels of its own.
  public var activation: Activation
  public var negativeSlope: T
  /// x
  public var input: UnsafePointer<T>
  /// a
  public var output: UnsafeMutablePointer<T>
  /// z, kept when `activation.needsPreactivation`, else nil.
  public var preactivation: UnsafeMutablePointer<T>?
  /// Backward: da on entry, dz on exit. nil in forward.
  public var gradient: UnsafeMutablePointer<T>?
  /// dW, one value a slot. nil in forward.
  public var weightGradient: UnsafeMutablePointer<T>?
  /// db, or nil.
  public var biasGradient: UnsafeMutablePointer<T>?
  /// dx (padding lanes come out zero because dz's are), or nil when not wanted.
  public var inputGradient: UnsafeMutablePointer<T>?
  /// Scratch of one element a connection for sparse backward-input, which puts W there in the order of the transposed index.
  /// nil: not wanted.
  public var transposedValues: UnsafeMutablePointer<T>?
  /// Whether dW and db are added to what is there.
  public var accumulate: Bool

  @inlinable
  public init(
    matrix: SparseMatrix<T>?, rows: Int, columns: Int, shape: PanelShape, bias: UnsafePointer<T>?,
    activation: Activation, negativeSlope: T, input: UnsafePointer<T>, output: UnsafeMutablePointer<T>,
    preactivation: UnsafeMutablePointer<T>? = nil, gradient: UnsafeMutablePointer<T>? = nil,
    weightGradient: UnsafeMutablePointer<T>? = nil, biasGradient: UnsafeMutablePointer<T>? = nil,
    inputGradient: UnsafeMutablePointer<T>? = nil, transposedValues: UnsafeMutablePointer<T>? = nil,
    accumulate: Bool = false
  ) {
    self.matrix = matrix
    self.rows = rows
    self.columns = columns
    self.shape = shape
    self.bias = bias
    self.activation = activation
    self.negativeSlope = negativeSlope
    self.input = input
    self.output = output
    self.preactivation = preactivation
    self.gradient = gradient
    self.weightGradient = weightGradient
    self.biasGradient = biasGradient
    self.inputGradient = inputGradient
    self.transposedValues = transposedValues
    self.accumulate = accumulate
  }
}

/// Softmax over the channels at each place of each sample.
public struct SoftmaxArguments<T> {
  public var channels: Int
  /// Places of a channel; 1 for a vector.
  public var places: Int
  public var shape: PanelShape
  /// Forward: z on entry, a on exit. Backward: a, only read.
  public var output: UnsafeMutablePointer<T>
  /// Backward: da on entry, dz_i = a_i (da_i - sum_j a_j da_j) on exit.
  public var gradient: UnsafeMutablePointer<T>?

  @inlinable
  public init(
    channels: Int, places: Int = 1, shape: PanelShape, output: UnsafeMutablePointer<T>,
    gradient: UnsafeMutablePointer<T>? = nil
  ) {
    self.channels = channels
    self.places = places
    self.shape = shape
    self.output = output
    self.gradient = gradient
  }
}

/// destination = source * mask / (1 - probability), the mask drawn by counter: value (panel p, feature f, lane l), number
/// i = ((p * features) + f) * width + l, is dropped when its 32 bits are below probability * 2^32: the low half of
/// mix(key + (i / 2) * 0x9E3779B97F4A7C15) for even i, the high half for odd i. The same arguments give the same mask, so
/// backward draws it again instead of storing it. `source` may equal `destination`.
public struct DropoutArguments<T> {
  public var source: UnsafePointer<T>
  public var destination: UnsafeMutablePointer<T>
  public var features: Int
  public var shape: PanelShape
  public var probability: Double
  public var key: UInt64

  @inlinable
  public init(
    source: UnsafePointer<T>, destination: UnsafeMutablePointer<T>, features: Int, shape: PanelShape,
    probability: Double, key: UInt64
  ) {
    self.source = source
    self.destination = destination
    self.features = features
    self.shape = shape
    self.probability = probability
    self.key = key
  }
}

/// Some features of panels to a place among the features of others: destination = source, or destination += source. The two
/// do not overlap.
public struct MoveArguments<T> {
  public var source: UnsafePointer<T>
  /// Features of the source's panels, and the first that moves.
  public var sourceFeatures: Int
  public var sourceFirst: Int
  public var destination: UnsafeMutablePointer<T>
  /// Features of the destination's panels, and where the first goes.
  public var destinationFeatures: Int
  public var destinationFirst: Int
  public var shape: PanelShape
  public var adds: Bool

  @inlinable
  public init(
    source: UnsafePointer<T>, sourceFeatures: Int, sourceFirst: Int = 0, destination: UnsafeMutablePointer<T>,
    destinationFeatures: Int, destinationFirst: Int = 0, shape: PanelShape, adds: Bool
  ) {
    self.source = source
    self.sourceFeatures = sourceFeatures
    self.sourceFirst = sourceFirst
    self.destination = destination
    self.destinationFeatures = destinationFeatures
    self.destinationFirst = destinationFirst
    self.shape = shape
    self.adds = adds
  }
}

/// Loss of a batch, its gradient, and how many samples were classified rightly. Definitions: include/espalier.h.
public struct LossArguments<T> {
  public var kind: LossKind
  public var outputs: Int
  /// Places at each of which softmax cross-entropy is that of a sample of its own, its classes being outputs / places channels;
  /// the sample's is their mean. Other losses know no places.
  public var places: Int
  public var shape: PanelShape
  /// y
  public var output: UnsafePointer<T>
  /// t in panels, or nil when `labels` is given.
  public var target: UnsafePointer<T>?
  /// Class numbers from 0 + `labelBase`, one a sample and place, already checked to be in range.
  public var labels: UnsafePointer<Int32>?
  public var labelBase: Int32
  /// As in ``PackArguments``: which label belongs to sample s of the batch.
  public var samples: UnsafePointer<Int64>?
  /// Huber's delta.
  public var delta: Double
  /// Factor on the gradient of the *sum* over samples (1 / batch for the mean).
  public var gradientScale: Double
  /// dy in panels, padding lanes 0; nil: not wanted. May not equal `output`.
  public var gradient: UnsafeMutablePointer<T>?
  /// One a panel: the sum of its samples' losses, accumulated in double in sample order.
  public var losses: UnsafeMutablePointer<Double>
  /// One a panel: samples and places whose largest output (the first of equals) is their label; nil: not wanted.
  public var correct: UnsafeMutablePointer<Int64>?

  @inlinable
  public init(
    kind: LossKind, outputs: Int, places: Int = 1, shape: PanelShape, output: UnsafePointer<T>, target: UnsafePointer<T>?,
    labels: UnsafePointer<Int32>?, labelBase: Int32, samples: UnsafePointer<Int64>?, delta: Double,
    gradientScale: Double, gradient: UnsafeMutablePointer<T>?, losses: UnsafeMutablePointer<Double>,
    correct: UnsafeMutablePointer<Int64>?
  ) {
    self.kind = kind
    self.outputs = outputs
    self.places = places
    self.shape = shape
    self.output = output
    self.target = target
    self.labels = labels
    self.labelBase = labelBase
    self.samples = samples
    self.delta = delta
    self.gradientScale = gradientScale
    self.gradient = gradient
    self.losses = losses
    self.correct = correct
  }
}
