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
    "inputs", "outputs", "labels_per_sample", "layers", "input_layers", "parameters", "connections", "max_batch", "built",
    "bound", "threads", "precision", "seed", "loss", "steps", "bytes", "flops", "density",
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
      forward: forward, gradient: gradient, dense: Double(trainer.connected?.connectionFlops ?? 2) * positions(trainer),
      period: period(unit))
  }

  /// Steps between a method's updates, infinity when none is to come; those of epochs as long as they have been so far.
  private func period(_ unit: TopologyUnit<T>) -> Double {
    let schedule = unit.instance.plan.schedule
    if unit.instance.hasEnded { return .infinity }
    guard schedule.clock == .epochs else { return Double(schedule.every) }
    return epochs > 0 ? Double(schedule.every) * Double(steps) / Double(epochs) : .infinity
  }

  /// Units that nothing reaches, or but for the last layer's from which nothing goes on. A channel that a convolution makes is one
  /// unit.
  private func deadUnits(_ trainer: Trainer<T>) -> Int {
    guard let marks = workspace?.goesOn.pointer else { return 0 }
    // Backwards, so that those that take from a layer are known before it.
    var end = layers.count
    while end >= trainer.number {
      markOutputsThatGoOn(from: end, marks)
      end -= 1
    }
    let goesOn = marks + place(ofOutputs: trainer.number)
    let outputs = trainer.layer.outputs
    let units = trainer.connected?.unitCount ?? outputs
    let places = outputs / max(1, units)
    var dead = 0
    for unit in 0..<units {
      var isAlive = false
      for place in 0..<places where goesOn[unit * places + place] != 0 { isAlive = true }
      if let connected = trainer.connected, !connected.isReached(unit) { isAlive = false }
      if !isAlive { dead += 1 }
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
      var sparse: (any Connected<T>)?
      for trainer in trainers where trainer.number == taker + 1 { sparse = trainer.sparse }
      let later = marks + place(ofOutputs: taker + 1)
      for input in 0..<plan.layers[taker].inputs.count where plan.layers[taker].inputs[input] == number {
        guard let sparse else {
          layers[taker].carry(later, toInput: input, own, count: count)
          continue
        }
        let places = count / max(1, sparse.inputCount)
        for taken in 0..<sparse.inputCount where sparse.isTaken(taken) {
          (own + taken * places).update(repeating: 1, count: places)
        }
      }
    }
  }

  /// Inputs, or channels, that no unit of the layer is connected to.
  private func deadInputs(_ trainer: Trainer<T>) -> Int {
    guard let layer = trainer.sparse else { return 0 }
    var dead = 0
    for input in 0..<layer.inputCount where !layer.isTaken(input) { dead += 1 }
    return dead
  }
}
