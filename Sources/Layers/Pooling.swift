import Base
import KernelInterface
import Machine

/// The window of a pooling layer along one dimension: kernel places, each `dilation` from the next, every `stride` places of a
/// length that is longer by the padding on both sides.
struct Window {
  let kernel: Int
  let stride: Int
  let dilation: Int
  let before: Int
  let length: Int
  /// Windows that fit.
  let outputs: Int

  static func options(of dimension: FieldDimension) -> [String] {
    ["kernel", "stride", "dilation"].map { "\($0)_\(dimension)" }
      + ["padding_\(dimension.sides.before)", "padding_\(dimension.sides.after)"]
  }

  /// Options of all dimensions. A stride of 0 is the kernel's length.
  static func table(dilation: Bool) -> [Option] {
    let most = Int(Int32.max)
    return FieldDimension.ofFields.map { Option("kernel_\($0)", 1, .integer(1...most), live: false) }
      + FieldDimension.ofFields.map { Option("stride_\($0)", 0, .integer(0...most), live: false) }
      + FieldDimension.ofFields.flatMap {
        [
          Option("padding_\($0.sides.before)", 0, .integer(0...most), live: false),
          Option("padding_\($0.sides.after)", 0, .integer(0...most), live: false),
        ]
      } + (dilation ? FieldDimension.ofFields.map { Option("dilation_\($0)", 1, .integer(1...most), live: false) } : [])
  }

  /// - Throws: `invalidArgument` for a window that does not fit, or that lies in the padding alone.
  init(_ dimension: FieldDimension, of shape: TensorShape, _ options: OptionValues) throws(Failure) {
    func value(_ name: String) throws(Failure) -> Int { options.contains(name) ? try options.integer(name) : 1 }
    let sides = dimension.sides
    length = shape.position(of: dimension).map { shape.extents[$0] } ?? 1
    kernel = try value("kernel_\(dimension)")
    let step = try value("stride_\(dimension)")
    stride = step == 0 ? kernel : step
    dilation = try value("dilation_\(dimension)")
    before = try value("padding_\(sides.before)")
    let after = try value("padding_\(sides.after)")
    let reach = dilation * (kernel - 1) + 1
    for (side, padding) in [(sides.before, before), (sides.after, after)] where padding > reach / 2 {
      throw Failure(
        .invalidArgument,
        "\(options.owner): padding_\(side) is \(padding), more than half of what kernel_\(dimension) reaches over, \(reach)")
    }
    let padded = length + before + after
    guard reach <= padded else {
      throw Failure(
        .invalidArgument,
        "\(options.owner): kernel_\(dimension) \(kernel) reaches over \(reach) places, and \(shape) has a \(dimension) of \(padded) "
          + "with its padding")
    }
    outputs = (padded - reach) / stride + 1
    // Padding is at most half a window, so only steps that are longer than the field lead over all of it.
    for output in 0..<(dilation > length ? outputs : 0) where places(output).isEmpty {
      throw Failure(
        .invalidArgument,
        "\(options.owner): with dilation_\(dimension) \(dilation) a window lies in the padding of \(shape) alone")
    }
  }

  /// The numbers of a window's places that are inside the field.
  func places(_ output: Int) -> Range<Int> {
    let first = output * stride - before
    let begin = first >= 0 ? 0 : (-first + dilation - 1) / dilation
    let end = first >= length ? 0 : min(kernel, (length - first + dilation - 1) / dilation)
    return begin..<max(begin, end)
  }

  /// - factor: of each place of a window, from how many of its places are inside the field.
  func axis(factor: @escaping (Int) -> Double = { _ in 1 }) -> Axis {
    Axis(inputs: length, outputs: outputs) { output, body in
      let places = places(output)
      for place in places { body(output * stride - before + place * dilation, factor(places.count)) }
    }
  }

  static func windows(of shape: TensorShape, _ options: OptionValues) throws(Failure) -> [Window] {
    try shape.requireField(options.owner)
    try shape.requireDefaults(options) { Window.options(of: $0) }
    var windows: [Window] = []
    for dimension in shape.dimensions { windows.append(try Window(dimension, of: shape, options)) }
    return windows
  }

  static func outputShape(of shape: TensorShape, _ options: OptionValues) throws(Failure) -> TensorShape {
    TensorShape(channels: shape.channels, extents: try windows(of: shape, options).map(\.outputs))
  }
}

/// The largest value of each window. The gradient goes to the first place that has it.
final class MaxPooling<T: Scalar>: StatelessLayer<T>, PiecewiseLinear {
  private let channels: Int
  private let table: StencilTable<T>
  private let entries: Int
  /// One an output: which place of its window was the largest.
  private var winners: Buffer<T>?

  init(_ map: FieldMap, channels: Int, owner: String) throws(Failure) {
    self.channels = channels
    table = try StencilTable(map, numbers: true, owner: owner)
    entries = map.count.multipliedClamped(by: channels)
    try super.init(
      inputs: channels.multipliedClamped(by: map.columns), outputs: channels.multipliedClamped(by: map.rows), owner: owner)
  }

  override func visit(_ visitor: inout some StateVisitor) {
    super.visit(&visitor)
    visitor.part("stencils", table)
    visitor.scratch(winners)
  }

  override var flops: Int { entries }

