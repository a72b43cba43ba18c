import KernelInterface

// Sums of squares by block: ``SumOfSquaresArguments``. Eight partial sums a block whatever the instruction set, added in
// order, so that the norm of a gradient has the same bits on every machine.

@inline(__always)
private func sumOfSquares<T: BinaryFloatingPoint & SIMDScalar & BitwiseCopyable>(
  _ raw: UnsafeRawPointer, _ begin: Int, _ end: Int, _: T.Type, widen: (SIMD8<T>) -> SIMD8<Double>
) {
  let a = raw.load(as: SumOfSquaresArguments<T>.self)
  for block in begin..<end {
    let first = block * SumOfSquaresArguments<T>.block
    let last = min(first + SumOfSquaresArguments<T>.block, a.count)
    var sums = SIMD8<Double>.zero
    var at = first
    while last - at >= 8 {
      let value = widen(loadLanes(a.values + at, 8))
      sums += value * value
      at += 8
    }
    var total = sums[0]
    for lane in 1..<8 { total += sums[lane] }
    while at < last {
      let value = Double(a.values[at])
      total += value * value
      at += 1
    }
    a.partials[block] = total
  }
}

func sumOfSquares32(_ arguments: UnsafeRawPointer, _ begin: Int, _ end: Int) {
  sumOfSquares(arguments, begin, end, Float.self) { SIMD8<Double>($0) }
}
func sumOfSquares64(_ arguments: UnsafeRawPointer, _ begin: Int, _ end: Int) {
  sumOfSquares(arguments, begin, end, Double.self) { $0 }
}
