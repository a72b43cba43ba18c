import Base
import KernelInterface
import Machine
import Sparse

/// An optimizer at work on one or several parameters (the weights and the bias of a layer): hyperparameters, one step count,
/// and for every parameter moments of its own, in the order of its elements.
///
/// Not for use by two threads at a time.
package final class OptimizerInstance<T: Scalar>: Stateful {
  fileprivate struct State {
    let parameter: Parameter<T>
    /// nil: not needed so far.
    var moments: [Buffer<T>?]
  }

  package private(set) var optimizer: Optimizer
  /// Steps taken.
  package private(set) var steps = 0
  private let rule: any OptimizerRule.Type
  private let kernel: Kernel
  private var states: [State]
  /// 1 when the last step left a weight that is no finite number.
  private let nonFinite: Buffer<Int32>
  /// Whether a step has used moment 0.
  private var started = false
  /// Whether the next check can find nothing: the last one found nothing, and what it looked at stays.
  private var isSettled = false
  /// The largest magnitude of a gradient, after scaling, that a step can take without overflow of its own; as of the last
  /// `check`.
  package private(set) var largestGradient = 0.0

  /// - Throws: `outOfMemory`; `invalidArgument` for a hyperparameter that T cannot hold.
  package init(_ optimizer: Optimizer, parameters: [Parameter<T>]) throws(Failure) {
    self.optimizer = optimizer
    rule = optimizer.kind.rule
    kernel = rule.kernel(T.kernels)
    let none = [Buffer<T>?](repeating: nil, count: rule.moments)
    nonFinite = try Buffer(count: 1, of: "\(optimizer.options.owner), outcome of a step")
    states = parameters.map { State(parameter: $0, moments: none) }
    try optimizer.options.check(for: T.self)
    states = try completed(for: optimizer)
    // The first step asks for it, and making it allocates.
    if T.self == Float.self { prepare(UpdateStep<Float>.self) } else { prepare(UpdateStep<Double>.self) }
  }

  /// Set a hyperparameter, at any time; the state stays. The moments that it newly calls for ("momentum", "centered",
  /// "amsgrad") are allocated here and start at 0; those that it no longer calls for are kept as they are, for the day when
  /// it does again.
  /// - Throws: `unknownName`; `invalidArgument` for a value out of range; `invalidState` for "initial_accumulator" after the
  ///   first step; `outOfMemory`. Nothing has changed then.
  package func set(_ name: String, _ value: Double) throws(Failure) { adopt(try change(name, value)) }

  /// What `set` would make of this instance.
  package struct Change {
    fileprivate let optimizer: Optimizer
    fileprivate let states: [State]
    fileprivate let restarts: Bool
  }

  /// All of `set` that can fail, for a caller who has several instances to set, or none. - Throws: as `set`.
  package func change(_ name: String, _ value: Double) throws(Failure) -> Change {
    var changed = optimizer
    try changed.set(name, value)
    try changed.options.check(for: T.self)
    let starts = try !changed.options.table[changed.options.index(of: name)].isLive
    guard !starts || steps == 0 else {
      throw Failure(
        .invalidState, "\(changed.options.owner): \(name) must be set before the first step, got \(value) after \(steps)")
    }
    return Change(optimizer: changed, states: try completed(for: changed), restarts: starts)
  }

  /// The rest of `set`: nothing fails.
  package func adopt(_ change: Change) {
    states = change.states
    optimizer = change.optimizer
    isSettled = false
    if change.restarts { restart() }
  }

  /// An option, "rule", "steps" or "rate". - Throws: `unknownName`.
  package func get(_ name: String) throws(Failure) -> Double { try optimizer.get(name, steps: steps) }

  package func visit(_ visitor: inout some StateVisitor) {
    visitor.number("steps", &steps)
    visitor.number("started", &started)
    for (which, state) in states.enumerated() {
      visitor.enter("parameter", which)
      for (index, moment) in state.moments.enumerated() {
        visitor.enter("moment", index)
        visitor.array("values", moment)
        visitor.leave()
      }
      visitor.leave()
    }
    // The rate goes by the steps.
    isSettled = false
  }

  /// Whether `step` can be taken. - Throws: what `step` throws.
  @_specialize(where T == Float)
  @_specialize(where T == Double)
  package func check() throws(Failure) {
    if isSettled { return }
    try optimizer.check()
    let rate = optimizer.rate(after: steps)
    guard rate <= Option.limit(T.self) else {
      throw Failure(
        .invalidArgument,
        "\(optimizer.options.owner): the learning rate after \(steps) steps must be at most \(Option.limit(T.self)) in "
          + "float\(T.bits), got \(rate)")
    }
    largestGradient = rule.largestGradient(T.self, rate: rate)
    // By position, here and below: iterating would hold on to every state, which is much of a small network's step.
    var which = 0
    while which < states.count {
      guard states[which].parameter.values != nil, states[which].parameter.gradient != nil else {
        throw Failure(
          .invalidState, "\(optimizer.options.owner): \(states[which].parameter.name) have no place yet")
      }
      which &+= 1
    }
    // Parameters keep their place; only the rate may change with the steps.
    isSettled = optimizer.hasConstantRate
  }

  /// One step: every parameter's values and moments change in place, its gradient is only read. Nothing is allocated.
  /// - gradientScale: factor on the gradients, as from ``GlobalNorm``.
  /// - Throws: `invalidArgument` when options do not fit each other or the learning rate overflows; `invalidState` when a
  ///   parameter has no place. Nothing has changed then. `nonFinite` as `requireFinite`: the step has been made.
  package func step(gradientScale: Double = 1, executor: any Executor) throws(Failure) {
    try check()
    if !stepChecked(gradientScale: gradientScale, executor: executor) { try requireFinite("step") }
  }

  /// Look at every value. - Throws: `nonFinite`, naming the first that is NaN or infinite.
  package func requireFinite(_ call: StaticString) throws(Failure) {
    for state in states {
      guard let values = state.parameter.values else { continue }
      for i in 0..<state.parameter.count where !values[i].isFinite {
        throw Failure(
          .nonFinite,
          "\(call): \(state.parameter.name)[\(i)] (from 0) is \(values[i]) after a step of \(optimizer.options.owner), which "
            + "has been made")
      }
    }
  }

  /// The same right after `check`, which it leaves to the caller. - Returns: whether all values are finite now.
  @_specialize(where T == Float)
  @_specialize(where T == Double)
  package func stepChecked(gradientScale: Double, executor: any Executor) -> Bool { advance(gradientScale, executor) }

  // Apart from what is specialised: a generic function asks for the metadata of its locals first.
  @inline(never)
  private func advance(_ gradientScale: Double, _ executor: any Executor) -> Bool {
    nonFinite.pointer.pointee = 0
    let options = optimizer.options
    let rate = optimizer.rate(after: steps)
    let scale = T(gradientScale)
    var which = 0
    while which < states.count {
      if let values = states[which].parameter.values, let gradient = states[which].parameter.gradient {
        let step = UpdateStep(
          weights: values, gradient: UnsafePointer(gradient), count: states[which].parameter.count,
          moments: (moment(0, which), moment(1, which), moment(2, which)), gradientScale: scale, rate: rate,
          number: steps + 1, first: !started, nonFinite: nonFinite.pointer, kernel: kernel, executor: executor)
        if states[which].parameter.hasActiveRows {
          takeRuns(step, states[which].parameter, options)
        } else {
          rule.run(step, options)
        }
      }
      which &+= 1
    }
    steps += 1
    started = started || rule.needs(0, options)
    return nonFinite.pointer.pointee == 0
  }

  /// A step of the rows that have a gradient.
  @inline(never)
  private func takeRuns(_ step: UpdateStep<T>, _ parameter: Parameter<T>, _ options: OptionValues) {
    for number in 0..<parameter.runs {
      let (at, count) = parameter.run(number)
      rule.run(step.part(at, count), options)
    }
  }

  /// Move a parameter's moments with their connections, in place, after a change of its pattern. Grown slots are as new: 0,
  /// or Adagrad's "initial_accumulator". The step count stays, as it belongs to the layer.
  /// - remap: between patterns of at most `parameter.capacity` connections each.
  /// - Throws: `invalidArgument` for another remap or a parameter that is not this instance's. Nothing has changed then.
  package func remap(_ remap: SlotRemap, parameter: Parameter<T>) throws(Failure) {
    let capacity = parameter.capacity
    guard remap.oldCount <= capacity, remap.newCount <= capacity else {
      throw Failure(
        .invalidArgument,
        "\(parameter.name): remap must stay within \(capacity) connections, got \(remap.oldCount) to \(remap.newCount)")
    }
    let which = try index(of: parameter)
    var index = 0
    while index < states[which].moments.count {
      if let moment = states[which].moments[index] {
        remap.apply(to: moment.pointer, fill: T(rule.start(index, optimizer.options)))
      }
      index += 1
    }
  }

  /// The instance that takes this one's place when a parameter is about to move to another number of elements: the same
  /// options and steps, the parameter's moments remapped into room of their own, the others shared. Nothing has changed here.
  /// - capacity: of the parameter's new place, >= remap.newCount.
  /// - Throws: `outOfMemory`; `invalidArgument` for a parameter that is not this instance's.
  package func resized(_ remap: SlotRemap, parameter: Parameter<T>, capacity: Int) throws(Failure) -> OptimizerInstance<T> {
    var states = states
    let which = try index(of: parameter)
    for index in states[which].moments.indices {
      guard let moment = states[which].moments[index] else { continue }
      states[which].moments[index] = try remap.moved(
        moment, capacity: capacity, fill: T(rule.start(index, optimizer.options)),
        of: "\(parameter.name), \(optimizer.options.owner) moment")
    }
    return OptimizerInstance(self, states: states)
  }

  private init(_ other: OptimizerInstance<T>, states: [State]) {
    optimizer = other.optimizer
    steps = other.steps
    rule = other.rule
    kernel = other.kernel
    nonFinite = other.nonFinite
    self.states = states
    started = other.started
  }

  /// By position: in a training step, and generic sequences of the standard library allocate.
  private func index(of parameter: Parameter<T>) throws(Failure) -> Int {
    var which = 0
    while which < states.count, states[which].parameter !== parameter { which += 1 }
    guard which < states.count else {
      throw Failure(.invalidArgument, "\(parameter.name): not a parameter of this \(optimizer.options.owner)")
    }
    return which
  }

  /// A parameter's moment, in the order of its elements; nil when there is none so far. Numbers: see the rules' files.
  /// Valid as long as the instance.
  package func moment(_ index: Int, of parameter: Parameter<T>) -> UnsafeMutableBufferPointer<T>? {
    guard let state = states.first(where: { $0.parameter === parameter }), index < state.moments.count else { return nil }
    return state.moments[index]?.span
  }

  /// The same as a bare address, for a training step.
  @_specialize(where T == Float)
  @_specialize(where T == Double)
  package func address(ofMoment index: Int, of parameter: Parameter<T>) -> UnsafePointer<T>? {
    momentAddress(index, parameter)
  }

  // Apart from what is specialised: a generic function asks for the metadata of its locals first.
  @inline(never)
  private func momentAddress(_ index: Int, _ parameter: Parameter<T>) -> UnsafePointer<T>? {
    guard let which = try? self.index(of: parameter), index < states[which].moments.count,
      let moment = states[which].moments[index]
    else { return nil }
    return UnsafePointer(moment.pointer)
  }

  /// The momentum of each element: SGD's and RMSProp's buffer, Adam's m / (sqrt(v) + 1e-8).
  /// - momentum: receives parameter.count values. - Returns: false, and writes nothing, when the rule has none.
  @_specialize(where T == Float)
  @_specialize(where T == Double)
  package func copyMomentum(of parameter: Parameter<T>, into momentum: UnsafeMutablePointer<T>) -> Bool {
    gatherMomentum(parameter, momentum)
  }

  // Apart from what is specialised: a generic function asks for the metadata of its locals first.
  @inline(never)
  private func gatherMomentum(_ parameter: Parameter<T>, _ momentum: UnsafeMutablePointer<T>) -> Bool {
    guard let which = try? index(of: parameter), let place = rule.momentum(optimizer.options),
      let first = states[which].moments[place.numerator]?.pointer
    else { return false }
    let count = parameter.count
    if let second = place.square.flatMap({ states[which].moments[$0]?.pointer }) {
      for i in 0..<count { momentum[i] = first[i] / (second[i].squareRoot() + T(1e-8)) }
    } else {
      momentum.update(from: first, count: count)
    }
    return true
  }

  /// A moment that the coming step needs.
  private func moment(_ index: Int, _ which: Int) -> UnsafeMutablePointer<T>? {
    guard index < states[which].moments.count, rule.needs(index, optimizer.options) else { return nil }
    return states[which].moments[index]?.pointer
  }

  /// The states with all moments that `optimizer` calls for.
  private func completed(for optimizer: Optimizer) throws(Failure) -> [State] {
    var result = states
    for which in result.indices {
      let parameter = result[which].parameter
      for index in 0..<rule.moments where result[which].moments[index] == nil && rule.needs(index, optimizer.options) {
        let moment = try Buffer<T>(count: parameter.capacity, of: "\(parameter.name), \(optimizer.options.owner) moment")
        let start = rule.start(index, optimizer.options)
        if start != 0 { moment.span.update(repeating: T(start)) }
        result[which].moments[index] = moment
      }
    }
    return result
  }

  /// Forget the state and the step count; the hyperparameters stay. Nothing is allocated.
  package func reset() {
    steps = 0
    started = false
    restart()
  }

  private func restart() {
    for state in states {
      for (index, moment) in state.moments.enumerated() {
        moment?.span.update(repeating: T(rule.start(index, optimizer.options)))
      }
    }
  }
}
