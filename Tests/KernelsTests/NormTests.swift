import KernelInterface
import Machine
import Testing

/// The norms' kernels of every instruction set against the reference loops: what they write, the padding included, and that a
/// partition of the units changes no bit.
@Suite struct NormTests {
  /// Two of everything: batches around the widths of panels, one place, one channel.
  private static let batches = [1, 2, 3, 5, 8, 17, 33, 64, 65, 130]

  /// x of a batch, far from 0 in each feature; lanes beyond it hold other numbers.
  private func values<T: TestedScalar>(_ features: Int, _ shape: PanelShape, _ draw: inout Draw, offset: T = 0) -> Memory<T> {
    let rows = (0..<features).map { _ in draw.values(shape.batch).map { (v: T) in 3 * v + offset } }
    return Memory(panels(rows, shape, padding: 7.25))
  }

  private func gradient<T: TestedScalar>(_ features: Int, _ shape: PanelShape, _ draw: inout Draw) -> Memory<T> {
    Memory(panels((0..<features).map { _ in draw.values(shape.batch) }, shape))
  }

  private func expect<T: BinaryFloatingPoint>(_ got: [T], _ want: [T], units: Double, _ what: String) {
    let largest = want.map { Double($0.magnitude) }.max() ?? 0
    let most = units * Double(T.ulpOfOne) * max(1, largest)
    for (i, (a, b)) in zip(got, want).enumerated() where (Double(a) - Double(b)).magnitude > most {
      Issue.record("\(what): element \(i) is \(a), wanted \(b)")
      return
    }
  }

  private func channels<T: TestedScalar>(_: T.Type, _ table: KernelTable<T>, channels: Int, places: Int, batch: Int) {
    let shape = PanelShape(batch: batch, elementSize: MemoryLayout<T>.stride)
    var draw = Draw(state: UInt64(1000 * channels + 10 * places + batch))
    let features = channels * places
    let label = "\(table.name) float\(T.bits) \(channels)x\(places), batch \(batch)"
    let x: Memory<T> = values(features, shape, &draw, offset: 100)
    let dy: Memory<T> = gradient(features, shape, &draw)
    // The same for both: each one's own mean is off by a unit of 100, which products are proportional to.
    let given = Memory([Double](repeating: 100.25, count: channels))
    let numbers = (0..<4).map { _ in Memory<T>(draw.values(channels)) }
    func run(_ kernels: NormKernels, cuts: [Int] = []) -> [[Double]] {
      let (mean, variance, sums, products) = (
        Memory([Double](repeating: 5, count: channels)), Memory([Double](repeating: 5, count: channels)),
        Memory([Double](repeating: 5, count: channels)), Memory([Double](repeating: 5, count: channels))
      )
      call(
        kernels.channelMoments,
        ChannelArguments<T>(
          source: x.pointer, channels: channels, places: places, shape: shape, mean: mean.pointer, second: variance.pointer),
        units: channels, cuts: cuts)
      call(
        kernels.channelProducts,
        ChannelArguments<T>(
          source: x.pointer, channels: channels, places: places, shape: shape, mean: given.pointer, second: products.pointer,
          sums: sums.pointer, gradient: dy.pointer),
        units: channels, cuts: cuts)
      var results = [mean, variance, sums, products].map(\.values)
      let out = Memory([T](repeating: 5, count: x.count))
      call(
        kernels.channelGradient,
        ChannelGradientArguments<T>(
          source: x.pointer, gradient: dy.pointer, inputGradient: out.pointer, channels: channels, places: places, shape: shape,
          center: numbers[0].pointer, factor: numbers[1].pointer, slope: numbers[2].pointer, shift: numbers[3].pointer),
        units: channels, cuts: cuts)
      #expect(out.guardsAreIntact)
      results.append(out.values.map { Double($0) })
      for (center, shift) in [(true, true), (false, true), (true, false)] {
        call(
          kernels.affine,
          AffineArguments<T>(
            source: x.pointer, destination: out.pointer, parameters: channels, rows: places, shape: shape,
            center: center ? UnsafePointer(numbers[0].pointer) : nil, factor: numbers[1].pointer,
            shift: shift ? UnsafePointer(numbers[3].pointer) : nil),
          units: channels, cuts: cuts)
        results.append(out.values.map { Double($0) })
      }
      #expect(out.guardsAreIntact && mean.guardsAreIntact && sums.guardsAreIntact)
      return results
    }
    let (want, got) = (run(T.reference.norms), run(table.norms))
    // Sums are double whatever T is: some hundred terms in another order.
    let units = [1e3, 1e3, 1e3, 1e3].map { $0 * Double.ulpOfOne } + [Double](repeating: 8 * Double(T.ulpOfOne), count: 4)
    for (i, unit) in units.enumerated() {
      expect(got[i], want[i], units: unit / Double.ulpOfOne, "\(label), \(i)")
    }
    let cuts = [draw.below(channels + 1), draw.below(channels + 1)]
    #expect(run(table.norms, cuts: cuts) == got, "\(label), cuts")
  }

