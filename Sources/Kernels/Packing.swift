import CSystem
import KernelInterface

// The caller's rows of samples to panels and back, by transposing squares of four by four. A few samples at a time go through
// all features: a processor follows as many streams as that by itself, and as many lines are kept by its first-level cache
// even when samples lie a multiple of 4096 bytes apart, all in the same place of it. They go through so many features at once
// that what these are of a panel stays in the second-level cache until all of its lanes have been there.

/// Blocks of 16 features: at most 256 KiB of a panel.
private let blocksAtOnce = 64

/// The rows of a square of four by four, or of two squares beside each other: each four lanes are four features of one sample or,
/// transposed, four samples of one feature.
protocol Squares: SIMD where Scalar: KernelScalar {
  /// Four features of the first square's sample and, if there is a second square, of the second's.
  init(first: UnsafePointer<Scalar>, second: UnsafePointer<Scalar>)
  func store(first: UnsafeMutablePointer<Scalar>, second: UnsafeMutablePointer<Scalar>)
  /// The transposes of the squares that the vectors are the rows of. Spelled lane by lane in Swift, the optimizer takes its
  /// eight instructions apart and does not find all of them again.
  static func transpose(_ a: Self, _ b: Self, _ c: Self, _ d: Self) -> (Self, Self, Self, Self)
}

extension SIMD4: Squares where Scalar: KernelScalar {
  @inline(__always)
  init(first: UnsafePointer<Scalar>, second _: UnsafePointer<Scalar>) { self.init(first) }
  @inline(__always)
  func store(first: UnsafeMutablePointer<Scalar>, second _: UnsafeMutablePointer<Scalar>) { store(to: first) }
  @inline(__always)
  static func transpose(_ a: Self, _ b: Self, _ c: Self, _ d: Self) -> (Self, Self, Self, Self) {
    Scalar.transpose(a, b, c, d)
  }
}

#if ESPALIER_AVX2 || ESPALIER_AVX512
  extension SIMD8: Squares where Scalar == Float {
    @inline(__always)
    init(first: UnsafePointer<Float>, second: UnsafePointer<Float>) {
      self.init(lowHalf: SIMD4(first), highHalf: SIMD4(second))
    }
    @inline(__always)
    func store(first: UnsafeMutablePointer<Float>, second: UnsafeMutablePointer<Float>) {
      lowHalf.store(to: first)
      highHalf.store(to: second)
    }
    @inline(__always)
    static func transpose(_ a: Self, _ b: Self, _ c: Self, _ d: Self) -> (Self, Self, Self, Self) {
      let (ab, cd) = (csystem_low_f8(a, b), csystem_low_f8(c, d))
      let (ef, gh) = (csystem_high_f8(a, b), csystem_high_f8(c, d))
      return (
        csystem_low_pairs_f8(ab, cd), csystem_high_pairs_f8(ab, cd), csystem_low_pairs_f8(ef, gh),
        csystem_high_pairs_f8(ef, gh)
      )
    }
  }
#endif

extension Float {
  @inline(__always)
  static func transpose(
    _ a: SIMD4<Float>, _ b: SIMD4<Float>, _ c: SIMD4<Float>, _ d: SIMD4<Float>
  ) -> (SIMD4<Float>, SIMD4<Float>, SIMD4<Float>, SIMD4<Float>) {
    let (ab, cd) = (csystem_low_f4(a, b), csystem_low_f4(c, d))
    let (ef, gh) = (csystem_high_f4(a, b), csystem_high_f4(c, d))
    return (
      csystem_low_pairs_f4(ab, cd), csystem_high_pairs_f4(ab, cd), csystem_low_pairs_f4(ef, gh), csystem_high_pairs_f4(ef, gh)
    )
  }
}

