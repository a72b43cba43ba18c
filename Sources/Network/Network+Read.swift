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
    if blueprint.options.contains(name) { return try blueprint.options.get(name) }
    switch name {
    case "inputs": return Double(inputs)
    case "outputs": return Double(outputs)
    case "labels_per_sample": return Double(labelsPerSample)
    case "input_layers": return Double(blueprint.plan.layers.count { $0.kind == .input })
    case "layers": return Double(layerCount)
    case "parameters": return Double(built?.store.count ?? 0)
    case "connections": return Double(built?.store.layers.total { $0.connections } ?? 0)
    case "max_batch": return Double(maximumBatch)
    case "built": return isBuilt ? 1 : 0
    case "bound": return isBound ? 1 : 0
    case "threads": return Double(built?.executor.threads ?? blueprint.threadCount)
    case "precision": return Double(T.bits)
    case "seed": return Double(seed)
    case "loss": return Double(blueprint.loss.rawValue)
    case "steps": return Double(steps)
    case "bytes": return Double(built?.held.total ?? 0)
    case "flops": return Double(built?.graph.layers.total { $0.flops } ?? 0)
    case "density": return built?.accounts.density ?? 0
    default:
      if Accounts<T>.names.contains(name) { return built.map { $0.accounts.value(name, $0.phase) } ?? 0 }
      throw Failure(
        .unknownName,
        "network: nothing named \"\(name)\"; there are "
          + "\(blueprint.options.table.map(\.name).joined(separator: ", ")), \(networkProperties.joined(separator: ", "))")
    }
  }

  /// An option or a property of a layer by name.
  @_specialize(where T == Float)
  @_specialize(where T == Double)
  public func layerValue(_ layer: Int, _ name: String) throws(Failure) -> Double {
    let plan = blueprint.plan
    let position = try plan.index(layer)
    let asked = plan.layers[position]
    switch name {
    case "inputs":
      var features = 0
      for source in asked.inputs { features = features.addingClamped(plan.features(of: source)) }
      return Double(features)
    case LayerOption.units: return Double(plan.shapes[position].features)
    case "bytes": return Double(built?.held.layers[position] ?? 0)
    case "flops": return Double(built?.graph.layers[position].flops ?? 0)
    case "parameters": return Double(built?.store.layer(layer)?.capacity ?? 0)
    case LayerOption.density where isBuilt && asked.hasConnections: return try connected(layer).density
    default: break
    }
    if asked.options.contains(name) { return try asked.options.get(name) }
    if asked.hasParameters, name == "offset" || name == "steps" { return try value(name, of: try trained(layer)) }
    guard asked.hasConnections, layerProperties.contains(name) || Accounts<T>.names.contains(name) else {
      throw Failure(.unknownName, "\(asked.owner): nothing named \"\(name)\"")
    }
    return try value(name, of: try connected(layer))
  }

  /// One of `layerProperties`, of the accounts, or what any layer with parameters has.
  private func value(_ name: String, of trained: TrainedLayer<T>) throws(Failure) -> Double {
    switch name {
    case "connections": return Double(trained.connections)
    case "index_bytes": return Double(trained.sparse?.pattern?.indexBytes ?? 0)
    case "steps": return Double(trained.steps)
    case "threshold": return trained.unit?.topology(of: trained)?.softThreshold ?? 0
    case "topology_updates": return Double(trained.unit?.topology(of: trained)?.updates ?? 0)
    default: break
    }
    let built = try requireBuilt(trained.name)
    guard name == "offset" else { return built.accounts.value(name, of: trained, built.phase) }
    var offset = 0
    for before in built.store.layers {
      if before === trained { break }
      offset += before.capacity
    }
    return Double(offset)
  }

  /// A table of the layers: number, kind, shape, activation, density, share of positions explored, connections, those that
  /// the last topology update dropped and grew, dead units, bytes, FLOPs a sample forward and in training.
  public func info() throws(Failure) -> String {
    let built = try requireBuilt("info")
    let (accounts, phase) = (built.accounts, built.phase)
    var rows = [
      [
        "layer", "kind", "in", "out", "activation", "density", "explored", "connections", "dropped", "grown", "dead", "bytes",
        "FLOPs/sample", "training",
      ]
    ]
    for (position, layer) in built.graph.layers.enumerated() {
      let asked = blueprint.plan.layers[position]
      var cells = ["\(position + 1)", asked.kind.row.name, "\(layer.inputs)", "\(layer.outputs)"]
      let trained = built.store.layer(position + 1)
      if let trained, trained.connected != nil {
        let activation = try asked.options.choice(LayerOption.activation, of: Activation.self)
        let explored = accounts.value("explored", of: trained, phase)
        cells += ["\(activation)", Self.fixed(trained.density), Self.fixed(explored), "\(trained.connections)"]
        cells += ["dropped", "grown", "dead_units"].map { Self.whole(accounts.value($0, of: trained, phase)) }
      } else {
        cells += [String](repeating: "", count: 7)
      }
      let parameters = layer.parameters.total { $0.capacity } * MemoryLayout<T>.stride
      let training = trained.map { Self.whole(accounts.value("training_flops", of: $0, phase)) } ?? "0"
      cells += ["\(built.held.layers[position] + parameters)", "\(layer.flops)", training]
      rows.append(cells)
    }
    var total = ["total", "", "\(inputs)", "\(outputs)", "", Self.fixed(accounts.density)]
    total += [Self.fixed(accounts.value("explored", phase)), "\(built.store.layers.total { $0.connections })"]
    total += ["dropped", "grown", "dead_units"].map { Self.whole(accounts.value($0, phase)) }
    total += ["\(built.held.total)", "\(built.graph.layers.total { $0.flops })"]
    total += [Self.whole(accounts.value("training_flops", phase))]
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
