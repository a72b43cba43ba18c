import Base
import CEspalier
import Machine
import Network

private func state<T: Scalar>(
  _ network: OpaquePointer?, _ layer: Int64, _ name: UnsafePointer<CChar>?,
  _ values: UnsafeMutablePointer<UnsafeMutablePointer<T>?>?, _ count: UnsafeMutablePointer<Int64>?
) -> Int32 {
  withNetwork(network, T.self) { network throws(Failure) in
    let name = try require(text: name)
    let values = try require(values, "values")
    let count = try require(count, "count")
    let found = try network.state(Int(layer), name)
    values.pointee = found.baseAddress
    count.pointee = Int64(found.count)
  }
}

@_cdecl("espalier_layer_state_f32") @implementation
public func espalier_layer_state_f32(
  _ network: OpaquePointer!, _ layer: Int64, _ name: UnsafePointer<CChar>!,
  _ values: UnsafeMutablePointer<UnsafeMutablePointer<Float>?>!, _ count: UnsafeMutablePointer<Int64>!
) -> Int32 { state(network, layer, name, values, count) }

@_cdecl("espalier_layer_state_f64") @implementation
public func espalier_layer_state_f64(
  _ network: OpaquePointer!, _ layer: Int64, _ name: UnsafePointer<CChar>!,
  _ values: UnsafeMutablePointer<UnsafeMutablePointer<Double>?>!, _ count: UnsafeMutablePointer<Int64>!
) -> Int32 { state(network, layer, name, values, count) }

private func fit<T: Scalar>(_ network: OpaquePointer?, _ layer: Int64, _ x: UnsafePointer<T>?, _ samples: Int64) -> Int32 {
  withNetwork(network, T.self) { network throws(Failure) in
    try network.fit(Int(layer), try require(x, "x"), samples: Int(samples))
  }
}

@_cdecl("espalier_layer_fit_f32") @implementation
public func espalier_layer_fit_f32(
  _ network: OpaquePointer!, _ layer: Int64, _ x: UnsafePointer<Float>!, _ samples: Int64
) -> Int32 { fit(network, layer, x, samples) }

@_cdecl("espalier_layer_fit_f64") @implementation
public func espalier_layer_fit_f64(
  _ network: OpaquePointer!, _ layer: Int64, _ x: UnsafePointer<Double>!, _ samples: Int64
) -> Int32 { fit(network, layer, x, samples) }
