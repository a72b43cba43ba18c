import Base

/// The options of a topology method, one table for all: methods differ in their defaults. include/espalier.h says what each
/// means. The raw value is the position in the table.
enum TopologyOption: Int, CaseIterable {
  // When, and how much.
  case every, begin, until, untilShare, trainingLength, clock, dropFraction, minimumDropFraction, decay, decayPower
  // What goes.
  case drop, gradientWeight, rounding, scope
  // What comes.
  case grow, justDropped, gradientBatches, gradientDecay, candidates, sampling, grownWeight, grownScale, redistribute, room
  // How many there should be.
  case finalDensity, densityBegin, densityEnd, densityPower, phase, soft, threshold, tolerance
  // Noise and shrinkage of DeepR.
  case noise, shrink
  // Parts of a pattern.
  case forwardShare, explorationDecay, fanIn, ablation
  case softThreshold, thresholdStart, thresholdDecay, thresholdRate
  case replacesStep

  var option: Option {
    switch self {
    case .every: Option("every", 100, .integer(1 ... .max))
    case .begin: Option("begin", -1, .integer(-1 ... .max))
    case .until: Option("until", -1, .integer(-1 ... .max))
    case .untilShare: Option("until_share", -1, .real(-1...1))
    case .trainingLength: Option("training_length", 0, .integer(0 ... .max))
    case .clock: Option("clock", 0, Self.choice(TopologyClock.self))
    case .dropFraction: Option("drop_fraction", 0.3, .real(0...1))
    case .minimumDropFraction: Option("minimum_drop_fraction", 0, .real(0...1))
    case .decay: Option("decay", 0, Self.choice(DropDecay.self))
    case .decayPower: Option("decay_power", 3, .above(0, upTo: .infinity))
    case .drop: Option("drop", 0, Self.choice(DropScore.self))
    case .gradientWeight: Option("gradient_weight", 1, .from(0, below: .infinity))
    case .rounding: Option("rounding", 0, Self.choice(DropRounding.self))
    case .scope: Option("scope", 0, Self.choice(DropScope.self))
    case .grow: Option("grow", 0, Self.choice(GrowthScore.self))
    case .justDropped: Option("just_dropped", 0, Self.choice(JustDropped.self))
    case .gradientBatches: Option("gradient_batches", 1, .integer(1...1000))
    case .gradientDecay: Option("gradient_decay", 1, .above(0, upTo: 1))
    case .candidates: Option("candidates", 1, .above(0, upTo: 1000))
    case .sampling: Option("sampling", 0, Self.choice(CandidateSampling.self))
    case .grownWeight: Option("grown_weight", 0, Self.choice(GrownWeight.self))
    case .grownScale: Option("grown_scale", 1, .from(0, below: .infinity))
    case .redistribute: Option("redistribute", 0, Self.choice(Redistribution.self))
    case .room: Option("room", 1, .real(1...1000))
    case .finalDensity: Option("final_density", -1, .real(-1...1))
    case .densityBegin: Option("density_begin", 0, .integer(0 ... .max))
    case .densityEnd: Option("density_end", 0, .integer(0 ... .max))
    case .densityPower: Option("density_power", 3, .above(0, upTo: .infinity))
    case .phase: Option("phase", 0, .integer(0 ... .max))
    case .soft: Option("soft", 0, .flag)
    case .threshold: Option("threshold", 0, .from(0, below: .infinity))
    case .tolerance: Option("tolerance", 0.1, .from(0, below: .infinity))
    case .noise: Option("noise", 0, .from(0, below: .infinity))
    case .shrink: Option("shrink", 0, .from(0, below: .infinity))
    case .forwardShare: Option("forward_share", 1, .above(0, upTo: 1))
    case .explorationDecay: Option("exploration_decay", 0, .from(0, below: .infinity))
    case .fanIn: Option("constant_fan_in", 0, .flag)
    case .ablation: Option("ablation", 0, .from(0, below: 1))
    case .softThreshold: Option("soft_threshold", 0, .flag)
    case .thresholdStart: Option("threshold_start", -5, .real(-SoftThreshold.most...SoftThreshold.most))
    case .thresholdDecay: Option("threshold_decay", 0.01, .from(0, below: .infinity))
    case .thresholdRate: Option("threshold_rate", 1, .from(0, below: .infinity))
    case .replacesStep: Option("replaces_step", 0, .flag)
    }
  }

