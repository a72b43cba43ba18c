import KernelInterface

// Sums of squares by segment: ``SegmentArguments``. They say whether values are finite, and how large the largest can be; no
// result of training is made of them, so that their rounding may differ from machine to machine.

@inline(__always)
private func squares<V: Vector>(_ segment: Segment<V.Scalar>, _: V.Type) -> V.Scalar {
  // Four sums, or every addition would wait for the one before.
  var (a, b, c, d) = (V.zero, V.zero, V.zero, V.zero)
  var next = segment.values
  let end = next + segment.count
  @inline(__always)
  func add(_ i: Int, to sum: inout V) {
    let value = V(next + i &* V.scalarCount)
    sum = sum.adding(value, times: value)
  }
  while end - next >= 4 &* V.scalarCount {
    add(0, to: &a)
    add(1, to: &b)
    add(2, to: &c)
    add(3, to: &d)
    next += 4 &* V.scalarCount
  }
  while end - next >= V.scalarCount {
    add(0, to: &a)
    next += V.scalarCount
  }
  var rest: V.Scalar = 0
  while next < end {
    rest += next.pointee * next.pointee
    next += 1
  }
  return total((a + b) + (c + d)) + rest
}

@inline(__always)
private func squares<T: KernelScalar>(_ raw: UnsafeRawPointer, _ begin: Int, _ end: Int, _: T.Type) {
  let arguments = raw.assumingMemoryBound(to: SegmentArguments<T>.self).pointee
  for k in begin..<end { arguments.sums[k] = squares(arguments.segments[k], T.WidestSquares.self) }
}

func squaresOfSegments32(_ arguments: UnsafeRawPointer, _ begin: Int, _ end: Int) {
  squares(arguments, begin, end, Float.self)
}
func squaresOfSegments64(_ arguments: UnsafeRawPointer, _ begin: Int, _ end: Int) {
  squares(arguments, begin, end, Double.self)
}
