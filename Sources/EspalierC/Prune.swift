import Base
import CEspalier
import Machine
import Network
import Pruning

@_cdecl("espalier_pruning_create") @implementation
public func espalier_pruning_create(_ criterion: Int32, _ pruning: UnsafeMutablePointer<OpaquePointer?>!) -> Int32 {
  status { () throws(Failure) in
    let place = try requireEmpty(pruning, "pruning")
    let made = PruningMethod(try require(criterion, "criterion", as: PruningCriterion.self))
    place.pointee = try Handles.add(PruningHandle(made, kind: "pruning"))
  }
}

@_cdecl("espalier_pruning_destroy") @implementation
public func espalier_pruning_destroy(_ pruning: OpaquePointer!) -> Int32 {
  status(spares: true) { () throws(Failure) in try Handles.destroy(pruning, "pruning", PruningHandle.self) }
}

@_cdecl("espalier_pruning_set") @implementation
public func espalier_pruning_set(_ pruning: OpaquePointer!, _ name: UnsafePointer<CChar>!, _ value: Double) -> Int32 {
  status { () throws(Failure) in
    let name = try require(text: name)
    try Handles.object(pruning, "pruning", PruningHandle.self).use { method throws(Failure) in
      try method.set(name, value)
    }
  }
}

@_cdecl("espalier_pruning_get") @implementation
public func espalier_pruning_get(
  _ pruning: OpaquePointer!, _ name: UnsafePointer<CChar>!, _ value: UnsafeMutablePointer<Double>!
) -> Int32 {
  status(spares: true) { () throws(Failure) in
    let place = try require(value, "value")
    let name = try require(text: name)
    place.pointee = try Handles.object(pruning, "pruning", PruningHandle.self).use { method throws(Failure) in
      try method.get(name)
    }
  }
}

private func prune<T: Scalar>(
  _ network: OpaquePointer?, _ pruning: OpaquePointer?, _ x: UnsafePointer<T>?, _ target: Given<T>, _ samples: Int64
) -> Int32 {
  withNetwork(network, T.self) { network throws(Failure) in
    let handle = try Handles.object(pruning, "pruning", PruningHandle.self)
    let method = try handle.use { method throws(Failure) in method }
    switch method.data {
    case .nothing: try network.prune(method)
    case .inputs: try network.prune(method, try require(x, "x"), samples: Int(samples))
    case .targets: try network.prune(method, try require(x, "x"), try target.required(), samples: Int(samples))
    }
  }
}

@_cdecl("espalier_network_prune_f32") @implementation
public func espalier_network_prune_f32(
  _ network: OpaquePointer!, _ pruning: OpaquePointer!, _ x: UnsafePointer<Float>!, _ target: UnsafePointer<Float>!,
  _ samples: Int64
) -> Int32 { prune(network, pruning, x, .values(target), samples) }

@_cdecl("espalier_network_prune_f64") @implementation
public func espalier_network_prune_f64(
  _ network: OpaquePointer!, _ pruning: OpaquePointer!, _ x: UnsafePointer<Double>!, _ target: UnsafePointer<Double>!,
  _ samples: Int64
) -> Int32 { prune(network, pruning, x, .values(target), samples) }

@_cdecl("espalier_network_prune_labels_f32") @implementation
public func espalier_network_prune_labels_f32(
  _ network: OpaquePointer!, _ pruning: OpaquePointer!, _ x: UnsafePointer<Float>!, _ labels: UnsafePointer<Int32>!,
  _ samples: Int64
) -> Int32 { prune(network, pruning, x, .labels(labels), samples) }

@_cdecl("espalier_network_prune_labels_f64") @implementation
public func espalier_network_prune_labels_f64(
  _ network: OpaquePointer!, _ pruning: OpaquePointer!, _ x: UnsafePointer<Double>!, _ labels: UnsafePointer<Int32>!,
  _ samples: Int64
) -> Int32 { prune(network, pruning, x, .labels(labels), samples) }
