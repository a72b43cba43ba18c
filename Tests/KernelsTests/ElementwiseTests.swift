import Glibc
import KernelInterface
import Machine
import Testing

/// Activations, their derivatives, softmax and dropout.
@Suite struct ElementwiseTests {
  /// f on these values, through the epilogue of a dense layer with one unit a value.
  private func apply<T: TestedScalar>(_ activation: Activation, _ values: [T], _ table: KernelTable<T>) -> [T] {
    let shape = PanelShape(batch: 1, elementSize: MemoryLayout<T>.size)
    let a = Memory(panels(values.map { [$0] }, shape))
    let z = Memory(a.values)
    let x = Memory<T>([0])
    let arguments = LinearArguments<T>(
      matrix: nil, rows: values.count, columns: 1, shape: shape, bias: nil, activation: activation, negativeSlope: 0.125,
      input: x.pointer, output: a.pointer, preactivation: activation.needsPreactivation ? z.pointer : nil)
    call(table.denseForwardEpilogue, arguments, units: values.count)
    return unpanels(a.values, features: values.count, shape).map { $0[0] }
  }

  private func exact(_ activation: Activation, _ z: Double) -> Double {
    switch activation {
    case .identity, .softmax: z
    case .relu: max(z, 0)
    case .leakyReLU: z > 0 ? z : 0.125 * z
    case .gelu: 0.5 * z * erfc(-z * 0.5.squareRoot())
    case .silu: z / (1 + exp(-z))
    case .sigmoid: z < 0 ? exp(z) / (1 + exp(z)) : 1 / (1 + exp(-z))
    case .tanh: tanh(z)
    case .softplus: z > 20 ? z : log1p(exp(z))
    case .softsign: z / (1 + z.magnitude)
    case .elu: z > 0 ? z : 0.125 * expm1(z)
    case .celu: z > 0 ? z : 0.125 * expm1(z / 0.125)
    case .hardSigmoid: min(max(z + 3, 0), 6) / 6
    case .hardTanh: min(max(z, -1), 1)
    case .relu6: min(max(z, 0), 6)
    case .mish: z * tanh(log1p(exp(min(z, 40))))
    case .step: z > 0 ? 1 : 0
    }
  }

  @Test(arguments: InstructionSet.available, Activation.allCases)
  func activationsAreAccurate(set: InstructionSet, activation: Activation) {
    func check<T: TestedScalar>(_: T.Type) {
      var draw = Draw(state: 5)
      let values = (0..<2000).map { i -> T in
        let size: T = [1e-6, 0.1, 1, 10, 60][i % 5]
        return size * draw.value(T.self)
      }
      for (z, a) in zip(values, apply(activation, values, T.table(set))) {
        let want = exact(activation, Double(z))
        // Four units in the last place; of GELU's e^(-z^2 / 2) as many more as z^2 / 2 loses, and its last 1e-9 are absolute.
        let x = Double(z)
        let size = activation == .gelu ? max(want.magnitude * (1 + x * x / 2), 1e-9 * x.magnitude) : want.magnitude
        let units = T.bits == 64 && activation != .relu ? 6.0 : 4.0
        #expect((Double(a) - want).magnitude <= units * Double(T.ulpOfOne) * size + 1e-37, "\(activation)(\(z)) = \(a)")
      }
    }
    check(Float.self)
    check(Double.self)
  }

  @Test(arguments: InstructionSet.available, Activation.allCases)
  func nanComesThroughAndExtremesDoNot(set: InstructionSet, activation: Activation) {
    func check<T: TestedScalar>(_: T.Type) {
      let large = T.greatestFiniteMagnitude
      let values: [T] = [.nan, large, -large, 1000, -1000, 0]
      let a = apply(activation, values, T.table(set))
      #expect(a[0].isNaN)
      #expect(a.dropFirst().allSatisfy { $0.isFinite }, "\(activation): \(a)")
      #expect(a[5] == T(exact(activation, 0)))
    }
    check(Float.self)
    check(Double.self)
  }

