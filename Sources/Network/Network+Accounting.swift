import Base
import Graphs
import Layers
import Sparse
import Topology

/// Names of what can be read of the network and of its layers with connections.
private let networkAccounts = ["explored", "dropped", "grown", "training_flops", "dead_units", "dead_inputs"]

/// Names of what can be read of a network and of its layers beside options, for those who look names up.
package let networkProperties =
  [
    "inputs", "outputs", "labels_per_sample", "layers", "parameters", "connections", "max_batch", "built", "bound", "threads",
    "precision", "seed", "loss", "steps", "bytes", "flops", "density",
  ] + networkAccounts
/// Those of layers with connections, beside what all layers have.
package let layerProperties = ["connections", "index_bytes", "offset", "steps", "topology_updates", "threshold"]

// What a layer costs, and what its pattern has come to.
extension Network {
  /// What can be read of a layer with connections once it is built, each a number of the layer alone; the network's are sums, but
  /// for "explored", a share of all positions, and "dead_inputs", which are the first layer's.
  static var accounts: [String] { networkAccounts }

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
    guard let marks = workspace?.goesOn.pointer else { return 0 }
    // Backwards, so that those that take from a layer are known before it.
    var end = layers.count
    while end >= trainer.number {
      markOutputsThatGoOn(from: end, marks)
      end -= 1
    }
    let own = trainer.sparse?.pattern
    let goesOn = marks + place(ofOutputs: trainer.number)
    var dead = 0
    for unit in 0..<trainer.layer.outputs {
      let isReached = own.map { $0.rowStart[unit + 1] > $0.rowStart[unit] } ?? true
      if !isReached || goesOn[unit] == 0 { dead += 1 }
    }
    return dead
  }

  /// Where a layer's marks begin among those of all.
  private func place(ofOutputs number: Int) -> Int {
    var place = 0
    for position in 0..<number - 1 { place += layers[position].outputs }
    return place
  }

  /// Mark with 1 which outputs of a layer some layer with connections takes, directly or through layers that carry features on as
  /// they are. - marks: of the outputs of all layers one after the other, those of later layers known.
  private func markOutputsThatGoOn(from number: Int, _ marks: UnsafeMutablePointer<UInt8>) {
    let own = marks + place(ofOutputs: number)
    let count = layers[number - 1].outputs
    own.update(repeating: number == layers.count ? 1 : 0, count: count)
    for taker in number..<layers.count {
      var pattern: Pattern?
      for trainer in trainers where trainer.number == taker + 1 { pattern = trainer.sparse?.pattern }
      let later = marks + place(ofOutputs: taker + 1)
      for input in 0..<plan.layers[taker].inputs.count where plan.layers[taker].inputs[input] == number {
        guard let pattern else {
          layers[taker].carry(later, toInput: input, own, count: count)
          continue
        }
        for feature in 0..<count where pattern.columnStart[feature + 1] > pattern.columnStart[feature] { own[feature] = 1 }
      }
    }
  }

  /// Inputs that no unit of the layer is connected to.
  private func deadInputs(_ trainer: Trainer<T>) -> Int {
    guard let pattern = trainer.sparse?.pattern else { return 0 }
    var dead = 0
    for input in 0..<pattern.columns where pattern.columnStart[input + 1] == pattern.columnStart[input] { dead += 1 }
    return dead
  }
}
