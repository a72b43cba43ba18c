import Base
import Graphs
import Layers
import Sparse
import Topology

// What a layer costs, and what its pattern has come to.
extension Network {
  /// What can be read of a layer with connections once it is built, each a number of the layer alone; the network's are sums, but
  /// for "explored", a share of all positions, and "dead_inputs", which are the first layer's.
  static var accounts: [String] { ["explored", "dropped", "grown", "training_flops", "dead_units", "dead_inputs"] }

  /// One of `accounts` for one layer.
  func account(_ trainer: Trainer<T>, _ name: String) -> Double {
    let kept = trainer.unit?.layer(trainer)
    switch name {
    case "explored": return Double(explored(trainer)) / positions(trainer)
    case "dropped": return Double(kept?.dropped ?? 0)
    case "grown": return Double(kept?.grown ?? 0)
    case "training_flops": return trainingFlops(trainer)
    case "dead_units": return Double(deadUnits(trainer))
    default: return Double(deadInputs(trainer))
    }
  }

  /// The same for all of them.
  func account(_ name: String) -> Double {
    switch name {
    case "explored":
      let all = trainers.reduce(0.0) { $0 + positions($1) }
      return all > 0 ? trainers.reduce(0.0) { $0 + Double(explored($1)) } / all : 0
    case "dead_inputs": return trainers.first { $0.connected != nil }.map { Double(deadInputs($0)) } ?? 0
    case "dead_units": return trainers.reduce(0.0) { $0 + ($1.connected == nil ? 0 : account($1, name)) }
    default: return trainers.reduce(0.0) { $0 + account($1, name) }
    }
  }

  private func positions(_ trainer: Trainer<T>) -> Double { Double(trainer.connected?.positions ?? 0) }

  /// Positions that have been connected since the layer got its topology method, R_s of Liu et al. 2021 times their number.
  private func explored(_ trainer: Trainer<T>) -> Int {
    trainer.unit?.layer(trainer)?.exploredCount ?? connections(trainer)
  }

  private func trainingFlops(_ trainer: Trainer<T>) -> Double {
    let forward = Double(trainer.layer.flops)
    let gradient = Double(trainer.connected?.gradientFlops ?? trainer.layer.flops)
    guard let unit = trainer.unit else { return 2 * forward + gradient }
    return unit.instance.plan.trainingFlops(
      forward: forward, gradient: gradient, dense: 2 * positions(trainer), period: period(unit))
  }

  /// Steps between a method's updates, infinity when none is to come; those of epochs as long as they have been so far.
  private func period(_ unit: TopologyUnit<T>) -> Double {
    let schedule = unit.instance.plan.schedule
    if unit.instance.hasEnded { return .infinity }
    guard schedule.clock == .epochs else { return Double(schedule.every) }
    return epochs > 0 ? Double(schedule.every) * Double(steps) / Double(epochs) : .infinity
  }

  /// Units that nothing reaches, or but for the last layer's from which nothing goes on.
  private func deadUnits(_ trainer: Trainer<T>) -> Int {
    let own = trainer.sparse?.pattern
    let goesOn = outputsThatGoOn(from: trainer.number)
    var dead = 0
    for unit in 0..<trainer.layer.outputs {
      let isReached = own.map { $0.rowStart[unit + 1] > $0.rowStart[unit] } ?? true
      if !isReached || !goesOn[unit] { dead += 1 }
    }
    return dead
  }

  /// Which outputs of a layer some layer with connections takes, directly or through layers that carry features on as they are.
  private func outputsThatGoOn(from number: Int) -> [Bool] {
    var goesOn: [Int: [Bool]] = [:]
    // Backwards, so that those that take from a layer are known before it.
    for position in stride(from: layers.count, through: number, by: -1) {
      var marks = [Bool](repeating: position == layers.count, count: layers[position - 1].outputs)
      for (taker, layer) in plan.layers.enumerated() {
        for (place, source) in layer.inputs.enumerated() where source == position {
          let pattern = trainers.first { $0.number == taker + 1 }?.sparse?.pattern
          for feature in marks.indices where !marks[feature] {
            if let carried = layer.kind.row.carries(feature, ofInput: place, plan.inputShapes(layer)) {
              marks[feature] = goesOn[taker + 1]?[carried] ?? true
            } else {
              marks[feature] = pattern.map { $0.columnStart[feature + 1] > $0.columnStart[feature] } ?? true
            }
          }
        }
      }
      goesOn[position] = marks
    }
    return goesOn[number] ?? []
  }

  /// Inputs that no unit of the layer is connected to.
  private func deadInputs(_ trainer: Trainer<T>) -> Int {
    guard let pattern = trainer.sparse?.pattern else { return 0 }
    var dead = 0
    for input in 0..<pattern.columns where pattern.columnStart[input + 1] == pattern.columnStart[input] { dead += 1 }
    return dead
  }
}
