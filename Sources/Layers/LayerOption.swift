import Base
import KernelInterface

/// Names of options that several kinds of layers have, and the options that every layer with connections has.
package enum LayerOption {
  package static let activation = "activation"
  package static let alpha = "alpha"
  package static let alignCorners = "align_corners"
  package static let bias = "bias"
  package static let countIncludePad = "count_include_pad"
  package static let causal = "causal"
  package static let density = "density"
  package static let dimension = "dimension"
  package static let first = "first"
  package static let fixedDensity = "fixed_density"
  package static let heads = "heads"
  package static let indexBase = "index_base"
  package static let initializer = "initializer"
  package static let last = "last"
  package static let mode = "mode"
  package static let learned = "learned"
  package static let negativeSlope = "negative_slope"
  package static let paddingIndex = "padding_index"
  package static let probability = "probability"
  package static let sparse = "sparse"
  package static let units = "units"
  package static let vocabulary = "vocabulary"
  package static let width = "width"

  static let ofConnections =
    [
      Option(bias, 1, .flag, live: false),
      Option(initializer, 0, .choice(0...Initializer.allCases.count - 1), live: false),
      Option(fixedDensity, 0, .flag, live: false),
      Option(density, 1, .above(0, upTo: 1), live: false),
    ] + ofActivation

  /// Of every layer that has an activation.
  static let ofActivation = [
    Option(activation, 0, .choice(0...Activation.allCases.count - 1), live: false),
    Option(negativeSlope, 0.01, .from(0, below: .infinity)),
    Option(alpha, 1, .above(0, upTo: .infinity)),
  ]

  /// The option that an activation takes its number from; nil: it has none.
  static func number(of activation: Activation) -> String? {
    switch activation {
    case .leakyReLU: negativeSlope
    case .elu, .celu: alpha
    default: nil
    }
  }

  /// The number of a layer's activation; 0 if it has none.
  package static func activationNumber(_ options: OptionValues) throws(Failure) -> Double {
    guard let option = number(of: try options.choice(activation, of: Activation.self)) else { return 0 }
    return try options.get(option)
  }
}
