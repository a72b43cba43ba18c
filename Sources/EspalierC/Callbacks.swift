import Base
import CEspalier
import Machine
import Network
import Topology

// Functions of the caller's: each is wrapped in a closure that speaks Swift, and runs in the host's floating-point environment.

/// The caller's pointer, which the library only hands back.
private struct User: @unchecked Sendable {
  let pointer: UnsafeMutableRawPointer?
}

/// - call: the C function with everything but what it is for.
private func scoring<T: Scalar>(
  _ call: @escaping @Sendable (UnsafePointer<espalier_layer_view>, UnsafeMutablePointer<T>) -> Int32
) -> ScoreFunction<T> {
  ScoreFunction { view, scores in
    let moments = view.moments
    let seen = espalier_layer_view(
      layer: Int64(view.layer), units: Int64(view.units), inputs: Int64(view.inputs), connections: Int64(view.connections),
      row_start: view.rowStart, columns: view.columns, weights: UnsafeRawPointer(view.weights),
      gradients: UnsafeRawPointer(view.gradients),
      moments: (
        moments.0.map { UnsafeRawPointer($0) }, moments.1.map { UnsafeRawPointer($0) }, moments.2.map { UnsafeRawPointer($0) }
      ),
      first_row: Int64(view.rows.lowerBound), rows: Int64(view.rows.count))
    return withUnsafePointer(to: seen) { seen in FloatingPointEnvironment.asHost { call(seen, scores) } } == 0
  }
}

private func scoring(_ score: espalier_score_f32?, _ user: UnsafeMutableRawPointer?) -> ScoreFunction<Float>? {
  guard let score else { return nil }
  let user = User(pointer: user)
  return scoring { score(user.pointer, $0, $1) }
}

private func scoring(_ score: espalier_score_f64?, _ user: UnsafeMutableRawPointer?) -> ScoreFunction<Double>? {
  guard let score else { return nil }
  let user = User(pointer: user)
  return scoring { score(user.pointer, $0, $1) }
}

private func withTopology(
  _ topology: OpaquePointer?, _ body: (inout TopologyMethod) throws(Failure) -> Void
) -> Int32 {
  status { () throws(Failure) in
    try Handles.object(topology, "topology", TopologyHandle.self).use { method throws(Failure) in try body(&method) }
  }
}

@_cdecl("espalier_topology_set_drop_f32") @implementation
public func espalier_topology_set_drop_f32(
  _ topology: OpaquePointer!, _ score: espalier_score_f32!, _ user: UnsafeMutableRawPointer!
) -> Int32 {
  withTopology(topology) { method throws(Failure) in try method.setDrop(scoring(score, user)) }
}

@_cdecl("espalier_topology_set_drop_f64") @implementation
public func espalier_topology_set_drop_f64(
  _ topology: OpaquePointer!, _ score: espalier_score_f64!, _ user: UnsafeMutableRawPointer!
) -> Int32 {
  withTopology(topology) { method throws(Failure) in try method.setDrop(scoring(score, user)) }
}

@_cdecl("espalier_topology_set_grow_f32") @implementation
public func espalier_topology_set_grow_f32(
  _ topology: OpaquePointer!, _ score: espalier_score_f32!, _ user: UnsafeMutableRawPointer!
) -> Int32 {
  withTopology(topology) { method throws(Failure) in try method.setGrow(scoring(score, user)) }
}

@_cdecl("espalier_topology_set_grow_f64") @implementation
public func espalier_topology_set_grow_f64(
  _ topology: OpaquePointer!, _ score: espalier_score_f64!, _ user: UnsafeMutableRawPointer!
) -> Int32 {
  withTopology(topology) { method throws(Failure) in try method.setGrow(scoring(score, user)) }
}

@_cdecl("espalier_network_set_reduction_f32") @implementation
public func espalier_network_set_reduction_f32(
  _ network: OpaquePointer!, _ reduction: espalier_reduction_f32!, _ user: UnsafeMutableRawPointer!
) -> Int32 {
  withNetwork(network, Float.self) { network throws(Failure) in
    guard let reduction else { return network.setReduction(nil) }
    let user = User(pointer: user)
    network.setReduction { layer, values in
      FloatingPointEnvironment.asHost { reduction(user.pointer, Int64(layer), values.baseAddress, Int64(values.count)) } == 0
    }
  }
}

@_cdecl("espalier_network_set_reduction_f64") @implementation
public func espalier_network_set_reduction_f64(
  _ network: OpaquePointer!, _ reduction: espalier_reduction_f64!, _ user: UnsafeMutableRawPointer!
) -> Int32 {
  withNetwork(network, Double.self) { network throws(Failure) in
    guard let reduction else { return network.setReduction(nil) }
    let user = User(pointer: user)
    network.setReduction { layer, values in
      FloatingPointEnvironment.asHost { reduction(user.pointer, Int64(layer), values.baseAddress, Int64(values.count)) } == 0
    }
  }
}

@_cdecl("espalier_network_set_densities") @implementation
public func espalier_network_set_densities(
  _ network: OpaquePointer!, _ densities: espalier_densities!, _ user: UnsafeMutableRawPointer!
) -> Int32 {
  withNetwork(network) { network throws(Failure) in
    guard let densities else { return try network.setDensities(nil) }
    let user = User(pointer: user)
    try network.setDensities { layers, values in
      let numbers = layers.map { Int64($0.layer) }
      let units = layers.map { Int64($0.units) }
      let inputs = layers.map { Int64($0.inputs) }
      let count = Int64(values.count)
      return values.withUnsafeMutableBufferPointer { values in
        FloatingPointEnvironment.asHost { densities(user.pointer, count, numbers, units, inputs, values.baseAddress) }
      } == 0
    }
  }
}
