import Base
import KernelInterface
import Machine
import Testing

@Suite struct InstructionSetTests {
  private static let count = 1003

  /// Five arrays of `count` positive numbers below 1: weights, gradient and moments.
  private func arrays<T: Scalar>(_: T.Type) throws -> [Buffer<T>] {
    var random = RandomSource(seed: 5)
    return try (0..<5).map { _ in
      let buffer = try Buffer<T>(count: Self.count)
      for i in 0..<Self.count { buffer.pointer[i] = T(random.uniform()) }
      return buffer
    }
  }

  /// Bits of all arrays after one run of each optimizer kernel of a table, and of the sum of squares.
  private func results<T: Scalar>(_ table: KernelTable<T>) throws -> [[UInt64]] {
    let buffers = try arrays(T.self)
    defer { withExtendedLifetime(buffers) {} }
    let a = buffers.map(\.pointer)
    func run<Arguments>(_ kernel: Kernel, _ arguments: Arguments, units: Int = Self.count) {
      withUnsafePointer(to: arguments) { kernel(UnsafeRawPointer($0), 0, units) }
    }
    let (scale, rate, decay) = (T(0.7), T(0.03), T(0.1))
    // Moments are used by several rules in turn: what they hold does not matter as long as it stays positive.
    run(
      table.adagrad,
      AdagradArguments(
        weights: a[0], gradient: a[1], sum: a[2], gradientScale: scale, rate: rate, weightDecay: decay, epsilon: 1e-10))
    run(
      table.adam,
      AdamArguments(
        weights: a[0], gradient: a[1], first: a[3], second: a[2], maximum: a[4], gradientScale: scale, keep: 0.99,
        weightDecay: decay, oneMinusBeta1: T(0.1), beta2: T(0.999), oneMinusBeta2: T(0.001), stepSize: rate,
        inverseRootCorrection2: T(1.7), epsilon: 1e-8))
    run(
      table.sgd,
      SGDArguments(
        weights: a[0], gradient: a[1], moment: a[3], gradientScale: scale, rate: rate, weightDecay: decay, momentum: T(0.9),
        dampening: 0, nesterov: true, first: false))
    run(
      table.rmsprop,
      RMSPropArguments(
        weights: a[0], gradient: a[1], square: a[4], average: nil, moment: a[3], gradientScale: scale, rate: rate,
        weightDecay: decay, alpha: T(0.99), oneMinusAlpha: T(0.01), epsilon: 1e-8, momentum: T(0.9)))
    let partials = try Buffer<Double>(count: 1)
    run(
      table.sumOfSquares, SumOfSquaresArguments<T>(values: a[0], count: Self.count, partials: partials.pointer), units: 1)
    #expect(partials.pointer[0] > 0 && partials.pointer[0].isFinite)
    return buffers.map { bits($0.span) } + [bits(partials.span)]
  }

  /// No fused multiply-add, and sums in a fixed order: every instruction set gives the bits of the portable kernels.
  @Test(arguments: InstructionSet.available)
  func givesThePortableBits(_ set: InstructionSet) throws {
    #expect(try results(set.kernels32) == results(InstructionSet.portable.kernels32))
    #expect(try results(set.kernels64) == results(InstructionSet.portable.kernels64))
  }
}
