import KernelInterface

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

// Losses, a vector of samples at a time. Definitions: include/espalier.h; gradients: PyTorch's. What is summed is summed in
// double, one sum a sample.

/// One double a lane of a vector of at most 32 bytes.
typealias LaneSums = SIMD8<Double>

@inline(__always)
private func add<V: Vector>(_ values: V, to sums: inout LaneSums) {
  for lane in 0..<V.scalarCount { sums[lane] += Double(values[lane]) }
}

func loss<T: KernelScalar>(_ a: LossArguments<T>, _ begin: Int, _ end: Int) {
  switch bytesOfRow(a.shape, T.self) {
  case MemoryLayout<T>.stride: loss(a, begin, end, Lane<T>.self)
  case 16: loss(a, begin, end, T.Lanes16Bytes.V.self)
  default: loss(a, begin, end, T.Lanes32Bytes.V.self)
  }
}

@inline(never)
private func loss<V: Vector>(_ a: LossArguments<V.Scalar>, _ begin: Int, _ end: Int, _: V.Type) {
  let width = a.shape.width
  for p in begin..<end {
    var total = 0.0
    var correct: Int64 = 0
    for lane in stride(from: 0, to: width, by: V.scalarCount) {
      let first = panelRow(p, 0, features: a.outputs, width: width) &+ lane
      let sample = p &* width &+ lane
      let live = min(max(a.shape.batch &- sample, 0), V.scalarCount)
      if a.kind == .softmaxCrossEntropy, a.places > 1 {
        lossOfPlaces(a, first: first, sample: sample, live: live, &total, &correct, V.self)
        continue
      }
      let column = LossColumn<V>(arguments: a, first: first)
      let losses: LaneSums
      switch a.kind {
      case .softmaxCrossEntropy: losses = column.softmaxCrossEntropy(sample: sample, live: live)
      case .meanSquaredError: losses = column.meanSquaredError(live: live)
      case .binaryCrossEntropy, .huber: losses = column.elementwise(live: live)
      }
      for i in 0..<live {
        total += losses[i]
        if a.labels != nil, a.correct != nil, column.isCorrect(lane: i, label: label(a, sample &+ i)) { correct &+= 1 }
      }
    }
    a.losses[p] = total
    a.correct?[p] = correct
  }
}

/// Softmax cross-entropy of some samples, place by place. - first: offset of their first output. - total, correct: are added to.
@inline(never)
private func lossOfPlaces<V: Vector>(
  _ a: LossArguments<V.Scalar>, first: Int, sample: Int, live: Int, _ total: inout Double, _ correct: inout Int64, _: V.Type
) {
  var whole = a
  whole.outputs = a.outputs / a.places
  whole.gradientScale = a.gradientScale / Double(a.places)
  var losses = LaneSums.zero
  for place in 0..<a.places {
    let column = LossColumn<V>(
      arguments: whole, first: first &+ place &* a.shape.width, stride: a.places &* a.shape.width, place: place)
    losses += column.softmaxCrossEntropy(sample: sample, live: live)
    guard a.labels != nil, a.correct != nil else { continue }
    for i in 0..<live where column.isCorrect(lane: i, label: label(a, sample &+ i, place)) { correct &+= 1 }
  }
  for i in 0..<live { total += losses[i] / Double(a.places) }
}

/// Class of a sample of the batch, from 0. - a: with labels.
@inline(__always)
private func label<T>(_ a: LossArguments<T>, _ sample: Int, _ place: Int = 0) -> Int {
  guard let labels = a.labels else { return 0 }
  return Int(labels[(a.samples.map { Int($0[sample]) } ?? sample) &* a.places &+ place]) &- Int(a.labelBase)
}

/// The outputs of a vector of samples, or those at one place.
private struct LossColumn<V: Vector> {
  /// `outputs` being those of the column.
  let arguments: LossArguments<V.Scalar>
  /// Offset of the first output in the panels, and of each from the one before it.
  let first: Int
  let stride: Int
  let place: Int

  @inline(__always)
  init(arguments: LossArguments<V.Scalar>, first: Int, stride: Int? = nil, place: Int = 0) {
    self.arguments = arguments
    self.first = first
    self.stride = stride ?? arguments.shape.width
    self.place = place
  }

