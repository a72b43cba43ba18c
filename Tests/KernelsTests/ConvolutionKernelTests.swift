import KernelInterface
import Machine
import Testing

/// The kernels of convolutions against the reference, over geometries that have everything in them.
@Suite struct ConvolutionKernelTests {
  @Test(arguments: InstructionSet.available) func singlePrecision(set: InstructionSet) { sweep(Float.self, set) }
  @Test(arguments: InstructionSet.available) func doublePrecision(set: InstructionSet) { sweep(Double.self, set) }

  private typealias D = ConvolutionDimension

  private func sweep<T: TestedScalar>(_: T.Type, _ set: InstructionSet) {
    let geometries = [
      ConvolutionGeometry(channels: 1, filters: 1, width: D(input: 1)),
      ConvolutionGeometry(
        channels: 7, filters: 14, height: D(input: 4, kernel: 3, before: 1, after: 1),
        width: D(input: 5, kernel: 3, before: 1, after: 1, mode: .periodic)),
      ConvolutionGeometry(
        channels: 4, filters: 6, groups: 2, height: D(input: 7, kernel: 2, stride: 3, before: 2, mode: .reflect),
        width: D(input: 6, kernel: 3, stride: 2, dilation: 2, before: 1, after: 2, mode: .replicate)),
      ConvolutionGeometry(
        channels: 2, filters: 3, depth: D(input: 3, kernel: 2, stride: 2, after: 1), height: D(input: 2, kernel: 2),
        width: D(input: 4, kernel: 3, before: 1)),
      ConvolutionGeometry(channels: 5, filters: 5, groups: 5, width: D(input: 41, kernel: 4, stride: 1, before: 3)),
    ]
    var draw = Draw(state: 21)
    for geometry in geometries {
      for batch in [1, 3, 9, 65] {
        for density in [0.3, 1] {
          ConvolutionProblem<T>(geometry, batch: batch, density: density, draw: &draw).check(set, draw: &draw)
        }
      }
    }
  }
}

private struct ConvolutionProblem<T: TestedScalar> {
  let g: ConvolutionGeometry
  let shape: PanelShape
  let w: TestMatrix<T>
  /// nil: every position is connected.
  let isDense: Bool
  let offsets: Memory<Int>
  let maps: [Memory<Int32>]

  init(_ g: ConvolutionGeometry, batch: Int, density: Double, draw: inout Draw) {
    self.g = g
    shape = PanelShape(batch: batch, elementSize: MemoryLayout<T>.size)
    isDense = density == 1
    w = TestMatrix(
      rows: g.filters, columns: g.columns, indexBytes: 2,
      positions: (0..<g.filters).flatMap { row in (0..<g.columns).map { (row, $0) } }.filter { _ in
        density == 1 || Double(draw.below(1000)) < 1000 * density
      }, values: draw.values(g.filters * g.columns))
    offsets = Memory(
      (0..<g.columns).map { $0 / g.taps * g.padded.places + g.paddedOffset($0 % g.taps) }, sentinel: -1)
    func map(_ d: ConvolutionDimension) -> Memory<Int32> {
      Memory((0..<d.padded).map { Int32(d.source($0)) }, sentinel: -7)
    }
    maps = [map(g.depth), map(g.height), map(g.width)]
  }

