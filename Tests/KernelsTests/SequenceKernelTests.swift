import KernelInterface
import Machine
import Testing

/// Attention and embeddings.
@Suite struct SequenceKernelTests {
  /// Shapes with blocks of queries and keys that are full and not, more of the one than of the other, and ones.
  private struct Shape {
    let heads: Int
    let channels: Int
    let valueChannels: Int
    let queries: Int
    let keys: Int

    static let all = [
      Shape(heads: 1, channels: 1, valueChannels: 1, queries: 1, keys: 1),
      Shape(heads: 2, channels: 3, valueChannels: 5, queries: 7, keys: 13),
      Shape(heads: 1, channels: 9, valueChannels: 2, queries: 29, keys: 4),
      Shape(heads: 3, channels: 4, valueChannels: 4, queries: 13, keys: 37),
      Shape(heads: 1, channels: 17, valueChannels: 8, queries: 24, keys: 24),
    ]
  }

  @Test(arguments: InstructionSet.available, batches) func attention(set: InstructionSet, batch: Int) {
    func check<T: TestedScalar>(_: T.Type) {
      var draw = Draw(state: UInt64(batch))
      for (number, shape) in Shape.all.enumerated() where batch < 10 || shape.keys < 20 {
        compare(shape, causal: (batch + number) % 2 == 0, batch: batch, T.table(set), &draw)
      }
    }
    check(Float.self)
    check(Double.self)
  }

