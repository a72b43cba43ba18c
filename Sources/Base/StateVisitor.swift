/// Goes through what training leaves behind, array by array. Whoever holds such state shows it in one place, by `visit`, always in
/// the same order; whatever is to be done with all state is a visitor.
package protocol StateVisitor {
  /// - name: of the array, the only one of its owner.
  mutating func visit<E: BitwiseCopyable>(_ name: StaticString, _ array: Buffer<E>)
}
