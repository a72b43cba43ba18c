// Numbers that may not fit their type. The standard library ends the process where `Int(x)`, `a + b` or `a * b` has no result; in
// the host's process nothing may. So a conversion goes through an initializer here or one that is labelled `clamping`, `exactly`
// or `truncatingIfNeeded`, and a size that is a sum or a product over layers through the functions below.
// scripts/check-conversions.sh and scripts/check.sh find others.

extension Int {
  /// The whole part of a number. Beyond what an Int holds it is the nearest end of the range, for NaN 0.
  @inlinable package init(clamping value: Double) {
    let whole = value.rounded(.towardZero)
    self = Int(exactly: whole) ?? (whole > 0 ? .max : whole < 0 ? .min : 0)
  }

  /// The sum of two sizes. Int.max stands for one that is no Int: no memory is that large, so whoever asks for it is refused.
  @inlinable package func addingClamped(_ other: Int) -> Int {
    let (sum, overflow) = addingReportingOverflow(other)
    return overflow ? .max : sum
  }

  /// The product of two sizes, likewise.
  @inlinable package func multipliedClamped(by other: Int) -> Int {
    let (product, overflow) = multipliedReportingOverflow(by: other)
    return overflow ? .max : product
  }
}

extension Int32 {
  /// The whole part of a number, likewise.
  @inlinable package init(clamping value: Double) { self.init(clamping: Int(clamping: value)) }
}

extension Sequence {
  /// The sum of a size over the elements; Int.max for one that is no Int.
  @inlinable package func total(_ size: (Element) -> Int) -> Int { reduce(0) { $0.addingClamped(size($1)) } }
}
