import Base
import KernelInterface
import Layers
import Machine
import Optimizers
import Sparse
import Topology

// What can be read of a network by name, and the table that shows it.
extension Network {
  /// Names of what `value(_:)` answers beside the options.
  static var readable: String {
    "inputs, outputs, layers, parameters, connections, max_batch, built, bound, threads, precision, seed, loss, steps, "
      + "bytes, flops, density, " + accounts.joined(separator: ", ")
  }

  /// An option or a property of the network by name; include/espalier.h lists them.
  public func value(_ name: String) throws(Failure) -> Double {
    if options.table.contains(where: { $0.name == name }) { return try options.get(name) }
    switch name {
    case "inputs": return Double(inputs)
    case "outputs": return Double(outputs)
    case "layers": return Double(layerCount)
    case "parameters": return Double(values?.count ?? 0)
    case "connections": return Double(trainers.total { connections($0) })
    case "max_batch": return Double(maximumBatch)
    case "built": return isBuilt ? 1 : 0
    case "bound": return isBound ? 1 : 0
    case "threads": return Double(isBuilt ? executor.threads : wantedThreads == 0 ? ThreadPool.defaultThreads() : wantedThreads)
    case "precision": return Double(T.bits)
    case "seed": return Double(seed)
    case "loss": return Double(loss.rawValue)
    case "steps": return Double(steps)
    case "bytes": return Double(bytes)
    case "flops": return Double(layers.total { $0.flops })
    case "density":
      let positions = trainers.reduce(0.0) { $0 + Double($1.layer.inputs) * Double($1.layer.outputs) }
      return positions > 0 ? Double(trainers.total { connections($0) }) / positions : 0
    default:
      if Self.accounts.contains(name) { return account(name) }
      throw Failure(
        .unknownName,
        "network: nothing named \"\(name)\"; there are "
          + "\(options.table.map(\.name).joined(separator: ", ")), \(Self.readable)")
    }
  }

  func connections(_ trainer: Trainer<T>) -> Int { trainer.layer.parameters.first?.count ?? 0 }

  /// Bytes that the library holds: indices, panels, moments, and parameters when they are its own.
  private var bytes: Int {
    var sum = layers.total { $0.bytes }
    for trainer in trainers { sum += (trainer.optimizer?.bytes ?? 0) + (trainer.remembered?.bytes ?? 0) }
    for unit in topologyUnits { sum += unit.bytes }
    if let own { sum += own.values.bytes + own.gradients.bytes }
    if let workspace {
      sum += workspace.input.bytes + workspace.target.bytes + workspace.nonFinite.bytes + workspace.losses.bytes
      sum += workspace.correct.bytes + workspace.inputGradient.bytes + workspace.scratch.bytes
      sum += workspace.gradientGuard.bytes
    }
    return sum + (order?.bytes ?? 0)
  }

  /// An option or a property of a layer by name.
  public func layerValue(_ layer: Int, _ name: String) throws(Failure) -> Double {
    let position = try index(layer)
    let built = isBuilt ? layers[position] : nil
    let inputs = width(before: layer)
    switch (descriptions[position], name) {
    case (_, "inputs"): return Double(inputs)
    case (_, "bytes"): return Double(built?.bytes ?? 0)
    case (_, "flops"): return Double(built?.flops ?? 0)
    case (_, "parameters"): return Double(built?.parameters.total { $0.capacity } ?? 0)
    case (.dropout(let probability), "probability"): return probability
    case (.dropout, "units"): return Double(inputs)
    case (.linear(let linear), "units"): return Double(linear.units)
    case (.linear(let linear), "activation"): return Double(linear.activation.rawValue)
    case (.linear(let linear), "bias"): return linear.hasBias ? 1 : 0
    case (.linear(let linear), "initializer"): return Double(linear.initializer.rawValue)
    case (.linear(let linear), "fixed_density"): return linear.hasFixedDensity ? 1 : 0
    case (.linear(let linear), "negative_slope"): return linear.negativeSlope
    case (.linear(let linear), "density"):
      guard let weights = built?.parameters.first else { return linear.density }
      return Double(weights.count) / (Double(inputs) * Double(linear.units))
    case (.linear, "connections"), (.linear, "index_bytes"), (.linear, "offset"), (.linear, "steps"),
      (.linear, "topology_updates"), (.linear, "threshold"):
      return try trainedValue(try trainer(layer), name)
    case (.linear, _) where Self.accounts.contains(name): return account(try trainer(layer), name)
    default:
      let kind = if case .linear = descriptions[position] { "linear" } else { "dropout" }
      throw Failure(.unknownName, "\(kind) layer \(layer): nothing named \"\(name)\"")
    }
  }

