import KernelInterface

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

// Reference loops of softmax and of the losses. Definitions: include/espalier.h.

func referenceSoftmaxForward<T: KernelScalar>(_ arguments: SoftmaxArguments<T>, _ begin: Int, _ end: Int) {
  let (channels, step) = (arguments.channels, arguments.places * arguments.shape.width)
  for unit in begin..<end {
    let a = arguments.output + softmaxColumn(unit, arguments)
    for lane in 0..<arguments.shape.width {
      var largest = -T.infinity
      for i in 0..<channels where !(a[i * step + lane] <= largest) { largest = a[i * step + lane] }
      var sum: T = 0
      for i in 0..<channels { sum += T.exp(a[i * step + lane] - largest) }
      for i in 0..<channels { a[i * step + lane] = T.exp(a[i * step + lane] - largest) / sum }
    }
  }
}

func referenceSoftmaxBackward<T: KernelScalar>(_ arguments: SoftmaxArguments<T>, _ begin: Int, _ end: Int) {
  guard let gradient = arguments.gradient else { return }
  let (channels, step) = (arguments.channels, arguments.places * arguments.shape.width)
  for unit in begin..<end {
    let first = softmaxColumn(unit, arguments)
    for lane in first..<first + arguments.shape.width {
      var inner: T = 0
      for i in 0..<channels { inner += arguments.output[i * step + lane] * gradient[i * step + lane] }
      for i in 0..<channels {
        gradient[i * step + lane] = arguments.output[i * step + lane] * (gradient[i * step + lane] - inner)
      }
    }
  }
}

func referenceLoss<T: KernelScalar>(_ arguments: LossArguments<T>, _ begin: Int, _ end: Int) {
  let (outputs, width) = (arguments.outputs, arguments.shape.width)
  for p in begin..<end {
    let panel = panelRow(p, 0, features: outputs, width: width)
    var total = 0.0
    var correct: Int64 = 0
    for lane in 0..<width {
      let sample = p * width + lane
      guard sample < arguments.shape.batch else {
        for i in 0..<outputs { arguments.gradient?[panel + i * width + lane] = 0 }
        continue
      }
      if arguments.kind == .softmaxCrossEntropy, arguments.places > 1 {
        total += referencePlaces(arguments, panel + lane, sample, &correct)
        continue
      }
      let label = arguments.labels.map {
        Int($0[arguments.samples.map { Int($0[sample]) } ?? sample]) - Int(arguments.labelBase)
      }
      func y(_ i: Int) -> Double { Double(arguments.output[panel + i * width + lane]) }
      func t(_ i: Int) -> Double {
        label.map { $0 == i ? 1 : 0 } ?? arguments.target.map { Double($0[panel + i * width + lane]) } ?? 0
      }
      func setGradient(_ i: Int, _ value: Double) {
        arguments.gradient?[panel + i * width + lane] = T(value * arguments.gradientScale)
      }
      var loss = 0.0
      if arguments.kind == .softmaxCrossEntropy {
        var largest = -Double.infinity
        for i in 0..<outputs where !(y(i) <= largest) { largest = y(i) }
        var (sum, mass) = (0.0, 0.0)
        for i in 0..<outputs {
          sum += exp(y(i) - largest)
          mass += t(i)
        }
        let logSum = largest + log(sum)
        for i in 0..<outputs {
          if label == nil || label == i { loss += t(i) * (logSum - y(i)) }
          setGradient(i, exp(y(i) - largest) / sum * mass - t(i))
        }
      } else {
        for i in 0..<outputs {
          let (value, slope) = elementLoss(arguments.kind, y: y(i), t: t(i), delta: arguments.delta)
          loss += value
          setGradient(i, slope / Double(outputs))
        }
        loss /= Double(outputs)
      }
      total += loss
      if let label {
        if (0..<outputs).first(where: { i in (0..<outputs).allSatisfy { y($0) <= y(i) } }) == label { correct += 1 }
      }
    }
    arguments.losses[p] = total
    arguments.correct?[p] = correct
  }
}

/// The mean over places of the softmax cross-entropy of one sample.
private func referencePlaces<T: KernelScalar>(
  _ arguments: LossArguments<T>, _ first: Int, _ sample: Int, _ correct: inout Int64
) -> Double {
  let (places, classes) = (arguments.places, arguments.outputs / arguments.places)
  var loss = 0.0
  for place in 0..<places {
    func at(_ c: Int) -> Int { first + (c * places + place) * arguments.shape.width }
    let y = (0..<classes).map { Double(arguments.output[at($0)]) }
    var t = (0..<classes).map { c in arguments.target.map { Double($0[at(c)]) } ?? 0 }
    if let labels = arguments.labels {
      let row = arguments.samples.map { Int($0[sample]) } ?? sample
      let label = Int(labels[row * places + place]) - Int(arguments.labelBase)
      t[label] = 1
      if (0..<classes).first(where: { c in y.allSatisfy { $0 <= y[c] } }) == label { correct += 1 }
    }
    let most = y.reduce(-Double.infinity) { $0 < $1 ? $1 : $0 }
    let sum = y.reduce(0) { $0 + exp($1 - most) }
    let mass = t.reduce(0, +)
    for c in 0..<classes {
      if t[c] != 0 || y[c].isNaN { loss += t[c] * (most + log(sum) - y[c]) }
      let slope = exp(y[c] - most) / sum * mass - t[c]
      arguments.gradient?[at(c)] = T(slope * arguments.gradientScale / Double(places))
    }
  }
  return loss / Double(places)
}

/// The loss of one output, and its derivative, for the losses that are a mean over outputs.
@inline(__always)
func elementLoss(_ kind: LossKind, y: Double, t: Double, delta: Double) -> (value: Double, slope: Double) {
  let e = y - t
  switch kind {
  case .meanSquaredError:
    return (e * e, 2 * e)
  case .huber:
    let inside = e.magnitude <= delta
    let clipped = e > delta ? delta : (e < -delta ? -delta : e)
    return (inside ? 0.5 * e * e : delta * (e.magnitude - 0.5 * delta), clipped)
  case .binaryCrossEntropy:
    // -t log s(y) - (1 - t) log(1 - s(y)), rearranged so that nothing overflows (PyTorch's BCEWithLogitsLoss).
    return ((y > 0 ? y : 0) - y * t + log1p(exp(-y.magnitude)), sigmoid(Lane(y)).value - t)
  case .softmaxCrossEntropy:
    return (.nan, .nan)
  }
}
