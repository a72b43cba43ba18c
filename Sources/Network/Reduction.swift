import Base
import Machine

/// How the caller sums gradients over the ranks of a data-parallel run before connections grow.
final class Reduction<T: Scalar>: Sendable {
  let body: Network<T>.ReductionBody

  init(_ body: @escaping Network<T>.ReductionBody) { self.body = body }
}

extension Network {
  /// Sum `values` over all ranks in place, as MPI_Allreduce does; false stops the update, with no pattern changed.
  /// - layer: its number.
  public typealias ReductionBody = @Sendable (_ layer: Int, _ values: UnsafeMutableBufferPointer<T>) -> Bool

  /// Have growth scores summed over ranks, a block of rows at a time, before positions are chosen; nil: no more. Any time.
  /// Patterns then stay the same on every rank, if they began so, the seed is the same, and the gradients of connections are
  /// summed by the caller between `backward` and `update`.
  public func setReduction(_ body: ReductionBody?) {
    blueprint.reduction = body.map { Reduction($0) }
    for layer in built?.store.layers ?? [] { layer.reduction = blueprint.reduction }
  }
}