  @inline(__always)
  func at(_ i: Int) -> Int { first &+ i &* stride }

  @inline(__always)
  func output(_ i: Int) -> V { V(arguments.output + at(i)) }

  @inline(__always)
  func target(_ i: Int) -> V { arguments.target.map { V($0 + at(i)) } ?? .zero }

  /// `value` in the first `live` lanes, 0 in the others.
  @inline(__always)
  func masked(_ value: V, _ live: Int) -> V {
    var result = value
    if live < V.scalarCount { for lane in max(live, 0)..<V.scalarCount { result[lane] = 0 } }
    return result
  }

  /// Whether the label's output is the first of the largest.
  func isCorrect(lane: Int, label: Int) -> Bool {
    let y = arguments.output + (first &+ lane)
    let own = y[label &* stride]
    for i in 0..<label where !(y[i &* stride] < own) { return false }
    for i in label..<arguments.outputs where !(y[i &* stride] <= own) { return false }
    return true
  }

  @inline(__always)
  func meanSquaredError(live: Int) -> LaneSums {
    var losses = LaneSums.zero
    let scale = V(repeating: V.Scalar(2 * arguments.gradientScale / Double(arguments.outputs)))
    for i in 0..<arguments.outputs {
      let e = output(i) - target(i)
      add(e * e, to: &losses)
      if let gradient = arguments.gradient { masked(e * scale, live).store(to: gradient + at(i)) }
    }
    return losses / LaneSums(repeating: Double(arguments.outputs))
  }

  @inline(__always)
  func elementwise(live: Int) -> LaneSums {
    var losses = LaneSums.zero
    let scale = arguments.gradientScale / Double(arguments.outputs)
    for i in 0..<arguments.outputs {
      let (y, t) = (output(i), target(i))
      var slopes = V.zero
      for lane in 0..<live {
        let (value, slope) = elementLoss(arguments.kind, y: Double(y[lane]), t: Double(t[lane]), delta: arguments.delta)
        losses[lane] += value
        slopes[lane] = V.Scalar(slope * scale)
      }
      if let gradient = arguments.gradient { slopes.store(to: gradient + at(i)) }
    }
    return losses / LaneSums(repeating: Double(arguments.outputs))
  }

  /// -sum t log softmax(y) = log sum e^(y - m) + m - y_label, or sum t (log sum e^(y - m) + m - y); m is the largest output.
  /// The gradient is sum(t) softmax(y) - t.
  @inline(__always)
  func softmaxCrossEntropy(sample: Int, live: Int) -> LaneSums {
    let most: V = largest(arguments.output + first, arguments.outputs, step: stride)
    var (sums, mass, losses) = (LaneSums.zero, LaneSums.zero, LaneSums.zero)
    for i in 0..<arguments.outputs {
      let e = exponential(output(i) - most)
      add(e, to: &sums)
      if let gradient = arguments.gradient { e.store(to: gradient + at(i)) }
    }
    // log sum e^(y - m), and what e^(y - m) is multiplied by in the gradient.
    var (logarithm, factor) = (V.zero, V.zero)
    if arguments.labels != nil {
      for lane in 0..<live {
        let own = arguments.output[at(label(arguments, sample &+ lane, place)) &+ lane]
        losses[lane] = log(sums[lane]) + (Double(most[lane]) - Double(own))
        factor[lane] = V.Scalar(arguments.gradientScale / sums[lane])
      }
    } else {
      for lane in 0..<live { logarithm[lane] = V.Scalar(log(sums[lane])) }
      for i in 0..<arguments.outputs {
        let t = target(i)
        add(t, to: &mass)
        add(t * (logarithm + (most - output(i))), to: &losses)
      }
      for lane in 0..<live { factor[lane] = V.Scalar(arguments.gradientScale * mass[lane] / sums[lane]) }
    }
    guard let gradient = arguments.gradient else { return losses }
    let scale = V(repeating: V.Scalar(arguments.gradientScale))
    for i in 0..<arguments.outputs {
      let probability = V(UnsafePointer(gradient + at(i))) * factor
      masked(probability - target(i) * scale, live).store(to: gradient + at(i))
    }
    if arguments.labels != nil {
      for lane in 0..<live { gradient[at(label(arguments, sample &+ lane, place)) &+ lane] -= scale[0] }
    }
    return losses
  }
}
