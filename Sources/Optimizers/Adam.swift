import Base
import KernelInterface
import Machine

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Adam, torch.optim.Adam: the weight decay is added to the gradient (L2). Moments: ``AdamFamily``.
enum Adam: AdamFamily {
  static let name = "adam"
  static let options = adamOptions(weightDecay: 0)
  static let decoupled = false
}

/// AdamW, torch.optim.AdamW: the weight decay shrinks the weights directly, w *= 1 - rate weight_decay.
enum AdamW: AdamFamily {
  static let name = "adamw"
  static let options = adamOptions(weightDecay: 0.01)
  static let decoupled = true
}

/// What Adam and AdamW share. Moments 0: mean of gradients; 1: mean of squares; 2: the largest mean of squares so far, when
/// "amsgrad".
protocol AdamFamily: OptimizerRule {
  static var decoupled: Bool { get }
}

private let beta1 = Schedule.optionCount
private let beta2 = Schedule.optionCount + 1
private let epsilon = Schedule.optionCount + 2
private let amsgrad = Schedule.optionCount + 3

extension AdamFamily {
  static func adamOptions(weightDecay: Double) -> [Option] {
    Schedule.options(learningRate: 0.001, weightDecay: weightDecay) + [
      Option("beta1", 0.9, .from(0, below: 1)),
      Option("beta2", 0.999, .from(0, below: 1)),
      Option("epsilon", 1e-8, .from(0, below: .infinity)),
      Option("amsgrad", 0, .flag),
    ]
  }

  static var moments: Int { 3 }
  static func needs(_ moment: Int, _ options: OptionValues) -> Bool { moment < 2 || options[amsgrad] != 0 }
  static func momentum(_ options: OptionValues) -> (numerator: Int, square: Int?)? { (0, 1) }
  static func kernel<T>(_ table: KernelTable<T>) -> Kernel { table.adam }

  static func run<T: Scalar>(_ step: UpdateStep<T>, _ options: OptionValues) {
    takeStep(step, options, decoupled: decoupled)
  }
}

@_specialize(where T == Float)
@_specialize(where T == Double)
private func takeStep<T: Scalar>(_ step: UpdateStep<T>, _ options: OptionValues, decoupled: Bool) {
  update(step, options, decoupled: decoupled)
}

@inline(never)
private func update<T: Scalar>(_ step: UpdateStep<T>, _ options: OptionValues, decoupled: Bool) {
  guard let first = step.moments.0, let second = step.moments.1 else { return }
  let t = Double(step.number)
  let decay = options[Schedule.weightDecay]
  let arguments = AdamArguments<T>(
    weights: step.weights, gradient: step.gradient, first: first, second: second, maximum: step.moments.2,
    gradientScale: step.gradientScale, keep: decoupled ? T(1 - step.rate * decay) : 1,
    weightDecay: decoupled ? 0 : T(decay), oneMinusBeta1: T(1 - options[beta1]), beta2: T(options[beta2]),
    oneMinusBeta2: T(1 - options[beta2]), stepSize: T(step.rate / (1 - pow(options[beta1], t))),
    inverseRootCorrection2: T(1 / (1 - pow(options[beta2], t)).squareRoot()), epsilon: step.divisor(options[epsilon]),
    nonFinite: step.nonFinite)
  step.run(arguments, flops: 20)
}
