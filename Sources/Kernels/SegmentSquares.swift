import KernelInterface

// Sums of squares by segment: ``SegmentArguments``. They say whether values are finite, and how large the largest can be; no
// result of training is made of them, so that their rounding may differ from machine to machine.

@inline(__always)
private func squares<L: Lanes>(_ segment: Segment<L.V.Scalar>, _: L.Type) -> L.V.Scalar {
  // Several sums, or every addition would wait for the one before.
  var sums = L(repeating: 0)
  var next = segment.values
  let end = next + segment.count
  while end - next >= L.count {
    sums = sums.zip(L(next)) { $0.adding($1, times: $1) }
    next += L.count
  }
  var rest = L.V.zero
  while end - next >= L.V.scalarCount {
    let value = L.V(next)
    rest = rest.adding(value, times: value)
    next += L.V.scalarCount
  }
  var last: L.V.Scalar = 0
  while next < end {
    last += next.pointee * next.pointee
    next += 1
  }
  return total(sums.fold(into: rest)) + last
}

@inline(__always)
private func squares<T: KernelScalar>(_ raw: UnsafeRawPointer, _ begin: Int, _ end: Int, _: T.Type) {
  let arguments = raw.assumingMemoryBound(to: SegmentArguments<T>.self).pointee
  // From the last one: what is read next, by others, is mostly the beginning of the same arrays, which the cache still has then.
  for k in (begin..<end).reversed() { arguments.sums[k] = squares(arguments.segments[k], T.Lanes256Bytes.self) }
}

func squaresOfSegments32(_ arguments: UnsafeRawPointer, _ begin: Int, _ end: Int) {
  squares(arguments, begin, end, Float.self)
}
func squaresOfSegments64(_ arguments: UnsafeRawPointer, _ begin: Int, _ end: Int) {
  squares(arguments, begin, end, Double.self)
}
