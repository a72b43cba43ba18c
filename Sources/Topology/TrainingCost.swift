/// Floating-point operations that a training step takes for one sample, updates of the pattern included, as Evci et al. 2020
/// (appendix H) count them: the multiplications and additions of the weights, three passes of them a step.
extension TopologyPlan {
  /// With f_S for the sparse layer and f_D for the dense one, dT the period: 3 f_S for growth at random; (3 f_S dT + 2 f_S +
  /// f_D) / (dT + 1) for growth by gradient, n f_D with the gradients of n batches, and at most c f_S in the place of f_D with c
  /// candidates for each connection; 2 f_S + f_D for growth by momentum, as published, although here the dense gradients
  /// are computed at updates only.
  /// - forward: of a forward pass through what takes part in it. - sparse: through all connections. - dense: through all
  ///   positions. - period: steps between updates, infinity when there are none.
  public func trainingFlops(forward: Double, sparse: Double, dense: Double, period: Double) -> Double {
    let step = forward + 2 * sparse
    let growth: Double
    switch grow {
    case .random, .unfired: return step
    case .momentum: return forward + sparse + dense
    case .gradient, .callback: growth = Double(gradientBatches) * dense
    case .sampled: growth = Double(gradientBatches) * min(candidates * sparse, dense)
    }
    guard period.isFinite else { return step }
    return (step * period + forward + sparse + growth) / (period + 1)
  }
}