  private func compare<T: TestedScalar>(
    _ s: Shape, causal: Bool, batch: Int, _ table: KernelTable<T>, _ draw: inout Draw
  ) {
    let shape = PanelShape(batch: batch, elementSize: MemoryLayout<T>.size)
    func drawn(_ features: Int, padding: T) -> Memory<T> {
      let rows = (0..<features).map { _ in (draw.values(batch) as [T]).map { 2 * $0 } }
      return Memory(panels(rows, shape, padding: padding), offset: 1)
    }
    let q = drawn(s.heads * s.channels * s.queries, padding: 3)
    let k = drawn(s.heads * s.channels * s.keys, padding: 3)
    let v = drawn(s.heads * s.valueChannels * s.keys, padding: 3)
    let dy = drawn(s.heads * s.valueChannels * s.queries, padding: 0)
    func run(_ kernels: SequenceKernels, cuts: Bool) -> [[T]] {
      func room(_ features: Int) -> Memory<T> { Memory([T](repeating: 5, count: shape.elements(features: features))) }
      let scores = s.heads * s.queries * s.keys
      let (p, g, statistics) = (room(scores), room(scores), room(2 * s.heads * s.queries))
      let gradients = [q, k, v].map { Memory([T](repeating: 5, count: $0.count)) }
      let results = [room(s.heads * s.valueChannels * s.queries)] + gradients
      var arguments = AttentionArguments<T>(
        heads: s.heads, channels: s.channels, valueChannels: s.valueChannels, queries: s.queries, keys: s.keys,
        causal: causal, scale: 1 / T(s.channels).squareRoot(), shape: shape, query: q.pointer, key: k.pointer,
        value: v.pointer, output: results[0].pointer, probabilities: p.pointer, statistics: statistics.pointer)
      func pieces(_ units: Int) -> [Int] { cuts ? [draw.below(units + 1), draw.below(units + 1)] : [] }
      call(kernels.attentionForward, arguments, units: arguments.queryUnits, cuts: pieces(arguments.queryUnits))
      // What is in the scratch does not last until the way back.
      for i in 0..<p.count { p.pointer[i] = 7 }
      arguments.outputGradient = UnsafePointer(dy.pointer)
      arguments.scoreGradients = g.pointer
      (arguments.queryGradient, arguments.keyGradient) = (results[1].pointer, results[2].pointer)
      arguments.valueGradient = results[3].pointer
      call(kernels.attentionBackwardQueries, arguments, units: arguments.queryUnits, cuts: pieces(arguments.queryUnits))
      call(kernels.attentionBackwardKeys, arguments, units: arguments.keyUnits, cuts: pieces(arguments.keyUnits))
      for memory in [p, g, statistics] + results { #expect(memory.guardsAreIntact) }
      return results.map(\.values)
    }
    let got = run(table.sequences, cuts: false)
    let want = run(T.reference.sequences, cuts: false)
    #expect(run(table.sequences, cuts: true) == got, "threads, \(s) \(batch) \(table.name)")
    // Scores are sums of up to 17 products of at most 4, and e^score is off by as much; the rest are means and sums of as many
    // numbers as there are places.
    let tolerance = 2000 * Double(T.ulpOfOne)
    for (which, (a, b)) in zip(got, want).enumerated() {
      let worst = zip(a, b).map { (Double($0) - Double($1)).magnitude }.max() ?? 0
      #expect(worst <= tolerance, "\(which) \(s) causal \(causal) \(batch) \(table.name)")
    }
    for (which, memory) in [(1, q), (2, k), (3, v)] {
      let features = memory.count / shape.count / shape.width
      let isClear = got[which].indices.allSatisfy {
        $0 / (features * shape.width) * shape.width + $0 % shape.width < batch || got[which][$0] == 0
      }
      #expect(isClear, "padding of \(which), \(s) \(batch) \(table.name)")
    }
  }

  /// Exact to the bit, for tables of few and of many channels.
  @Test(arguments: InstructionSet.available, batches) func embedding(set: InstructionSet, batch: Int) {
    func check<T: TestedScalar>(_: T.Type) {
      var draw = Draw(state: UInt64(batch))
      let (length, channels, classes, base) = (1 + draw.below(5), 1 + draw.below(40), 1 + draw.below(9), draw.below(2))
      let shape = PanelShape(batch: batch, elementSize: MemoryLayout<T>.size)
      let rows = (0..<length).map { _ in (0..<batch).map { _ in T(base + draw.below(classes)) } }
      let x = Memory(panels(rows, shape, padding: -7))
      let table = Memory(draw.values(classes * channels) as [T], offset: 1)
      let dy = Memory(draw.values(shape.elements(features: channels * length)) as [T])
      func run(_ kernels: SequenceKernels, cuts: Bool) -> (y: [[T]], g: [T]) {
        let (y, g) = (Memory([T](repeating: 0, count: dy.count)), Memory([T](repeating: 1, count: table.count)))
        var arguments = EmbeddingArguments<T>(
          length: length, channels: channels, base: base, shape: shape, numbers: x.pointer, table: table.pointer,
          output: y.pointer)
        func pieces(_ units: Int) -> [Int] { cuts ? [draw.below(units + 1)] : [] }
        call(kernels.embeddingForward, arguments, units: arguments.forwardUnits, cuts: pieces(arguments.forwardUnits))
        arguments.outputGradient = UnsafePointer(dy.pointer)
        arguments.tableGradient = g.pointer
        arguments.padding = classes > 3 ? base + 2 : -1
        call(kernels.embeddingBackward, arguments, units: arguments.backwardUnits, cuts: pieces(arguments.backwardUnits))
        #expect(y.guardsAreIntact && g.guardsAreIntact && y.values.allSatisfy(\.isFinite))
        return (unpanels(y.values, features: channels * length, shape), g.values)
      }
      let (got, parts) = (run(T.table(set).sequences, cuts: false), run(T.table(set).sequences, cuts: true))
      let want = run(T.reference.sequences, cuts: false)
      #expect(got == want && parts == got, "\(length) \(channels) \(classes) \(batch)")
    }
    check(Float.self)
    check(Double.self)
  }

  /// Two keys, one channel, by hand: scores 2 and 0, values 1 and 3.
  @Test(arguments: InstructionSet.available) func attentionByHand(set: InstructionSet) {
    let shape = PanelShape(batch: 1, elementSize: 8)
    let (q, k, v) = (Memory<Double>([2]), Memory<Double>([1, 0]), Memory<Double>([1, 3]))
    let (y, p, statistics) = (Memory<Double>([0]), Memory<Double>([0, 0]), Memory<Double>([0, 0]))
    let arguments = AttentionArguments<Double>(
      heads: 1, channels: 1, valueChannels: 1, queries: 1, keys: 2, causal: false, scale: 1, shape: shape,
      query: q.pointer, key: k.pointer, value: v.pointer, output: y.pointer, probabilities: p.pointer,
      statistics: statistics.pointer)
    call(set.kernels64.sequences.attentionForward, arguments, units: 1)
    // 1 / (1 + e^-2) of 1 and the rest of 3.
    #expect((y.values[0] - (0.8807970779778823 + 3 * 0.11920292202211757)).magnitude < 1e-15)
  }
}
