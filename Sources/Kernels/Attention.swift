import KernelInterface

// Attention: ``AttentionArguments``. Forward keeps two numbers of each softmax; the way back makes the probabilities once more
// from them, in scratch that all layers share, which costs a fifth of its products and no memory of the layer's own.

func attentionForward<T: KernelScalar>(_ a: AttentionArguments<T>, _ begin: Int, _ end: Int) {
  switch bytesOfRow(a.shape, T.self) {
  case MemoryLayout<T>.stride: attentionForward(a, begin, end, InPlaces<T>.self)
  case 16: attentionForward(a, begin, end, InLanes<T.Lanes16Bytes.V>.self)
  case 32: attentionForward(a, begin, end, InLanes<T.Lanes32Bytes.V>.self)
  default: attentionForward(a, begin, end, InLanes<T.Lanes64Bytes.V>.self)
  }
}

func attentionBackwardQueries<T: KernelScalar>(_ a: AttentionArguments<T>, _ begin: Int, _ end: Int) {
  switch bytesOfRow(a.shape, T.self) {
  case MemoryLayout<T>.stride: attentionBackwardQueries(a, begin, end, InPlaces<T>.self)
  case 16: attentionBackwardQueries(a, begin, end, InLanes<T.Lanes16Bytes.V>.self)
  case 32: attentionBackwardQueries(a, begin, end, InLanes<T.Lanes32Bytes.V>.self)
  default: attentionBackwardQueries(a, begin, end, InLanes<T.Lanes64Bytes.V>.self)
  }
}

func attentionBackwardKeys<T: KernelScalar>(_ a: AttentionArguments<T>, _ begin: Int, _ end: Int) {
  switch bytesOfRow(a.shape, T.self) {
  case MemoryLayout<T>.stride: attentionBackwardKeys(a, begin, end, InPlaces<T>.self)
  case 16: attentionBackwardKeys(a, begin, end, InLanes<T.Lanes16Bytes.V>.self)
  case 32: attentionBackwardKeys(a, begin, end, InLanes<T.Lanes32Bytes.V>.self)
  default: attentionBackwardKeys(a, begin, end, InLanes<T.Lanes64Bytes.V>.self)
  }
}

/// What differs between panels of several samples and of one.
private protocol AttentionLanes {
  associatedtype T: KernelScalar
  /// Lanes that are worked on together.
  static var count: Int { get }
  static func multiply(
    _ a: Operand<T>, _ b: Operand<T>, rows: Int, columns: Int, inner: Int, scale: T, _ place: ProductPlace<T>)
  /// Scores of one query to probabilities, in place. - statistics: receives the two numbers, `width` apart.
  static func softmax(_ row: UnsafeMutablePointer<T>, _ count: Int, width: Int, _ statistics: UnsafeMutablePointer<T>)
  /// The same from these two numbers.
  static func restore(_ row: UnsafeMutablePointer<T>, _ count: Int, width: Int, _ statistics: UnsafePointer<T>)
  /// gradient_j = p_j (gradient_j - sum over l of p_l gradient_l)
  static func differentiate(
    _ row: UnsafePointer<T>, _ gradient: UnsafeMutablePointer<T>, _ count: Int, width: Int)
  static func clear(_ row: UnsafeMutablePointer<T>, _ range: Range<Int>, width: Int)
}

/// Some lanes of a unit's panel and head: offsets from the start of each array.
private struct HeadPlace {
  let query: Int
  let key: Int
  let value: Int
  let output: Int
  /// Of the first query's and key's probability.
  let score: Int
  let statistic: Int
}

