// As in Optimizer+Rules.swift. Options beyond these are set by name.

extension TopologyMethod {
  /// The pattern stays as it was drawn or given.
  public static func `static`() -> Self { Self(.static) }

  /// SET: drop the smallest weights, grow at random (Mocanu et al. 2018).
  public static func set(
    every: Int? = nil, begin: Int? = nil, until: Int? = nil, dropFraction: Double? = nil, decay: DropDecay? = nil,
    minimumDropFraction: Double? = nil, published: Bool? = nil
  ) throws(Failure) -> Self {
    try Self(.set).with([
      ("every", number(every)), ("begin", number(begin)), ("until", number(until)), ("drop_fraction", number(dropFraction)),
      ("decay", number(decay)), ("minimum_drop_fraction", number(minimumDropFraction)), ("published", number(published)),
    ])
  }

  /// RigL: drop the smallest weights, grow where the gradient is largest (Evci et al. 2020).
  public static func rigl(
    every: Int? = nil, begin: Int? = nil, until: Int? = nil, dropFraction: Double? = nil, decay: DropDecay? = nil,
    minimumDropFraction: Double? = nil, gradientBatches: Int? = nil
  ) throws(Failure) -> Self {
    try Self(.rigl).with([
      ("every", number(every)), ("begin", number(begin)), ("until", number(until)), ("drop_fraction", number(dropFraction)),
      ("decay", number(decay)), ("minimum_drop_fraction", number(minimumDropFraction)),
      ("gradient_batches", number(gradientBatches)),
    ])
  }

  /// SNFS: grow by an exponential mean of gradients, spread over the layers by their momentum (Dettmers and Zettlemoyer 2019).
  public static func snfs(
    every: Int? = nil, begin: Int? = nil, until: Int? = nil, dropFraction: Double? = nil, decay: DropDecay? = nil,
    minimumDropFraction: Double? = nil, gradientBatches: Int? = nil, gradientDecay: Double? = nil, room: Double? = nil,
    published: Bool? = nil
  ) throws(Failure) -> Self {
    try Self(.snfs).with([
      ("every", number(every)), ("begin", number(begin)), ("until", number(until)), ("drop_fraction", number(dropFraction)),
      ("decay", number(decay)), ("minimum_drop_fraction", number(minimumDropFraction)),
      ("gradient_batches", number(gradientBatches)), ("gradient_decay", number(gradientDecay)), ("room", number(room)),
      ("published", number(published)),
    ])
  }

  /// ITOP: grow where there has never been a connection (Liu et al. 2021).
  public static func itop(
    every: Int? = nil, begin: Int? = nil, until: Int? = nil, dropFraction: Double? = nil, decay: DropDecay? = nil,
    minimumDropFraction: Double? = nil
  ) throws(Failure) -> Self {
    try Self(.itop).with([
      ("every", number(every)), ("begin", number(begin)), ("until", number(until)), ("drop_fraction", number(dropFraction)),
      ("decay", number(decay)), ("minimum_drop_fraction", number(minimumDropFraction)),
    ])
  }

  /// GraNet: thin to `finalDensity` while some connections regenerate by gradient (Liu et al. 2021).
  public static func granet(
    finalDensity: Double, densityEnd: Int, densityBegin: Int? = nil, every: Int? = nil, until: Int? = nil,
    dropFraction: Double? = nil, decay: DropDecay? = nil
  ) throws(Failure) -> Self {
    try Self(.granet).with([
      ("final_density", number(finalDensity)), ("density_end", number(densityEnd)), ("density_begin", number(densityBegin)),
      ("every", number(every)), ("until", number(until)), ("drop_fraction", number(dropFraction)), ("decay", number(decay)),
    ])
  }

  /// MEST: drop by weight and gradient, grow at random (Yuan et al. 2021).
  public static func mest(
    every: Int? = nil, begin: Int? = nil, until: Int? = nil, dropFraction: Double? = nil, decay: DropDecay? = nil,
    minimumDropFraction: Double? = nil, gradientWeight: Double? = nil, soft: Bool? = nil
  ) throws(Failure) -> Self {
    try Self(.mest).with([
      ("every", number(every)), ("begin", number(begin)), ("until", number(until)), ("drop_fraction", number(dropFraction)),
      ("decay", number(decay)), ("minimum_drop_fraction", number(minimumDropFraction)),
      ("gradient_weight", number(gradientWeight)), ("soft", number(soft)),
    ])
  }

  /// Top-KAST: forward goes through the largest weights only, backward through all that are stored (Jayakumar et al. 2020).
  public static func topKast(
    every: Int? = nil, begin: Int? = nil, until: Int? = nil, dropFraction: Double? = nil, decay: DropDecay? = nil,
    minimumDropFraction: Double? = nil, forwardShare: Double? = nil, explorationDecay: Double? = nil
  ) throws(Failure) -> Self {
    try Self(.topKast).with([
      ("every", number(every)), ("begin", number(begin)), ("until", number(until)), ("drop_fraction", number(dropFraction)),
      ("decay", number(decay)), ("minimum_drop_fraction", number(minimumDropFraction)),
      ("forward_share", number(forwardShare)), ("exploration_decay", number(explorationDecay)),
    ])
  }