extension Double {
  @inline(__always)
  static func transpose(
    _ a: SIMD4<Double>, _ b: SIMD4<Double>, _ c: SIMD4<Double>, _ d: SIMD4<Double>
  ) -> (SIMD4<Double>, SIMD4<Double>, SIMD4<Double>, SIMD4<Double>) {
    #if ESPALIER_AVX2 || ESPALIER_AVX512
      let (ab, cd) = (csystem_low_d4(a, b), csystem_low_d4(c, d))
      let (ef, gh) = (csystem_high_d4(a, b), csystem_high_d4(c, d))
      return (
        csystem_low_pairs_d4(ab, cd), csystem_high_pairs_d4(ab, cd), csystem_low_pairs_d4(ef, gh),
        csystem_high_pairs_d4(ef, gh)
      )
    #else
      return (
        SIMD4(a[0], b[0], c[0], d[0]), SIMD4(a[1], b[1], c[1], d[1]), SIMD4(a[2], b[2], c[2], d[2]),
        SIMD4(a[3], b[3], c[3], d[3])
      )
    #endif
  }
}

/// Asks for what lies 512 bytes behind four samples' features: so many streams are more than a processor follows across pages.
@inline(__always)
private func askAhead<T>(_ a: UnsafePointer<T>, _ b: UnsafePointer<T>, _ c: UnsafePointer<T>, _ d: UnsafePointer<T>) {
  csystem_prefetch(UnsafeRawPointer(a) + 512)
  csystem_prefetch(UnsafeRawPointer(b) + 512)
  csystem_prefetch(UnsafeRawPointer(c) + 512)
  csystem_prefetch(UnsafeRawPointer(d) + 512)
}

/// What is left of values that are multiplied by 0 and summed: 0, or NaN if one of them was not finite.
@inline(__always)
private func note<V: Vector>(_ residue: V, _ flag: UnsafeMutablePointer<UInt8>?) {
  if let flag, total(residue) != 0 { flag.pointee = 1 }
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
      residue = residue.adding(v, times: .zero)
      v.store(to: a.panels + f)
      f &+= 4
    }
    while f < last {
      residue[0] += 0 * x[f]
      a.panels[f] = x[f]
      f &+= 1
    }
    note(residue, a.nonFinite.map { $0 + block })
  }
}

/// The lanes of as many samples as a vector of squares has.
/// - sample: where the i-th of them is. - lanes: of feature 0.
@inline(__always)
private func pack<V: Squares & Vector>(
  _ a: PackArguments<V.Scalar>, _ begin: Int, _ end: Int, from sample: (Int) -> UnsafePointer<V.Scalar>,
  to lanes: UnsafeMutablePointer<V.Scalar>, _: V.Type
) {
  let second = V.scalarCount == 8 ? 4 : 0
  let (x0, x1, x2, x3) = (sample(0), sample(1), sample(2), sample(3))
  let (x4, x5, x6, x7) = (sample(second), sample(second &+ 1), sample(second &+ 2), sample(second &+ 3))
  let width = a.shape.width
  for block in begin..<end {
    // Two, or every addition would wait for the one before.
    var (residue, other) = (V.zero, V.zero)
    var f = 16 &* block
    let last = min(f &+ 16, a.features)
    askAhead(x0 + f, x1 + f, x2 + f, x3 + f)
    if second > 0 { askAhead(x4 + f, x5 + f, x6 + f, x7 + f) }
    while f &+ 4 <= last {
      let (r0, r1, r2, r3) = V.transpose(
        V(first: x0 + f, second: x4 + f), V(first: x1 + f, second: x5 + f), V(first: x2 + f, second: x6 + f),
        V(first: x3 + f, second: x7 + f))
      residue = residue.adding(r0, times: .zero).adding(r1, times: .zero)
      other = other.adding(r2, times: .zero).adding(r3, times: .zero)
      let row = lanes + f &* width
      r0.store(to: row)
      r1.store(to: row + width)
      r2.store(to: row + 2 &* width)
      r3.store(to: row + 3 &* width)
      f &+= 4
    }
    while f < last {
      for i in 0..<V.scalarCount {
        let value = sample(i)[f]
        residue[0] += 0 * value
        lanes[f &* width &+ i] = value
      }
      f &+= 1
    }
    note(residue + other, a.nonFinite.map { $0 + block })
  }
}

