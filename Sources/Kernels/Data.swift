import KernelInterface

// What moves data: packing and unpacking by transposing squares of four by four, and dropout.

/// Four vectors, one of each position: the transpose of the square that they are.
@inline(__always)
private func transpose<T>(
  _ a: SIMD4<T>, _ b: SIMD4<T>, _ c: SIMD4<T>, _ d: SIMD4<T>
) -> (SIMD4<T>, SIMD4<T>, SIMD4<T>, SIMD4<T>) {
  (
    SIMD4(a[0], b[0], c[0], d[0]), SIMD4(a[1], b[1], c[1], d[1]), SIMD4(a[2], b[2], c[2], d[2]),
    SIMD4(a[3], b[3], c[3], d[3])
  )
}

/// A single sample is copied.
private func packSingle<T: KernelScalar>(_ a: PackArguments<T>, _ begin: Int, _ end: Int) {
  let x = a.source + (a.samples.map { Int($0[0]) } ?? 0) &* a.features
  for block in begin..<end {
    var residue = SIMD4<T>.zero
    var f = 16 &* block
    let last = min(f &+ 16, a.features)
    while f &+ 4 <= last {
      let v = SIMD4(x + f)
      residue += v - v
      v.store(to: a.panels + f)
      f &+= 4
    }
    while f < last {
      residue[0] += x[f] - x[f]
      a.panels[f] = x[f]
      f &+= 1
    }
    a.nonFinite?[block] = residue == .zero ? 0 : 1
  }
}

@inline(never)
func pack<T: KernelScalar>(_ a: PackArguments<T>, _ begin: Int, _ end: Int) {
  let (shape, features) = (a.shape, a.features)
  if shape.width == 1 { return packSingle(a, begin, end) }
  @inline(__always)
  func sample(_ s: Int) -> UnsafePointer<T> { a.source + (a.samples.map { Int($0[s]) } ?? s) &* features }
  for block in begin..<end {
    let first = 16 &* block
    let last = min(first &+ 16, features)
    // Stays 0 as long as what is added is finite: inf - inf and NaN - NaN are NaN.
    var residue = SIMD4<T>.zero
    for p in 0..<shape.count {
      let base = p &* shape.width
      let lanes = min(shape.width, shape.batch &- base)
      let panel = a.panels + panelRow(p, 0, features: features, width: shape.width)
      var lane = 0
      while lane &+ 4 <= lanes {
        let s = base &+ lane
        let (x0, x1, x2, x3) = (sample(s), sample(s &+ 1), sample(s &+ 2), sample(s &+ 3))
        var f = first
        while f &+ 4 <= last {
          let (v0, v1, v2, v3) = (SIMD4(x0 + f), SIMD4(x1 + f), SIMD4(x2 + f), SIMD4(x3 + f))
          residue += ((v0 - v0) + (v1 - v1)) + ((v2 - v2) + (v3 - v3))
          let (r0, r1, r2, r3) = transpose(v0, v1, v2, v3)
          let row = panel + (f &* shape.width &+ lane)
          r0.store(to: row)
          r1.store(to: row + shape.width)
          r2.store(to: row + 2 &* shape.width)
          r3.store(to: row + 3 &* shape.width)
          f &+= 4
        }
        while f < last {
          let v = SIMD4(x0[f], x1[f], x2[f], x3[f])
          residue += v - v
          v.store(to: panel + (f &* shape.width &+ lane))
          f &+= 1
        }
        lane &+= 4
      }
      while lane < shape.width {
        let x = lane < lanes ? sample(base &+ lane) : nil
        for f in first..<last {
          let value = x?[f] ?? 0
          residue[0] += value - value
          panel[f &* shape.width &+ lane] = value
        }
        lane &+= 1
      }
    }
    a.nonFinite?[block] = residue == .zero ? 0 : 1
  }
}

@inline(never)
func unpack<T: KernelScalar>(_ a: UnpackArguments<T>, _ begin: Int, _ end: Int) {
  let (shape, features) = (a.shape, a.features)
  let (first, last) = (16 &* begin, min(16 &* end, features))
  if shape.width == 1 { return (a.destination + first).update(from: a.panels + first, count: max(last &- first, 0)) }
  for p in 0..<shape.count {
    let base = p &* shape.width
    let lanes = min(shape.width, shape.batch &- base)
    let panel = a.panels + panelRow(p, 0, features: features, width: shape.width)
    var lane = 0
    while lane &+ 4 <= lanes {
      let y = a.destination + (base &+ lane) &* features
      var f = first
      while f &+ 4 <= last {
        let row = panel + (f &* shape.width &+ lane)
        let (r0, r1, r2, r3) = transpose(
          SIMD4(row), SIMD4(row + shape.width), SIMD4(row + 2 &* shape.width), SIMD4(row + 3 &* shape.width))
        r0.store(to: y + f)
        r1.store(to: y + (features &+ f))
        r2.store(to: y + (2 &* features &+ f))
        r3.store(to: y + (3 &* features &+ f))
        f &+= 4
      }
      while f < last {
        for i in 0..<4 { y[i &* features &+ f] = panel[f &* shape.width &+ lane &+ i] }
        f &+= 1
      }
      lane &+= 4
    }
    while lane < lanes {
      let y = a.destination + (base &+ lane) &* features
      for f in first..<last { y[f] = panel[f &* shape.width &+ lane] }
      lane &+= 1
    }
  }
}

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