/// Calls body(place, first place of the block) for every unit and all its runs of lanes.
@inline(__always)
private func forEachHead<T>(
  _ a: AttentionArguments<T>, _ begin: Int, _ end: Int, length: Int, lanes: Int, _ body: (HeadPlace, Int) -> Void
) {
  let (width, blocks) = (a.shape.width, AttentionArguments<T>.blocks(length))
  for unit in begin..<end {
    let (head, first) = (unit / blocks, unit % blocks &* AttentionArguments<T>.block)
    for lane in stride(from: 0, to: width, by: lanes) {
      // Heads follow one another in the channels of a panel, so (panel, head) is one number everywhere.
      let place = HeadPlace(
        query: head &* a.channels &* a.queries &* width &+ lane, key: head &* a.channels &* a.keys &* width &+ lane,
        value: head &* a.valueChannels &* a.keys &* width &+ lane,
        output: head &* a.valueChannels &* a.queries &* width &+ lane,
        score: head &* a.queries &* a.keys &* width &+ lane, statistic: 2 &* head &* a.queries &* width &+ lane)
      body(place, first)
    }
  }
}

/// The scores of a block of queries, as far as one of them sees keys.
/// - Returns: how many queries and keys these are.
@inline(__always)
private func scores<L: AttentionLanes>(
  _ a: AttentionArguments<L.T>, _ place: HeadPlace, _ first: Int, _: L.Type
) -> (queries: Int, keys: Int) {
  let (width, block) = (a.shape.width, AttentionArguments<L.T>.block)
  let (queries, keys) = (min(block, a.queries &- first), a.visible(first &+ block &- 1))
  L.multiply(
    Operand(base: a.query + (place.query &+ first &* width), row: width, step: a.queries &* width),
    Operand(base: a.key + place.key, row: width, step: a.keys &* width), rows: queries, columns: keys, inner: a.channels,
    scale: a.scale,
    ProductPlace(
      base: a.probabilities + (place.score &+ first &* a.keys &* width), row: a.keys &* width, column: width))
  return (queries, keys)
}

@inline(never)
private func attentionForward<L: AttentionLanes>(
  _ a: AttentionArguments<L.T>, _ begin: Int, _ end: Int, _: L.Type
) {
  let width = a.shape.width
  forEachHead(a, begin, end, length: a.queries, lanes: L.count) { place, first in
    let (queries, keys) = scores(a, place, first, L.self)
    let p = a.probabilities + (place.score &+ first &* a.keys &* width)
    for i in 0..<queries {
      let (row, visible) = (p + i &* a.keys &* width, a.visible(first &+ i))
      L.softmax(row, visible, width: width, a.statistics + (place.statistic &+ 2 &* (first &+ i) &* width))
      L.clear(row, visible..<keys, width: width)
    }
    L.multiply(
      Operand(base: a.value + place.value, row: a.keys &* width, step: width),
      Operand(base: UnsafePointer(p), row: a.keys &* width, step: width), rows: a.valueChannels, columns: queries,
      inner: keys, scale: 1,
      ProductPlace(base: a.output + (place.output &+ first &* width), row: a.queries &* width, column: width))
  }
}

@inline(never)
private func attentionBackwardQueries<L: AttentionLanes>(
  _ a: AttentionArguments<L.T>, _ begin: Int, _ end: Int, _: L.Type
) {
  guard let outputGradient = a.outputGradient, let scoreGradients = a.scoreGradients else { return }
  let width = a.shape.width
  forEachHead(a, begin, end, length: a.queries, lanes: L.count) { place, first in
    let (queries, keys) = scores(a, place, first, L.self)
    let offset = place.score &+ first &* a.keys &* width
    let (p, g) = (a.probabilities + offset, scoreGradients + offset)
    L.multiply(
      Operand(base: outputGradient + (place.output &+ first &* width), row: width, step: a.queries &* width),
      Operand(base: a.value + place.value, row: width, step: a.keys &* width), rows: queries, columns: keys,
      inner: a.valueChannels, scale: 1, ProductPlace(base: g, row: a.keys &* width, column: width))
    for i in 0..<queries {
      let (row, gradient) = (p + i &* a.keys &* width, g + i &* a.keys &* width)
      let visible = a.visible(first &+ i)
      L.restore(
        row, visible, width: width, UnsafePointer(a.statistics + (place.statistic &+ 2 &* (first &+ i) &* width)))
      L.clear(row, visible..<keys, width: width)
      L.differentiate(UnsafePointer(row), gradient, visible, width: width)
      L.clear(gradient, visible..<keys, width: width)
    }
    guard let queryGradient = a.queryGradient else { return }
    L.multiply(
      Operand(base: a.key + place.key, row: a.keys &* width, step: width),
      Operand(base: UnsafePointer(g), row: a.keys &* width, step: width), rows: a.channels, columns: queries, inner: keys,
      scale: a.scale,
      ProductPlace(base: queryGradient + (place.query &+ first &* width), row: a.queries &* width, column: width))
  }
}

