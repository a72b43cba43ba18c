import KernelInterface

// Norms with one number a channel: ``AffineArguments``, ``ChannelArguments``, ``ChannelGradientArguments``. The values of a
// channel are runs of a panel, so that every loop goes through memory from end to end.

/// An element type that eight doubles are made from, and that is made of them.
protocol WideScalar: KernelScalar {
  static func widen(_ source: UnsafePointer<Self>) -> SIMD8<Double>
  static func narrow(_ values: SIMD8<Double>, to destination: UnsafeMutablePointer<Self>)
}

extension Float: WideScalar {
  @inline(__always)
  static func widen(_ source: UnsafePointer<Float>) -> SIMD8<Double> {
    SIMD8<Double>(UnsafeRawPointer(source).loadUnaligned(as: SIMD8<Float>.self))
  }

  @inline(__always)
  static func narrow(_ values: SIMD8<Double>, to destination: UnsafeMutablePointer<Float>) {
    UnsafeMutableRawPointer(destination).storeBytes(of: SIMD8<Float>(values), as: SIMD8<Float>.self)
  }
}

extension Double: WideScalar {
  @inline(__always)
  static func widen(_ source: UnsafePointer<Double>) -> SIMD8<Double> {
    UnsafeRawPointer(source).loadUnaligned(as: SIMD8<Double>.self)
  }

  @inline(__always)
  static func narrow(_ values: SIMD8<Double>, to destination: UnsafeMutablePointer<Double>) {
    UnsafeMutableRawPointer(destination).storeBytes(of: values, as: SIMD8<Double>.self)
  }
}

/// The eight lanes added up, always in the same order.
@inline(__always)
func total(ofEight v: SIMD8<Double>) -> Double {
  ((v[0] + v[4]) + (v[1] + v[5])) + ((v[2] + v[6]) + (v[3] + v[7]))
}

/// Calls body(first element, count) for the runs of values of real samples that some features have, one after the other.
@inline(__always)
private func inRuns(
  from feature: Int, rows: Int, of features: Int, _ shape: PanelShape, _ body: (_ first: Int, _ count: Int) -> Void
) {
  let width = shape.width
  for p in 0..<shape.count {
    let first = panelRow(p, feature, features: features, width: width)
    let lanes = min(width, shape.batch &- p &* width)
    if lanes == width {
      body(first, rows &* width)
    } else {
      for row in 0..<rows { body(first &+ row &* width, lanes) }
    }
  }
}

@inline(never)
func affine<T: WideScalar>(_ a: AffineArguments<T>, _ begin: Int, _ end: Int) {
  let width = a.shape.width
  let count = a.rows &* width
  for p in 0..<a.shape.count {
    for k in begin..<end {
      let first = panelRow(p, k &* a.rows, features: a.parameters &* a.rows, width: width)
      let (center, factor, shift) = (a.center?[k] ?? 0, a.factor[k], a.shift?[k] ?? 0)
      var i = first
      while first &+ count &- i >= 8 {
        let x = UnsafeRawPointer(a.source + i).loadUnaligned(as: SIMD8<T>.self)
        let y = (x - SIMD8(repeating: center)) * SIMD8(repeating: factor) + SIMD8(repeating: shift)
        UnsafeMutableRawPointer(a.destination + i).storeBytes(of: y, as: SIMD8<T>.self)
        i &+= 8
      }
      while i < first &+ count {
        a.destination[i] = (a.source[i] - center) * factor + shift
        i &+= 1
      }
    }
  }
}

