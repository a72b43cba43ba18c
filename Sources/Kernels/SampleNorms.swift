import KernelInterface

// Norms over features of one sample: ``SampleNormArguments``. Lanes are samples, so eight of them go down the features together,
// in double.

/// Some lanes of a row, the others 0. - count: 8, or fewer in narrow panels.
@inline(__always)
private func lanes<T: WideScalar>(_ source: UnsafePointer<T>, _ count: Int) -> SIMD8<Double> {
  if count == 8 { return T.widen(source) }
  var values = SIMD8<Double>.zero
  for lane in 0..<count { values[lane] = Double(source[lane]) }
  return values
}

@inline(__always)
private func lanes(_ source: UnsafePointer<Double>, _ count: Int) -> SIMD8<Double> {
  if count == 8 { return Double.widen(source) }
  var values = SIMD8<Double>.zero
  for lane in 0..<count { values[lane] = source[lane] }
  return values
}

@inline(__always)
private func put<T: WideScalar>(_ values: SIMD8<Double>, _ destination: UnsafeMutablePointer<T>, _ count: Int) {
  if count == 8 { return T.narrow(values, to: destination) }
  for lane in 0..<count { destination[lane] = T(values[lane]) }
}

extension SampleNormArguments where T: WideScalar {
  /// Calls body(parameter, element) for the rows of a panel's set, at its first lane.
  @inline(__always)
  fileprivate func inRows(panel: Int, set: Int, _ body: (_ parameter: Int, _ element: Int) -> Void) {
    let firstParameter = sets.sharesParameters ? 0 : set &* sets.parameters
    for k in 0..<sets.parameters {
      let feature = set &* sets.setStride &+ k &* sets.parameterStride
      var element = panelRow(panel, feature, features: sets.features, width: shape.width)
      for _ in 0..<sets.rows {
        body(firstParameter &+ k, element)
        element &+= shape.width
      }
    }
  }

  /// Where the statistics of a panel's set are, and how many there are of each.
  @inline(__always)
  fileprivate func place(panel: Int, set: Int) -> Int { (panel &* sets.sets &+ set) &* shape.width }
  @inline(__always)
  fileprivate var statisticsCount: Int { shape.count &* sets.sets &* shape.width }

  @inline(__always)
  fileprivate func forward(panel: Int, set: Int, lane: Int, _ count: Int) {
    guard let destination else { return }
    let n = SIMD8(repeating: Double(sets.count))
    let first = panelRow(panel, set &* sets.setStride, features: sets.features, width: shape.width)
    let origin = lanes(source + (first &+ lane), count)
    var (sum, square) = (SIMD8<Double>.zero, SIMD8<Double>.zero)
    inRows(panel: panel, set: set) { _, at in
      let d = lanes(source + (at &+ lane), count) - origin
      sum += d
      square += d * d
    }
    var variance = (square - sum * (sum / n)) / n
    for i in 0..<8 where variance[i] < 0 { variance[i] = 0 }
    let mean = origin + sum / n
    let inverse = SIMD8(repeating: 1) / (variance + SIMD8(repeating: epsilon)).squareRoot()
    let kept = place(panel: panel, set: set) &+ lane
    put(mean, statistics + kept, count)
    put(inverse, statistics + (statisticsCount &+ kept), count)
    inRows(panel: panel, set: set) { k, at in
      var y = (lanes(source + (at &+ lane), count) - mean) * inverse
      if let scale { y *= SIMD8(repeating: Double(scale[k])) }
      if let shift { y += SIMD8(repeating: Double(shift[k])) }
      put(y, destination + (at &+ lane), count)
    }
  }

  @inline(__always)
  fileprivate func backward(panel: Int, set: Int, lane: Int, _ count: Int) {
    guard let gradient, let inputGradient else { return }
    let n = SIMD8(repeating: Double(sets.count))
    let kept = place(panel: panel, set: set) &+ lane
    let mean = lanes(UnsafePointer(statistics + kept), count)
    let inverse = lanes(UnsafePointer(statistics + (statisticsCount &+ kept)), count)
    var (sum, product) = (SIMD8<Double>.zero, SIMD8<Double>.zero)
    @inline(__always)
    func scaled(_ k: Int, _ at: Int) -> SIMD8<Double> {
      let dy = lanes(gradient + (at &+ lane), count)
      guard let scale else { return dy }
      return dy * SIMD8(repeating: Double(scale[k]))
    }
    inRows(panel: panel, set: set) { k, at in
      let d = scaled(k, at)
      sum += d
      product += d * ((lanes(source + (at &+ lane), count) - mean) * inverse)
    }
    let (meanOfGradient, meanOfProduct) = (sum / n, product / n)
    inRows(panel: panel, set: set) { k, at in
      let normal = (lanes(source + (at &+ lane), count) - mean) * inverse
      put((scaled(k, at) - meanOfGradient - normal * meanOfProduct) * inverse, inputGradient + (at &+ lane), count)
    }
  }

