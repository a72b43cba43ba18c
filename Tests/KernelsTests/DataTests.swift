import KernelInterface
import Machine
import Testing

/// Packing, unpacking and losses.
@Suite struct DataTests {
  @Test(arguments: InstructionSet.available, batches) func packAndUnpack(set: InstructionSet, batch: Int) {
    func check<T: TestedScalar>(_: T.Type) {
      var draw = Draw(state: UInt64(batch))
      for features in [1, 3, 16, 17, 50] {
        let shape = PanelShape(batch: batch, elementSize: MemoryLayout<T>.size)
        let blocks = (features + 15) / 16
        let all = batch + 5
        let x = Memory(draw.values(all * features) as [T], offset: 1)
        let samples = Memory((0..<batch).map { _ in Int64(draw.below(all)) }, sentinel: -1)
        for gathered in [false, true] {
          var flawed = [UInt8](repeating: 0, count: blocks)
          let panel = Memory([T](repeating: 3, count: shape.elements(features: features)))
          let flags = Memory([UInt8](repeating: 9, count: blocks), sentinel: 9)
          let arguments = PackArguments<T>(
            source: x.pointer, samples: gathered ? UnsafePointer(samples.pointer) : nil, features: features, shape: shape,
            panels: panel.pointer, nonFinite: flags.pointer)
          call(T.table(set).pack, arguments, units: blocks, cuts: [draw.below(blocks + 1)])
          let rows = (0..<features).map { f in
            (0..<batch).map { s in x.pointer[(gathered ? Int(samples.pointer[s]) : s) * features + f] }
          }
          #expect(panel.values == panels(rows, shape) && panel.guardsAreIntact)
          #expect(flags.values == flawed && flags.guardsAreIntact)

          let back = Memory([T](repeating: 3, count: batch * features), offset: 1)
          let unpacking = UnpackArguments<T>(
            panels: panel.pointer, features: features, shape: shape, destination: back.pointer)
          call(T.table(set).unpack, unpacking, units: blocks, cuts: [draw.below(blocks + 1)])
          #expect(back.values == (0..<batch).flatMap { s in rows.map { $0[s] } } && back.guardsAreIntact)

          for bad in [T.nan, .infinity, -.infinity] {
            let (s, f) = (draw.below(batch), draw.below(features))
            let place = (gathered ? Int(samples.pointer[s]) : s) * features + f
            let good = x.pointer[place]
            x.pointer[place] = bad
            flawed[f / 16] = 1
            call(T.table(set).pack, arguments, units: blocks)
            #expect(flags.values == flawed)
            x.pointer[place] = good
            flawed[f / 16] = 0
          }
        }
      }
    }
    check(Float.self)
    check(Double.self)
  }

  @Test(arguments: InstructionSet.available, LossKind.allCases) func losses(set: InstructionSet, kind: LossKind) {
    func check<T: TestedScalar>(_: T.Type) {
      var draw = Draw(state: 3)
      for batch in batches {
        for useLabels in kind == .softmaxCrossEntropy ? [true, false] : [false] {
          compareLoss(kind, batch: batch, outputs: 1 + draw.below(30), useLabels, T.table(set), &draw)
          compareLoss(kind, batch: batch, outputs: 1 + draw.below(6), places: 2 + draw.below(4), useLabels, T.table(set), &draw)
        }
      }
    }
    check(Float.self)
    check(Double.self)
  }

