import Base
import KernelInterface
import Machine
import Optimizers
import Sparse

/// Runs kernels on the calling thread, in pieces that end at random units (or in one piece), last piece first.
final class SplittingExecutor: Executor {
  private var random: RandomSource?

  init(seed: UInt64? = nil) { random = seed.map { RandomSource(seed: $0) } }

  func run(
    _ kernel: Kernel, _ arguments: UnsafeRawPointer, units: Int, work: Int, balancedBy prefix: UnsafePointer<Int64>?
  ) {
    var end = units
    while end > 0 {
      let begin = random != nil ? random!.below(end) : 0
      kernel(arguments, begin, end)
      end = begin
    }
  }
}

/// A parameter with arrays of its own, `offset` elements beyond a 64-byte boundary, between elements that nobody may touch.
final class Owned<T: Scalar> {
  static var canary: T { 12345 }
  let parameter: Parameter<T>
  private let memory: Buffer<T>

  init(_ name: String = "weights", count: Int, offset: Int = 0) throws {
    let stride = count + offset + 64
    memory = try Buffer(count: 2 * stride)
    memory.span.update(repeating: Self.canary)
    parameter = Parameter(name: name, role: .weights, count: count)
    parameter.place(values: memory.pointer + 32 + offset, gradient: memory.pointer + stride + 32 + offset)
  }

  var count: Int { parameter.count }
  var values: UnsafeMutablePointer<T> { parameter.values! }
  var gradient: UnsafeMutablePointer<T> { parameter.gradient! }
  var weights: [T] { Array(UnsafeBufferPointer(start: values, count: count)) }

  func fill(_ value: (Int) -> T) { for i in 0..<count { values[i] = value(i) } }
  func fillGradient(_ value: (Int) -> T) { for i in 0..<count { gradient[i] = value(i) } }

  /// Everything but the weights and gradients themselves is as it was.
  var surroundingsAreIntact: Bool {
    let own = [values..<(values + count), gradient..<(gradient + count)]
    return (0..<memory.count).allSatisfy { i in
      own.contains { $0.contains(memory.pointer + i) } || memory.pointer[i] == Self.canary
    }
  }
}

/// Bits of values, so that -0 differs from 0 and NaN equals itself.
func bits<T: Scalar>(_ values: some Sequence<T>) -> [UInt64] { values.map { Double($0).bitPattern } }

func makeOptimizer(_ kind: OptimizerKind, _ options: [String: Double]) throws -> Optimizer {
  var optimizer = Optimizer(kind)
  for (name, value) in options { try optimizer.set(name, value) }
  return optimizer
}

let kinds: [String: OptimizerKind] = ["sgd": .sgd, "rmsprop": .rmsprop, "adagrad": .adagrad, "adam": .adam, "adamw": .adamw]

/// Every branch of every kernel.
let variants: [(kind: OptimizerKind, options: [String: Double])] = [
  (.sgd, [:]), (.sgd, ["weight_decay": 0.1]), (.sgd, ["momentum": 0.9, "dampening": 0.2]),
  (.sgd, ["momentum": 0.9, "nesterov": 1, "weight_decay": 0.1]),
  (.rmsprop, [:]), (.rmsprop, ["centered": 1]), (.rmsprop, ["centered": 1, "momentum": 0.9, "weight_decay": 0.1]),
  (.rmsprop, ["alpha": 0.3, "centered": 1]), (.adagrad, ["lr_decay": 0.1, "initial_accumulator": 0.1]),
  (.adagrad, ["weight_decay": 0.1]), (.adam, [:]), (.adam, ["weight_decay": 0.1, "amsgrad": 1]), (.adam, ["beta1": 0.2]),
  (.adamw, [:]), (.adamw, ["amsgrad": 1]),
]
