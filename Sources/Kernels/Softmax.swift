import KernelInterface

// Softmax over the features of each sample: lanes are samples, so a vector of them goes down the features together.

/// The largest value of each lane; NaN where there is one.
@inline(__always)
func largest<V: Vector>(_ column: UnsafePointer<V.Scalar>, _ features: Int, width: Int) -> V {
  var result = V(repeating: -.infinity)
  for i in 0..<features {
    let value = V(column + i &* width)
    result = value.replacing(with: result, where: value, isAtMost: result)
  }
  return result
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
  let (features, width) = (a.features, a.shape.width)
  for p in begin..<end {
    for lane in stride(from: 0, to: width, by: V.scalarCount) {
      let column = a.output + (panelRow(p, 0, features: features, width: width) &+ lane)
      let most: V = largest(UnsafePointer(column), features, width: width)
      var sum = V.zero
      for i in 0..<features {
        let e = exponential(V(UnsafePointer(column + i &* width)) - most)
        e.store(to: column + i &* width)
        sum += e
      }
      for i in 0..<features { (V(UnsafePointer(column + i &* width)) / sum).store(to: column + i &* width) }
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
  let (features, width) = (a.features, a.shape.width)
  for p in begin..<end {
    for lane in stride(from: 0, to: width, by: V.scalarCount) {
      let first = panelRow(p, 0, features: features, width: width) &+ lane
      var inner = V.zero
      for i in 0..<features {
        let at = first &+ i &* width
        inner = inner.adding(V(UnsafePointer(a.output + at)), times: V(UnsafePointer(gradient + at)))
      }
      for i in 0..<features {
        let at = first &+ i &* width
        (V(UnsafePointer(a.output + at)) * (V(UnsafePointer(gradient + at)) - inner)).store(to: gradient + at)
      }
    }
  }
}
