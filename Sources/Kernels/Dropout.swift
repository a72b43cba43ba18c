import KernelInterface

@inline(never)
func dropout<T: KernelScalar>(_ a: DropoutArguments<T>, _ begin: Int, _ end: Int) {
  let width = a.shape.width
  let threshold = dropThreshold(a.probability)
  let scale = T(1 / (1 - a.probability))
  for p in 0..<a.shape.count {
    let first = panelRow(p, begin, features: a.features, width: width)
    let last = first &+ (end &- begin) &* width
    // Rows of one sample may begin or end within a pair.
    for i in stride(from: first & ~1, to: last, by: 2) {
      let bits = dropBits(key: a.key, pair: UInt64(truncatingIfNeeded: i &>> 1))
      if i >= first { a.destination[i] = a.source[i] * (bits & 0xFFFF_FFFF < threshold ? 0 : scale) }
      if i &+ 1 < last { a.destination[i &+ 1] = a.source[i &+ 1] * (bits &>> 32 < threshold ? 0 : scale) }
    }
  }
}
