import Base
import KernelInterface
import Machine

// What changes the shape or the order of values and computes nothing.

/// The same values as another shape: a view. Graphs let whoever takes from it take from what it takes from; a layer of its own
/// it is only where the network's outputs would else be its inputs.
final class Reshape<T: Scalar>: StatelessLayer<T>, Elementwise, PiecewiseLinear {
  init(features: Int, owner: String) throws(Failure) {
    try super.init(inputs: features, outputs: features, owner: owner)
  }

  @_specialize(where T == Float)
  @_specialize(where T == Double)
  func forward(_ inputs: UnsafePointer<UnsafePointer<T>>, _ pass: Pass) { move(inputs[0], to: output, pass) }

  @_specialize(where T == Float)
  @_specialize(where T == Double)
  func backward(
    _ inputs: UnsafePointer<UnsafePointer<T>>, inputGradients: UnsafePointer<UnsafeMutablePointer<T>?>, _ pass: Pass
  ) {
    if let inputGradient = inputGradients[0] { move(outputGradient, to: inputGradient, pass) }
  }
}

/// The row of reshapes. Lengths of 0 are dimensions that there are not; channels of 0 are as many as the values fill.
enum ReshapeRow: LayerRow {
  static let name = "reshape"
  static let options = FieldDimension.allCases.map { Option($0.name, 0, .integer(0...Int(Int32.max)), live: false) }
  static var isView: Bool { true }

  static func outputShape(of inputs: [TensorShape], _ options: OptionValues) throws(Failure) -> TensorShape {
    let extents = try extents(options)
    let places = extents.reduce(1) { $0.multipliedClamped(by: $1) }
    var channels = try options.integer(FieldDimension.channels.name)
    if channels == 0 { channels = inputs[0].features / places }
    let shape = TensorShape(channels: channels, extents: extents)
    guard channels.multipliedClamped(by: places) == inputs[0].features else {
      let wanted = channels == 0 ? extents.map(String.init).joined(separator: " x ") : "\(shape)"
      throw Failure(
        .invalidArgument, "\(options.owner): \(inputs[0]) are \(inputs[0].features) values, which \(wanted) cannot hold")
    }
    return shape
  }

  /// The lengths that "width", "height" and "depth" say, the slowest dimension first.
  static func extents(_ options: OptionValues) throws(Failure) -> [Int] {
    var extents: [Int] = []
    var slower: FieldDimension?
    for dimension in FieldDimension.ofFields.reversed() {
      let length = try options.integer(dimension.name)
      if length > 0 {
        extents.append(length)
        slower = dimension
      } else if let slower {
        throw Failure(.invalidArgument, "\(options.owner): \(dimension) is 0, but the field has a \(slower)")
      }
    }
    return extents
  }

  static func make<T: Scalar>(_ site: LayerSite<T>) throws(Failure) -> any Layer<T> {
    try Reshape<T>(features: site.output.features, owner: site.owner)
  }
}

/// The row of permutations: each dimension of the output is the one of the input that its option names.
enum PermuteRow: FieldMappingRow {
  static let name = "permute"
  static let options = FieldDimension.allCases.map {
    Option(option($0), Double($0.rawValue), .choice(0...FieldDimension.allCases.count - 1), live: false)
  }

  private static func option(_ dimension: FieldDimension) -> String { "\(LayerOption.dimension)_\(dimension)" }

  /// Lengths of the input, channels first, and for each dimension of the output its number among them.
  private static func order(_ input: TensorShape, _ options: OptionValues) throws(Failure) -> (lengths: [Int], order: [Int]) {
    let dimensions = [FieldDimension.channels] + input.dimensions
    try input.requireDefaults(options) { [option($0)] }
    var order: [Int] = []
    for dimension in dimensions {
      let source = try options.choice(option(dimension), of: FieldDimension.self)
      guard let place = dimensions.firstIndex(of: source), !order.contains(place) else {
        throw Failure(
          .invalidArgument,
          "\(options.owner): each dimension of \(input) has its place in the output once, got \(source) for \(dimension)")
      }
      order.append(place)
    }
    return ([input.channels] + input.extents, order)
  }

  static func outputShape(of inputs: [TensorShape], _ options: OptionValues) throws(Failure) -> TensorShape {
    let (lengths, order) = try order(inputs[0], options)
    return TensorShape(channels: lengths[order[0]], extents: order.dropFirst().map { lengths[$0] })
  }

  static func map(of input: TensorShape, _ options: OptionValues) throws(Failure) -> (map: FieldMap, channels: Int) {
    let (lengths, order) = try order(input, options)
    var steps = [Int](repeating: 1, count: lengths.count)
    for i in lengths.indices.dropLast().reversed() { steps[i] = steps[i + 1] * lengths[i + 1] }
    let map = FieldMap(rows: input.features, columns: input.features) { output in
      var (rest, source) = (output, 0)
      for dimension in order.reversed() {
        source += rest % lengths[dimension] * steps[dimension]
        rest /= lengths[dimension]
      }
      return source
    }
    return (map, 1)
  }
}

/// The row of slices: places `first` to `last` of one dimension, counted from 1; a `last` of 0 is its end.
enum SliceRow: FieldMappingRow {
  static let name = "slice"
  static let options = [
    Option(LayerOption.dimension, 0, .choice(0...FieldDimension.allCases.count - 1), live: false),
    Option(LayerOption.first, 1, .integer(1...Int(Int32.max)), live: false),
    Option(LayerOption.last, 0, .integer(0...Int(Int32.max)), live: false),
  ]

  /// Lengths of the input, channels first; the number of the dimension among them; the places that stay, from 0.
  private static func range(
    _ input: TensorShape, _ options: OptionValues
  ) throws(Failure) -> (lengths: [Int], dimension: Int, places: Range<Int>) {
    let dimension = try options.choice(LayerOption.dimension, of: FieldDimension.self)
    guard let position = dimension == .channels ? 0 : input.position(of: dimension).map({ $0 + 1 }) else {
      throw Failure(.invalidArgument, "\(options.owner): \(input) has no \(dimension)")
    }
    let lengths = [input.channels] + input.extents
    let first = try options.integer(LayerOption.first)
    let last = try options.integer(LayerOption.last)
    let end = last == 0 ? lengths[position] : last
    guard first <= end, end <= lengths[position] else {
      throw Failure(
        .invalidArgument,
        "\(options.owner): \(first) .. \(end) are not within the \(dimension) of \(input), 1 .. \(lengths[position])")
    }
    return (lengths, position, first - 1..<end)
  }

  static func outputShape(of inputs: [TensorShape], _ options: OptionValues) throws(Failure) -> TensorShape {
    var (lengths, dimension, places) = try range(inputs[0], options)
    lengths[dimension] = places.count
    return TensorShape(channels: lengths[0], extents: Array(lengths.dropFirst()))
  }

  static func map(of input: TensorShape, _ options: OptionValues) throws(Failure) -> (map: FieldMap, channels: Int) {
    let (lengths, dimension, places) = try range(input, options)
    let axes = lengths.enumerated().map { position, length in
      position == dimension
        ? Axis.picking(inputs: length, outputs: places.count) { $0 + places.lowerBound }
        : Axis.picking(inputs: length, outputs: length) { $0 }
    }
    return (FieldMap(axes, isWeighted: false), 1)
  }
}
