import Base
import KernelInterface

/// Names of options that several kinds of layers have, and the options that every layer with connections has.
package enum LayerOption {
  package static let activation = "activation"
  package static let bias = "bias"
  package static let causal = "causal"
  package static let density = "density"
  package static let fixedDensity = "fixed_density"
  package static let heads = "heads"
  package static let indexBase = "index_base"
  package static let initializer = "initializer"
  package static let learned = "learned"
  package static let negativeSlope = "negative_slope"
  package static let paddingIndex = "padding_index"
  package static let probability = "probability"
  package static let units = "units"
  package static let vocabulary = "vocabulary"
  package static let width = "width"

  static let ofConnections = [
    Option(bias, 1, .flag, live: false),
    Option(initializer, 0, .choice(0...Initializer.allCases.count - 1), live: false),
    Option(fixedDensity, 0, .flag, live: false),
    Option(density, 1, .above(0, upTo: 1), live: false),
    Option(activation, 0, .choice(0...Activation.allCases.count - 1), live: false),
    Option(negativeSlope, 0.01, .from(0, below: .infinity)),
  ]
}
