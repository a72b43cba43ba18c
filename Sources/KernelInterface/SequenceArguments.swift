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

/// The kernels of sequences: a part of ``KernelTable``.
public struct SequenceKernels: Sendable {
  /// ``AttentionArguments``; units: `queryUnits`. y and the statistics.
  public let attentionForward: Kernel
  /// ``AttentionArguments``; units: `queryUnits`. p, the derivatives by the scores, and dq.
  public let attentionBackwardQueries: Kernel
  /// ``AttentionArguments``; units: `keyUnits`. dk and dv, from what the queries' pass has left.
  public let attentionBackwardKeys: Kernel

  public init(
    attentionForward: @escaping Kernel, attentionBackwardQueries: @escaping Kernel, attentionBackwardKeys: @escaping Kernel
  ) {
    self.attentionForward = attentionForward
    self.attentionBackwardQueries = attentionBackwardQueries
    self.attentionBackwardKeys = attentionBackwardKeys
  }
}