@inline(never)
private func attentionBackwardKeys<L: AttentionLanes>(
  _ a: AttentionArguments<L.T>, _ begin: Int, _ end: Int, _: L.Type
) {
  guard let outputGradient = a.outputGradient, let scoreGradients = a.scoreGradients else { return }
  let width = a.shape.width
  forEachHead(a, begin, end, length: a.keys, lanes: L.count) { place, first in
    let count = min(AttentionArguments<L.T>.block, a.keys &- first)
    // No query before this one sees a key of the block. From it on all blocks of queries have left values for all of them.
    let from = a.causal ? min(first, a.queries) : 0
    let offset = place.score &+ (from &* a.keys &+ first) &* width
    @inline(__always)
    func sum(
      _ source: UnsafePointer<L.T>, _ scores: UnsafeMutablePointer<L.T>, channels: Int, scale: L.T,
      into gradient: UnsafeMutablePointer<L.T>
    ) {
      L.multiply(
        Operand(base: source + from &* width, row: a.queries &* width, step: width),
        Operand(base: UnsafePointer(scores + offset), row: width, step: a.keys &* width), rows: channels, columns: count,
        inner: a.queries &- from, scale: scale,
        ProductPlace(base: gradient + first &* width, row: a.keys &* width, column: width))
    }
    if let gradient = a.valueGradient {
      sum(
        outputGradient + place.output, a.probabilities, channels: a.valueChannels, scale: 1, into: gradient + place.value)
    }
    if let gradient = a.keyGradient {
      sum(a.query + place.query, scoreGradients, channels: a.channels, scale: a.scale, into: gradient + place.key)
    }
  }
}

/// Lanes are samples.
private enum InLanes<V: Vector>: AttentionLanes {
  typealias T = V.Scalar

  @inline(__always) static var count: Int { V.scalarCount }

  @inline(__always)
  static func multiply(
    _ a: Operand<T>, _ b: Operand<T>, rows: Int, columns: Int, inner: Int, scale: T, _ place: ProductPlace<T>
  ) { multiplyLanes(a, b, rows: rows, columns: columns, inner: inner, scale: scale, place, V.self) }

  @inline(__always)
  static func softmax(_ row: UnsafeMutablePointer<T>, _ count: Int, width: Int, _ statistics: UnsafeMutablePointer<T>) {
    let most: V = largest(UnsafePointer(row), count, step: width)
    var sum = V.zero
    for j in 0..<count {
      let e = exponential(V(UnsafePointer(row + j &* width)) - most)
      e.store(to: row + j &* width)
      sum += e
    }
    let inverse = V(repeating: 1) / sum
    for j in 0..<count { (V(UnsafePointer(row + j &* width)) * inverse).store(to: row + j &* width) }
    most.store(to: statistics)
    inverse.store(to: statistics + width)
  }

  @inline(__always)
  static func restore(_ row: UnsafeMutablePointer<T>, _ count: Int, width: Int, _ statistics: UnsafePointer<T>) {
    let (most, inverse) = (V(statistics), V(statistics + width))
    for j in 0..<count {
      (exponential(V(UnsafePointer(row + j &* width)) - most) * inverse).store(to: row + j &* width)
    }
  }

