import Base
import CEspalier
import Machine
import Network
import Optimizers
import Topology

@_cdecl("espalier_optimizer_create") @implementation
public func espalier_optimizer_create(_ rule: Int32, _ optimizer: UnsafeMutablePointer<OpaquePointer?>!) -> Int32 {
  status { () throws(Failure) in
    let place = try requireEmpty(optimizer, "optimizer")
    let made = StandaloneOptimizer(Optimizer(try require(rule, "rule", as: OptimizerKind.self)))
    // The first look of a process asks for memory, of which there may be none later.
    _ = try made.get("learning_rate")
    place.pointee = try Handles.add(OptimizerHandle(made, kind: "optimizer"))
  }
}

@_cdecl("espalier_optimizer_destroy") @implementation
public func espalier_optimizer_destroy(_ optimizer: OpaquePointer!) -> Int32 {
  status(spares: true) { () throws(Failure) in try Handles.destroy(optimizer, "optimizer", OptimizerHandle.self) }
}

/// The optimizer behind a handle, for the length of `body`.
private func withOptimizer(
  spares: Bool = false, _ handle: OpaquePointer?, _ body: (StandaloneOptimizer) throws(Failure) -> Void
) -> Int32 {
  status(spares: spares) { () throws(Failure) in
    try Handles.object(handle, "optimizer", OptimizerHandle.self).use { optimizer throws(Failure) in try body(optimizer) }
  }
}

@_cdecl("espalier_optimizer_set") @implementation
public func espalier_optimizer_set(_ optimizer: OpaquePointer!, _ name: UnsafePointer<CChar>!, _ value: Double) -> Int32 {
  withOptimizer(optimizer) { optimizer throws(Failure) in try optimizer.set(try require(text: name), value) }
}

@_cdecl("espalier_optimizer_get") @implementation
public func espalier_optimizer_get(
  _ optimizer: OpaquePointer!, _ name: UnsafePointer<CChar>!, _ value: UnsafeMutablePointer<Double>!
) -> Int32 {
  withOptimizer(spares: true, optimizer) { optimizer throws(Failure) in
    let place = try require(value, "value")
    place.pointee = try optimizer.get(try require(text: name))
  }
}

@_cdecl("espalier_optimizer_reset") @implementation
public func espalier_optimizer_reset(_ optimizer: OpaquePointer!) -> Int32 {
  withOptimizer(optimizer) { optimizer throws(Failure) in optimizer.reset() }
}

@_cdecl("espalier_optimizer_minimize_f32") @implementation
public func espalier_optimizer_minimize_f32(
  _ optimizer: OpaquePointer!, _ weights: UnsafeMutablePointer<Float>!, _ gradient: UnsafePointer<Float>!, _ count: Int64
) -> Int32 {
  withOptimizer(optimizer) { optimizer throws(Failure) in
    let weights = try require(weights, "weights")
    try optimizer.minimize(weights: weights, gradient: try require(gradient, "gradient"), count: Int(count))
  }
}

@_cdecl("espalier_optimizer_minimize_f64") @implementation
public func espalier_optimizer_minimize_f64(
  _ optimizer: OpaquePointer!, _ weights: UnsafeMutablePointer<Double>!, _ gradient: UnsafePointer<Double>!, _ count: Int64
) -> Int32 {
  withOptimizer(optimizer) { optimizer throws(Failure) in
    let weights = try require(weights, "weights")
    try optimizer.minimize(weights: weights, gradient: try require(gradient, "gradient"), count: Int(count))
  }
}

@_cdecl("espalier_topology_create") @implementation
public func espalier_topology_create(_ method: Int32, _ topology: UnsafeMutablePointer<OpaquePointer?>!) -> Int32 {
  status { () throws(Failure) in
    let place = try requireEmpty(topology, "topology")
    let made = TopologyMethod(try require(method, "method", as: TopologyKind.self))
    place.pointee = try Handles.add(TopologyHandle(made, kind: "topology"))
  }
}

@_cdecl("espalier_topology_destroy") @implementation
public func espalier_topology_destroy(_ topology: OpaquePointer!) -> Int32 {
  status(spares: true) { () throws(Failure) in try Handles.destroy(topology, "topology", TopologyHandle.self) }
}

@_cdecl("espalier_topology_set") @implementation
public func espalier_topology_set(_ topology: OpaquePointer!, _ name: UnsafePointer<CChar>!, _ value: Double) -> Int32 {
  status { () throws(Failure) in
    let name = try require(text: name)
    try Handles.object(topology, "topology", TopologyHandle.self).use { method throws(Failure) in
      try method.set(name, value)
    }
  }
}

@_cdecl("espalier_topology_get") @implementation
public func espalier_topology_get(
  _ topology: OpaquePointer!, _ name: UnsafePointer<CChar>!, _ value: UnsafeMutablePointer<Double>!
) -> Int32 {
  status(spares: true) { () throws(Failure) in
    let place = try require(value, "value")
    let name = try require(text: name)
    place.pointee = try Handles.object(topology, "topology", TopologyHandle.self).use { method throws(Failure) in
      try method.get(name)
    }
  }
}
