import Base

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Learning-rate schedules, rate(t) in closed form, t = 0, 1, .. the steps taken. With one scheduler step after every
/// optimizer step they are PyTorch's StepLR, ExponentialLR, CosineAnnealingLR (until `period`, after which the rate stays) and
/// LinearLR with end_factor 1 (the warm-up). The raw values are those of include/espalier.h.
public enum Schedule: Int32, Sendable, CaseIterable {
  case constant = 0
  case step, exponential, cosine

  // Positions of the options that every rule has, in the order of `options`.
  static let learningRate = 0
  static let weightDecay = 1
  private static let schedule = 2
  private static let stepSize = 3
  private static let gamma = 4
  private static let period = 5
  private static let minimumRate = 6
  private static let warmup = 7
  private static let warmupStart = 8
  static let optionCount = 9

  static func options(learningRate: Double, weightDecay: Double) -> [Option] {
    [
      Option("learning_rate", learningRate, .from(0, below: .infinity)),
      Option("weight_decay", weightDecay, .from(0, below: .infinity)),
      Option("schedule", 0, .choice(0...allCases.count - 1)),
      Option("step_size", 1, .integer(1 ... .max)),
      Option("gamma", 0.1, .above(0, upTo: .infinity)),
      Option("period", 1, .integer(1 ... .max)),
      Option("minimum_rate", 0, .from(0, below: .infinity)),
      Option("warmup", 0, .integer(0 ... .max)),
      Option("warmup_start", 1.0 / 3, .above(0, upTo: 1)),
    ]
  }

  static func isConstant(_ options: OptionValues) -> Bool {
    options[schedule] == Double(constant.rawValue) && options[warmup] == 0
  }

  /// The learning rate after `steps` steps. With gamma > 1 it may overflow to infinity.
  static func rate(_ options: OptionValues, after steps: Int) -> Double {
    let t = Double(steps)
    let base = options[learningRate]
    let scheduled =
      switch Schedule(rawValue: Int32(clamping: options[schedule])) {
      case .step: base * pow(options[gamma], (t / options[stepSize]).rounded(.down))
      case .exponential: base * pow(options[gamma], t)
      case .cosine:
        options[minimumRate] + (base - options[minimumRate]) * (1 + cos(.pi * min(t, options[period]) / options[period])) / 2
      case .constant, nil: base
      }
    guard t < options[warmup] else { return scheduled }
    return scheduled * (options[warmupStart] + (1 - options[warmupStart]) * t / options[warmup])
  }
}
