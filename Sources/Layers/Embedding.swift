import Base
import KernelInterface
import Machine
import Sparse

/// y[c][place] = W[x[place]][c]: a row of a table for each class number of the input. The gradient of rows that the batch does not
/// use is 0, and of the row of the padding index always. If it is sparse, only rows that the batch uses are looked at and updated, so
/// that a step costs nothing for the others.
final class Embedding<T: Scalar>: StatelessLayer<T>, PiecewiseLinear {
  /// Row after row, one a class.
  private let table: Parameter<T>
  private let length: Int
  private let channels: Int
  /// The number of the first class.
  private let base: Int
  /// The number that stands for no class; -1: none.
  private let padding: Int
  private let isSparse: Bool
  private let name: String

  init(
    length: Int, vocabulary: Int, width: Int, base: Int, padding: Int, isSparse: Bool, owner: String
  ) throws(Failure) {
    self.isSparse = isSparse
    name = owner
    self.length = length
    self.base = base
    self.padding = padding
    channels = width
    table = Parameter(name: "\(owner), weights", role: .weights, count: vocabulary.multipliedClamped(by: width))
    try super.init(inputs: length, outputs: width.multipliedClamped(by: length), owner: owner)
  }

  override var parameters: [Parameter<T>] { [table] }

  override func visit(_ visitor: inout some StateVisitor) {
    super.visit(&visitor)
    visitor.scratch(bytes: table.activeRows?.bytes ?? 0)
  }

  override func plan(elements: Int) throws(Failure) {
    try super.plan(elements: elements)
    if isSparse { table.activeRows = try ActiveRows(rows: table.count / channels, width: channels, of: name) }
  }

  /// Normal with deviation 1, and 0 in the row of the padding index.
  func initialize(_ options: OptionValues, random: inout RandomSource) throws(Failure) {
    guard let values = table.values else { return }
    for i in 0..<table.count { values[i] = T(random.normal()) }
    if padding >= base { (values + (padding - base) * channels).update(repeating: 0, count: channels) }
  }

  @_specialize(where T == Float)
  @_specialize(where T == Double)
  func forward(_ inputs: UnsafePointer<UnsafePointer<T>>, _ pass: Pass) {
    guard let arguments = arguments(inputs[0], pass) else { return }
    pass.run(T.kernels.sequences.embeddingForward, arguments, units: arguments.forwardUnits, work: work(pass))
  }

  @_specialize(where T == Float)
  @_specialize(where T == Double)
  func backward(
    _ inputs: UnsafePointer<UnsafePointer<T>>, inputGradients: UnsafePointer<UnsafeMutablePointer<T>?>, _ pass: Pass
  ) {
    guard var arguments = arguments(inputs[0], pass), let gradient = table.gradient else { return }
    if let rows = table.activeRows {
      activate(rows, gradient, inputs[0], pass)
    } else if !pass.accumulate {
      gradient.update(repeating: 0, count: table.count)
    }
    arguments.outputGradient = UnsafePointer(outputGradient)
    arguments.tableGradient = gradient
    arguments.padding = padding
    pass.run(T.kernels.sequences.embeddingBackward, arguments, units: arguments.backwardUnits, work: work(pass))
    // A class number has no derivative.
    inputGradients[0]?.update(repeating: 0, count: pass.shape.elements(features: length))
  }

  /// Have a gradient in the rows of this pass, and where it is added up in those of the passes before, 0 so far.
  @inline(__always)
  private func activate(
    _ rows: ActiveRows, _ gradient: UnsafeMutablePointer<T>, _ numbers: UnsafePointer<T>, _ pass: Pass
  ) {
    if !pass.accumulate {
      for position in 0..<rows.count { (gradient + rows.offset(position)).update(repeating: 0, count: channels) }
      rows.removeAll()
    }
    let width = pass.shape.width
    for sample in 0..<pass.shape.batch {
      let column = numbers + sample / width * length * width + sample % width
      for place in 0..<length {
        // A whole number of the vocabulary, as the network has looked.
        let number = Int(clamping: Double(column[place * width]))
        if number == padding || !rows.insert(number - base) { continue }
        (gradient + (number - base) * channels).update(repeating: 0, count: channels)
      }
    }
  }

  /// Class numbers do not change.
  func push(_ tangents: UnsafePointer<UnsafePointer<T>>, into tangent: UnsafeMutablePointer<T>, _ pass: Pass) {
    tangent.update(repeating: 0, count: pass.shape.elements(features: outputs))
  }

  @inline(__always)
  private func arguments(_ input: UnsafePointer<T>, _ pass: Pass) -> EmbeddingArguments<T>? {
    guard let values = table.values else { return nil }
    return EmbeddingArguments(
      length: length, channels: channels, base: base, shape: pass.shape, numbers: input, table: UnsafePointer(values),
      output: output)
  }

  private func work(_ pass: Pass) -> Int { 4 * pass.shape.elements(features: outputs) }
}

/// The row of embeddings.
enum EmbeddingRow: LayerRow {
  static let name = "embedding"
  static let options = [
    Option(LayerOption.vocabulary, 1, .integer(1...Int(Int32.max)), live: false),
    Option(LayerOption.width, 1, .integer(1...Int(Int32.max)), live: false),
    Option(LayerOption.indexBase, 0, .integer(0...1), live: false),
    Option(LayerOption.sparse, 0, .flag, live: false),
    Option(LayerOption.paddingIndex, -1, .integer(-1...Int(Int32.max)), live: false),
  ]

  static func hasParameters(_ options: OptionValues) -> Bool { true }

  static func wholeNumbers(_ options: OptionValues) throws(Failure) -> ClosedRange<Int>? {
    let first = try options.integer(LayerOption.indexBase)
    return first...(first + (try options.integer(LayerOption.vocabulary)) - 1)
  }

  static func outputShape(of inputs: [TensorShape], _ options: OptionValues) throws(Failure) -> TensorShape {
    let shape = inputs[0]
    guard shape.extents.isEmpty || shape.channels == 1 else {
      throw Failure(.invalidArgument, "\(options.owner): the input must be a vector or have one channel, got \(shape)")
    }
    let padding = try options.integer(LayerOption.paddingIndex)
    if padding != -1, let numbers = try wholeNumbers(options), !numbers.contains(padding) {
      throw Failure(
        .invalidArgument,
        "\(options.owner): padding_index is \(padding), but the numbers are \(numbers.lowerBound) .. \(numbers.upperBound), or -1 for none"
      )
    }
    return TensorShape(
      channels: try options.integer(LayerOption.width), extents: shape.extents.isEmpty ? [shape.channels] : shape.extents)
  }

  static func make<T: Scalar>(_ site: LayerSite<T>) throws(Failure) -> any Layer<T> {
    try Embedding<T>(
      length: site.inputs[0].features, vocabulary: try site.options.integer(LayerOption.vocabulary),
      width: try site.options.integer(LayerOption.width), base: try site.options.integer(LayerOption.indexBase),
      padding: try site.options.integer(LayerOption.paddingIndex),
      isSparse: try site.options.get(LayerOption.sparse) == 1, owner: site.owner)
  }
}