  private func compareLoss<T: TestedScalar>(
    _ kind: LossKind, batch: Int, outputs classes: Int, places: Int = 1, _ useLabels: Bool, _ table: KernelTable<T>,
    _ draw: inout Draw
  ) {
    let outputs = classes * places
    let shape = PanelShape(batch: batch, elementSize: MemoryLayout<T>.size)
    let y = Memory(panels((0..<outputs).map { _ in (draw.values(batch) as [T]).map { 4 * $0 } }, shape, padding: 50))
    let t = Memory(panels((0..<outputs).map { _ in (draw.values(batch) as [T]).map(\.magnitude) }, shape))
    let labels = Memory((0..<(batch + 3) * places).map { _ in Int32(1 + draw.below(classes)) }, sentinel: -1)
    let samples = Memory((0..<batch).map { _ in Int64(draw.below(batch + 3)) }, sentinel: -1)
    func run(_ table: KernelTable<T>, cuts: [Int] = []) -> (g: [T], losses: [Double], correct: [Int64]) {
      let g = Memory([T](repeating: 5, count: y.count))
      let losses = Memory([Double](repeating: 5, count: shape.count))
      let correct = Memory([Int64](repeating: 5, count: shape.count), sentinel: -1)
      let arguments = LossArguments<T>(
        kind: kind, outputs: outputs, places: places, shape: shape, output: y.pointer,
        target: useLabels ? nil : UnsafePointer(t.pointer),
        labels: useLabels ? UnsafePointer(labels.pointer) : nil, labelBase: 1, samples: samples.pointer, delta: 1.5,
        gradientScale: 1 / Double(batch), gradient: g.pointer, losses: losses.pointer, correct: correct.pointer)
      call(table.loss, arguments, units: shape.count, cuts: cuts)
      #expect(g.guardsAreIntact && losses.guardsAreIntact && correct.guardsAreIntact)
      return (g.values, losses.values, correct.values)
    }
    let (want, got) = (run(T.reference), run(table))
    let label = "\(kind) \(classes)x\(places)x\(batch) \(table.name)"
    // In T: a few units of values up to 8 (their exponentials, differences and squares).
    let unit = Double(T.ulpOfOne)
    for (a, b) in zip(got.losses, want.losses) { #expect((a - b).magnitude <= 64 * unit * Double(shape.width) * 4, "\(label)") }
    for (a, b) in zip(got.g, want.g) {
      #expect((Double(a) - Double(b)).magnitude <= 64 * unit * Double(outputs) / Double(batch), "\(label)")
    }
    #expect(got.correct == want.correct, "\(label)")
    let dead = got.g.indices.filter { $0 / (outputs * shape.width) * shape.width + $0 % shape.width >= batch }
    #expect(dead.allSatisfy { got.g[$0] == 0 }, "padding, \(label)")
    let pieces = run(table, cuts: [draw.below(shape.count + 1)])
    #expect(pieces.g == got.g && pieces.losses == got.losses, "\(label)")

    let place = draw.below(outputs) * shape.width
    let good = y.pointer[place]
    y.pointer[place] = .nan
    #expect(run(table).losses[0].isNaN, "\(label)")
    y.pointer[place] = good
  }

  /// -log softmax of (1, 2, 3) at class 2, and the gradient, by hand.
  @Test(arguments: InstructionSet.available) func crossEntropyByHand(set: InstructionSet) {
    let shape = PanelShape(batch: 1, elementSize: 8)
    let y = Memory(panels([[1.0], [2], [3]], shape))
    let g = Memory([Double](repeating: 5, count: y.count))
    let (labels, losses) = (Memory<Int32>([2], sentinel: -1), Memory<Double>([0]))
    let arguments = LossArguments<Double>(
      kind: .softmaxCrossEntropy, outputs: 3, shape: shape, output: y.pointer, target: nil, labels: labels.pointer,
      labelBase: 0, samples: nil, delta: 1, gradientScale: 1, gradient: g.pointer, losses: losses.pointer, correct: nil)
    call(set.kernels64.loss, arguments, units: 1)
    #expect((losses.values[0] - 0.40760596444438).magnitude < 1e-14)
    let gradient = unpanels(g.values, features: 3, shape).map { $0[0] }
    for (a, b) in zip(gradient, [0.09003057317038046, 0.24472847105479764, -0.3347590442251781]) {
      #expect((a - b).magnitude < 1e-15)
    }
  }
}
