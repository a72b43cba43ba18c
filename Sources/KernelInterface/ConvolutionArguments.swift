// Arguments of the convolutions' kernels. Fields lie in panels with their channels' places in rows: value of channel c, place s
// and lane l of panel p is base[((p channels + c) places + s) width + l]. Planes lie alike, with their own places.

/// Fields to padded planes, or the derivative by padded planes to that by the fields.
public struct PaddingArguments<T> {
  public var channels: Int
  /// Extents of the field.
  public var depth: Int
  public var height: Int
  public var width: Int
  public var planes: Planes
  /// For each coordinate of the planes that of the field which it holds, -1 for a zero.
  public var depthMap: UnsafePointer<Int32>
  public var heightMap: UnsafePointer<Int32>
  public var widthMap: UnsafePointer<Int32>
  public var shape: PanelShape
  public var source: UnsafePointer<T>
  public var destination: UnsafeMutablePointer<T>

  @inlinable
  public init(
    channels: Int, depth: Int, height: Int, width: Int, planes: Planes, depthMap: UnsafePointer<Int32>,
    heightMap: UnsafePointer<Int32>, widthMap: UnsafePointer<Int32>, shape: PanelShape, source: UnsafePointer<T>,
    destination: UnsafeMutablePointer<T>
  ) {
    self.channels = channels
    self.depth = depth
    self.height = height
    self.width = width
    self.planes = planes
    self.depthMap = depthMap
    self.heightMap = heightMap
    self.widthMap = widthMap
    self.shape = shape
    self.source = source
    self.destination = destination
  }
}

/// The connections of a convolution as sums go through them: of a row those from start[(row kinds + kind) parts + part] on, each
/// an offset into a panel's planes and a weight.
public struct EntryArguments<T> {
  public var geometry: ConvolutionGeometry
  /// nil: every position is connected.
  public var matrix: SparseMatrix<T>?
  /// One value a slot.
  public var values: UnsafePointer<T>
  /// Offset of each column's channel and kernel position into a panel's padded planes, in places.
  public var columnOffset: UnsafePointer<Int>
  /// Lanes of a panel.
  public var lanes: Int
  /// false: rows are filters, of one kind, and offsets lead into the padded planes. true: rows are channels, of the geometry's
  /// kinds, and offsets lead into the spread outputs.
  public var transposed: Bool
  /// Parts that the planes of a group are gone through in, and how many planes a part has.
  public var parts: Int
  public var partPlanes: Int
  /// rows x kinds x parts + 1.
  public var start: UnsafeMutablePointer<Int64>
  /// One a connection.
  public var offset: UnsafeMutablePointer<Int>
  /// One a connection; only of transposed entries, the others' are `values`.
  public var weight: UnsafeMutablePointer<T>

  @inlinable
  public init(
    geometry: ConvolutionGeometry, matrix: SparseMatrix<T>?, values: UnsafePointer<T>,
    columnOffset: UnsafePointer<Int>, lanes: Int, transposed: Bool, parts: Int, partPlanes: Int,
    start: UnsafeMutablePointer<Int64>, offset: UnsafeMutablePointer<Int>, weight: UnsafeMutablePointer<T>
  ) {
    self.geometry = geometry
    self.matrix = matrix
    self.values = values
    self.columnOffset = columnOffset
    self.lanes = lanes
    self.transposed = transposed
    self.parts = parts
    self.partPlanes = partPlanes
    self.start = start
    self.offset = offset
    self.weight = weight
  }
}

/// Coordinates of a dimension that sums are made for, and where in the planes each begins: at (first + j) multiplier / divisor.
public struct CorrelationAxis: Sendable {
  public var count: Int
  public var first: Int
  public var multiplier: Int
  public var divisor: Int

  @inlinable
  public init(count: Int, first: Int = 0, multiplier: Int = 1, divisor: Int = 1) {
    self.count = count
    self.first = first
    self.multiplier = multiplier
    self.divisor = divisor
  }
}

