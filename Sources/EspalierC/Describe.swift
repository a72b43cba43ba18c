import Base
import Graphs
import CEspalier
import KernelInterface
import Layers
import Machine
import Network
import Optimizers
import Sparse
import Topology

@_cdecl("espalier_network_create") @implementation
public func espalier_network_create(
  _ precision: Int32, _ inputs: Int64, _ seed: Int64, _ network: UnsafeMutablePointer<OpaquePointer?>!
) -> Int32 {
  status { () throws(Failure) in
    let place = try requireEmpty(network, "network")
    if let problem = InstructionSet.requestProblem { throw Failure(.invalidArgument, problem) }
    let made: any UntypedNetwork
    switch Int(precision) {
    case Int(ESPALIER_FLOAT32): made = try Network<Float>(inputs: Int(inputs), seed: seed)
    case Int(ESPALIER_FLOAT64): made = try Network<Double>(inputs: Int(inputs), seed: seed)
    default:
      throw Failure(.invalidArgument, "precision must be 32 or 64 (ESPALIER_FLOAT32, ESPALIER_FLOAT64), got \(precision)")
    }
    place.pointee = try Handles.add(NetworkHandle(made, kind: "network"))
  }
}

@_cdecl("espalier_network_destroy") @implementation
public func espalier_network_destroy(_ network: OpaquePointer!) -> Int32 {
  status(spares: true) { () throws(Failure) in try Handles.destroy(network, "network", NetworkHandle.self) }
}

@_cdecl("espalier_network_retain") @implementation
public func espalier_network_retain(_ network: OpaquePointer!) -> Int32 {
  status { () throws(Failure) in try Handles.retain(network, "network", NetworkHandle.self) }
}

@_cdecl("espalier_network_release") @implementation
public func espalier_network_release(_ network: OpaquePointer!) -> Int32 {
  status(spares: true) { () throws(Failure) in try Handles.release(network, "network", NetworkHandle.self) }
}

@_cdecl("espalier_network_add_linear") @implementation
public func espalier_network_add_linear(
  _ network: OpaquePointer!, _ units: Int64, _ density: Double, _ activation: Int32
) -> Int32 {
  withNetwork(network) { network throws(Failure) in
    try network.addLinear(
      Int(units), density: density, activation: try require(activation, "activation", as: Activation.self))
  }
}

@_cdecl("espalier_network_add_dropout") @implementation
public func espalier_network_add_dropout(_ network: OpaquePointer!, _ probability: Double) -> Int32 {
  withNetwork(network) { network throws(Failure) in try network.addDropout(probability) }
}

@_cdecl("espalier_network_set_distribution") @implementation
public func espalier_network_set_distribution(
  _ network: OpaquePointer!, _ distribution: Int32, _ density: Double
) -> Int32 {
  withNetwork(network) { network throws(Failure) in
    try network.setDistribution(try require(distribution, "distribution", as: Distribution.self), density: density)
  }
}

@_cdecl("espalier_network_set_loss") @implementation
public func espalier_network_set_loss(_ network: OpaquePointer!, _ loss: Int32) -> Int32 {
  withNetwork(network) { network throws(Failure) in network.setLoss(try require(loss, "loss", as: LossKind.self)) }
}

@_cdecl("espalier_network_add_loss") @implementation
public func espalier_network_add_loss(
  _ network: OpaquePointer!, _ first: Int64, _ count: Int64, _ loss: Int32, _ weight: Double
) -> Int32 {
  withNetwork(network) { network throws(Failure) in
    try network.addLoss(
      first: Int(first), count: Int(count), try require(loss, "loss", as: LossKind.self), weight: weight)
  }
}

@_cdecl("espalier_network_set_optimizer") @implementation
public func espalier_network_set_optimizer(
  _ network: OpaquePointer!, _ layer: Int64, _ optimizer: OpaquePointer!
) -> Int32 {
  withNetwork(network) { network throws(Failure) in
    let optimizer = try Handles.object(optimizer, "optimizer", OptimizerHandle.self)
    let settings = try optimizer.use { optimizer throws(Failure) in optimizer.optimizer }
    try network.setOptimizer(settings, layer: Int(layer))
  }
}

