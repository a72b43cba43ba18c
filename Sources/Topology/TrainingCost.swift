/// Floating-point operations that a training step takes for one sample, updates of the pattern included, as Evci et al. 2020
/// (appendix H) count them: the multiplications and additions of the weights, three passes of them a step.
extension TopologyPlan {
  /// With f_S for the sparse layer and f_D for the dense one, dT the period: 3 f_S for growth at random; (3 f_S dT + 2 f_S +
  /// f_D) / (dT + 1) for growth by gradient, n f_D with the gradients of n batches, and at most c f_S in the place of f_D with c
  /// candidates for each connection; 2 f_S + f_D for growth by momentum, as published, although here the dense gradients
  /// are computed at updates only. 3 f_S when no update is to come.
  /// - forward: of a forward pass, and of dL/dx, through what takes part in them. - gradient: of dL/dW where it is computed in
  ///   each step. - dense: of a pass through all positions. - period: steps between updates, infinity when there are none.
  package func trainingFlops(forward: Double, gradient: Double, dense: Double, period: Double) -> Double {
    let step = 2 * forward + gradient
    guard period.isFinite, !hasSoftThreshold else { return step }
    let growth: Double
    switch grow {
    case .random, .unfired: return step
    case .momentum: return 2 * forward + dense
    case .gradient, .callback: growth = Double(gradientBatches) * dense
    case .sampled: growth = Double(gradientBatches) * min(candidates * gradient, dense)
    }
    return (step * period + 2 * forward + growth) / (period + 1)
  }
}
