// The standard normal distribution, Phi(z) = (1 + erf(z / sqrt 2)) / 2, and its density, for GELU.

/// Phi(z) and phi(z) = e^(-z^2 / 2) / sqrt(2 pi); NaN for NaN. Phi is within a few units in the last place of its larger side
/// everywhere, and for -6 < z < 0 of itself, but for what z^2 / 2 loses.
///
/// Up to sqrt 2 Phi = 1/2 + z P(z^2), beyond it 1 - Phi = e^(-z^2 / 2) Q((z - 4) / (z + 4)), mirrored for negative z. P and Q
/// interpolate at Chebyshev's points, P in [0, 2] and Q for z from sqrt 2 to 6, computed with 50 digits; relative errors 1.4e-9
/// and 2.7e-9 for Float, 9e-18 and 2e-19 for Double.
@inline(__always)
func normalDistribution<V: Vector>(_ z: V) -> (distribution: V, density: V) {
  // Beyond it all is 0 or 1, and nothing overflows.
  let most = V(repeating: 40)
  let size = magnitude(z)
  let bounded = size.replacing(with: most, where: most, isBelow: size)
  let square = bounded * bounded
  let exponent = exponential(square * V(repeating: -0.5))
  let (four, half) = (V(repeating: 4), V(repeating: 0.5))
  let tail = exponent * upperTail((bounded - four) / (bounded + four))
  let far = (V(repeating: 1) - tail).replacing(with: tail, where: z, isBelow: .zero)
  let near = half.adding(z, times: centralSlope(square))
  let distribution = far.replacing(with: near, where: square, isBelow: V(repeating: 2))
  return (distribution, exponent * V(repeating: 0.398_942_280_401_432_678))
}

/// P above.
@inline(__always)
private func centralSlope<V: Vector>(_ x: V) -> V {
  @inline(__always)
  func next(_ sum: V, _ coefficient: V.Scalar) -> V { V(repeating: coefficient).adding(sum, times: x) }
  if MemoryLayout<V.Scalar>.size == 4 {
    var sum = V(repeating: 4.350_847_39e-07)
    sum = next(sum, -8.857_467_35e-06)
    sum = next(sum, 0.000_114_663_716)
    sum = next(sum, -0.001_186_799_71)
    sum = next(sum, 0.009_973_382_92)
    sum = next(sum, -0.066_490_358_4)
    sum = next(sum, 0.398_942_28)
    return sum
  }
  var sum = V(repeating: -1.345_833_233_890_982_9e-13)
  sum = next(sum, 4.737_085_292_648_260_7e-12)
  sum = next(sum, -1.119_250_860_259_355_1e-10)
  sum = next(sum, 2.271_501_082_181_806e-09)
  sum = next(sum, -4.122_415_107_289_681_1e-08)
  sum = next(sum, 6.659_672_481_574_838e-07)
  sum = next(sum, -9.444_655_101_548_686e-06)
  sum = next(sum, 0.000_115_434_687_211_209_26)
  sum = next(sum, -0.001_187_328_215_396_773_6)
  sum = next(sum, 0.009_973_557_010_026_872_6)
  sum = next(sum, -0.066_490_380_066_905_067)
  sum = next(sum, 0.398_942_280_401_432_7)
  return sum
}

/// Q above.
@inline(__always)
private func upperTail<V: Vector>(_ x: V) -> V {
  @inline(__always)
  func next(_ sum: V, _ coefficient: V.Scalar) -> V { V(repeating: coefficient).adding(sum, times: x) }
  if MemoryLayout<V.Scalar>.size == 4 {
    var sum = V(repeating: 0.000_789_015_941)
    sum = next(sum, 0.000_540_617_49)
    sum = next(sum, -0.008_498_534_05)
    sum = next(sum, 0.030_862_04)
    sum = next(sum, -0.071_707_404_3)
    sum = next(sum, 0.124_379_307)
    sum = next(sum, -0.170_397_721)
    sum = next(sum, 0.094_410_641_2)
    return sum
  }
  var sum = V(repeating: 2.538_730_130_462_548_9e-07)
  sum = next(sum, 6.550_920_652_604_120_2e-07)
  sum = next(sum, -8.426_653_080_796_042e-07)
  sum = next(sum, -4.306_241_560_461_247_9e-06)
  sum = next(sum, 4.632_471_225_402_545_9e-06)
  sum = next(sum, 2.864_867_981_054_378_9e-05)
  sum = next(sum, -4.555_491_838_066_772_9e-05)
  sum = next(sum, -0.000_187_184_284_198_137_45)
  sum = next(sum, 0.000_638_813_852_631_550_12)
  sum = next(sum, 0.000_507_562_075_267_624_63)
  sum = next(sum, -0.008_492_095_482_191_534_8)
  sum = next(sum, 0.030_864_804_106_320_823)
  sum = next(sum, -0.071_707_407_337_734_119)
  sum = next(sum, 0.124_379_255_339_263_35)
  sum = next(sum, -0.170_397_721_548_455_45)
  sum = next(sum, 0.094_410_641_301_968_939)
  return sum
}