@_cdecl("espalier_network_set_topology") @implementation
public func espalier_network_set_topology(
  _ network: OpaquePointer!, _ layer: Int64, _ topology: OpaquePointer!
) -> Int32 {
  withNetwork(network) { network throws(Failure) in
    let topology = try Handles.object(topology, "topology", TopologyHandle.self)
    let method = try topology.use { method throws(Failure) in method }
    try network.setTopology(method, layer: Int(layer))
  }
}

@_cdecl("espalier_network_set") @implementation
public func espalier_network_set(_ network: OpaquePointer!, _ name: UnsafePointer<CChar>!, _ value: Double) -> Int32 {
  withNetwork(network) { network throws(Failure) in try network.setOption(try require(text: name), value) }
}

@_cdecl("espalier_network_get") @implementation
public func espalier_network_get(
  _ network: OpaquePointer!, _ name: UnsafePointer<CChar>!, _ value: UnsafeMutablePointer<Double>!
) -> Int32 {
  withNetwork(spares: true, network) { network throws(Failure) in
    let place = try require(value, "value")
    place.pointee = try network.value(try require(text: name))
  }
}

@_cdecl("espalier_layer_set") @implementation
public func espalier_layer_set(
  _ network: OpaquePointer!, _ layer: Int64, _ name: UnsafePointer<CChar>!, _ value: Double
) -> Int32 {
  withNetwork(network) { network throws(Failure) in
    try network.setLayerOption(Int(layer), try require(text: name), value)
  }
}

@_cdecl("espalier_layer_get") @implementation
public func espalier_layer_get(
  _ network: OpaquePointer!, _ layer: Int64, _ name: UnsafePointer<CChar>!, _ value: UnsafeMutablePointer<Double>!
) -> Int32 {
  withNetwork(spares: true, network) { network throws(Failure) in
    let place = try require(value, "value")
    place.pointee = try network.layerValue(Int(layer), try require(text: name))
  }
}

@_cdecl("espalier_layer_set_optimizer_option") @implementation
public func espalier_layer_set_optimizer_option(
  _ network: OpaquePointer!, _ layer: Int64, _ name: UnsafePointer<CChar>!, _ value: Double
) -> Int32 {
  withNetwork(network) { network throws(Failure) in
    try network.setOptimizerOption(Int(layer), try require(text: name), value)
  }
}

@_cdecl("espalier_layer_get_optimizer_option") @implementation
public func espalier_layer_get_optimizer_option(
  _ network: OpaquePointer!, _ layer: Int64, _ name: UnsafePointer<CChar>!, _ value: UnsafeMutablePointer<Double>!
) -> Int32 {
  withNetwork(spares: true, network) { network throws(Failure) in
    let place = try require(value, "value")
    place.pointee = try network.optimizerOption(Int(layer), try require(text: name))
  }
}

@_cdecl("espalier_network_set_threads") @implementation
public func espalier_network_set_threads(_ network: OpaquePointer!, _ threads: Int32) -> Int32 {
  withNetwork(network) { network throws(Failure) in try network.setThreads(Int(threads)) }
}

@_cdecl("espalier_network_build") @implementation
public func espalier_network_build(_ network: OpaquePointer!, _ max_batch: Int64) -> Int32 {
  withNetwork(network) { network throws(Failure) in try network.build(maximumBatch: Int(max_batch)) }
}

@_cdecl("espalier_network_info") @implementation
public func espalier_network_info(
  _ network: OpaquePointer!, _ capacity: Int64, _ text: UnsafeMutablePointer<CChar>!,
  _ length: UnsafeMutablePointer<Int64>!
) -> Int32 {
  withNetwork(network) { network throws(Failure) in
    let length = try require(length, "length")
    guard capacity >= 0 else { throw Failure(.invalidArgument, "capacity must be at least 0, got \(capacity)") }
    if capacity > 0 { _ = try require(text, "text") }
    let info = try network.info()
    let bytes = info.utf8.count
    if capacity > 0, let text {
      guard capacity > bytes else {
        length.pointee = Int64(bytes)
        throw Failure(.bufferTooSmall, "capacity must be at least \(bytes + 1), got \(capacity)")
      }
      for (i, byte) in info.utf8.enumerated() { text[i] = CChar(bitPattern: byte) }
      text[bytes] = 0
    }
    length.pointee = Int64(bytes)
  }
}
