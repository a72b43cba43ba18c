import Base
import KernelInterface
import Machine

/// Stochastic gradient descent, torch.optim.SGD. Moment 0: the momentum buffer.
enum SGD: OptimizerRule {
  static let name = "sgd"
  static let moments = 1
  static let squares = false
  static let options =
    Schedule.options(learningRate: 0.001, weightDecay: 0) + [
      Option("momentum", 0, .real(0...1)),
      Option("dampening", 0, .real(0...1)),
      Option("nesterov", 0, .flag),
    ]
  private static let momentum = Schedule.optionCount
  private static let dampening = Schedule.optionCount + 1
  private static let nesterov = Schedule.optionCount + 2

  static func check(_ options: OptionValues) throws(Failure) {
    guard options[nesterov] == 0 || (options[momentum] > 0 && options[dampening] == 0) else {
      throw Failure(
        .invalidArgument,
        "\(options.owner): nesterov needs momentum > 0 and dampening 0, got momentum \(options[momentum]) and dampening "
          + "\(options[dampening])")
    }
  }

  static func needs(_ moment: Int, _ options: OptionValues) -> Bool { options[momentum] != 0 }

  static func momentum(_ options: OptionValues) -> (numerator: Int, square: Int?)? {
    options[momentum] != 0 ? (0, nil) : nil
  }

  static func kernel<T>(_ table: KernelTable<T>) -> Kernel { table.sgd }

  @_specialize(where T == Float)
  @_specialize(where T == Double)
  static func run<T: Scalar>(_ step: UpdateStep<T>, _ options: OptionValues) { update(step, options) }

  @inline(never)
  private static func update<T: Scalar>(_ step: UpdateStep<T>, _ options: OptionValues) {
    let arguments = SGDArguments<T>(
      weights: step.weights, gradient: step.gradient, moment: step.moments.0, gradientScale: step.gradientScale,
      rate: T(step.rate), weightDecay: T(options[Schedule.weightDecay]), momentum: T(options[momentum]),
      dampening: T(options[dampening]), nesterov: options[nesterov] != 0, first: step.first,
      nonFinite: step.nonFinite)
    step.run(arguments, flops: 8)
  }
}
