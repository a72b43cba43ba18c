// As in Optimizer+Rules.swift.

extension PruningMethod {
  /// Every set of connections is equally likely to stay.
  public static func random(
    density: Double? = nil, scope: PruningScope? = nil, distribution: Distribution? = nil
  ) throws(Failure) -> Self {
    try Self(.random).with([
      ("density", number(density)), ("scope", number(scope)), ("distribution", number(distribution)),
    ])
  }

  /// The largest weights stay.
  public static func magnitude(
    density: Double? = nil, scope: PruningScope? = nil, distribution: Distribution? = nil, n: Int? = nil, m: Int? = nil
  ) throws(Failure) -> Self {
    try Self(.magnitude).with([
      ("density", number(density)), ("scope", number(scope)), ("distribution", number(distribution)), ("n", number(n)),
      ("m", number(m)),
    ])
  }

  /// SNIP: the largest products of weight and gradient stay (Lee et al. 2019).
  public static func snip(
    density: Double? = nil, scope: PruningScope? = nil, distribution: Distribution? = nil, rounds: Int? = nil,
    temperature: Double? = nil
  ) throws(Failure) -> Self {
    try Self(.snip).with([
      ("density", number(density)), ("scope", number(scope)), ("distribution", number(distribution)),
      ("rounds", number(rounds)), ("temperature", number(temperature)),
    ])
  }

  /// GraSP: what goes would hinder the flow of the gradient most (Wang et al. 2020).
  public static func grasp(
    density: Double? = nil, scope: PruningScope? = nil, distribution: Distribution? = nil, rounds: Int? = nil,
    temperature: Double? = nil
  ) throws(Failure) -> Self {
    try Self(.grasp).with([
      ("density", number(density)), ("scope", number(scope)), ("distribution", number(distribution)),
      ("rounds", number(rounds)), ("temperature", number(temperature)),
    ])
  }

  /// SynFlow: what stays carries the most from input to output, by weights alone (Tanaka et al. 2020).
  public static func synflow(
    density: Double? = nil, scope: PruningScope? = nil, distribution: Distribution? = nil, rounds: Int? = nil
  ) throws(Failure) -> Self {
    try Self(.synflow).with([
      ("density", number(density)), ("scope", number(scope)), ("distribution", number(distribution)),
      ("rounds", number(rounds)),
    ])
  }

  /// Optimal brain damage with the empirical Fisher matrix (LeCun et al. 1990).
  public static func fisher(
    density: Double? = nil, scope: PruningScope? = nil, distribution: Distribution? = nil, rounds: Int? = nil,
    temperature: Double? = nil
  ) throws(Failure) -> Self {
    try Self(.fisher).with([
      ("density", number(density)), ("scope", number(scope)), ("distribution", number(distribution)),
      ("rounds", number(rounds)), ("temperature", number(temperature)),
    ])
  }

  /// Optimal brain surgeon: the weights that stay make up for those that go (Hassibi and Stork 1993).
  public static func obs(
    density: Double? = nil, scope: PruningScope? = nil, distribution: Distribution? = nil, n: Int? = nil, m: Int? = nil,
    damping: Double? = nil
  ) throws(Failure) -> Self {
    try Self(.obs).with([
      ("density", number(density)), ("scope", number(scope)), ("distribution", number(distribution)), ("n", number(n)),
      ("m", number(m)), ("damping", number(damping)),
    ])
  }

  /// SparseGPT: the same end, input by input and much faster (Frantar and Alistarh 2023).
  public static func sparseGPT(
    density: Double? = nil, scope: PruningScope? = nil, distribution: Distribution? = nil, n: Int? = nil, m: Int? = nil,
    damping: Double? = nil, block: Int? = nil
  ) throws(Failure) -> Self {
    try Self(.sparseGPT).with([
      ("density", number(density)), ("scope", number(scope)), ("distribution", number(distribution)), ("n", number(n)),
      ("m", number(m)), ("damping", number(damping)), ("block", number(block)),
    ])
  }
}
