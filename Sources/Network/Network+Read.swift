import Base
import Graphs
import KernelInterface
import Layers
import Machine
import Optimizers
import Sparse
import Topology

// What can be read of a network by name, and the table that shows it.
extension Network {
  // Specialised, as what does not know its element type asks for memory all along, and who looks must not.

  /// An option or a property of the network by name; include/espalier.h lists them.
  @_specialize(where T == Float)
  @_specialize(where T == Double)
  public func value(_ name: String) throws(Failure) -> Double {
    if options.contains(name) { return try options.get(name) }
    switch name {
    case "inputs": return Double(inputs)
    case "outputs": return Double(outputs)
    case "labels_per_sample": return Double(labelsPerSample)
    case "input_layers": return Double(plan.layers.count { $0.kind == .input })
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
    case "bytes": return Double(held.total)
    case "flops": return Double(layers.total { $0.flops })
    case "density":
      let positions = trainers.reduce(0.0) { $0 + Double($1.connected?.positions ?? 0) }
      return positions > 0 ? Double(trainers.total { connections($0) }) / positions : 0
    default:
      if Self.accounts.contains(name) { return account(name) }
      throw Failure(
        .unknownName,
        "network: nothing named \"\(name)\"; there are "
          + "\(options.table.map(\.name).joined(separator: ", ")), \(networkProperties.joined(separator: ", "))")
    }
  }

  func connections(_ trainer: Trainer<T>) -> Int { trainer.connected?.weights.count ?? 0 }

  /// Connections over positions of a layer with connections.
  private func density(_ trainer: Trainer<T>) -> Double {
    Double(connections(trainer)) / Double(trainer.connected?.positions ?? 1)
  }

  /// An option or a property of a layer by name.
  @_specialize(where T == Float)
  @_specialize(where T == Double)
  public func layerValue(_ layer: Int, _ name: String) throws(Failure) -> Double {
    let position = try plan.index(layer)
    let asked = plan.layers[position]
    let built = isBuilt ? layers[position] : nil
    switch name {
    case "inputs":
      var features = 0
      for source in asked.inputs { features = features.addingClamped(plan.features(of: source)) }
      return Double(features)
    case LayerOption.units: return Double(plan.shapes[position].features)
    case "bytes": return Double(isBuilt ? held.layers[position] : 0)
    case "flops": return Double(built?.flops ?? 0)
    case "parameters":
      for trainer in trainers where trainer.number == layer { return Double(trainer.capacity) }
      return 0
    case LayerOption.density where built != nil && asked.hasConnections: return density(try trainer(layer))
    default: break
    }
    if asked.options.contains(name) { return try asked.options.get(name) }
    if asked.hasParameters, name == "offset" || name == "steps" { return trainedValue(try learner(layer), name) }
    guard asked.hasConnections, layerProperties.contains(name) || Self.accounts.contains(name) else {
      throw Failure(.unknownName, "\(asked.owner): nothing named \"\(name)\"")
    }
    return trainedValue(try trainer(layer), name)
  }

  /// One of `layerProperties`, of `accounts`, or what any layer with parameters has.
  private func trainedValue(_ trainer: Trainer<T>, _ name: String) -> Double {
    switch name {
    case "connections": return Double(connections(trainer))
    case "index_bytes": return Double(trainer.sparse?.pattern?.indexBytes ?? 0)
    case "steps": return Double(trainer.steps)
    case "threshold": return trainer.unit?.layer(trainer)?.softThreshold ?? 0
    case "topology_updates": return Double(trainer.unit?.layer(trainer)?.updates ?? 0)
    case "offset":
      var offset = 0
      for before in trainers {
        if before === trainer { break }
        offset += before.capacity
      }
      return Double(offset)
    default: return account(trainer, name)
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
      let asked = plan.layers[position]
      var cells = ["\(position + 1)", asked.kind.row.name, "\(layer.inputs)", "\(layer.outputs)"]
      let trainer = trainers.first { $0.number == position + 1 }
      if let trainer, trainer.connected != nil {
        let activation = try asked.options.choice(LayerOption.activation, of: Activation.self)
        cells += ["\(activation)", Self.fixed(density(trainer)), Self.fixed(account(trainer, "explored"))]
        cells += ["\(connections(trainer))"] + ["dropped", "grown", "dead_units"].map { Self.whole(account(trainer, $0)) }
      } else {
        cells += [String](repeating: "", count: 7)
      }
      let parameters = layer.parameters.total { $0.capacity } * MemoryLayout<T>.stride
      let training = trainer.map { Self.whole(account($0, "training_flops")) } ?? "0"
      cells += ["\(held.layers[position] + parameters)", "\(layer.flops)", training]
      rows.append(cells)
    }
    var total = ["total", "", "\(inputs)", "\(outputs)", "", Self.fixed(try value("density")), Self.fixed(account("explored"))]
    total += ["\(trainers.total { connections($0) })"]
    total += ["dropped", "grown", "dead_units"].map { Self.whole(account($0)) }
    total += ["\(held.total)", "\(layers.total { $0.flops })", Self.whole(account("training_flops"))]
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