  private func trainedValue(_ trainer: Trainer<T>, _ name: String) throws(Failure) -> Double {
    switch name {
    case "connections": return Double(connections(trainer))
    case "index_bytes": return Double(trainer.sparse?.pattern?.indexBytes ?? 0)
    case "steps": return Double(trainer.steps)
    case "threshold": return trainer.unit?.layer(trainer)?.softThreshold ?? 0
    case "topology_updates": return Double(trainer.unit?.layer(trainer)?.updates ?? 0)
    default:
      var offset = 0
      for before in trainers {
        if before === trainer { break }
        offset += before.layer.parameters.total { $0.capacity }
      }
      return Double(offset)
    }
  }

  /// A table of the layers: number, kind, shape, activation, density, share of positions explored, connections, those that
  /// the last topology update dropped and grew, dead units, bytes, FLOPs a sample forward and in training.
  public func info() throws(Failure) -> String {
    _ = try requireBuilt("info")
    var rows = [
      [
        "layer", "kind", "in", "out", "activation", "density", "explored", "connections", "dropped", "grown", "dead", "bytes",
        "FLOPs/sample", "training",
      ]
    ]
    for (position, layer) in layers.enumerated() {
      var cells = ["\(position + 1)", type(of: layer).kind, "\(layer.inputs)", "\(layer.outputs)"]
      let trainer = trainers.first { $0.number == position + 1 }
      if let trainer, case .linear(let linear) = descriptions[position] {
        let density = Double(connections(trainer)) / (Double(layer.inputs) * Double(layer.outputs))
        cells += ["\(linear.activation)", Self.fixed(density), Self.fixed(account(trainer, "explored"))]
        cells += ["\(connections(trainer))"] + ["dropped", "grown", "dead_units"].map { Self.whole(account(trainer, $0)) }
      } else {
        cells += [String](repeating: "", count: 7)
      }
      let parameters = layer.parameters.total { $0.capacity } * MemoryLayout<T>.stride
      let training = trainer.map { Self.whole(account($0, "training_flops")) } ?? "0"
      cells += ["\(layer.bytes + parameters)", "\(layer.flops)", training]
      rows.append(cells)
    }
    var total = ["total", "", "\(inputs)", "\(outputs)", "", Self.fixed(try value("density")), Self.fixed(account("explored"))]
    total += ["\(trainers.total { connections($0) })"]
    total += ["dropped", "grown", "dead_units"].map { Self.whole(account($0)) }
    total += ["\(bytes)", "\(layers.total { $0.flops })", Self.whole(account("training_flops"))]
    rows.append(total)
    let widths = (0..<rows[0].count).map { column in rows.map { $0[column].count }.max() ?? 0 }
    // Words to the left, numbers to the right.
    let isWord = rows[0].map { $0 == "kind" || $0 == "activation" }
    return rows.map { row in
      row.indices.map { column in
        let padding = String(repeating: " ", count: widths[column] - row[column].count)
        return isWord[column] ? row[column] + padding : padding + row[column]
      }.joined(separator: "  ") + "\n"
    }.joined()
  }

  /// Rounded to a whole number; it may exceed what an integer holds.
  private static func whole(_ value: Double) -> String {
    value.magnitude < 0x1p63 ? "\(Int(clamping: value.rounded()))" : "\(value.rounded())"
  }

  /// Six digits after the point, without a locale.
  private static func fixed(_ value: Double) -> String {
    let millionths = Int(clamping: (value * 1_000_000).rounded())
    let fraction = String(millionths % 1_000_000)
    return "\(millionths / 1_000_000)." + String(repeating: "0", count: 6 - fraction.count) + fraction
  }
}