  @inline(__always)
  static func differentiate(_ row: UnsafePointer<T>, _ gradient: UnsafeMutablePointer<T>, _ count: Int, width: Int) {
    var inner = V.zero
    for j in 0..<count { inner = inner.adding(V(row + j &* width), times: V(UnsafePointer(gradient + j &* width))) }
    for j in 0..<count {
      (V(row + j &* width) * (V(UnsafePointer(gradient + j &* width)) - inner)).store(to: gradient + j &* width)
    }
  }

  @inline(__always)
  static func clear(_ row: UnsafeMutablePointer<T>, _ range: Range<Int>, width: Int) {
    for j in range { V.zero.store(to: row + j &* width) }
  }
}

/// A single sample: vectors go along the keys of a query, and what is left of them goes one by one.
private enum InPlaces<T: KernelScalar>: AttentionLanes {
  typealias V = T.Lanes32Bytes.V

  @inline(__always) static var count: Int { 1 }

  @inline(__always)
  static func multiply(
    _ a: Operand<T>, _ b: Operand<T>, rows: Int, columns: Int, inner: Int, scale: T, _ place: ProductPlace<T>
  ) { multiplySingle(a, b, rows: rows, columns: columns, inner: inner, scale: scale, place) }

  /// Elements of a row that are worked on in whole vectors.
  @inline(__always)
  static func whole(_ count: Int) -> Int { count / V.scalarCount &* V.scalarCount }

  @inline(__always)
  static func softmax(_ row: UnsafeMutablePointer<T>, _ count: Int, width: Int, _ statistics: UnsafeMutablePointer<T>) {
    var most = -T.infinity
    for j in 0..<count where !(row[j] <= most) { most = row[j] }
    let whole = whole(count)
    var (sums, rest) = (V.zero, Lane<T>.zero)
    exponentials(row, 0..<whole, most, &sums)
    exponentials(row, whole..<count, most, &rest)
    let inverse = 1 / (sums.sum() + rest.value)
    for j in 0..<count { row[j] *= inverse }
    (statistics[0], statistics[1]) = (most, inverse)
  }

  /// e^(score - most) in the place of scores, added up.
  @inline(__always)
  static func exponentials<W: Vector>(_ row: UnsafeMutablePointer<T>, _ range: Range<Int>, _ most: T, _ sum: inout W)
  where W.Scalar == T {
    for j in stride(from: range.lowerBound, to: range.upperBound, by: W.scalarCount) {
      let e = exponential(W(UnsafePointer(row + j)) - W(repeating: most))
      e.store(to: row + j)
      sum += e
    }
  }

  @inline(__always)
  static func restore(_ row: UnsafeMutablePointer<T>, _ count: Int, width: Int, _ statistics: UnsafePointer<T>) {
    let whole = whole(count)
    var (sums, rest) = (V.zero, Lane<T>.zero)
    exponentials(row, 0..<whole, statistics[0], &sums)
    exponentials(row, whole..<count, statistics[0], &rest)
    for j in 0..<count { row[j] *= statistics[1] }
  }

  @inline(__always)
  static func differentiate(_ row: UnsafePointer<T>, _ gradient: UnsafeMutablePointer<T>, _ count: Int, width: Int) {
    let whole = whole(count)
    var (sums, rest) = (V.zero, Lane<T>.zero)
    for j in stride(from: 0, to: whole, by: V.scalarCount) {
      sums = sums.adding(V(row + j), times: V(UnsafePointer(gradient + j)))
    }
    for j in whole..<count { rest = rest.adding(Lane(row[j]), times: Lane(gradient[j])) }
    let inner = sums.sum() + rest.value
    for j in 0..<count { gradient[j] = row[j] * (gradient[j] - inner) }
  }

  @inline(__always)
  static func clear(_ row: UnsafeMutablePointer<T>, _ range: Range<Int>, width: Int) { for j in range { row[j] = 0 } }
}
