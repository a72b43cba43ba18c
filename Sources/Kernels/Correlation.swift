import KernelInterface

// Sums of shifted planes: a convolution forward, and the derivative by its input. A tile of a line of outputs is held in
// registers while the connections of a row go by, each one load a multiply-add from planes that all rows of the unit read.

@inline(never)
func correlate<T: KernelScalar>(_ a: CorrelationArguments<T>, _ begin: Int, _ end: Int) {
  let (lines, blocks, lanes) = (a.lines, a.blocks, a.shape.width)
  for unit in begin..<end {
    // A block of all lines before the next block: lines that follow each other read mostly the same rows of the planes.
    let (panel, line) = (unit / (blocks &* lines), unit % lines)
    let first = unit / lines % blocks &* CorrelationArguments<T>.block
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
    forTiles(
      of: min(CorrelationArguments<T>.block, length &- first),
      CorrelationTile(
        a: a, kind: a.kinds == 1 ? 0 : kind, source: source,
        output: (panel &* a.rows &* a.outputPlaces &+ place) &* lanes &+ first))
  }
}

private struct CorrelationTile<T: KernelScalar>: RunBody {
  let a: CorrelationArguments<T>
  let kind: Int
  let source: UnsafePointer<T>
  let output: Int

  @inline(__always)
  func tile<L: Lanes>(_ at: Int, _: L.Type) where L.V.Scalar == T {
    sumRows(a, kind, source + at, output &+ at, L.self)
  }
}

/// A tile of every row's outputs. - source: of the tile in the planes. - output: of the first row's tile.
@inline(never)
private func sumRows<L: Lanes>(
  _ a: CorrelationArguments<L.V.Scalar>, _ kind: Int, _ source: UnsafePointer<L.V.Scalar>, _ output: Int, _: L.Type
) {
  let (start, offset, weight) = (a.start, a.offset, a.weight)
  let step = a.outputPlaces &* a.shape.width
  for row in 0..<a.rows {
    var sum = L(repeating: a.epilogue.bias?[row] ?? 0)
    let first = row &* a.kinds &+ kind
    var k = Int(start[first])
    let end = Int(start[first &+ 1])
    while k < end {
      sum.add(L.V(repeating: weight[k]), times: source + offset[k])
      k &+= 1
    }
    finish(sum, a.epilogue, at: output &+ row &* step)
  }
}
