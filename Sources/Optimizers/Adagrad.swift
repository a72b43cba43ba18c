import Base
import KernelInterface
import Machine

/// Adagrad, torch.optim.Adagrad. Moment 0: the sum of squares, from "initial_accumulator".
enum Adagrad: OptimizerRule {
  static let name = "adagrad"
  static let moments = 1
  static let options =
    Schedule.options(learningRate: 0.01, weightDecay: 0) + [
      Option("lr_decay", 0, .from(0, below: .infinity)),
      Option("initial_accumulator", 0, .from(0, below: .infinity), live: false),
      Option("epsilon", 1e-10, .from(0, below: .infinity)),
    ]
  private static let decay = Schedule.optionCount
  private static let accumulator = Schedule.optionCount + 1
  private static let epsilon = Schedule.optionCount + 2

  static func needs(_ moment: Int, _ options: OptionValues) -> Bool { true }
  static func start(_ moment: Int, _ options: OptionValues) -> Double { options[accumulator] }
  static func kernel<T>(_ table: KernelTable<T>) -> Kernel { table.adagrad }

  @_specialize(where T == Float)
  @_specialize(where T == Double)
  static func run<T: Scalar>(_ step: UpdateStep<T>, _ options: OptionValues) { update(step, options) }

  @inline(never)
  private static func update<T: Scalar>(_ step: UpdateStep<T>, _ options: OptionValues) {
    guard let sum = step.moments.0 else { return }
    let rate = step.rate / (1 + Double(step.number - 1) * options[decay])
    let arguments = AdagradArguments<T>(
      weights: step.weights, gradient: step.gradient, sum: sum, gradientScale: step.gradientScale, rate: T(rate),
      weightDecay: T(options[Schedule.weightDecay]), epsilon: step.divisor(options[epsilon]),
      nonFinite: step.nonFinite)
    step.run(arguments, flops: 14)
  }
}