  @Test(arguments: InstructionSet.available, batches) func softmax(set: InstructionSet, batch: Int) {
    func check<T: TestedScalar>(_: T.Type) {
      var draw = Draw(state: UInt64(batch))
      let (channels, places) = (1 + draw.below(20), 1 + draw.below(3))
      let features = channels * places
      let shape = PanelShape(batch: batch, elementSize: MemoryLayout<T>.size)
      // Large inputs: without the shift by the maximum they overflow.
      let z = panels((0..<features).map { _ in (draw.values(batch) as [T]).map { 300 * $0 } }, shape)
      let da = panels((0..<features).map { _ in draw.values(batch) as [T] }, shape)
      let (a, g) = (Memory(z), Memory(da))
      let (wantA, wantG) = (Memory(z), Memory(da))
      let arguments = SoftmaxArguments<T>(
        channels: channels, places: places, shape: shape, output: a.pointer, gradient: g.pointer)
      let wanted = SoftmaxArguments<T>(
        channels: channels, places: places, shape: shape, output: wantA.pointer, gradient: wantG.pointer)
      call(T.table(set).softmaxForward, arguments, units: shape.count * places)
      call(T.reference.softmaxForward, wanted, units: shape.count * places)
      // e^x is off by 2 units, its argument by half a unit of 600, and the sum by as many units as it has terms.
      let tolerance = T.ulpOfOne * T(features + 400)
      #expect(zip(a.values, wantA.values).allSatisfy { ($0 - $1).magnitude <= tolerance * $1 + T.leastNormalMagnitude })
      for i in 0..<a.count { a.pointer[i] = wantA.pointer[i] }
      call(T.table(set).softmaxBackward, arguments, units: shape.count * places)
      call(T.reference.softmaxBackward, wanted, units: shape.count * places)
      #expect(zip(g.values, wantG.values).allSatisfy { ($0 - $1).magnitude <= T.ulpOfOne * T(features + 4) })
    }
    check(Float.self)
    check(Double.self)
  }

  @Test(arguments: InstructionSet.available, batches) func dropout(set: InstructionSet, batch: Int) {
    func check<T: TestedScalar>(_: T.Type) {
      var draw = Draw(state: UInt64(batch))
      let features = 1 + draw.below(70)
      let shape = PanelShape(batch: batch, elementSize: MemoryLayout<T>.size)
      let x = Memory(draw.values(shape.elements(features: features)) as [T])
      for probability in [0, 0.3, 0.999] {
        let (y, want) = (Memory(x.values), Memory(x.values))
        let key = draw.bits()
        func arguments(_ destination: Memory<T>) -> DropoutArguments<T> {
          DropoutArguments(
            source: x.pointer, destination: destination.pointer, features: features, shape: shape, probability: probability,
            key: key)
        }
        call(T.table(set).dropout, arguments(y), units: features, cuts: [draw.below(features + 1)])
        call(T.reference.dropout, arguments(want), units: features)
        #expect(y.values == want.values && y.guardsAreIntact)
      }
    }
    check(Float.self)
    check(Double.self)
  }

  /// Exact to the bit, wherever threads share the features out, and beside what moves nothing changes.
  @Test(arguments: InstructionSet.available, batches) func move(set: InstructionSet, batch: Int) {
    func check<T: TestedScalar>(_: T.Type) {
      var draw = Draw(state: UInt64(batch))
      let features = draw.below(40)
      let (before, after) = (draw.below(3), draw.below(3))
      let shape = PanelShape(batch: batch, elementSize: MemoryLayout<T>.size)
      let x = Memory(draw.values(shape.elements(features: before + features)) as [T], offset: 1)
      let y = Memory(draw.values(shape.elements(features: after + features + 2)) as [T], offset: 3)
      for adds in [false, true] {
        let want = Memory(y.values)
        func arguments(_ destination: Memory<T>) -> MoveArguments<T> {
          MoveArguments(
            source: x.pointer, sourceFeatures: before + features, sourceFirst: before, destination: destination.pointer,
            destinationFeatures: after + features + 2, destinationFirst: after, shape: shape, adds: adds)
        }
        call(T.table(set).move, arguments(y), units: features, cuts: [draw.below(features + 1)])
        call(T.reference.move, arguments(want), units: features)
        #expect(y.values == want.values && y.guardsAreIntact)
      }
    }
    check(Float.self)
    check(Double.self)
  }

  /// The share that survives is 1 - p, to four standard deviations; what survives is divided by 1 - p.
  @Test func dropoutDropsTheShareAskedFor() {
    let shape = PanelShape(batch: 128, elementSize: 4)
    let features = 1000
    let count = shape.elements(features: features)
    let (x, y) = (Memory([Float](repeating: 1, count: count)), Memory([Float](repeating: 7, count: count)))
    let arguments = DropoutArguments<Float>(
      source: x.pointer, destination: y.pointer, features: features, shape: shape, probability: 0.25, key: 99)
    call(Float.kernels.dropout, arguments, units: features)
    let kept = y.values.filter { $0 != 0 }
    #expect(kept.allSatisfy { $0 == Float(1 / 0.75) })
    let deviation = (Double(count) * 0.25 * 0.75).squareRoot()
    #expect((Double(kept.count) - 0.75 * Double(count)).magnitude < 4 * deviation)
  }
}