  override func plan(elements: Int) throws(Failure) {
    try super.plan(elements: elements)
    winners = try Buffer(count: outputs.multipliedClamped(by: elements), of: owner)
  }

  @_specialize(where T == Float)
  @_specialize(where T == Double)
  func forward(_ inputs: UnsafePointer<UnsafePointer<T>>, _ pass: Pass) {
    apply(
      T.kernels.fields.maximum, table.forward, from: inputs[0], to: output, winners: pass.keeps ? winners?.pointer : nil, pass)
  }

  @_specialize(where T == Float)
  @_specialize(where T == Double)
  func backward(
    _ inputs: UnsafePointer<UnsafePointer<T>>, inputGradients: UnsafePointer<UnsafeMutablePointer<T>?>, _ pass: Pass
  ) {
    guard let inputGradient = inputGradients[0] else { return }
    apply(
      T.kernels.fields.maximumBackward, table.backward, from: outputGradient, to: inputGradient, winners: winners?.pointer, pass
    )
  }

  func carry(_ outputs: UnsafePointer<UInt8>, toInput input: Int, _ marks: UnsafeMutablePointer<UInt8>, count: Int) {
    table.carry(outputs, marks, channels: channels)
  }

  /// Each output changes as the input does that was the largest.
  func push(_ tangents: UnsafePointer<UnsafePointer<T>>, into tangent: UnsafeMutablePointer<T>, _ pass: Pass) {
    guard let winners else { return }
    let (stencil, width) = (table.forward, pass.shape.width)
    for panel in 0..<pass.shape.count {
      for feature in 0..<outputs {
        let channel = feature / stencil.rows
        let first = Int(stencil.start[feature - channel * stencil.rows])
        let source = tangents[0] + (panel * channels + channel) * stencil.columns * width
        for lane in 0..<width {
          let at = (panel * outputs + feature) * width + lane
          let place = Int(stencil.index[first + Int(truncatingIfNeeded: Int64(exactly: winners.pointer[at]) ?? 0)])
          tangent[at] = source[place * width + lane]
        }
      }
    }
  }

  @inline(__always)
  private func apply(
    _ kernel: @escaping Kernel, _ stencil: Stencil<T>, from source: UnsafePointer<T>,
    to destination: UnsafeMutablePointer<T>, winners: UnsafeMutablePointer<T>?, _ pass: Pass
  ) {
    pass.run(
      kernel,
      MaximumArguments(
        stencil: stencil, source: source, destination: destination, winners: winners, channels: channels, shape: pass.shape),
      units: channels &* stencil.rows, work: 3 &* pass.shape.elements(features: entries))
  }
}

/// The row of max pooling.
enum MaxPoolingRow: LayerRow {
  static let name = "max_pooling"
  static let options = Window.table(dilation: true)
  /// Numbers of places that a Float holds.
  private static let mostPlaces = 1 << 24

  static func outputShape(of inputs: [TensorShape], _ options: OptionValues) throws(Failure) -> TensorShape {
    let places = try Window.windows(of: inputs[0], options).map(\.kernel).reduce(1) { $0.multipliedClamped(by: $1) }
    guard places <= mostPlaces else {
      throw Failure(.invalidArgument, "\(options.owner): a window has at most \(mostPlaces) places, got \(places)")
    }
    return try Window.outputShape(of: inputs[0], options)
  }

  private static func map(of input: TensorShape, _ options: OptionValues) throws(Failure) -> FieldMap {
    FieldMap(try Window.windows(of: input, options).map { $0.axis() }, isWeighted: false)
  }

  static func make<T: Scalar>(_ site: LayerSite<T>) throws(Failure) -> any Layer<T> {
    try MaxPooling<T>(
      try map(of: site.inputs[0], site.options), channels: site.inputs[0].channels, owner: site.owner)
  }
}

/// The row of average pooling: the mean of each window.
enum AveragePoolingRow: FieldMappingRow {
  static let name = "average_pooling"
  static let options = Window.table(dilation: false) + [Option(LayerOption.countIncludePad, 1, .flag, live: false)]

  static func outputShape(of inputs: [TensorShape], _ options: OptionValues) throws(Failure) -> TensorShape {
    try Window.outputShape(of: inputs[0], options)
  }

  static func map(of input: TensorShape, _ options: OptionValues) throws(Failure) -> (map: FieldMap, channels: Int) {
    let countsPadding = try options.get(LayerOption.countIncludePad) == 1
    let axes = try Window.windows(of: input, options).map { window in
      window.axis { 1 / Double(countsPadding ? window.kernel : $0) }
    }
    return (FieldMap(axes, isWeighted: true), input.channels)
  }
}

/// The row of global average pooling: the mean of each channel over all its places, a vector.
enum GlobalAveragePoolingRow: FieldMappingRow {
  static let name = "global_average_pooling"
  static let options: [Option] = []

  static func outputShape(of inputs: [TensorShape], _ options: OptionValues) throws(Failure) -> TensorShape {
    try inputs[0].requireField(options.owner)
    return TensorShape(channels: inputs[0].channels)
  }

  static func map(of input: TensorShape, _ options: OptionValues) throws(Failure) -> (map: FieldMap, channels: Int) {
    let places = input.places
    let axis = Axis(inputs: places, outputs: 1, count: places) { _, body in
      for place in 0..<places { body(place, 1 / Double(places)) }
    }
    return (FieldMap([axis], isWeighted: true), input.channels)
  }
}
