import KernelInterface

// Softmax over the channels at each place of each sample: lanes are samples, so a vector of them goes down the channels together.
// A unit is a place of a panel.

/// The largest value of each lane; NaN where there is one.
@inline(__always)
func largest<V: Vector>(_ column: UnsafePointer<V.Scalar>, _ channels: Int, step: Int) -> V {
  var result = V(repeating: -.infinity)
  for i in 0..<channels {
    let value = V(column + i &* step)
    result = value.replacing(with: result, where: value, isAtMost: result)
  }
  return result
}

/// Where the first channel of a unit's place is.
@inline(__always)
func softmaxColumn<T>(_ unit: Int, _ a: SoftmaxArguments<T>) -> Int {
  let panel = a.places == 1 ? unit : unit / a.places
  return panelRow(panel, unit &- panel &* a.places, features: a.channels &* a.places, width: a.shape.width)
}

func softmaxForward<T: KernelScalar>(_ a: SoftmaxArguments<T>, _ begin: Int, _ end: Int) {
  switch bytesOfRow(a.shape, T.self) {
  case MemoryLayout<T>.stride: softmaxForward(a, begin, end, Lane<T>.self)
  case 16: softmaxForward(a, begin, end, T.Lanes16Bytes.V.self)
  default: softmaxForward(a, begin, end, T.Lanes32Bytes.V.self)
  }
}

@inline(never)
private func softmaxForward<V: Vector>(_ a: SoftmaxArguments<V.Scalar>, _ begin: Int, _ end: Int, _: V.Type) {
  let (channels, step) = (a.channels, a.places &* a.shape.width)
  for unit in begin..<end {
    for lane in stride(from: 0, to: a.shape.width, by: V.scalarCount) {
      let column = a.output + (softmaxColumn(unit, a) &+ lane)
      let most: V = largest(UnsafePointer(column), channels, step: step)
      var sum = V.zero
      for i in 0..<channels {
        let e = exponential(V(UnsafePointer(column + i &* step)) - most)
        e.store(to: column + i &* step)
        sum += e
      }
      for i in 0..<channels { (V(UnsafePointer(column + i &* step)) / sum).store(to: column + i &* step) }
    }
  }
}

func softmaxBackward<T: KernelScalar>(_ a: SoftmaxArguments<T>, _ begin: Int, _ end: Int) {
  switch bytesOfRow(a.shape, T.self) {
  case MemoryLayout<T>.stride: softmaxBackward(a, begin, end, Lane<T>.self)
  case 16: softmaxBackward(a, begin, end, T.Lanes16Bytes.V.self)
  default: softmaxBackward(a, begin, end, T.Lanes32Bytes.V.self)
  }
}

@inline(never)
private func softmaxBackward<V: Vector>(_ a: SoftmaxArguments<V.Scalar>, _ begin: Int, _ end: Int, _: V.Type) {
  guard let gradient = a.gradient else { return }
  let (channels, step) = (a.channels, a.places &* a.shape.width)
  for unit in begin..<end {
    for lane in stride(from: 0, to: a.shape.width, by: V.scalarCount) {
      let first = softmaxColumn(unit, a) &+ lane
      var inner = V.zero
      for i in 0..<channels {
        let at = first &+ i &* step
        inner = inner.adding(V(UnsafePointer(a.output + at)), times: V(UnsafePointer(gradient + at)))
      }
      for i in 0..<channels {
        let at = first &+ i &* step
        (V(UnsafePointer(a.output + at)) * (V(UnsafePointer(gradient + at)) - inner)).store(to: gradient + at)
      }
    }
  }
}
