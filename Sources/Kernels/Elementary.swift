// Elementary functions on vectors, to about two units in the last place.

/// e^x = 2^n (1 + p): n is the integer nearest to x / ln 2, p = e^r - 1 for the rest r, |r| <= ln 2 / 2, by Taylor's series up
/// to r^7 / 7! for Float and r^13 / 13! for Double, beyond which a term is below half a unit in the last place.
/// - x: finite, and such that 2^n is a normal number.
@inline(__always)
private func exponentialParts<V: Vector>(_ x: V) -> (power: V, p: V) {
  typealias T = V.Scalar
  let single = MemoryLayout<T>.size == 4
  // 1.5 * 2^(bits of the fraction): a small number added to it leaves its nearest integer in the last bits.
  let shift = V(repeating: single ? 0x1.8p23 : 0x1.8p52)
  // ln 2 in two parts, the first with so few bits that its product with n is exact (Cody and Waite 1980).
  let (high, low): (T, T) = single ? (0x1.62ep-1, 0x1.0bfbe8p-15) : (0x1.62e42feep-1, 0x1.a39ef35793c76p-33)
  let shifted = shift.adding(x, times: V(repeating: 1.442_695_040_888_963_4))
  let n = shifted - shift
  let r = x.adding(n, times: V(repeating: -high)).adding(n, times: V(repeating: -low))
  @inline(__always)
  func next(_ series: V, _ coefficient: T) -> V { V(repeating: coefficient).adding(series, times: r) }
  var series: V
  if single {
    series = V(repeating: 1 / 5040)
  } else {
    series = next(V(repeating: 1 / 6_227_020_800), 1 / 479_001_600)
    series = next(series, 1 / 39_916_800)
    series = next(series, 1 / 3_628_800)
    series = next(series, 1 / 362_880)
    series = next(series, 1 / 40_320)
    series = next(series, 1 / 5_040)
  }
  series = next(series, 1 / 720)
  series = next(series, 1 / 120)
  series = next(series, 1 / 24)
  series = next(series, 1 / 6)
  series = next(series, 1 / 2)
  let p = r.adding(series * r, times: r)
  // The integer n, in the last bits of `shifted`, is added to the exponent of 1.
  let bits = unsafeBitCast(shifted, to: V.MaskStorage.self) &<< V.MaskStorage(repeating: single ? 23 : 52)
  return (unsafeBitCast(unsafeBitCast(V(repeating: 1), to: V.MaskStorage.self) &+ bits, to: V.self), p)
}

/// e^x; 0 where it would be subnormal, infinity above 127.5 ln 2 (Float) or 1023.5 ln 2 (Double), NaN for NaN.
@inline(__always)
func exponential<V: Vector>(_ x: V) -> V {
  let single = MemoryLayout<V.Scalar>.size == 4
  // The last arguments whose 2^n is normal.
  let (least, most): (V.Scalar, V.Scalar) = single ? (-87.33, 88.37) : (-708.39, 709.4)
  let (lower, upper) = (V(repeating: least), V(repeating: most))
  let inside = x.replacing(with: lower, where: x, isBelow: lower).replacing(with: upper, where: upper, isBelow: x)
  let (power, p) = exponentialParts(inside)
  let result = power.adding(p, times: power)
  return result.replacing(with: .zero, where: x, isBelow: lower)
    .replacing(with: V(repeating: .infinity), where: upper, isBelow: x)
}

/// e^x - 1 for x <= 0, summed so that nothing cancels near 0; of larger x that for 0. NaN for NaN.
@inline(__always)
func exponentialLessOne<V: Vector>(_ x: V) -> V {
  let least = V(repeating: MemoryLayout<V.Scalar>.size == 4 ? -87.33 : -708.39)
  let inside = x.replacing(with: least, where: x, isBelow: least).replacing(with: .zero, where: .zero, isBelow: x)
  let (power, p) = exponentialParts(inside)
  return (power - V(repeating: 1)).adding(p, times: power)
}

/// log(1 + x) for 0 <= x <= 1: 2 (s + s^3 / 3 + s^5 / 5 + ...), s = x / (2 + x) <= 1/3, as far as terms matter.
@inline(__always)
func logarithmOfOne<V: Vector>(plus x: V) -> V {
  let s = x / (V(repeating: 2) + x)
  let square = s * s
  var terms = MemoryLayout<V.Scalar>.size == 4 ? 8 : 17
  var series = V.zero
  while terms > 0 {
    series = V(repeating: 1 / V.Scalar(2 * terms + 1)).adding(series, times: square)
    terms -= 1
  }
  return (s + s).adding((s + s) * square, times: series)
}

@inline(__always)
func magnitude<V: Vector>(_ x: V) -> V { x.replacing(with: V.zero - x, where: x, isBelow: .zero) }

/// 1 / (1 + e^-z), without overflow on either side.
@inline(__always)
func sigmoid<V: Vector>(_ z: V) -> V {
  let e = exponential(V.zero - magnitude(z))
  return V(repeating: 1).replacing(with: e, where: z, isBelow: .zero) / (V(repeating: 1) + e)
}

/// tanh z = (e^2|z| - 1) / (e^2|z| + 1) with the sign of z; e^2|z| - 1 is summed so that nothing cancels near 0.
@inline(__always)
func hyperbolicTangent<V: Vector>(_ z: V) -> V {
  // From here on the result rounds to 1.
  let most: V.Scalar = MemoryLayout<V.Scalar>.size == 4 ? 9.1 : 19.1
  let size = magnitude(z)
  let (power, p) = exponentialParts(
    (size + size).replacing(with: V(repeating: 2 * most), where: V(repeating: most), isBelow: size))
  let excess = (power - V(repeating: 1)).adding(p, times: power)
  let result = excess / (excess + V(repeating: 2))
  return result.replacing(with: V.zero - result, where: z, isBelow: .zero)
}
