import Base
import KernelInterface

/// Names of options that several kinds of layers have, and the options that every layer with connections has.
public enum LayerOption {
  public static let activation = "activation"
  public static let bias = "bias"
  public static let causal = "causal"
  public static let density = "density"
  public static let fixedDensity = "fixed_density"
  public static let heads = "heads"
  public static let initializer = "initializer"
  public static let negativeSlope = "negative_slope"
  public static let probability = "probability"
  public static let units = "units"

  static let ofConnections = [
    Option(bias, 1, .flag, live: false),
    Option(initializer, 0, .choice(0...Initializer.allCases.count - 1), live: false),
    Option(fixedDensity, 0, .flag, live: false),
    Option(density, 1, .above(0, upTo: 1), live: false),
    Option(activation, 0, .choice(0...Activation.allCases.count - 1), live: false),
    Option(negativeSlope, 0.01, .from(0, below: .infinity)),
  ]
}
