import KernelInterface
import Layers
import Machine

extension LayerDescription {
  /// A convolution of a field with one, two or three dimensions, a = f(W * x + b).
  /// - kernel: its lengths in the order of a shape's extents, depth, height, width; their number is the field's dimensions.
  /// - stride, dilation, paddingMode: of each dimension, or one for all. - padding: the same, or two a dimension, before and after.
  /// - groups: parts that channels and filters are divided into. - density: in (0, 1]; 1: dense.
  public static func convolution(
    _ filters: Int, kernel: [Int], stride: [Int] = [1], padding: [Int] = [0], paddingMode: [PaddingMode] = [.zeros],
    dilation: [Int] = [1], groups: Int = 1, density: Double = 1, activation: Activation = .identity, bias: Bool = true,
    initializer: Initializer = .heUniform, negativeSlope: Double = 0.01, alpha: Double = 1
  ) -> Self {
    LayerDescription(
      .convolution,
      sliding(filters, kernel, stride, padding, dilation, groups, density, activation, bias, initializer, negativeSlope, alpha)
        + each("padding_mode", paddingMode.map { Int($0.rawValue) }, kernel.count))
  }

  /// A convolution whose filters have weights of their own at each place of the output, and a bias at each. Arguments are as of
  /// ``convolution``; the density is a share of the positions within reach of the kernel.
  public static func locallyConnected(
    _ filters: Int, kernel: [Int], stride: [Int] = [1], padding: [Int] = [0], paddingMode: [PaddingMode] = [.zeros],
    dilation: [Int] = [1], groups: Int = 1, density: Double = 1, activation: Activation = .identity, bias: Bool = true,
    initializer: Initializer = .heUniform, negativeSlope: Double = 0.01, alpha: Double = 1
  ) -> Self {
    LayerDescription(
      .locallyConnected,
      sliding(filters, kernel, stride, padding, dilation, groups, density, activation, bias, initializer, negativeSlope, alpha)
        + each("padding_mode", paddingMode.map { Int($0.rawValue) }, kernel.count))
  }

  /// A convolution backwards: the field that comes out is what a convolution with these options would make the given one of.
  /// - padding: places that are taken away. - outputPadding: places more at the end.
  public static func transposedConvolution(
    _ filters: Int, kernel: [Int], stride: [Int] = [1], padding: [Int] = [0], outputPadding: [Int] = [0],
    dilation: [Int] = [1], groups: Int = 1, density: Double = 1, activation: Activation = .identity, bias: Bool = true,
    initializer: Initializer = .heUniform, negativeSlope: Double = 0.01, alpha: Double = 1
  ) -> Self {
    LayerDescription(
      .transposedConvolution,
      sliding(filters, kernel, stride, padding, dilation, groups, density, activation, bias, initializer, negativeSlope, alpha)
        + each("output_padding", outputPadding, kernel.count))
  }

  /// An option of each of the last dimensions; of too many values those that nobody has are refused by name.
  private static func each(_ name: String, _ values: [Int], _ dimensions: Int) -> [(option: String, value: Double)] {
    spread(values, ["depth", "height", "width"].suffix(dimensions).map { "\(name)_\($0)" })
  }

  private static func spread(_ values: [Int], _ names: [String]) -> [(option: String, value: Double)] {
    let all = values.count == 1 ? names.map { _ in values[0] } : values
    return all.enumerated().map { ($0 < names.count ? names[$0] : "value \($0 + 1)", Double($1)) }
  }

  private static func sliding(
    _ filters: Int, _ kernel: [Int], _ stride: [Int], _ padding: [Int], _ dilation: [Int], _ groups: Int,
    _ density: Double, _ activation: Activation, _ bias: Bool, _ initializer: Initializer, _ negativeSlope: Double,
    _ alpha: Double
  ) -> [(option: String, value: Double)] {
    let sides = ["front", "back", "top", "bottom", "left", "right"].suffix(2 * kernel.count).map { "padding_\($0)" }
    let both = padding.count == kernel.count ? padding.flatMap { [$0, $0] } : padding
    return each("kernel", kernel, kernel.count) + each("stride", stride, kernel.count) + spread(both, sides)
      + each("dilation", dilation, kernel.count) + [
        (LayerOption.filters, Double(filters)), (LayerOption.groups, Double(groups)), (LayerOption.density, density),
        (LayerOption.activation, Double(activation.rawValue)), (LayerOption.bias, bias ? 1 : 0),
        (LayerOption.initializer, Double(initializer.rawValue)), (LayerOption.negativeSlope, negativeSlope),
        (LayerOption.alpha, alpha),
      ]
  }
}
