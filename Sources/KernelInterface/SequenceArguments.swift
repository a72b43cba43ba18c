// Arguments of the kernels of sequences, and their part of the table of kernels.

/// Attention, head by head (Vaswani et al. 2017): y_i = sum over j of p_ij v_j, p_i = softmax over j of scale q_i k_j.
///
/// q: (heads x channels, queries), k: (heads x channels, keys), v: (heads x valueChannels, keys), y: (heads x valueChannels,
/// queries), all in panels, the features of a channel being its places in order.
public struct AttentionArguments<T> {
  /// Queries, or keys, of a unit.
  public static var block: Int { 12 }

  public var heads: Int
  /// Of q and k, and of v and y, a head.
  public var channels: Int
  public var valueChannels: Int
  public var queries: Int
  public var keys: Int
  /// Whether query i sees no more than the keys 0 ... i.
  public var causal: Bool
  public var scale: T
  public var shape: PanelShape
  public var query: UnsafePointer<T>
  public var key: UnsafePointer<T>
  public var value: UnsafePointer<T>
  /// y; only written, by forward.
  public var output: UnsafeMutablePointer<T>
  /// Scratch, p[panel][head][query][key][lane]. The keys' pass back reads what the queries' pass has left there.
  public var probabilities: UnsafeMutablePointer<T>
  /// [panel][head][query][2][lane]: the largest score and 1 / the sum of e^(score - largest), which forward leaves for the way
  /// back.
  public var statistics: UnsafeMutablePointer<T>
  /// dy, padding lanes 0; nil in forward.
  public var outputGradient: UnsafePointer<T>?
  /// Scratch like `probabilities`: the derivative by scale q_i k_j. nil in forward.
  public var scoreGradients: UnsafeMutablePointer<T>?
  /// dq, dk, dv, or nil when not wanted.
  public var queryGradient: UnsafeMutablePointer<T>?
  public var keyGradient: UnsafeMutablePointer<T>?
  public var valueGradient: UnsafeMutablePointer<T>?

  @inlinable
  public init(
    heads: Int, channels: Int, valueChannels: Int, queries: Int, keys: Int, causal: Bool, scale: T, shape: PanelShape,
    query: UnsafePointer<T>, key: UnsafePointer<T>, value: UnsafePointer<T>, output: UnsafeMutablePointer<T>,
    probabilities: UnsafeMutablePointer<T>, statistics: UnsafeMutablePointer<T>, outputGradient: UnsafePointer<T>? = nil,
    scoreGradients: UnsafeMutablePointer<T>? = nil, queryGradient: UnsafeMutablePointer<T>? = nil,
    keyGradient: UnsafeMutablePointer<T>? = nil, valueGradient: UnsafeMutablePointer<T>? = nil
  ) {
    self.heads = heads
    self.channels = channels
    self.valueChannels = valueChannels
    self.queries = queries
    self.keys = keys
    self.causal = causal
    self.scale = scale
    self.shape = shape
    self.query = query
    self.key = key
    self.value = value
    self.output = output
    self.probabilities = probabilities
    self.statistics = statistics
    self.outputGradient = outputGradient
    self.scoreGradients = scoreGradients
    self.queryGradient = queryGradient
    self.keyGradient = keyGradient
    self.valueGradient = valueGradient
  }

  /// Blocks of queries, or of keys, of a head.
  @inlinable
  public static func blocks(_ length: Int) -> Int { (length &+ block &- 1) / block }

  /// Units of forward and of the queries' pass back; (panel, head, block of queries).
  @inlinable
  public var queryUnits: Int { shape.count &* heads &* Self.blocks(queries) }

  /// Units of the keys' pass back; (panel, head, block of keys).
  @inlinable
  public var keyUnits: Int { shape.count &* heads &* Self.blocks(keys) }

  /// Keys that a query sees.
  @inlinable
  public func visible(_ query: Int) -> Int { causal ? min(query &+ 1, keys) : keys }
}

/// Rows of a table by number. x: (length, batch), whole numbers; y: (channels x length, batch) in panels, the features of a
/// channel being its places in order: y[c][place] = table[x[place] - base][c].
public struct EmbeddingArguments<T> {
  /// Channels of a unit of the way back.
  public static var block: Int { 16 }

  public var length: Int
  public var channels: Int
  /// The number of the table's first row.
  public var base: Int
  public var shape: PanelShape
  /// x, within the table; lanes beyond the batch may hold anything.
  public var numbers: UnsafePointer<T>
  /// Row after row, `channels` values each.
  public var table: UnsafePointer<T>
  /// y; only written, by forward.
  public var output: UnsafeMutablePointer<T>
  /// dy; nil in forward.
  public var outputGradient: UnsafePointer<T>?
  /// Like the table, and dy is added to its rows, but to the row of the number `padding`. nil in forward.
  public var tableGradient: UnsafeMutablePointer<T>?
  public var padding: Int

  @inlinable
  public init(
    length: Int, channels: Int, base: Int, shape: PanelShape, numbers: UnsafePointer<T>, table: UnsafePointer<T>,
    output: UnsafeMutablePointer<T>, outputGradient: UnsafePointer<T>? = nil, tableGradient: UnsafeMutablePointer<T>? = nil,
    padding: Int = -1
  ) {
    self.length = length
    self.channels = channels
    self.base = base
    self.shape = shape
    self.numbers = numbers
    self.table = table
    self.output = output
    self.outputGradient = outputGradient
    self.tableGradient = tableGradient
    self.padding = padding
  }

  /// Units of forward: (panel, place).
  @inlinable
  public var forwardUnits: Int { shape.count &* length }

  /// Units of the way back: blocks of channels, each of which goes through all samples in order.
  @inlinable
  public var backwardUnits: Int { (channels &+ Self.block &- 1) / Self.block }
}

/// The kernels of sequences: a part of ``KernelTable``.
public struct SequenceKernels: Sendable {
  /// ``AttentionArguments``; units: `queryUnits`. y and the statistics.
  public let attentionForward: Kernel
  /// ``AttentionArguments``; units: `queryUnits`. p, the derivatives by the scores, and dq.
  public let attentionBackwardQueries: Kernel
  /// ``AttentionArguments``; units: `keyUnits`. dk and dv, from what the queries' pass has left.
  public let attentionBackwardKeys: Kernel
  /// ``EmbeddingArguments``; units: `forwardUnits`.
  public let embeddingForward: Kernel
  /// ``EmbeddingArguments``; units: `backwardUnits`.
  public let embeddingBackward: Kernel

  public init(
    attentionForward: @escaping Kernel, attentionBackwardQueries: @escaping Kernel, attentionBackwardKeys: @escaping Kernel,
    embeddingForward: @escaping Kernel, embeddingBackward: @escaping Kernel
  ) {
    self.attentionForward = attentionForward
    self.attentionBackwardQueries = attentionBackwardQueries
    self.attentionBackwardKeys = attentionBackwardKeys
    self.embeddingForward = embeddingForward
    self.embeddingBackward = embeddingBackward
  }
}
