import Base

/// Options of the network itself; include/espalier.h says what they mean.
enum NetworkOption {
  static let table = [
    Option("huber_delta", 1, .above(0, upTo: .infinity)),
    Option("label_base", 0, .integer(0...1)),
    Option("clip_norm", 0, .from(0, below: .infinity)),
    Option("accumulate", 1, .integer(1...Int(Int32.max))),
    Option("dense_crossover", 0.55, .from(0, below: .infinity)),
    Option(distributionPower, 1, .above(0, upTo: .infinity), live: false),
    Option(epsilon, 0, .from(0, below: .infinity), live: false),
  ]
  static let distributionPower = "distribution_power"
  static let epsilon = "epsilon"
  // Positions in the table, for the paths that run every step.
  static let huberDelta = 0
  static let labelBase = 1
  static let clipNorm = 2
  static let accumulate = 3
  static let denseCrossover = 4
}