  func check(_ set: InstructionSet, draw: inout Draw) {
    let (fast, slow) = (T.table(set).convolution, T.reference.convolution)
    func compare(_ units: Int, _ count: Int, _ initial: [T]? = nil, _ body: (ConvolutionKernels<T>, Memory<T>, [Int]) -> Void) {
      let start = initial ?? draw.values(count)
      let (a, b) = (Memory(start), Memory(start))
      body(fast, a, (0..<2).map { _ in draw.below(units + 1) })
      body(slow, b, [])
      #expect(a.guardsAreIntact)
      for (x, y) in zip(a.values, b.values) {
        #expect((x - y).magnitude <= 400 * T.ulpOfOne * max(1, y.magnitude) * T(shape.batch + g.columns).squareRoot())
      }
    }
    let (lanes, panels) = (shape.width, shape.count)
    let field = Memory<T>(draw.values(shape.elements(features: g.channels * g.inputPlaces)))
    let outputs = Memory<T>(draw.values(shape.elements(features: g.filters * g.outputPlaces)))
    let planes = shape.elements(features: g.channels * g.padded.places)
    func padding(_ source: Memory<T>, _ destination: Memory<T>) -> PaddingArguments<T> {
      PaddingArguments(
        channels: g.channels, depth: g.depth.input, height: g.height.input, width: g.width.input, planes: g.padded,
        depthMap: maps[0].pointer, heightMap: maps[1].pointer, widthMap: maps[2].pointer, shape: shape,
        source: source.pointer, destination: destination.pointer)
    }
    compare(panels * g.channels, planes) { call($0.pad, padding(field, $1), units: panels * g.channels, cuts: $2) }
    let padded = Memory<T>(draw.values(planes))
    compare(panels * g.channels, field.count) { call($0.fold, padding(padded, $1), units: panels * g.channels, cuts: $2) }

    // Parts of one plane, of two, or all.
    let partPlanes = isDense ? 100 : 1 + draw.below(3)
    func parts(_ planes: Int) -> Int { (planes + partPlanes - 1) / partPlanes }
    let starts = Memory(
      [Int64](
        repeating: 0,
        count: max(g.filters * (parts(g.groupChannels) + 1), g.channels * g.kinds * parts(g.groupFilters)) + 1),
      sentinel: -1)
    let places = Memory([Int](repeating: 0, count: g.filters * g.columns), sentinel: -1)
    let weights = Memory([T](repeating: 0, count: g.filters * g.columns))
    func entries(transposed: Bool) -> EntryArguments<T> {
      let arguments = EntryArguments(
        geometry: g, matrix: isDense ? nil : w.matrix, values: UnsafePointer(w.values.pointer),
        columnOffset: UnsafePointer(offsets.pointer), lanes: lanes, transposed: transposed,
        parts: parts(transposed ? g.groupFilters : g.groupChannels), partPlanes: partPlanes, start: starts.pointer,
        offset: places.pointer, weight: weights.pointer)
      call(fast.entries, arguments, units: 1)
      return arguments
    }
    let bias = Memory<T>(draw.values(max(g.filters, g.channels)))
    let activation = [Activation.identity, .relu, .leakyReLU, .sigmoid, .silu][draw.below(5)]
    func layer(_ rows: Int, _ output: Memory<T>, _ z: Memory<T>? = nil) -> LinearArguments<T> {
      LinearArguments(
        matrix: nil, rows: rows, columns: 0, shape: shape, bias: bias.pointer, activation: activation, negativeSlope: 0.1,
        input: padded.pointer, output: output.pointer, preactivation: z?.pointer)
    }
    let z = Memory<T>(draw.values(outputs.count))
    let forward = entries(transposed: false)
    compare(1, outputs.count) { kernels, y, cuts in
      let arguments = CorrelationArguments<T>(
        rows: g.filters, kinds: 1, parts: forward.parts, alike: isDense ? g.groupFilters : 1, start: forward.start,
        offset: forward.offset, weight: w.values.pointer,
        shape: shape,
        planes: padded.pointer, planesPanel: g.channels * g.padded.places * lanes, planesRow: g.padded.row * lanes,
        planesSlice: g.padded.slice * lanes, planesCount: g.channels, reach: g.height.reach,
        depth: CorrelationAxis(count: g.depth.output, multiplier: g.depth.stride),
        height: CorrelationAxis(count: g.height.output, multiplier: g.height.stride),
        width: CorrelationAxis(count: g.width.output), outputPlaces: g.outputPlaces,
        outputSlice: g.height.output * g.width.output, outputRow: g.width.output, outputPhase: 0,
        epilogue: layer(g.filters, y, z))
      call(kernels.correlate, arguments, units: arguments.units, cuts: cuts.map { _ in arguments.units / 2 })
    }
    let back = entries(transposed: true)
    let spread = Memory<T>(draw.values(shape.elements(features: g.filters * g.spread.places)))
    func scattered(_ layer: LinearArguments<T>) -> CorrelationArguments<T> {
      CorrelationArguments<T>(
        rows: g.channels, kinds: g.kinds, parts: back.parts, alike: isDense ? g.groupChannels : 1, start: back.start,
        offset: back.offset, weight: back.weight,
        shape: shape,
        planes: spread.pointer, planesPanel: g.filters * g.spread.places * lanes, planesRow: g.spread.row * lanes,
        planesSlice: g.spread.slice * lanes, planesCount: g.filters, reach: g.height.lead + 1,
        depth: CorrelationAxis(count: g.depth.padded, divisor: g.depth.stride),
        height: CorrelationAxis(count: g.height.padded, divisor: g.height.stride),
        width: CorrelationAxis(count: g.width.padded, divisor: g.width.stride), outputPlaces: g.padded.places,
        outputSlice: g.padded.slice, outputRow: g.padded.row, outputPhase: g.padded.length,
        epilogue: layer)
    }
    compare(1, planes) { kernels, dx, _ in
      let arguments = scattered(layer(g.channels, dx, Memory<T>(draw.values(planes))))
      call(kernels.correlate, arguments, units: arguments.units)
    }
    let accumulate = draw.below(2) == 0
    if !isDense {
      let products = Memory<T>(draw.values(w.positions.count * 64 / MemoryLayout<T>.stride))
      let (dx, slots) = (Memory<T>(draw.values(planes)), max(1, w.positions.count))
      // dX and then dW.
      compare(g.channels, planes + slots) { kernels, both, cuts in
        var sums = scattered(layer(g.channels, both))
        (sums.epilogue.bias, sums.epilogue.activation) = (nil, .identity)
        let arguments = CorrelationBackwardArguments<T>(
          sums: sums, entries: back, field: dx.pointer, products: products.pointer, weightGradient: both.pointer + planes,
          accumulate: accumulate)
        call(kernels.backward, arguments, units: g.channels, cuts: cuts)
        #expect(products.guardsAreIntact)
      }
    }
    compare(g.filters, isDense ? g.filters * g.columns : max(1, w.positions.count)) { kernels, dw, cuts in
      let arguments = CorrelationGradientArguments<T>(
        geometry: g, matrix: isDense ? nil : w.matrix, partColumns: partPlanes * g.taps, start: starts.pointer,
        piece: 16 * (1 + draw.below(3)), columnOffset: offsets.pointer, shape: shape,
        planes: padded.pointer, gradient: outputs.pointer, weightGradient: dw.pointer, accumulate: accumulate)
      call(kernels.gradient, arguments, units: g.filters, cuts: cuts)
    }
    compare(g.filters, outputs.count) {
      call($0.epilogue, FieldArguments(places: g.outputPlaces, layer: layer(g.filters, $1, z)), units: g.filters, cuts: $2)
    }
    let sums = Memory<T>(draw.values(2 * g.filters))
    compare(g.filters, outputs.count) { kernels, dz, cuts in
      var arguments = layer(g.filters, outputs, z)
      arguments.gradient = dz.pointer
      arguments.biasGradient = sums.pointer + (cuts.isEmpty ? g.filters : 0)
      call(kernels.prologue, FieldArguments(places: g.outputPlaces, layer: arguments), units: g.filters, cuts: cuts)
    }
    for filter in 0..<g.filters {
      let (x, y) = (sums.pointer[filter], sums.pointer[g.filters + filter])
      #expect((x - y).magnitude <= 400 * T.ulpOfOne * max(1, y.magnitude) * T(shape.batch * g.outputPlaces).squareRoot())
    }
  }
}