/// Sums of differences to the first value, which is no farther from the mean than the square root of n deviations: what is lost
/// by subtracting the square of their mean is at most n units of rounding of a double, whatever the values.
@inline(never)
func channelMoments<T: WideScalar>(_ a: ChannelArguments<T>, _ begin: Int, _ end: Int) {
  let features = a.channels &* a.places
  let n = Double(a.shape.batch &* a.places)
  for k in begin..<end {
    let origin = Double(a.source[panelRow(0, k &* a.places, features: features, width: a.shape.width)])
    var (sum, square) = (0.0, 0.0)
    inRuns(from: k &* a.places, rows: a.places, of: features, a.shape) { first, count in
      var (sums, squares) = (SIMD8<Double>.zero, SIMD8<Double>.zero)
      var i = first
      while first &+ count &- i >= 8 {
        let d = T.widen(a.source + i) - SIMD8(repeating: origin)
        sums += d
        squares += d * d
        i &+= 8
      }
      sum += total(ofEight: sums)
      square += total(ofEight: squares)
      while i < first &+ count {
        let d = Double(a.source[i]) - origin
        sum += d
        square += d * d
        i &+= 1
      }
    }
    let variance = (square - sum * (sum / n)) / n
    a.mean[k] = origin + sum / n
    a.second[k] = variance < 0 ? 0 : variance
  }
}

@inline(never)
func channelProducts<T: WideScalar>(_ a: ChannelArguments<T>, _ begin: Int, _ end: Int) {
  guard let gradient = a.gradient, let results = a.sums else { return }
  for k in begin..<end {
    let mean = a.mean[k]
    var (sum, product) = (0.0, 0.0)
    inRuns(from: k &* a.places, rows: a.places, of: a.channels &* a.places, a.shape) { first, count in
      var (sums, products) = (SIMD8<Double>.zero, SIMD8<Double>.zero)
      var i = first
      while first &+ count &- i >= 8 {
        let dy = T.widen(gradient + i)
        sums += dy
        products += dy * (T.widen(a.source + i) - SIMD8(repeating: mean))
        i &+= 8
      }
      sum += total(ofEight: sums)
      product += total(ofEight: products)
      while i < first &+ count {
        sum += Double(gradient[i])
        product += Double(gradient[i]) * (Double(a.source[i]) - mean)
        i &+= 1
      }
    }
    results[k] = sum
    a.second[k] = product
  }
}

@inline(never)
func channelGradient<T: WideScalar>(_ a: ChannelGradientArguments<T>, _ begin: Int, _ end: Int) {
  let features = a.channels &* a.places
  for k in begin..<end {
    let (center, factor, slope, shift) = (a.center[k], a.factor[k], a.slope[k], a.shift[k])
    inRuns(from: k &* a.places, rows: a.places, of: features, a.shape) { first, count in
      var i = first
      while first &+ count &- i >= 8 {
        let x = UnsafeRawPointer(a.source + i).loadUnaligned(as: SIMD8<T>.self)
        let dy = UnsafeRawPointer(a.gradient + i).loadUnaligned(as: SIMD8<T>.self)
        let dx =
          dy * SIMD8(repeating: factor) + ((x - SIMD8(repeating: center)) * SIMD8(repeating: slope) + SIMD8(repeating: shift))
        UnsafeMutableRawPointer(a.inputGradient + i).storeBytes(of: dx, as: SIMD8<T>.self)
        i &+= 8
      }
      while i < first &+ count {
        a.inputGradient[i] = a.gradient[i] * factor + ((a.source[i] - center) * slope + shift)
        i &+= 1
      }
    }
    clearPadding(a.inputGradient, from: k &* a.places, rows: a.places, of: features, a.shape)
  }
}

/// 0 in the lanes beyond the batch of some features, one after the other.
@inline(__always)
func clearPadding<T: KernelScalar>(
  _ panels: UnsafeMutablePointer<T>, from feature: Int, rows: Int, of features: Int, _ shape: PanelShape
) {
  let width = shape.width
  let lanes = shape.batch &- (shape.count &- 1) &* width
  guard lanes < width else { return }
  for row in 0..<rows {
    let first = panelRow(shape.count &- 1, feature &+ row, features: features, width: width)
    (panels + (first &+ lanes)).update(repeating: 0, count: width &- lanes)
  }
}
