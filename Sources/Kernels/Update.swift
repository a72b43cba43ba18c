import CSystem

// What the optimizers' kernels share: unaligned vectors of elements and the interpolation that PyTorch calls lerp.
//
// Every kernel applies one vector body to whole vectors and then to one partly filled vector, and uses only operations that
// IEEE 754 rounds correctly (no fused multiply-add). So an element's bits depend neither on where the range of a thread
// begins and ends nor on the instruction set.

/// The first `count` elements at `source`, 1 ... V.scalarCount, in a vector; the lanes beyond repeat the first element, so
/// that they raise no floating-point exception that the elements themselves do not raise.
@inline(__always)
func loadLanes<V: SIMD>(_ source: UnsafePointer<V.Scalar>, _ count: Int) -> V where V.Scalar: BitwiseCopyable {
  if count == V.scalarCount {
    // Of large layers all comes from memory, from several arrays at once, and the processor fetches too little ahead.
    csystem_prefetch(UnsafeRawPointer(source) + 512)
    return UnsafeRawPointer(source).loadUnaligned(as: V.self)
  }
  var vector = V(repeating: source[0])
  withUnsafeMutableBytes(of: &vector) {
    $0.copyMemory(from: UnsafeRawBufferPointer(UnsafeBufferPointer(start: source, count: count)))
  }
  return vector
}

@inline(__always)
func loadLanes<V: SIMD>(_ source: UnsafeMutablePointer<V.Scalar>, _ count: Int) -> V where V.Scalar: BitwiseCopyable {
  loadLanes(UnsafePointer(source), count)
}

/// The first `count` lanes, 1 ... V.scalarCount, to `destination`.
@inline(__always)
func storeLanes<V: SIMD>(_ vector: V, _ destination: UnsafeMutablePointer<V.Scalar>, _ count: Int)
where V.Scalar: BitwiseCopyable {
  if count == V.scalarCount {
    UnsafeMutableRawPointer(destination).storeBytes(of: vector, as: V.self)
  } else {
    withUnsafeBytes(of: vector) {
      UnsafeMutableRawPointer(destination).copyMemory(
        from: $0.baseAddress.unsafelyUnwrapped, byteCount: count * MemoryLayout<V.Scalar>.stride)
    }
  }
}

/// The larger of each pair of lanes; NaN in `b` wins, as NaN does in torch.maximum when `a` holds earlier values of b.
@inline(__always)
func larger<V: SIMD>(_ a: V, _ b: V) -> V where V.Scalar: BinaryFloatingPoint {
  var result = V()
  for lane in 0..<V.scalarCount { result[lane] = a[lane] > b[lane] ? a[lane] : b[lane] }
  return result
}

/// The smaller of each pair of lanes; `b` where one is NaN.
@inline(__always)
func smaller<V: SIMD>(_ a: V, _ b: V) -> V where V.Scalar: BinaryFloatingPoint {
  var result = V()
  for lane in 0..<V.scalarCount { result[lane] = a[lane] < b[lane] ? a[lane] : b[lane] }
  return result
}

/// start + weight (end - start), from the nearer end as torch.lerp does, so that weight 1 gives exactly `end`.
@inline(__always)
func interpolate<V: SIMD>(_ start: V, _ end: V, weight: V.Scalar) -> V where V.Scalar: BinaryFloatingPoint {
  let way = end - start
  return weight < 0.5 ? start + V(repeating: weight) * way : end - way * V(repeating: 1 - weight)
}

/// Whether all weights that a kernel writes are finite, found in what the processor has to spare.
struct Outcome<V: SIMD> where V.Scalar: BinaryFloatingPoint {
  /// 0, or NaN in the lane of a weight that is not finite.
  private var sum = V.zero

  @inline(__always)
  mutating func look(at weights: V) { sum += weights - weights }

  /// Set the flag if one was not. Threads that set it at the same time write the same.
  @inline(__always)
  func report(to flag: UnsafeMutablePointer<Int32>?) {
    var total = sum[0]
    for lane in 1..<V.scalarCount { total += sum[lane] }
    if total != 0 { flag?.pointee = 1 }
  }
}

/// `body(first, count)` for the elements of begin ..< end, `width` at a time and then the rest.
@inline(__always)
func inVectors(of width: Int, from begin: Int, to end: Int, _ body: (Int, Int) -> Void) {
  var at = begin
  while end - at >= width {
    body(at, width)
    at += width
  }
  if at < end { body(at, end - at) }
}