  private func samples<T: TestedScalar>(_: T.Type, _ table: KernelTable<T>, _ sets: NormSets, batch: Int, affine: Bool) {
    let shape = PanelShape(batch: batch, elementSize: MemoryLayout<T>.stride)
    var draw = Draw(state: UInt64(1000 * sets.features + batch))
    let label = "\(table.name) float\(T.bits) \(sets) batch \(batch)"
    let x: Memory<T> = values(sets.features, shape, &draw, offset: 100)
    let dy: Memory<T> = gradient(sets.features, shape, &draw)
    let (scale, shift) = (Memory<T>(draw.values(sets.parametersInAll)), Memory<T>(draw.values(sets.parametersInAll)))
    func run(_ kernels: NormKernels, cuts: Bool = false) -> [[Double]] {
      let y = Memory([T](repeating: 5, count: x.count))
      let dx = Memory([T](repeating: 5, count: x.count))
      let statistics = Memory([Double](repeating: 5, count: 2 * shape.count * shape.width * sets.sets))
      let gradients = (0..<2).map { _ in Memory([T](repeating: 0.5, count: sets.parametersInAll)) }
      let arguments = SampleNormArguments<T>(
        sets: sets, shape: shape, source: x.pointer, destination: y.pointer, epsilon: 1e-5,
        scale: affine ? UnsafePointer(scale.pointer) : nil, shift: affine ? UnsafePointer(shift.pointer) : nil,
        statistics: statistics.pointer, gradient: dy.pointer, inputGradient: dx.pointer,
        scaleGradient: gradients[0].pointer, shiftGradient: gradients[1].pointer, accumulate: affine)
      let (units, parameters) = (shape.count * sets.sets, sets.parametersInAll)
      call(kernels.sampleNormForward, arguments, units: units, cuts: cuts ? [units / 2] : [])
      call(kernels.sampleNormBackward, arguments, units: units, cuts: cuts ? [units / 3] : [])
      call(kernels.sampleNormProducts, arguments, units: parameters, cuts: cuts ? [parameters / 2] : [])
      #expect(y.guardsAreIntact && dx.guardsAreIntact && statistics.guardsAreIntact && gradients[0].guardsAreIntact)
      return [y, dx, gradients[0], gradients[1]].map { $0.values.map { Double($0) } }
    }
    let (want, got) = (run(T.reference.norms), run(table.norms))
    for i in want.indices {
      let unit = 16 * Double(T.ulpOfOne) + 1e4 * Double.ulpOfOne
      expect(got[i], want[i], units: unit / Double.ulpOfOne, "\(label), \(i)")
    }
    #expect(run(table.norms, cuts: true) == got, "\(label), cuts")
  }

  private static let sets = [
    NormSets(features: 7, sets: 1, setStride: 0, parameters: 7, parameterStride: 1, rows: 1, sharesParameters: true),
    NormSets(features: 15, sets: 5, setStride: 1, parameters: 3, parameterStride: 5, rows: 1, sharesParameters: true),
    NormSets(features: 24, sets: 3, setStride: 8, parameters: 2, parameterStride: 4, rows: 4, sharesParameters: false),
    NormSets(features: 6, sets: 6, setStride: 1, parameters: 1, parameterStride: 1, rows: 1, sharesParameters: false),
  ]

  @Test(arguments: InstructionSet.available) func channelNorms(set: InstructionSet) {
    for batch in Self.batches {
      for (count, places) in [(1, 1), (5, 1), (3, 7), (2, 16)] {
        channels(Float.self, Float.table(set), channels: count, places: places, batch: batch)
        channels(Double.self, Double.table(set), channels: count, places: places, batch: batch)
      }
    }
  }

  @Test(arguments: InstructionSet.available) func sampleNorms(set: InstructionSet) {
    for batch in Self.batches {
      for sets in Self.sets {
        for affine in [true, false] {
          samples(Float.self, Float.table(set), sets, batch: batch, affine: affine)
          samples(Double.self, Double.table(set), sets, batch: batch, affine: affine)
        }
      }
    }
  }

  /// A constant has no variance, to the bit, however large it is.
  @Test(arguments: InstructionSet.available) func constantsHaveNoVariance(set: InstructionSet) {
    let shape = PanelShape(batch: 37, elementSize: 4)
    let x = Memory(panels([[Float]](repeating: [Float](repeating: 1234567.1, count: 37), count: 3), shape, padding: 1))
    let (mean, variance) = (Memory([5.0]), Memory([5.0]))
    call(
      set.kernels32.norms.channelMoments,
      ChannelArguments<Float>(
        source: x.pointer, channels: 1, places: 3, shape: shape, mean: mean.pointer, second: variance.pointer), units: 1)
    #expect(mean.values == [Double(Float(1234567.1))] && variance.values == [0])
  }
}