@inline(never)
func pack<T: KernelScalar>(_ a: PackArguments<T>, _ begin: Int, _ end: Int) {
  let (shape, features) = (a.shape, a.features)
  if let nonFinite = a.nonFinite { (nonFinite + begin).update(repeating: 0, count: end &- begin) }
  if shape.width == 1 { return packSingle(a, begin, end) }
  for p in 0..<shape.count {
    let base = p &* shape.width
    let count = min(shape.width, shape.batch &- base)
    let panel = a.panels + panelRow(p, 0, features: features, width: shape.width)
    for first in stride(from: begin, to: end, by: blocksAtOnce) {
      let last = min(first &+ blocksAtOnce, end)
      var lane = 0
      @inline(__always)
      func sample(_ i: Int) -> UnsafePointer<T> {
        let s = base &+ lane &+ i
        return a.source + (a.samples.map { Int($0[s]) } ?? s) &* features
      }
      while lane &+ T.WidestSquares.scalarCount <= count {
        pack(a, first, last, from: sample, to: panel + lane, T.WidestSquares.self)
        lane &+= T.WidestSquares.scalarCount
      }
      while lane &+ 4 <= count {
        pack(a, first, last, from: sample, to: panel + lane, SIMD4<T>.self)
        lane &+= 4
      }
      while lane < shape.width {
        let x = lane < count ? sample(0) : nil
        for block in first..<last {
          var residue = Lane<T>(0)
          for f in 16 &* block..<min(16 &* block &+ 16, features) {
            let value = x?[f] ?? 0
            residue.value += 0 * value
            panel[f &* shape.width &+ lane] = value
          }
          note(residue, a.nonFinite.map { $0 + block })
        }
        lane &+= 1
      }
    }
  }
}

/// The samples of as many lanes as a vector of squares has.
/// - lanes: of feature 0. - y: of the first of these samples.
@inline(__always)
private func unpack<V: Squares>(
  _ a: UnpackArguments<V.Scalar>, _ first: Int, _ last: Int, from lanes: UnsafePointer<V.Scalar>,
  to y: UnsafeMutablePointer<V.Scalar>, _: V.Type
) {
  let (width, features) = (a.shape.width, a.features)
  var f = first
  while f &+ 4 <= last {
    if f % 16 == 0 {
      let y = UnsafePointer(y + f)
      askAhead(y, y + features, y + 2 &* features, y + 3 &* features)
      if V.scalarCount == 8 { askAhead(y + 4 &* features, y + 5 &* features, y + 6 &* features, y + 7 &* features) }
    }
    let row = lanes + f &* width
    let (r0, r1, r2, r3) = V.transpose(V(row), V(row + width), V(row + 2 &* width), V(row + 3 &* width))
    let first = y + f
    let second = first + 4 &* features
    r0.store(first: first, second: second)
    r1.store(first: first + features, second: second + features)
    r2.store(first: first + 2 &* features, second: second + 2 &* features)
    r3.store(first: first + 3 &* features, second: second + 3 &* features)
    f &+= 4
  }
  while f < last {
    for i in 0..<V.scalarCount { y[i &* features &+ f] = lanes[f &* width &+ i] }
    f &+= 1
  }
}

@inline(never)
func unpack<T: KernelScalar>(_ a: UnpackArguments<T>, _ begin: Int, _ end: Int) {
  let (shape, features) = (a.shape, a.features)
  if shape.width == 1 {
    let (first, last) = (16 &* begin, min(16 &* end, features))
    return (a.destination + first).update(from: a.panels + first, count: max(last &- first, 0))
  }
  for p in 0..<shape.count {
    let base = p &* shape.width
    let lanes = min(shape.width, shape.batch &- base)
    let panel = a.panels + panelRow(p, 0, features: features, width: shape.width)
    for block in stride(from: begin, to: end, by: blocksAtOnce) {
      let (first, last) = (16 &* block, min(16 &* min(block &+ blocksAtOnce, end), features))
      var y = a.destination + base &* features
      var lane = 0
      while lane &+ T.WidestSquares.scalarCount <= lanes {
        unpack(a, first, last, from: panel + lane, to: y, T.WidestSquares.self)
        lane &+= T.WidestSquares.scalarCount
        y += T.WidestSquares.scalarCount &* features
      }
      while lane &+ 4 <= lanes {
        unpack(a, first, last, from: panel + lane, to: y, SIMD4<T>.self)
        lane &+= 4
        y += 4 &* features
      }
      while lane < lanes {
        for f in first..<last { y[f] = panel[f &* shape.width &+ lane] }
        lane &+= 1
        y += features
      }
    }
  }
}
