import KernelInterface
import Machine
import Testing

/// Kernels on fields, and activations by themselves, against their reference loops.
@Suite struct FieldKernelTests {
  /// A random stencil with its transpose; some rows take nothing where that is allowed.
  private struct Tables<T: TestedScalar> {
    let rows: Int
    let columns: Int
    let start: Memory<Int32>
    let index: Memory<Int32>
    let coefficients: Memory<T>
    let number: Memory<T>

    /// - entries: (row, column, number) in order of the rows.
    init(rows: Int, columns: Int, _ entries: [(row: Int, column: Int, number: Int)], draw: inout Draw) {
      (self.rows, self.columns) = (rows, columns)
      var starts = [Int32](repeating: 0, count: rows + 1)
      for entry in entries { starts[entry.row + 1] += 1 }
      for row in 0..<rows { starts[row + 1] += starts[row] }
      start = Memory(starts, sentinel: -1)
      index = Memory(entries.map { Int32($0.column) }, sentinel: -1)
      coefficients = Memory(draw.values(entries.count))
      number = Memory(entries.map { T($0.number) })
    }

    func stencil(weighted: Bool, numbered: Bool = false) -> Stencil<T> {
      Stencil(
        rows: rows, columns: columns, start: UnsafePointer(start.pointer), index: UnsafePointer(index.pointer),
        coefficients: weighted ? UnsafePointer(coefficients.pointer) : nil,
        number: numbered ? UnsafePointer(number.pointer) : nil)
    }
  }

  private func tables<T: TestedScalar>(
    _ rows: Int, _ columns: Int, _ draw: inout Draw, _: T.Type
  ) -> (forward: Tables<T>, backward: Tables<T>) {
    var entries: [(row: Int, column: Int, number: Int)] = []
    for row in 0..<rows {
      let chosen = (0..<columns).filter { _ in draw.below(3) == 0 }
      for (number, column) in (chosen.isEmpty ? [draw.below(columns)] : chosen).enumerated() {
        entries.append((row, column, number))
      }
    }
    let transposed = entries.sorted { ($0.column, $0.row) < ($1.column, $1.row) }
      .map { (row: $0.column, column: $0.row, number: $0.number) }
    return (
      Tables(rows: rows, columns: columns, entries, draw: &draw),
      Tables(rows: columns, columns: rows, transposed, draw: &draw)
    )
  }

  @Test(arguments: InstructionSet.available, batches) func stencils(set: InstructionSet, batch: Int) {
    func check<T: TestedScalar>(_: T.Type) {
      var draw = Draw(state: UInt64(batch))
      let (channels, rows, columns) = (1 + draw.below(4), 1 + draw.below(9), 1 + draw.below(9))
      let shape = PanelShape(batch: batch, elementSize: MemoryLayout<T>.size)
      let table = tables(rows, columns, &draw, T.self).forward
      let x = Memory(draw.values(shape.elements(features: channels * columns)) as [T], offset: 1)
      for weighted in [false, true] {
        let y = Memory(draw.values(shape.elements(features: channels * rows)) as [T], offset: 3)
        let want = Memory(y.values)
        func arguments(_ destination: Memory<T>) -> StencilArguments<T> {
          StencilArguments(
            stencil: table.stencil(weighted: weighted), source: x.pointer, destination: destination.pointer,
            channels: channels, shape: shape)
        }
        call(T.table(set).fields.stencil, arguments(y), units: channels * rows, cuts: [draw.below(channels * rows + 1)])
        call(T.reference.fields.stencil, arguments(want), units: channels * rows)
        // A fused multiply-add rounds once where the loop rounds twice.
        let tolerance = T.ulpOfOne * T(columns + 1)
        #expect(zip(y.values, want.values).allSatisfy { ($0 - $1).magnitude <= tolerance } && y.guardsAreIntact)
      }
    }
    check(Float.self)
    check(Double.self)
  }

  /// To the bit, with values of which many are equal, and NaN.
  @Test(arguments: InstructionSet.available, batches) func maxima(set: InstructionSet, batch: Int) {
    func check<T: TestedScalar>(_: T.Type) {
      var draw = Draw(state: UInt64(batch))
      let (channels, rows, columns) = (1 + draw.below(4), 1 + draw.below(9), 1 + draw.below(9))
      let shape = PanelShape(batch: batch, elementSize: MemoryLayout<T>.size)
      let (forward, backward) = tables(rows, columns, &draw, T.self)
      let inputs = shape.elements(features: channels * columns)
      let outputs = shape.elements(features: channels * rows)
      let x = Memory((0..<inputs).map { _ in T(draw.below(3)) }, offset: 1)
      let (y, winners) = (Memory(draw.values(outputs) as [T], offset: 3), Memory(draw.values(outputs) as [T]))
      let (wantY, wantWinners) = (Memory(y.values), Memory(winners.values))
      func arguments(_ y: Memory<T>, _ winners: Memory<T>?) -> MaximumArguments<T> {
        MaximumArguments(
          stencil: forward.stencil(weighted: false), source: x.pointer, destination: y.pointer, winners: winners?.pointer,
          channels: channels, shape: shape)
      }
      let units = channels * rows
      call(T.table(set).fields.maximum, arguments(y, winners), units: units, cuts: [draw.below(units + 1)])
      call(T.reference.fields.maximum, arguments(wantY, wantWinners), units: units)
      #expect(y.values == wantY.values && winners.values == wantWinners.values)
      #expect(y.guardsAreIntact && winners.guardsAreIntact)

      let dy = Memory(draw.values(outputs) as [T])
      let dx = Memory(draw.values(inputs) as [T], offset: 1)
      let want = Memory(dx.values)
      func arguments(_ dx: Memory<T>) -> MaximumArguments<T> {
        MaximumArguments(
          stencil: backward.stencil(weighted: false, numbered: true), source: dy.pointer, destination: dx.pointer,
          winners: winners.pointer, channels: channels, shape: shape)
      }
      call(
        T.table(set).fields.maximumBackward, arguments(dx), units: channels * columns,
        cuts: [draw.below(channels * columns + 1)])
      call(T.reference.fields.maximumBackward, arguments(want), units: channels * columns)
      #expect(dx.values == want.values && dx.guardsAreIntact)

      x.pointer[draw.below(inputs)] = .nan
      call(T.table(set).fields.maximum, arguments(y, nil), units: units)
      call(T.reference.fields.maximum, arguments(wantY, nil), units: units)
      #expect(y.values.map(\.isNaN) == wantY.values.map(\.isNaN))
    }
    check(Float.self)
    check(Double.self)
  }

