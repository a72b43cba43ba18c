import Base
import KernelInterface
import Machine

/// y = softmax(q^T k / sqrt(channels of a head)) v for each head: scaled dot-product attention (Vaswani et al. 2017). The heads
/// are groups of channels that follow one another. It learns nothing: what makes q, k and v are layers of their own.
///
/// The layer keeps two numbers of each softmax. Probabilities are in the scratch that all layers share, and are computed again
/// on the way back.
final class Attention<T: Scalar>: StatelessLayer<T>, Layer {
  private let heads: Int
  /// Channels of a head: of queries and keys, and of values.
  private let channels: Int
  private let valueChannels: Int
  private let queries: Int
  private let keys: Int
  private let causal: Bool
  private let name: String
  private var statistics: Buffer<T>
  private var scratch: Buffer<T>?
  /// Elements of a feature's panels, the most that a batch takes.
  private var elements = 0

  /// - query, key, value: shapes that ``AttentionRow`` has checked.
  init(
    query: TensorShape, key: TensorShape, value: TensorShape, heads: Int, causal: Bool, owner: String
  ) throws(Failure) {
    self.heads = heads
    self.causal = causal
    channels = query.channels / heads
    valueChannels = value.channels / heads
    queries = query.places
    keys = key.places
    name = owner
    statistics = try Buffer(count: 0, of: owner)
    try super.init(
      inputs: [query, key, value].total { $0.features }, outputs: value.channels.multipliedClamped(by: query.places),
      owner: owner)
  }

  override func visit(_ visitor: inout some StateVisitor) {
    super.visit(&visitor)
    visitor.scratch(statistics)
  }

  override var flops: Int { 2.multipliedClamped(by: pairs).multipliedClamped(by: channels + valueChannels) }
  /// Pairs of a query and a key that see each other, in all heads.
  private var pairs: Int {
    let first = min(queries, keys)
    return heads.multipliedClamped(
      by: causal ? first * (first + 1) / 2 + (queries - first) * keys : queries.multipliedClamped(by: keys))
  }

  override func plan(elements: Int) throws(Failure) {
    try super.plan(elements: elements)
    statistics = try Buffer(count: (2 * heads).multipliedClamped(by: queries).multipliedClamped(by: elements), of: name)
    self.elements = elements
  }

  /// Probabilities, and the derivatives by the scores.
  override var scratchElements: Int { 2.multipliedClamped(by: scores(elements)) }

  override func share(_ scratch: Buffer<T>) { self.scratch = scratch }

  private func scores(_ elements: Int) -> Int {
    heads.multipliedClamped(by: queries).multipliedClamped(by: keys).multipliedClamped(by: elements)
  }

  @_specialize(where T == Float)
  @_specialize(where T == Double)
  func forward(_ inputs: UnsafePointer<UnsafePointer<T>>, _ pass: Pass) {
    guard let arguments = arguments(inputs, pass) else { return }
    pass.run(T.kernels.sequences.attentionForward, arguments, units: arguments.queryUnits, work: work(pass))
  }

  @_specialize(where T == Float)
  @_specialize(where T == Double)
  func backward(
    _ inputs: UnsafePointer<UnsafePointer<T>>, inputGradients: UnsafePointer<UnsafeMutablePointer<T>?>, _ pass: Pass
  ) {
    guard var arguments = arguments(inputs, pass) else { return }
    arguments.outputGradient = UnsafePointer(outputGradient)
    arguments.scoreGradients = arguments.probabilities + scores(elements)
    arguments.queryGradient = inputGradients[0]
    arguments.keyGradient = inputGradients[1]
    arguments.valueGradient = inputGradients[2]
    guard arguments.queryGradient != nil || arguments.keyGradient != nil || arguments.valueGradient != nil else { return }
    pass.run(T.kernels.sequences.attentionBackwardQueries, arguments, units: arguments.queryUnits, work: 2 * work(pass))
    guard arguments.keyGradient != nil || arguments.valueGradient != nil else { return }
    pass.run(T.kernels.sequences.attentionBackwardKeys, arguments, units: arguments.keyUnits, work: work(pass))
  }

  @inline(__always)
  private func arguments(_ inputs: UnsafePointer<UnsafePointer<T>>, _ pass: Pass) -> AttentionArguments<T>? {
    guard let scratch else { return nil }
    return AttentionArguments(
      heads: heads, channels: channels, valueChannels: valueChannels, queries: queries, keys: keys, causal: causal,
      scale: 1 / T(channels).squareRoot(), shape: pass.shape, query: inputs[0], key: inputs[1], value: inputs[2],
      output: output, probabilities: scratch.pointer, statistics: statistics.pointer)
  }

  private func work(_ pass: Pass) -> Int { pass.shape.elements(features: 1).multipliedClamped(by: flops) }
}

/// The row of attention layers.
enum AttentionRow: LayerRow {
  static let name = "attention"
  static let options = [
    Option(LayerOption.heads, 1, .integer(1...Int(Int32.max)), live: false),
    Option(LayerOption.causal, 0, .flag, live: false),
  ]
  static var inputCount: LayerInputs { .three }

  static func outputShape(of inputs: [TensorShape], _ options: OptionValues) throws(Failure) -> TensorShape {
    let (query, key, value) = (inputs[0], inputs[1], inputs[2])
    func refuse(_ message: String) -> Failure { Failure(.invalidArgument, "\(options.owner): \(message)") }
    for shape in inputs where shape.extents.count != 1 {
      throw refuse("query, key and value must be fields of one dimension, channels x length, got \(shape)")
    }
    guard query.channels == key.channels else {
      throw refuse("query and key must have as many channels, got \(query) and \(key)")
    }
    guard key.extents == value.extents else {
      throw refuse("key and value must have the same length, got \(key) and \(value)")
    }
    let heads = try options.integer(LayerOption.heads)
    for (shape, what) in [(query, "query and key"), (value, "value")] where shape.channels % heads != 0 {
      throw refuse("heads must divide the channels of \(what), got \(heads) heads and \(shape.channels) channels")
    }
    return TensorShape(channels: value.channels, extents: query.extents)
  }

  static func make<T: Scalar>(_ site: LayerSite<T>) throws(Failure) -> any Layer<T> {
    try Attention<T>(
      query: site.inputs[0], key: site.inputs[1], value: site.inputs[2],
      heads: try site.options.integer(LayerOption.heads), causal: try site.options.get(LayerOption.causal) == 1,
      owner: site.owner)
  }
}