  /// Gradual magnitude pruning: thin to `finalDensity` with a cubic ramp (Zhu and Gupta 2017).
  public static func gradual(
    finalDensity: Double, densityEnd: Int, densityBegin: Int? = nil, every: Int? = nil, densityPower: Double? = nil
  ) throws(Failure) -> Self {
    try Self(.gradual).with([
      ("final_density", number(finalDensity)), ("density_end", number(densityEnd)), ("density_begin", number(densityBegin)),
      ("every", number(every)), ("density_power", number(densityPower)),
    ])
  }

  /// AC/DC: `finalDensity` and all connections in turn, and `finalDensity` at last (Peste et al. 2021).
  public static func acdc(
    finalDensity: Double, densityEnd: Int, phase: Int, densityBegin: Int? = nil, every: Int? = nil
  ) throws(Failure) -> Self {
    try Self(.acdc).with([
      ("final_density", number(finalDensity)), ("density_end", number(densityEnd)), ("phase", number(phase)),
      ("density_begin", number(densityBegin)), ("every", number(every)),
    ])
  }

  /// DeepR: drop what changes its sign, grow as much at random (Bellec et al. 2018).
  public static func deepR(
    every: Int? = nil, begin: Int? = nil, until: Int? = nil, noise: Double? = nil, shrink: Double? = nil
  ) throws(Failure) -> Self {
    try Self(.deepR).with([
      ("every", number(every)), ("begin", number(begin)), ("until", number(until)), ("noise", number(noise)),
      ("shrink", number(shrink)),
    ])
  }

  /// Dynamic sparse reparameterisation: drop below a threshold that adapts, spread over the layers (Mostafa and Wang 2019).
  public static func dsr(
    every: Int? = nil, begin: Int? = nil, until: Int? = nil, dropFraction: Double? = nil, decay: DropDecay? = nil,
    minimumDropFraction: Double? = nil, threshold: Double? = nil, tolerance: Double? = nil, room: Double? = nil
  ) throws(Failure) -> Self {
    try Self(.dsr).with([
      ("every", number(every)), ("begin", number(begin)), ("until", number(until)), ("drop_fraction", number(dropFraction)),
      ("decay", number(decay)), ("minimum_drop_fraction", number(minimumDropFraction)), ("threshold", number(threshold)),
      ("tolerance", number(tolerance)), ("room", number(room)),
    ])
  }

  /// Grow by gradient among sampled positions, for layers whose dense gradient cannot be afforded (Heddes et al. 2024).
  public static func sampled(
    every: Int? = nil, begin: Int? = nil, until: Int? = nil, dropFraction: Double? = nil, decay: DropDecay? = nil,
    minimumDropFraction: Double? = nil, candidates: Double? = nil, sampling: CandidateSampling? = nil
  ) throws(Failure) -> Self {
    try Self(.sampled).with([
      ("every", number(every)), ("begin", number(begin)), ("until", number(until)), ("drop_fraction", number(dropFraction)),
      ("decay", number(decay)), ("minimum_drop_fraction", number(minimumDropFraction)), ("candidates", number(candidates)),
      ("sampling", number(sampling)),
    ])
  }

  /// SRigL: RigL with the same number of connections in every unit (Lasby et al. 2024).
  public static func srigl(
    every: Int? = nil, begin: Int? = nil, until: Int? = nil, dropFraction: Double? = nil, decay: DropDecay? = nil,
    minimumDropFraction: Double? = nil, ablation: Double? = nil
  ) throws(Failure) -> Self {
    try Self(.srigl).with([
      ("every", number(every)), ("begin", number(begin)), ("until", number(until)), ("drop_fraction", number(dropFraction)),
      ("decay", number(decay)), ("minimum_drop_fraction", number(minimumDropFraction)), ("ablation", number(ablation)),
    ])
  }

  /// STR: forward takes a threshold off every weight, which is learned with the weights (Kusupati et al. 2020).
  public static func str(
    until: Int? = nil, every: Int? = nil, dropFraction: Double? = nil, thresholdStart: Double? = nil,
    thresholdDecay: Double? = nil, thresholdRate: Double? = nil
  ) throws(Failure) -> Self {
    try Self(.str).with([
      ("until", number(until)), ("every", number(every)), ("drop_fraction", number(dropFraction)),
      ("threshold_start", number(thresholdStart)), ("threshold_decay", number(thresholdDecay)),
      ("threshold_rate", number(thresholdRate)),
    ])
  }
}