  @Test(arguments: InstructionSet.available, batches) func products(set: InstructionSet, batch: Int) {
    func check<T: TestedScalar>(_: T.Type) {
      var draw = Draw(state: UInt64(batch))
      let features = 1 + draw.below(40)
      let shape = PanelShape(batch: batch, elementSize: MemoryLayout<T>.size)
      let x = (0..<3).map { Memory(draw.values(shape.elements(features: features)) as [T], offset: $0) }
      let factor = Memory(draw.values(shape.elements(features: features)) as [T])
      let pointers = Memory<UnsafePointer<T>>(x.map { UnsafePointer($0.pointer) }, sentinel: UnsafePointer(factor.pointer))
      for skipped in -1..<3 {
        let (y, want) = (Memory(factor.values, offset: 1), Memory(factor.values))
        func arguments(_ destination: Memory<T>) -> ProductArguments<T> {
          ProductArguments(
            inputs: UnsafePointer(pointers.pointer), count: 3, skipped: skipped,
            factor: skipped < 0 ? nil : UnsafePointer(factor.pointer), destination: destination.pointer, features: features,
            shape: shape)
        }
        call(T.table(set).fields.multiply, arguments(y), units: features, cuts: [draw.below(features + 1)])
        call(T.reference.fields.multiply, arguments(want), units: features)
        #expect(y.values == want.values && y.guardsAreIntact)
      }
    }
    check(Float.self)
    check(Double.self)
  }

  /// Forward and backward in loops of their own; the values are those of ``ElementwiseTests``.
  @Test(arguments: InstructionSet.available, Activation.allCases)
  func activations(set: InstructionSet, activation: Activation) {
    func check<T: TestedScalar>(_: T.Type) {
      for batch in [1, 2, 5, 70] {
        var draw = Draw(state: UInt64(batch))
        let features = 1 + draw.below(20)
        let shape = PanelShape(batch: batch, elementSize: MemoryLayout<T>.size)
        let count = shape.elements(features: features)
        let x = Memory((draw.values(count) as [T]).map { 8 * $0 })
        let da = Memory(draw.values(count) as [T])
        let (a, dx) = (Memory(x.values, offset: 1), Memory(x.values, offset: 1))
        let (wantA, wantDX) = (Memory(x.values), Memory(x.values))
        func arguments(_ a: Memory<T>, _ dx: Memory<T>) -> ActivationArguments<T> {
          ActivationArguments(
            activation: activation, negativeSlope: 0.125, features: features, shape: shape, input: x.pointer,
            output: a.pointer, gradient: UnsafePointer(da.pointer), inputGradient: dx.pointer)
        }
        call(T.table(set).activationForward, arguments(a, dx), units: features, cuts: [draw.below(features + 1)])
        call(T.reference.activationForward, arguments(wantA, wantDX), units: features)
        call(T.table(set).activationBackward, arguments(a, dx), units: features, cuts: [draw.below(features + 1)])
        call(T.reference.activationBackward, arguments(wantA, wantDX), units: features)
        // Fused operations round differently.
        let tolerance = 64 * T.ulpOfOne
        #expect(zip(a.values, wantA.values).allSatisfy { ($0 - $1).magnitude <= tolerance * (1 + $1.magnitude) })
        #expect(zip(dx.values, wantDX.values).allSatisfy { ($0 - $1).magnitude <= tolerance * 8 })
        #expect(a.guardsAreIntact && dx.guardsAreIntact)
      }
    }
    check(Float.self)
    check(Double.self)
  }

  /// The derivatives of the table are those of its values, by differences.
  @Test(arguments: Activation.allCases) func derivatives(activation: Activation) {
    let curve = Double.kernels.activationCurve
    let step = 1e-5
    for i in -400...400 {
      let z = Double(i) / 50 + 0.003
      for order in 1...2 {
        let below = curve(activation, order - 1, z - step, 0.125)
        let above = curve(activation, order - 1, z + step, 0.125)
        #expect(
          ((above - below) / (2 * step) - curve(activation, order, z, 0.125)).magnitude < 1e-8, "\(activation)(\(z)), \(order)")
      }
    }
  }
}
