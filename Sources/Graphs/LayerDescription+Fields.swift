import Base
import KernelInterface
import Layers
import Machine

// Layers on fields, and such as change the shape or the order of values. Arrays have one element a dimension of the field, the slowest
// first: depth, height, width.
extension LayerDescription {
  /// The largest value of each window. - kernel: places of a window. - stride: from one window to the next; nil: the kernel's.
  /// - padding: places on both sides. - dilation: from one place of a window to the next.
  public static func maxPooling(
    _ kernel: [Int], stride: [Int]? = nil, padding: [Int] = [], dilation: [Int] = []
  ) -> Self {
    LayerDescription(.maxPooling, window(kernel, stride, padding) + each("dilation", dilation))
  }

  /// The mean of each window. - countIncludePad: whether places of the padding count, as zeros. - Others: as of ``maxPooling``.
  public static func averagePooling(
    _ kernel: [Int], stride: [Int]? = nil, padding: [Int] = [], countIncludePad: Bool = true
  ) -> Self {
    LayerDescription(
      .averagePooling, window(kernel, stride, padding) + [(LayerOption.countIncludePad, countIncludePad ? 1 : 0)])
  }

  /// The mean of each channel over all its places.
  public static func globalAveragePooling() -> Self { LayerDescription(.globalAveragePooling) }

  /// - scale: how many times as many places.
  public static func upsampling(_ scale: [Int], mode: UpsamplingMode = .nearest, alignCorners: Bool = false) -> Self {
    LayerDescription(
      .upsampling,
      each("scale", scale) + [(LayerOption.mode, Double(mode.rawValue)), (LayerOption.alignCorners, alignCorners ? 1 : 0)])
  }

  /// The same values in the same order as another shape. - channels: 0: as many as the values fill.
  public static func reshape(channels: Int = 0, extents: [Int] = []) -> Self {
    LayerDescription(.reshape, [(FieldDimension.channels.name, Double(channels))] + each(nil, extents))
  }

  /// An input beside the network's first: vectors of so many values, or a field. Its data is bound by `bindInput`.
  public static func input(channels: Int, extents: [Int] = []) -> Self {
    LayerDescription(.input, [(FieldDimension.channels.name, Double(channels))] + each(nil, extents))
  }

  /// The values of a field as a vector.
  public static func flatten() -> Self { LayerDescription(.reshape) }

  /// The dimensions in another order: which dimension of the input becomes the channels, the width and so on.
  public static func permute(
    channels: FieldDimension = .channels, width: FieldDimension = .width, height: FieldDimension = .height,
    depth: FieldDimension = .depth
  ) -> Self {
    let sources: KeyValuePairs<FieldDimension, FieldDimension> = [
      .channels: channels, .width: width, .height: height, .depth: depth,
    ]
    return LayerDescription(
      .permute, sources.map { ("\(LayerOption.dimension)_\($0.key)", Double($0.value.rawValue)) })
  }

  /// Places `first` to `last` of one dimension, counted from 1. - last: 0: the dimension's end.
  public static func slice(_ dimension: FieldDimension = .channels, first: Int = 1, last: Int = 0) -> Self {
    LayerDescription(
      .slice,
      [
        (LayerOption.dimension, Double(dimension.rawValue)), (LayerOption.first, Double(first)),
        (LayerOption.last, Double(last)),
      ])
  }

  /// The outputs of two or more layers with equal shapes, multiplied. - inputs: their numbers; 0 is the network's input.
  public static func product(of inputs: Int...) -> Self { LayerDescription(.product, of: inputs) }

  /// An activation by itself; softmax over the channels at each place.
  public static func activation(_ activation: Activation, negativeSlope: Double = 0.01, alpha: Double = 1) -> Self {
    LayerDescription(
      .activation,
      [
        (LayerOption.activation, Double(activation.rawValue)), (LayerOption.negativeSlope, negativeSlope),
        (LayerOption.alpha, alpha),
      ])
  }

  private static func window(_ kernel: [Int], _ stride: [Int]?, _ padding: [Int]) -> [(option: String, value: Double)] {
    var settings = each("kernel", kernel) + each("stride", stride ?? [])
    for (dimension, value) in zip(dimensions(padding.count), padding) {
      let sides = dimension?.sides ?? (before: "of a fourth dimension", after: "of a fourth dimension")
      settings += [("padding_\(sides.before)", Double(value)), ("padding_\(sides.after)", Double(value))]
    }
    return settings
  }

  /// An option of each dimension. - name: what its name begins with, if anything.
  private static func each(_ name: String?, _ values: [Int]) -> [(option: String, value: Double)] {
    zip(dimensions(values.count), values).map { dimension, value in
      let dimension = dimension?.name ?? "of a fourth dimension"
      return (name.map { "\($0)_\(dimension)" } ?? dimension, Double(value))
    }
  }

  /// The dimensions of a field that has so many, the slowest first; nil for those that no field has, which no option is called after.
  private static func dimensions(_ count: Int) -> [FieldDimension?] {
    let all = FieldDimension.ofFields
    return (0..<count).reversed().map { $0 < all.count ? all[$0] : nil }
  }
}
