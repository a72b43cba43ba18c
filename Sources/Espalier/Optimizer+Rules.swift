// The rules, methods and criteria as functions of their options, under the names that they have in C and Fortran. An argument
// that is not given has the library's default. What options mean, and in which ranges, is in include/espalier.h. A value out of
// its range is refused here; options that contradict each other are refused where the description is used.

extension Optimizer {
  /// Stochastic gradient descent.
  public static func sgd(
    learningRate: Double? = nil, momentum: Double? = nil, dampening: Double? = nil, nesterov: Bool? = nil,
    weightDecay: Double? = nil, schedule: Schedule? = nil, stepSize: Int? = nil, gamma: Double? = nil, period: Int? = nil,
    minimumRate: Double? = nil, warmup: Int? = nil, warmupStart: Double? = nil
  ) throws(Failure) -> Self {
    try Self(.sgd).with([
      ("learning_rate", number(learningRate)), ("momentum", number(momentum)), ("dampening", number(dampening)),
      ("nesterov", number(nesterov)), ("weight_decay", number(weightDecay)), ("schedule", number(schedule)),
      ("step_size", number(stepSize)), ("gamma", number(gamma)), ("period", number(period)),
      ("minimum_rate", number(minimumRate)), ("warmup", number(warmup)), ("warmup_start", number(warmupStart)),
    ])
  }

  /// RMSProp (Hinton).
  public static func rmsprop(
    learningRate: Double? = nil, alpha: Double? = nil, epsilon: Double? = nil, momentum: Double? = nil, centered: Bool? = nil,
    weightDecay: Double? = nil, schedule: Schedule? = nil, stepSize: Int? = nil, gamma: Double? = nil, period: Int? = nil,
    minimumRate: Double? = nil, warmup: Int? = nil, warmupStart: Double? = nil
  ) throws(Failure) -> Self {
    try Self(.rmsprop).with([
      ("learning_rate", number(learningRate)), ("alpha", number(alpha)), ("epsilon", number(epsilon)),
      ("momentum", number(momentum)), ("centered", number(centered)), ("weight_decay", number(weightDecay)),
      ("schedule", number(schedule)), ("step_size", number(stepSize)), ("gamma", number(gamma)), ("period", number(period)),
      ("minimum_rate", number(minimumRate)), ("warmup", number(warmup)), ("warmup_start", number(warmupStart)),
    ])
  }

  /// Adagrad (Duchi et al. 2011).
  public static func adagrad(
    learningRate: Double? = nil, lrDecay: Double? = nil, initialAccumulator: Double? = nil, epsilon: Double? = nil,
    weightDecay: Double? = nil, schedule: Schedule? = nil, stepSize: Int? = nil, gamma: Double? = nil, period: Int? = nil,
    minimumRate: Double? = nil, warmup: Int? = nil, warmupStart: Double? = nil
  ) throws(Failure) -> Self {
    try Self(.adagrad).with([
      ("learning_rate", number(learningRate)), ("lr_decay", number(lrDecay)),
      ("initial_accumulator", number(initialAccumulator)), ("epsilon", number(epsilon)),
      ("weight_decay", number(weightDecay)), ("schedule", number(schedule)), ("step_size", number(stepSize)),
      ("gamma", number(gamma)), ("period", number(period)), ("minimum_rate", number(minimumRate)), ("warmup", number(warmup)),
      ("warmup_start", number(warmupStart)),
    ])
  }

  /// Adam (Kingma and Ba 2015). Weight decay is added to the gradient.
  public static func adam(
    learningRate: Double? = nil, beta1: Double? = nil, beta2: Double? = nil, epsilon: Double? = nil, amsgrad: Bool? = nil,
    weightDecay: Double? = nil, schedule: Schedule? = nil, stepSize: Int? = nil, gamma: Double? = nil, period: Int? = nil,
    minimumRate: Double? = nil, warmup: Int? = nil, warmupStart: Double? = nil
  ) throws(Failure) -> Self {
    try Self(.adam).with([
      ("learning_rate", number(learningRate)), ("beta1", number(beta1)), ("beta2", number(beta2)),
      ("epsilon", number(epsilon)), ("amsgrad", number(amsgrad)), ("weight_decay", number(weightDecay)),
      ("schedule", number(schedule)), ("step_size", number(stepSize)), ("gamma", number(gamma)), ("period", number(period)),
      ("minimum_rate", number(minimumRate)), ("warmup", number(warmup)), ("warmup_start", number(warmupStart)),
    ])
  }

  /// Adam with decoupled weight decay (Loshchilov and Hutter 2019).
  public static func adamw(
    learningRate: Double? = nil, beta1: Double? = nil, beta2: Double? = nil, epsilon: Double? = nil, amsgrad: Bool? = nil,
    weightDecay: Double? = nil, schedule: Schedule? = nil, stepSize: Int? = nil, gamma: Double? = nil, period: Int? = nil,
    minimumRate: Double? = nil, warmup: Int? = nil, warmupStart: Double? = nil
  ) throws(Failure) -> Self {
    try Self(.adamw).with([
      ("learning_rate", number(learningRate)), ("beta1", number(beta1)), ("beta2", number(beta2)),
      ("epsilon", number(epsilon)), ("amsgrad", number(amsgrad)), ("weight_decay", number(weightDecay)),
      ("schedule", number(schedule)), ("step_size", number(stepSize)), ("gamma", number(gamma)), ("period", number(period)),
      ("minimum_rate", number(minimumRate)), ("warmup", number(warmup)), ("warmup_start", number(warmupStart)),
    ])
  }

}