/// Sums of planes, shifted, by weights: z[row][place] = bias + sum of weight x planes[base(place) + offset] over the row's
/// connections of the place's kind; a = f(z). Places of a line, along the width, lie beside each other.
public struct CorrelationArguments<T> {
  public var rows: Int
  public var kinds: Int
  /// Parts of the planes, each small enough for the first-level cache: all rows go through one before the next, and what they
  /// have summed so far waits in `output`.
  public var parts: Int
  /// Rows that follow each other and have the same offsets, of a layer in which every position is connected; else 1.
  public var alike: Int
  public var start: UnsafePointer<Int64>
  public var offset: UnsafePointer<Int>
  public var weight: UnsafePointer<T>
  public var shape: PanelShape
  /// All channels of the first panel; `planesPanel` elements on are the next one's.
  public var planes: UnsafePointer<T>
  public var planesPanel: Int
  /// Elements from one row of the planes to the next, and from one slice to the next.
  public var planesRow: Int
  public var planesSlice: Int
  /// Planes of a panel, and elements from a line to the first row of the planes that the next line reads and it does not: what
  /// will come next is known here, and the processor cannot guess it. 0: it can, as the next row is the rest of this one.
  public var planesCount: Int
  public var ahead: Int
  public var depth: CorrelationAxis
  public var height: CorrelationAxis
  /// Along the width: its `count` coordinates are gone through phase by phase, `divisor` phases.
  public var width: CorrelationAxis
  /// Places of a row's outputs, from one slice, row and phase to the next.
  public var outputPlaces: Int
  public var outputSlice: Int
  public var outputRow: Int
  public var outputPhase: Int
  /// Bias, activation and where a, and z, go. Nothing else of it is looked at.
  public var epilogue: LinearArguments<T>

  /// - reach: rows of the planes that a line reads, from the first to the last.
  @inlinable
  public init(
    rows: Int, kinds: Int, parts: Int, alike: Int = 1, start: UnsafePointer<Int64>, offset: UnsafePointer<Int>,
    weight: UnsafePointer<T>,
    shape: PanelShape, planes: UnsafePointer<T>, planesPanel: Int, planesRow: Int, planesSlice: Int,
    planesCount: Int, reach: Int, depth: CorrelationAxis, height: CorrelationAxis, width: CorrelationAxis, outputPlaces: Int,
    outputSlice: Int,
    outputRow: Int, outputPhase: Int, epilogue: LinearArguments<T>
  ) {
    self.rows = rows
    self.kinds = kinds
    self.parts = parts
    self.alike = alike
    self.start = start
    self.offset = offset
    self.weight = weight
    self.shape = shape
    self.planes = planes
    self.planesPanel = planesPanel
    self.planesRow = planesRow
    self.planesSlice = planesSlice
    self.planesCount = planesCount
    ahead = height.count == 1 ? 0 : reach &* planesRow
    self.depth = depth
    self.height = height
    self.width = width
    self.outputPlaces = outputPlaces
    self.outputSlice = outputSlice
    self.outputRow = outputRow
    self.outputPhase = outputPhase
    self.epilogue = epilogue
  }

  /// Elements of a line that one unit makes of all rows: the planes that it reads stay in the second-level cache, and what it
  /// writes of a row, and reads of a field for the gradient, is long enough for the processor to read ahead by itself. In one
  /// dimension the next block lies behind it.
  @inlinable public var block: Int { (height.count == 1 ? 512 : 2048) / MemoryLayout<T>.stride }
  /// Blocks of the longest line.
  @inlinable public var blocks: Int {
    let longest = (width.count &+ width.divisor &- 1) / width.divisor &* shape.width
    return (longest &+ block &- 1) / block
  }
  /// Lines of a panel.
  @inlinable public var lines: Int { depth.count &* height.count &* width.divisor }
  @inlinable public var units: Int { shape.count &* blocks &* lines }
}

/// dW of a convolution: for each connection the product of a field of dz with the padded field, shifted, summed over places and
/// samples.
public struct CorrelationGradientArguments<T> {
  public var geometry: ConvolutionGeometry
  /// nil: every position of the rows from `firstRow` on.
  public var matrix: SparseMatrix<T>?
  public var firstRow: Int
  /// Columns of a part, of which all rows go through one before the next: of so many planes as the first-level cache holds. All
  /// columns, or fewer.
  public var partColumns: Int
  /// Scratch for where each row's parts begin: (parts + 1) x units.
  public var start: UnsafeMutablePointer<Int64>
  /// Elements of a line of dz that are gone by at once.
  public var piece: Int
  /// Offset of each column's kernel position and channel into a panel's padded planes, in places.
  public var columnOffset: UnsafePointer<Int>
  public var shape: PanelShape
  /// Padded planes.
  public var planes: UnsafePointer<T>
  /// dz: (filters, places).
  public var gradient: UnsafePointer<T>
  /// One value a slot, or a position from row `firstRow` on.
  public var weightGradient: UnsafeMutablePointer<T>
  public var accumulate: Bool

