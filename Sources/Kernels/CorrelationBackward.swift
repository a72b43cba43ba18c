import CSystem
import KernelInterface

// dX and dW of a sparse convolution at once. Of a tile of a channel's places x and the sums of dX are held in registers while the
// channel's connections go by: what a connection reads of dz is loaded once for both. The products wait, a vector a connection.

@inline(never)
func correlationBackward<T: KernelScalar>(_ a: CorrelationBackwardArguments<T>, _ begin: Int, _ end: Int) {
  typealias V = T.LanesOfPair.V
  let first = Int(a.sums.start[begin &* a.sums.kinds &* a.sums.parts])
  let last = Int(a.sums.start[end &* a.sums.kinds &* a.sums.parts])
  (a.products + first &* V.scalarCount).update(repeating: 0, count: (last &- first) &* V.scalarCount)
  var row = begin
  while row < end {
    let rows = row..<rowsAtOnce(a.sums, from: row, to: end)
    forLines(a.sums, 0..<a.sums.units) { line, count in
      forTiles(of: count, CorrelationPair(a: a, line: line, rows: rows), largest: T.LanesOfPair.self)
    }
    row = rows.upperBound
  }
  forTransposedEntries(a.entries, begin..<end, from: first) { entry, _, _, slot in
    let sum = total(V(UnsafePointer(a.products + entry &* V.scalarCount)))
    a.weightGradient[slot] = a.accumulate ? a.weightGradient[slot] + sum : sum
  }
}

/// The end of as many rows as have products that stay in the second-level cache, 256 KiB of them, while all lines go by.
private func rowsAtOnce<T>(_ a: CorrelationArguments<T>, from first: Int, to end: Int) -> Int {
  let step = a.kinds &* a.parts
  var last = first &+ 1
  while last < end, a.start[(last &+ 1) &* step] &- a.start[first &* step] <= 4096 { last &+= 1 }
  return last
}

private struct CorrelationPair<T: KernelScalar>: RunBody {
  let a: CorrelationBackwardArguments<T>
  let line: CorrelationLine<T>
  let rows: Range<Int>

  @inline(__always)
  func tile<L: Lanes>(_ at: Int, _: L.Type) where L.V.Scalar == T {
    multiplyRows(a, line.kind, line.source + at, line.output &+ at, rows, L.self)
  }
}

/// A tile of some rows. - source: of the tile in the planes. - output: of the first row's tile.
@inline(never)
private func multiplyRows<L: Lanes>(
  _ a: CorrelationBackwardArguments<L.V.Scalar>, _ kind: Int, _ source: UnsafePointer<L.V.Scalar>, _ output: Int,
  _ rows: Range<Int>, _: L.Type
) {
  let (start, offset, weight, products) = (a.sums.start, a.sums.offset, a.sums.weight, a.products)
  let (kinds, parts, step) = (a.sums.kinds, a.sums.parts, a.sums.outputPlaces &* a.sums.shape.width)
  var ahead = PlanesAhead(a.sums, source, rows: rows.count)
  for part in 0..<parts {
    for row in rows {
      ahead.prefetch(bytes: L.bytes)
      let place = output &+ row &* step
      let gradient = a.sums.epilogue.output + place
      if part == 0 { prefetch(a.field + (place &+ step), gradient + step, bytes: L.bytes) }
      let x = L(a.field + place)
      var sum = part == 0 ? L(repeating: 0) : L(UnsafePointer(gradient))
      let first = (row &* kinds &+ kind) &* parts &+ part
      var k = Int(start[first])
      let end = Int(start[first &+ 1])
      while k < end {
        let (planes, product) = (source + offset[k], products + k &* L.V.Scalar.LanesOfPair.V.scalarCount)
        sum.add(L.V(repeating: weight[k]), times: planes)
        x.fold(into: L.V(UnsafePointer(product)), times: planes).store(to: product)
        k &+= 1
      }
      sum.store(to: gradient)
    }
  }
}

/// Asks for what the next row will read and write.
@inline(__always)
private func prefetch<T>(_ field: UnsafePointer<T>, _ gradient: UnsafeMutablePointer<T>, bytes: Int) {
  var line = 0
  while line < bytes {
    csystem_prefetch(UnsafeRawPointer(field) + line)
    csystem_prefetch(UnsafeRawPointer(gradient) + line)
    line &+= 64
  }
}