  static let table = allCases.map(\.option)

  private static func choice<Choice: CaseIterable>(_: Choice.Type) -> Option.Domain {
    .choice(0...Choice.allCases.count - 1)
  }
}

/// What connections are dropped by: those with the smallest score go. The raw values are those of include/espalier.h.
public enum DropScore: Int32, Sendable, CaseIterable {
  /// |w|
  case magnitude = 0
  /// |w g|, g = dL/dw of the last backward pass: a first-order estimate of what the loss would change.
  case weightGradient
  /// |w| + gradient_weight |g| (MEST, Yuan et al. 2021).
  case weightPlusGradient
  /// |w| - |w at the last update, or when it was grown|.
  case magnitudeIncrease
  /// Those whose weight has another sign than at the last update, and no others; the drop fraction plays no part
  /// (DeepR, Bellec et al. 2018).
  case signFlip
  /// Every set of connections is equally likely.
  case random
  /// Two thresholds, for negative and for positive weights: the original code of SET.
  case thresholds
  /// What a function of the caller's says.
  case callback
}

/// Whether |x| or x is what a score ranks by, and other traits of a score.
extension DropScore {
  var isSigned: Bool { self == .magnitudeIncrease || self == .signFlip || self == .callback }
  /// Whether there is a score beside the weight itself.
  var needsScores: Bool { self != .magnitude && self != .thresholds }
  /// Whether the weight at the last update is kept for each connection.
  var needsReference: Bool { self == .magnitudeIncrease || self == .signFlip }
  var needsSlope: Bool { self == .weightGradient || self == .weightPlusGradient }
}

/// How a fraction of n connections becomes a number.
public enum DropRounding: Int32, Sendable, CaseIterable {
  /// Truncated, in single precision, as RigL's code does.
  case truncate = 0
  /// Up, in double precision, as the codes of SNFS, ITOP and GraNet do.
  case up

  func count(_ fraction: Double, of n: Int) -> Int {
    switch self {
    case .truncate: min(n, Int(clamping: Double(Float(n) * Float(fraction))))
    case .up: min(n, Int(clamping: (fraction * Double(n)).rounded(.up)))
    }
  }
}

/// Over what a density schedule thins.
public enum DropScope: Int32, Sendable, CaseIterable {
  /// Each layer by its own density.
  case layer = 0
  /// All layers together: one threshold of the score. A layer keeps at least one connection.
  case global
}

/// What new connections are chosen by. The raw values are those of include/espalier.h.
public enum GrowthScore: Int32, Sendable, CaseIterable {
  /// Every set of free positions is equally likely.
  case random = 0
  /// The largest |dL/dW| of the current batch, or of the mean over "gradient_batches".
  case gradient
  /// The same with "gradient_decay" as weights: an exponential mean.
  case momentum
  /// At random, positions that have never been connected before others.
  case unfired
  /// The largest |dL/dW| among positions that were sampled.
  case sampled
  /// The largest |score| that a function of the caller's gives.
  case callback
}

/// From what positions of a layer are sampled.
public enum CandidateSampling: Int32, Sendable, CaseIterable {
  case uniform = 0
  /// Unit and input independently, in proportion to the sums of |dL/dz| and |x| over the batch (GraBo).
  case activity
  /// The same with |sum of +-dL/dz| and |sum of +-x|, random signs: a sketch of the gradient (GraEst).
  case sketch
}

/// What becomes of a connection that is dropped and chosen again in the same update.
public enum JustDropped: Int32, Sendable, CaseIterable {
  /// It stays with its weight and state.
  case keep = 0
  /// It starts anew.
  case restart
  /// It cannot be chosen.
  case exclude
}

/// What a grown connection's weight starts with. The raw values are those of include/espalier.h.
public enum GrownWeight: Int32, Sendable, CaseIterable {
  case zero = 0
  /// Normal, standard deviation "grown_scale".
  case normal
  /// Uniform in +-"grown_scale".
  case uniform
  /// Normal, standard deviation "grown_scale" times the root mean square of the layer's weights.
  case layerNormal
}

/// How the connections that come are spread over layers.
public enum Redistribution: Int32, Sendable, CaseIterable {
  /// As many as went.
  case none = 0
  /// In proportion to the mean |momentum| of a layer's connections (SNFS, Dettmers and Zettlemoyer 2019).
  case momentum
  /// In proportion to the connections that stay (Mostafa and Wang 2019).
  case connections
}
