import CSystem
import KernelInterface

// Sums of shifted planes: a convolution forward, and the derivative by its input. A tile of a line of outputs is held in
// registers while the connections of a row go by, each one load a multiply-add from planes that all rows of the unit read.

@inline(never)
func correlate<T: KernelScalar>(_ a: CorrelationArguments<T>, _ begin: Int, _ end: Int) {
  forLines(a, begin..<end) { line, count in
    if a.alike > 1, a.parts == 1 { line.sumAlike(count) } else { forTiles(of: count, line) }
  }
}

/// Calls body(line, elements) for the lines that some units make, or their part of it.
@inline(__always)
func forLines<T: KernelScalar>(_ a: CorrelationArguments<T>, _ units: Range<Int>, _ body: (CorrelationLine<T>, Int) -> Void) {
  let (lines, blocks, lanes) = (a.lines, a.blocks, a.shape.width)
  for unit in units {
    // A block of all lines before the next block: lines that follow each other read mostly the same rows of the planes.
    let (panel, line) = (unit / (blocks &* lines), unit % lines)
    let first = unit / lines % blocks &* a.block
    let (phase, row) = (line % a.width.divisor, line / a.width.divisor)
    let (y, z) = (row % a.height.count, row / a.height.count)
    let length = (a.width.count &- phase &+ a.width.divisor &- 1) / a.width.divisor &* lanes
    guard first < length else { continue }
    let (atZ, atY) = ((a.depth.first &+ z) &* a.depth.multiplier, (a.height.first &+ y) &* a.height.multiplier)
    let kind = (atZ % a.depth.divisor &* a.height.divisor &+ atY % a.height.divisor) &* a.width.divisor &+ phase
    let source =
      a.planes
      + (panel &* a.planesPanel &+ atZ / a.depth.divisor &* a.planesSlice
        &+ atY / a.height.divisor &* a.planesRow &+ a.width.first &* lanes &+ first)
    let place = z &* a.outputSlice &+ y &* a.outputRow &+ phase &* a.outputPhase
    body(
      CorrelationLine(
        a: a, kind: a.kinds == 1 ? 0 : kind, source: source,
        output: (panel &* a.rows &* a.outputPlaces &+ place) &* lanes &+ first),
      min(a.block, length &- first))
  }
}

/// A line of outputs, of each row. - source: of the line in the planes. - output: of the first row's line.
struct CorrelationLine<T: KernelScalar>: RunBody {
  let a: CorrelationArguments<T>
  let kind: Int
  let source: UnsafePointer<T>
  let output: Int

  @inline(__always)
  func tile<L: Lanes>(_ at: Int, _: L.Type) where L.V.Scalar == T {
    sumRows(a, kind, source + at, output &+ at, 0..<a.rows, L.self)
  }

  /// The same of rows that are alike: six at once, as far as there are so many, and the others one by one. How rows are summed
  /// does not change the bits.
  @inline(__always)
  func sumAlike(_ count: Int) {
    var at = 0
    while at &+ T.LanesOfSix.count <= count {
      for first in stride(from: 0, to: a.rows, by: a.alike) {
        let end = first &+ a.alike
        let whole = end &- a.alike % 6
        for row in stride(from: first, to: whole, by: 6) { sumSix(a, kind, source + at, output &+ at, row, T.LanesOfSix.self) }
        if whole < end { sumRows(a, kind, source + at, output &+ at, whole..<end, T.LanesOfSix.self) }
      }
      at &+= T.LanesOfSix.count
    }
    forTiles(of: count &- at, CorrelationLine(a: a, kind: kind, source: source + at, output: output &+ at))
  }
}

