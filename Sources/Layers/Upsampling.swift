import Base
import KernelInterface
import Machine

/// How places between others get their values. The raw values are those of include/espalier.h.
public enum UpsamplingMode: Int32, Sendable, CaseIterable {
  case nearest = 0
  case linear
}

/// The row of upsampling: each dimension of the field is a whole number of times longer.
enum UpsamplingRow: FieldMappingRow {
  static let name = "upsampling"
  static let options =
    FieldDimension.ofFields.map { Option("scale_\($0)", 1, .integer(1...Int(Int32.max)), live: false) } + [
      Option(LayerOption.mode, 0, .choice(0...UpsamplingMode.allCases.count - 1), live: false),
      Option(LayerOption.alignCorners, 0, .flag, live: false),
    ]

  static func outputShape(of inputs: [TensorShape], _ options: OptionValues) throws(Failure) -> TensorShape {
    let input = inputs[0]
    try input.requireField(options.owner)
    try input.requireDefaults(options) { ["scale_\($0)"] }
    var extents: [Int] = []
    for (dimension, length) in zip(input.dimensions, input.extents) {
      extents.append(length.multipliedClamped(by: try options.integer("scale_\(dimension)")))
    }
    return TensorShape(channels: input.channels, extents: extents)
  }

  static func map(of input: TensorShape, _ options: OptionValues) throws(Failure) -> (map: FieldMap, channels: Int) {
    let mode = try options.choice(LayerOption.mode, of: UpsamplingMode.self)
    let aligns = try options.get(LayerOption.alignCorners) == 1
    var axes: [Axis] = []
    for (dimension, length) in zip(input.dimensions, input.extents) {
      let scale = try options.integer("scale_\(dimension)")
      switch mode {
      case .nearest: axes.append(.picking(inputs: length, outputs: length * scale) { $0 / scale })
      case .linear: axes.append(linear(length, scale, aligns))
      }
    }
    return (FieldMap(axes, isWeighted: mode == .linear), input.channels)
  }

  /// Between the two places beside it. With aligned corners the first and the last places of both sides lie on each other; else
  /// places are squares of which `scale` small ones fill a large one, and beyond the outer centres the outer value stays.
  private static func linear(_ length: Int, _ scale: Int, _ aligns: Bool) -> Axis {
    let outputs = length * scale
    return Axis(inputs: length, outputs: outputs) { output, body in
      let place: Double
      if aligns {
        place = outputs > 1 ? Double(output) * Double(length - 1) / Double(outputs - 1) : 0
      } else {
        place = max((Double(output) + 0.5) / Double(scale) - 0.5, 0)
      }
      let first = min(Int(clamping: place), length - 1)
      let share = place - Double(first)
      guard share > 0, first + 1 < length else { return body(first, 1) }
      body(first, 1 - share)
      body(first + 1, share)
    }
  }
}