  /// Units begin ..< end are the sets of panels. Eight lanes at a time, or all of a panel that has fewer.
  @inline(__always)
  fileprivate func inLanes(_ begin: Int, _ end: Int, _ body: (_ panel: Int, _ set: Int, _ lane: Int, _ count: Int) -> Void) {
    for unit in begin..<end {
      let (panel, set) = (unit / sets.sets, unit % sets.sets)
      if shape.width < 8 {
        body(panel, set, 0, shape.width)
      } else {
        for lane in stride(from: 0, to: shape.width, by: 8) { body(panel, set, lane, 8) }
      }
    }
  }
}

@inline(never)
func sampleNormForward<T: WideScalar>(_ a: SampleNormArguments<T>, _ begin: Int, _ end: Int) {
  a.inLanes(begin, end) { panel, set, lane, count in a.forward(panel: panel, set: set, lane: lane, count) }
}

@inline(never)
func sampleNormBackward<T: WideScalar>(_ a: SampleNormArguments<T>, _ begin: Int, _ end: Int) {
  guard let inputGradient = a.inputGradient else { return }
  a.inLanes(begin, end) { panel, set, lane, count in a.backward(panel: panel, set: set, lane: lane, count) }
  // Padding has a gradient of 0 and any finite x, whose products may still be no numbers.
  let sets = a.sets
  for unit in max(begin, (a.shape.count &- 1) &* sets.sets)..<max(end, (a.shape.count &- 1) &* sets.sets) {
    for k in 0..<sets.parameters {
      let feature = unit % sets.sets &* sets.setStride &+ k &* sets.parameterStride
      clearPadding(inputGradient, from: feature, rows: sets.rows, of: sets.features, a.shape)
    }
  }
}

@inline(never)
func sampleNormProducts<T: WideScalar>(_ a: SampleNormArguments<T>, _ begin: Int, _ end: Int) {
  guard let gradient = a.gradient, let scaleGradient = a.scaleGradient, let shiftGradient = a.shiftGradient else { return }
  let (sets, width) = (a.sets, a.shape.width)
  let whole = width >= 8 ? 8 : width
  for parameter in begin..<end {
    let k = sets.sharesParameters ? parameter : parameter % sets.parameters
    let ofSets = sets.sharesParameters ? 0..<sets.sets : parameter / sets.parameters..<parameter / sets.parameters &+ 1
    var (sum, product) = (0.0, 0.0)
    for panel in 0..<a.shape.count {
      let batch = min(width, a.shape.batch &- panel &* width)
      for set in ofSets {
        let first = panelRow(
          panel, set &* sets.setStride &+ k &* sets.parameterStride, features: sets.features, width: width)
        let kept = a.place(panel: panel, set: set)
        for lane in stride(from: 0, to: batch, by: whole) {
          let mean = lanes(UnsafePointer(a.statistics + (kept &+ lane)), whole)
          let inverse = lanes(UnsafePointer(a.statistics + (a.statisticsCount &+ kept &+ lane)), whole)
          var (sums, products) = (SIMD8<Double>.zero, SIMD8<Double>.zero)
          for row in 0..<sets.rows {
            let at = first &+ row &* width &+ lane
            let dy = lanes(gradient + at, whole)
            sums += dy
            products += dy * ((lanes(a.source + at, whole) - mean) * inverse)
          }
          // Padding has a gradient of 0 and any finite x, whose products may still be no numbers.
          for i in max(0, min(whole, batch &- lane))..<8 { products[i] = 0 }
          sum += total(ofEight: sums)
          product += total(ofEight: products)
        }
      }
    }
    scaleGradient[parameter] = T(product) + (a.accumulate ? scaleGradient[parameter] : 0)
    shiftGradient[parameter] = T(sum) + (a.accumulate ? shiftGradient[parameter] : 0)
  }
}
