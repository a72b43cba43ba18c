import Base
import Machine
import Sparse

/// Kinds of layers. The raw values are those of include/espalier.h.
public enum LayerKind: Int32, Sendable, CaseIterable {
  case linear = 0
  case dropout = 1
  case sum = 2
  case concatenation = 3
  case convolution = 4
  case transposedConvolution = 5
  case locallyConnected = 6
  case maxPooling = 7
  case averagePooling = 8
  case globalAveragePooling = 9
  case upsampling = 10
  case reshape = 11
  case permute = 12
  case product = 13
  case slice = 14
  case activation = 15
  case batchNorm = 16
  case layerNorm = 17
  case groupNorm = 18
  case normalization = 19
  case embedding = 20
  case position = 21
  case attention = 22
  case input = 23

  /// As messages name it: "linear".
  public var name: String { row.name }
  /// The options that a layer of this kind has, with their defaults.
  public var options: [Option] { row.options }

  /// The row of the table of layers.
  package var row: any LayerRow.Type {
    switch self {
    case .linear: LinearRow.self
    case .dropout: DropoutRow.self
    case .sum: SumRow.self
    case .concatenation: ConcatenationRow.self
    case .convolution: ConvolutionRow.self
    case .transposedConvolution: TransposedConvolutionRow.self
    case .locallyConnected: LocallyConnectedRow.self
    case .maxPooling: MaxPoolingRow.self
    case .averagePooling: AveragePoolingRow.self
    case .globalAveragePooling: GlobalAveragePoolingRow.self
    case .upsampling: UpsamplingRow.self
    case .reshape: ReshapeRow.self
    case .permute: PermuteRow.self
    case .product: ProductRow.self
    case .slice: SliceRow.self
    case .activation: ActivationRow.self
    case .batchNorm: BatchNormRow.self
    case .layerNorm: LayerNormRow.self
    case .groupNorm: GroupNormRow.self
    case .normalization: NormalizationRow.self
    case .embedding: EmbeddingRow.self
    case .position: PositionRow.self
    case .attention: AttentionRow.self
    case .input: InputRow.self
    }
  }
}

/// One kind of layer: a row of ``LayerKind/row``. It says what the kind is called, which options it has, what it makes of the
/// shapes that it is given, and how a layer of it is made.
package protocol LayerRow {
  /// As messages name it: "linear".
  static var name: String { get }
  static var options: [Option] { get }
  /// How many layers one of this kind takes from.
  static var inputCount: LayerInputs { get }

  /// What comes out for one sample. - Throws: `invalidArgument`, naming the shapes or options that do not meet.
  static func outputShape(of inputs: [TensorShape], _ options: OptionValues) throws(Failure) -> TensorShape

  /// Whether a layer with these options has parameters.
  static func hasParameters(_ options: OptionValues) -> Bool

  /// The whole numbers that its input consists of; nil for a layer that takes any values. Only the network's inputs are looked at
  /// before each pass, so a layer that asks for such numbers takes from nothing else.
  static func wholeNumbers(_ options: OptionValues) throws(Failure) -> ClosedRange<Int>?

  /// How the layer's connections lie; nil for a kind that has none.
  static func weightShape(of inputs: [TensorShape], _ options: OptionValues) -> WeightShape?

  /// Whether the outputs are the values of its one input as they are, in the same order. Such a layer costs nothing: whoever takes
  /// from it takes from its input.
  static var isView: Bool { get }

  /// The layer, not yet planned, its parameters without a place.
  static func make<T: Scalar>(_ site: LayerSite<T>) throws(Failure) -> any Layer<T>
}

extension LayerRow {
  package static var inputCount: LayerInputs { .one }
  package static func hasParameters(_ options: OptionValues) -> Bool { options.contains(LayerOption.density) }
  package static func wholeNumbers(_ options: OptionValues) throws(Failure) -> ClosedRange<Int>? { nil }
  package static var isView: Bool { false }
  package static func weightShape(of inputs: [TensorShape], _ options: OptionValues) -> WeightShape? { nil }
}

/// How many layers a layer takes from.
package enum LayerInputs: Sendable {
  case none
  case one
  /// At least two.
  case several
  case three

  package func contains(_ count: Int) -> Bool {
    switch self {
    case .none: count == 0
    case .one: count == 1
    case .several: count >= 2
    case .three: count == 3
    }
  }

  /// For messages.
  package var text: String {
    switch self {
    case .none: "no layer"
    case .one: "one layer"
    case .several: "two or more layers"
    case .three: "three layers"
    }
  }
}

/// The matrix that a layer's connections are positions of.
package struct WeightShape: Equatable, Sendable {
  /// Units, or filters.
  package let rows: Int
  /// Positions that a unit may be connected to.
  package let columns: Int
  /// Lengths of the weight array's dimensions, inputs and outputs last, as Erdos-Renyi-Kernel counts them.
  package let dimensions: [Int]

  package init(rows: Int, columns: Int, dimensions: [Int]) {
    self.rows = rows
    self.columns = columns
    self.dimensions = dimensions
  }
}

/// What a layer is made of: all that is known when the network is built.
package struct LayerSite<T: Scalar> {
  package let inputs: [TensorShape]
  package let output: TensorShape
  package let options: OptionValues
  /// Of a layer with connections; nil: it is dense.
  package let pattern: Pattern?
  /// Density above which a pattern's products are OpenBLAS's.
  package let denseCrossover: Double
  /// Tells this layer's random draws from those of the network's other layers.
  package let stream: UInt64
  /// For messages: "linear layer 2".
  package let owner: String

  package init(
    inputs: [TensorShape], output: TensorShape, options: OptionValues, pattern: Pattern?, denseCrossover: Double,
    stream: UInt64, owner: String
  ) {
    self.inputs = inputs
    self.output = output
    self.options = options
    self.pattern = pattern
    self.denseCrossover = denseCrossover
    self.stream = stream
    self.owner = owner
  }
}
