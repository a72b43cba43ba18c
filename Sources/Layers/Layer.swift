import Base
import KernelInterface
import Machine
import Sparse

/// What a pass through the network has in common for all layers.
package struct Pass {
  package let shape: PanelShape
  /// Training mode: dropout acts, norms go by their batch, and running statistics move.
  package let training: Bool
  /// Whether what backward needs is kept. In training it always is.
  package let keeps: Bool
  /// Separates the random draws of one pass from those of every other (dropout).
  package let key: UInt64
  /// Whether gradients are added to what the gradient arrays hold.
  package var accumulate: Bool
  package let executor: any Executor

  /// - keeps: nil for just in training.
  package init(
    shape: PanelShape, training: Bool, keeps: Bool? = nil, key: UInt64, accumulate: Bool, executor: any Executor
  ) {
    self.shape = shape
    self.training = training
    self.keeps = keeps ?? training
    self.key = key
    self.accumulate = accumulate
    self.executor = executor
  }

  /// Run a kernel over units that cost the same. - work: floating-point operations, roughly.
  package func run<A>(_ kernel: @escaping Kernel, _ arguments: A, units: Int, work: Int) {
    withUnsafePointer(to: arguments) { executor.run(kernel, $0, units: units, work: work, balancedBy: nil) }
  }
}

/// One stage of a network, on panels: (inputs, batch) -> (outputs, batch). Most have one input; one that joins several takes
/// them in the order in which they were given.
///
/// A layer owns the panels of its outputs and of their gradient; the next layer reads the former and writes the latter, so
/// data moves between layers without being copied.
package protocol Layer<T>: Stateful {
  associatedtype T: Scalar

  /// Features of all its inputs together.
  var inputs: Int { get }
  var outputs: Int { get }
  /// In the order of the network's parameter array; empty for a layer that learns nothing.
  var parameters: [Parameter<T>] { get }
  /// Set all parameters, which have their places, to what training starts from.
  /// - options: of the layer. - Throws: what its initializer throws.
  func initialize(_ options: OptionValues, random: inout RandomSource) throws(Failure)
  /// Whether it calls BLAS, whose threads must then be held back.
  var usesBLAS: Bool { get }

  /// Allocate the panels. - elements: of one feature, the most that a batch will take.
  func plan(elements: Int) throws(Failure)

  /// Elements of scratch that its passes want. What is in it is gone when a pass ends, so that layers share it.
  var scratchElements: Int { get }
  /// Work in this scratch, of `scratchElements` or more, from now on. To be called before the first pass and whenever
  /// `scratchElements` has grown.
  func share(_ scratch: Buffer<T>)

  /// a: (outputs, batch), valid until the next forward.
  var output: UnsafeMutablePointer<T> { get }
  /// da: (outputs, batch), written by whoever comes after, before `backward`; overwritten by `backward`.
  var outputGradient: UnsafeMutablePointer<T> { get }

  /// Compute `output` from each x: (its features, batch).
  func forward(_ inputs: UnsafePointer<UnsafePointer<T>>, _ pass: Pass)

  /// From `outputGradient`: the parameters' gradients, and each dx, unless its place in `inputGradients` is nil.
  /// - inputs: those that the last `forward` was given.
  func backward(
    _ inputs: UnsafePointer<UnsafePointer<T>>, inputGradients: UnsafePointer<UnsafeMutablePointer<T>?>, _ pass: Pass)

  /// An option of the layer has another value from now on, which is one of its domain. Only live options change.
  func set(_ option: String, _ value: Double)

  /// Whether its gradients are products of the panels of its input and of `outputGradient`, as backward leaves it.
  var multipliesPanels: Bool { get }

  /// Mark with 1 the features of one of the inputs that go on when just the marked outputs do; other marks stay. Nothing is allocated.
  /// - count: features of that input.
  func carry(_ outputs: UnsafePointer<UInt8>, toInput input: Int, _ marks: UnsafeMutablePointer<UInt8>, count: Int)

  /// Floating-point operations of one sample forward.
  var flops: Int { get }
}

extension Layer {
  /// Of a layer whose outputs are made of all inputs.
  package func carry(_ outputs: UnsafePointer<UInt8>, toInput input: Int, _ marks: UnsafeMutablePointer<UInt8>, count: Int) {
    marks.update(repeating: 1, count: count)
  }

  package var multipliesPanels: Bool { false }

  package func initialize(_ options: OptionValues, random: inout RandomSource) throws(Failure) {
    for parameter in parameters { parameter.restart() }
  }

  /// The same for a layer with one input, x: (inputs, batch).
  package func forward(_ input: UnsafePointer<T>, _ pass: Pass) { withUnsafePointer(to: input) { forward($0, pass) } }

  /// The same for a layer with one input. - inputGradient: receives dx: (inputs, batch), or nil.
  package func backward(_ input: UnsafePointer<T>, inputGradient: UnsafeMutablePointer<T>?, _ pass: Pass) {
    withUnsafePointer(to: input) { input in
      withUnsafePointer(to: inputGradient) { backward(input, inputGradients: $0, pass) }
    }
  }
}

/// A layer whose outputs are made of the inputs at the same place alone.
protocol Elementwise<T>: Layer {}

extension Elementwise {
  package func carry(_ outputs: UnsafePointer<UInt8>, toInput input: Int, _ marks: UnsafeMutablePointer<UInt8>, count: Int) {
    for feature in 0..<count where outputs[feature] != 0 { marks[feature] = 1 }
  }
}