/// A tile of six rows whose connections have the same offsets.
@inline(never)
private func sumSix<L: Lanes>(
  _ a: CorrelationArguments<L.V.Scalar>, _ kind: Int, _ source: UnsafePointer<L.V.Scalar>, _ output: Int, _ row: Int,
  _: L.Type
) {
  @inline(__always)
  func start(_ i: Int) -> Int { Int(a.start[(row &+ i) &* a.kinds &+ kind]) }
  @inline(__always)
  func bias(_ i: Int) -> L { L(repeating: a.epilogue.bias?[row &+ i] ?? 0) }
  let count = Int(a.start[row &* a.kinds &+ kind &+ 1]) &- start(0)
  let offset = a.offset + start(0)
  let (w0, w1, w2) = (a.weight + start(0), a.weight + start(1), a.weight + start(2))
  let (w3, w4, w5) = (a.weight + start(3), a.weight + start(4), a.weight + start(5))
  var (s0, s1, s2, s3, s4, s5) = (bias(0), bias(1), bias(2), bias(3), bias(4), bias(5))
  var k = 0
  while k < count {
    let x = L(source + offset[k])
    @inline(__always)
    func add(_ sum: inout L, _ weight: UnsafePointer<L.V.Scalar>) {
      let factor = L.V(repeating: weight[k])
      sum = sum.zip(x) { $0.adding($1, times: factor) }
    }
    add(&s0, w0)
    add(&s1, w1)
    add(&s2, w2)
    add(&s3, w3)
    add(&s4, w4)
    add(&s5, w5)
    k &+= 1
  }
  let step = a.outputPlaces &* a.shape.width
  let place = output &+ row &* step
  finish(s0, a.epilogue, at: place)
  finish(s1, a.epilogue, at: place &+ step)
  finish(s2, a.epilogue, at: place &+ 2 &* step)
  finish(s3, a.epilogue, at: place &+ 3 &* step)
  finish(s4, a.epilogue, at: place &+ 4 &* step)
  finish(s5, a.epilogue, at: place &+ 5 &* step)
}

/// Asks for what the next line will read of the planes, with each row for some of them.
struct PlanesAhead<T> {
  private var plane: UnsafePointer<T>
  private let step: Int
  private let each: Int
  private var left: Int

  /// - source: of a tile in the planes. - rows: that will ask.
  @inline(__always)
  init(_ a: CorrelationArguments<T>, _ source: UnsafePointer<T>, rows: Int) {
    plane = source + a.ahead
    step = a.planesPanel / a.planesCount
    each = (a.planesCount &+ rows &- 1) / rows
    left = a.ahead == 0 ? 0 : a.planesCount
  }

  @inline(__always)
  mutating func prefetch(bytes: Int) {
    let count = min(each, left)
    for _ in 0..<count {
      var line = 0
      while line < bytes {
        csystem_prefetch(UnsafeRawPointer(plane) + line)
        line &+= 64
      }
      plane += step
    }
    left &-= count
  }
}

/// A tile of some rows' outputs. - source: of the tile in the planes. - output: of the first row's tile.
@inline(never)
private func sumRows<L: Lanes>(
  _ a: CorrelationArguments<L.V.Scalar>, _ kind: Int, _ source: UnsafePointer<L.V.Scalar>, _ output: Int, _ rows: Range<Int>,
  _: L.Type
) {
  let (start, offset, weight) = (a.start, a.offset, a.weight)
  let step = a.outputPlaces &* a.shape.width
  var ahead = PlanesAhead(a, source, rows: rows.count)
  for part in 0..<a.parts {
    let isLast = part &+ 1 == a.parts
    for row in rows {
      ahead.prefetch(bytes: L.bytes)
      let place = output &+ row &* step
      var sum =
        part == 0 ? L(repeating: a.epilogue.bias?[row] ?? 0) : L(UnsafePointer(a.epilogue.output + place))
      let first = (row &* a.kinds &+ kind) &* a.parts &+ part
      var k = Int(start[first])
      let end = Int(start[first &+ 1])
      while k < end {
        sum.add(L.V(repeating: weight[k]), times: source + offset[k])
        k &+= 1
      }
      if isLast { finish(sum, a.epilogue, at: place) } else { sum.store(to: a.epilogue.output + place) }
    }
  }
}
