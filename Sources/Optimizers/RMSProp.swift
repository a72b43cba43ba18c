import Base
import KernelInterface
import Machine

/// RMSprop, torch.optim.RMSprop. Moments 0: mean of squares; 1: mean, when centered; 2: momentum buffer.
enum RMSProp: OptimizerRule {
  static let name = "rmsprop"
  static let moments = 3
  static let options =
    Schedule.options(learningRate: 0.01, weightDecay: 0) + [
      Option("alpha", 0.99, .from(0, below: 1)),
      Option("epsilon", 1e-8, .from(0, below: .infinity)),
      Option("momentum", 0, .real(0...1)),
      Option("centered", 0, .flag),
    ]
  private static let alpha = Schedule.optionCount
  private static let epsilon = Schedule.optionCount + 1
  private static let momentum = Schedule.optionCount + 2
  private static let centered = Schedule.optionCount + 3

  static func needs(_ moment: Int, _ options: OptionValues) -> Bool {
    switch moment {
    case 0: true
    case 1: options[centered] != 0
    default: options[momentum] != 0
    }
  }

  static func momentum(_ options: OptionValues) -> (numerator: Int, square: Int?)? {
    options[momentum] != 0 ? (2, nil) : nil
  }

  static func kernel<T>(_ table: KernelTable<T>) -> Kernel { table.rmsprop }

  @_specialize(where T == Float)
  @_specialize(where T == Double)
  static func run<T: Scalar>(_ step: UpdateStep<T>, _ options: OptionValues) { update(step, options) }

  @inline(never)
  private static func update<T: Scalar>(_ step: UpdateStep<T>, _ options: OptionValues) {
    guard let square = step.moments.0 else { return }
    let arguments = RMSPropArguments<T>(
      weights: step.weights, gradient: step.gradient, square: square, average: step.moments.1, moment: step.moments.2,
      gradientScale: step.gradientScale, rate: T(step.rate), weightDecay: T(options[Schedule.weightDecay]),
      alpha: T(options[alpha]), oneMinusAlpha: T(1 - options[alpha]), epsilon: step.divisor(options[epsilon]),
      momentum: T(options[momentum]), nonFinite: step.nonFinite)
    step.run(arguments, flops: 16)
  }
}
