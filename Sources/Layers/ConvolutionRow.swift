import Base
import KernelInterface
import Machine
import Sparse

/// Names of the options that say how a kernel lies along one dimension of a field.
struct KernelOptions {
  let kernel, stride, dilation, before, after, mode, outputPadding: String

  private init(_ dimension: FieldDimension) {
    kernel = "kernel_\(dimension)"
    stride = "stride_\(dimension)"
    dilation = "dilation_\(dimension)"
    before = "padding_\(dimension.sides.before)"
    after = "padding_\(dimension.sides.after)"
    mode = "padding_mode_\(dimension)"
    outputPadding = "output_padding_\(dimension)"
  }

  /// Depth, height, width, as a shape's extents are ordered; those that a field does not have come first.
  static let all = FieldDimension.ofFields.reversed().map { KernelOptions($0) }
}

extension LayerOption {
  package static let filters = "filters"

  static func ofConvolutions(transposed: Bool) -> [Option] {
    let counts = 1...Int(Int32.max)
    let lengths = 0...Int(Int32.max)
    return [Option(filters, 1, .integer(counts), live: false), Option(groups, 1, .integer(counts), live: false)]
      + KernelOptions.all.flatMap {
        [
          Option($0.kernel, 1, .integer(counts), live: false), Option($0.stride, 1, .integer(counts), live: false),
          Option($0.dilation, 1, .integer(counts), live: false), Option($0.before, 0, .integer(lengths), live: false),
          Option($0.after, 0, .integer(lengths), live: false),
          transposed
            ? Option($0.outputPadding, 0, .integer(lengths), live: false)
            : Option($0.mode, 0, .choice(0...PaddingMode.allCases.count - 1), live: false),
        ]
      } + ofConnections
  }
}

/// The row of convolutions.
enum ConvolutionRow: LayerRow {
  static let name = "convolution"
  static let options = LayerOption.ofConvolutions(transposed: false)

  static func outputShape(of inputs: [TensorShape], _ options: OptionValues) throws(Failure) -> TensorShape {
    let geometry = try ConvolutionGeometry(of: inputs[0], options, transposed: false)
    let extents = [geometry.depth.output, geometry.height.output, geometry.width.output]
    return TensorShape(channels: geometry.filters, extents: extents.suffix(inputs[0].extents.count))
  }

  static func weightShape(of inputs: [TensorShape], _ options: OptionValues) -> WeightShape? {
    (try? ConvolutionGeometry(of: inputs[0], options, transposed: false))?.weightShape(inputs[0].extents.count)
  }

  static func make<T: Scalar>(_ site: LayerSite<T>) throws(Failure) -> any Layer<T> {
    try Convolution<T>(site, transposed: false)
  }
}

/// The row of transposed convolutions.
enum TransposedConvolutionRow: LayerRow {
  static let name = "transposed_convolution"
  static let options = LayerOption.ofConvolutions(transposed: true)

  static func outputShape(of inputs: [TensorShape], _ options: OptionValues) throws(Failure) -> TensorShape {
    let geometry = try ConvolutionGeometry(of: inputs[0], options, transposed: true)
    let extents = [geometry.depth.input, geometry.height.input, geometry.width.input]
    return TensorShape(channels: geometry.channels, extents: extents.suffix(inputs[0].extents.count))
  }

  static func weightShape(of inputs: [TensorShape], _ options: OptionValues) -> WeightShape? {
    (try? ConvolutionGeometry(of: inputs[0], options, transposed: true))?.weightShape(inputs[0].extents.count)
  }

  static func make<T: Scalar>(_ site: LayerSite<T>) throws(Failure) -> any Layer<T> {
    try Convolution<T>(site, transposed: true)
  }
}

extension Convolution {
  fileprivate convenience init(_ site: LayerSite<T>, transposed: Bool) throws(Failure) {
    try self.init(
      geometry: try ConvolutionGeometry(of: site.inputs[0], site.options, transposed: transposed),
      isTransposed: transposed, pattern: site.pattern, hasBias: try site.options.get(LayerOption.bias) == 1,
      activation: try site.options.choice(LayerOption.activation, of: Activation.self),
      negativeSlope: try LayerOption.activationNumber(site.options), denseCrossover: site.denseCrossover, owner: site.owner)
  }
}

extension ConvolutionGeometry {
  /// Its dimensions are the kernel's lengths, of 1 too, then the channels on both sides. - dimensions: of the field.
  fileprivate func weightShape(_ dimensions: Int) -> WeightShape {
    WeightShape(
      rows: filters, columns: columns,
      dimensions: [depth.kernel, height.kernel, width.kernel].suffix(dimensions) + [groupChannels, filters])
  }