  @inlinable
  public init(
    geometry: ConvolutionGeometry, matrix: SparseMatrix<T>?, firstRow: Int = 0, partColumns: Int,
    start: UnsafeMutablePointer<Int64>, piece: Int, columnOffset: UnsafePointer<Int>,
    shape: PanelShape, planes: UnsafePointer<T>, gradient: UnsafePointer<T>, weightGradient: UnsafeMutablePointer<T>,
    accumulate: Bool
  ) {
    self.geometry = geometry
    self.matrix = matrix
    self.firstRow = firstRow
    self.partColumns = partColumns
    self.start = start
    self.piece = piece
    self.columnOffset = columnOffset
    self.shape = shape
    self.planes = planes
    self.gradient = gradient
    self.weightGradient = weightGradient
    self.accumulate = accumulate
  }
}

/// dX and dW of a sparse convolution at once; both read the spread dz at the same places.
public struct CorrelationBackwardArguments<T> {
  /// dX: `entries`, transposed, whose sums go to the epilogue's output as they are.
  public var sums: CorrelationArguments<T>
  public var entries: EntryArguments<T>
  /// X: its places lie as those of dX do.
  public var field: UnsafePointer<T>
  /// Scratch: 64 bytes an entry.
  public var products: UnsafeMutablePointer<T>
  /// One value a slot.
  public var weightGradient: UnsafeMutablePointer<T>
  public var accumulate: Bool

  @inlinable
  public init(
    sums: CorrelationArguments<T>, entries: EntryArguments<T>, field: UnsafePointer<T>, products: UnsafeMutablePointer<T>,
    weightGradient: UnsafeMutablePointer<T>, accumulate: Bool
  ) {
    self.sums = sums
    self.entries = entries
    self.field = field
    self.products = products
    self.weightGradient = weightGradient
    self.accumulate = accumulate
  }
}

/// What surrounds the sums of a layer whose rows are fields: ``LinearArguments`` of which a row is `places` places.
public struct FieldArguments<T> {
  public var places: Int
  public var layer: LinearArguments<T>

  @inlinable
  public init(places: Int, layer: LinearArguments<T>) {
    self.places = places
    self.layer = layer
  }
}

/// The convolutions' kernels of one instruction set, for one element type.
public struct ConvolutionKernels<T: Sendable>: Sendable {
  /// ``PaddingArguments``; units: panels x channels. Planes of a field. Places of the planes beyond their width are left alone.
  public let pad: Kernel
  /// ``PaddingArguments``, its source the planes; units: panels x channels. Each place of the field gets the sum of the places of
  /// the planes that hold it.
  public let fold: Kernel
  /// ``EntryArguments``; one unit.
  public let entries: Kernel
  /// ``CorrelationArguments``; units: `units`.
  public let correlate: Kernel
  /// ``CorrelationGradientArguments``; units: rows, of a dense gradient from `firstRow` on.
  public let gradient: Kernel
  /// ``CorrelationBackwardArguments``; units: channels.
  public let backward: Kernel
  /// ``FieldArguments``; units: rows. `output` holds z without the bias; adds it and applies f in place.
  public let epilogue: Kernel
  /// ``FieldArguments``; units: rows. dz = da f'(.) in place, db.
  public let prologue: Kernel

  public init(
    pad: @escaping Kernel, fold: @escaping Kernel, entries: @escaping Kernel, correlate: @escaping Kernel,
    gradient: @escaping Kernel, backward: @escaping Kernel, epilogue: @escaping Kernel, prologue: @escaping Kernel
  ) {
    self.pad = pad
    self.fold = fold
    self.entries = entries
    self.correlate = correlate
    self.gradient = gradient
    self.backward = backward
    self.epilogue = epilogue
    self.prologue = prologue
  }
}