  /// - shape: of the input. - Throws: `invalidArgument`, naming the options and shapes that do not meet.
  init(of shape: TensorShape, _ options: OptionValues, transposed: Bool) throws(Failure) {
    let owner = options.owner
    func refuse(_ reason: String) -> Failure { Failure(.invalidArgument, "\(owner): \(reason)") }
    guard !shape.extents.isEmpty else {
      throw refuse("it takes a field, channels and extents, and is given a vector of \(shape.features) values")
    }
    let groups = try options.integer(LayerOption.groups)
    let (given, made) = (shape.channels, try options.integer(LayerOption.filters))
    guard given % groups == 0 else { throw refuse("groups \(groups) must divide the \(given) channels of \(shape)") }
    guard made % groups == 0 else { throw refuse("groups \(groups) must divide filters \(made)") }
    guard try options.choice(LayerOption.activation, of: Activation.self) != .softmax else {
      throw refuse("activation must not be softmax, which is over the units of a vector")
    }
    let missing = KernelOptions.all.count - shape.extents.count
    var dimensions: [ConvolutionDimension] = []
    for (position, names) in KernelOptions.all.enumerated() {
      guard position >= missing else {
        for option in options.table where names.contains(option.name) {
          let value = try options.get(option.name)
          guard value == option.initial else {
            throw refuse("\(option.name) is \(value), but the field \(shape) has \(shape.extents.count) dimensions")
          }
        }
        dimensions.append(ConvolutionDimension(input: 1))
        continue
      }
      let length = shape.extents[position - missing]
      dimensions.append(
        transposed ? try names.transposed(length, shape, options) : try names.dimension(length, shape, options))
    }
    self.init(
      channels: transposed ? made : given, filters: transposed ? given : made, groups: groups, depth: dimensions[0],
      height: dimensions[1], width: dimensions[2])
    let count = shape.extents.count
    try TensorShape(
      channels: channels, extents: dimensions.suffix(count).map(\.padded)
    ).check("\(owner): the padded field")
    try TensorShape(
      channels: filters, extents: dimensions.suffix(count).map(\.spread)
    ).check("\(owner): the outputs that a place of the field takes part in")
  }
}

extension KernelOptions {
  fileprivate func contains(_ name: String) -> Bool {
    [kernel, stride, dilation, before, after, mode, outputPadding].contains(name)
  }

  fileprivate func dimension(
    _ length: Int, _ shape: TensorShape, _ options: OptionValues
  ) throws(Failure) -> ConvolutionDimension {
    let dimension = ConvolutionDimension(
      input: length, kernel: try options.integer(kernel), stride: try options.integer(stride),
      dilation: try options.integer(dilation), before: try options.integer(before), after: try options.integer(after),
      mode: try options.choice(mode, of: PaddingMode.self))
    for (name, padding) in [(before, dimension.before), (after, dimension.after)] {
      let most =
        switch dimension.mode {
        case .zeros, .replicate: Int.max
        case .periodic: length
        case .reflect: length - 1
        }
      guard padding <= most else {
        throw Failure(
          .invalidArgument,
          "\(options.owner): \(dimension.mode) padding of \(shape) takes \(name) up to \(most), got \(padding)")
      }
    }
    guard dimension.reach <= dimension.padded else {
      throw Failure(
        .invalidArgument,
        "\(options.owner): \(kernel) \(dimension.kernel) with \(dilation) \(dimension.dilation) reaches over "
          + "\(dimension.reach) places, the padded field of \(shape) has \(dimension.padded)")
    }
    return dimension
  }

  fileprivate func transposed(
    _ length: Int, _ shape: TensorShape, _ options: OptionValues
  ) throws(Failure) -> ConvolutionDimension {
    var dimension = ConvolutionDimension(
      input: 1, kernel: try options.integer(kernel), stride: try options.integer(stride),
      dilation: try options.integer(dilation), before: try options.integer(before), after: try options.integer(after),
      output: length)
    let more = try options.integer(outputPadding)
    guard more < max(dimension.stride, dimension.dilation) else {
      throw Failure(
        .invalidArgument,
        "\(options.owner): \(stride) \(dimension.stride) and \(dilation) \(dimension.dilation) take \(outputPadding) below the "
          + "larger of them, got \(more)")
    }
    let whole = (length - 1) * dimension.stride + dimension.reach + more
    dimension.input = whole - dimension.before - dimension.after
    guard dimension.input >= 1 else {
      throw Failure(
        .invalidArgument,
        "\(options.owner): \(before) \(dimension.before) and \(after) \(dimension.after) leave nothing of the \(whole) places "
          + "that are made of \(shape)")
    }
    return dimension
  }
}
