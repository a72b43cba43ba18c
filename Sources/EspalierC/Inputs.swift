import Base
import CEspalier
import Machine
import Network

/// x as a call was given it, or what stands for it while the network's own input is bound.
func requireInput<T: Scalar>(_ x: UnsafePointer<T>?, _ network: Network<T>) throws(Failure) -> UnsafePointer<T> {
  if let bound = try network.boundInput(isGiven: x != nil) { return bound }
  return try require(x, "x")
}

private func bind<T: Scalar>(
  _ network: OpaquePointer?, _ input: Int64, _ values: UnsafePointer<T>?, _ samples: Int64
) -> Int32 {
  withNetwork(network, T.self) { network throws(Failure) in
    try network.bindInput(Int(input), values, samples: Int(samples))
  }
}

@_cdecl("espalier_network_bind_input_f32") @implementation
public func espalier_network_bind_input_f32(
  _ network: OpaquePointer!, _ input: Int64, _ values: UnsafePointer<Float>!, _ samples: Int64
) -> Int32 { bind(network, input, values, samples) }

@_cdecl("espalier_network_bind_input_f64") @implementation
public func espalier_network_bind_input_f64(
  _ network: OpaquePointer!, _ input: Int64, _ values: UnsafePointer<Double>!, _ samples: Int64
) -> Int32 { bind(network, input, values, samples) }

@_cdecl("espalier_network_bind_input_i32") @implementation
public func espalier_network_bind_input_i32(
  _ network: OpaquePointer!, _ input: Int64, _ numbers: UnsafePointer<Int32>!, _ samples: Int64
) -> Int32 {
  withNetwork(network) { network throws(Failure) in
    try network.bindInput(Int(input), numbers: numbers, samples: Int(samples))
  }
}

private func bindGradient<T: Scalar>(
  _ network: OpaquePointer?, _ input: Int64, _ gradient: UnsafeMutablePointer<T>?, _ samples: Int64
) -> Int32 {
  withNetwork(network, T.self) { network throws(Failure) in
    try network.bindInputGradient(Int(input), gradient, samples: Int(samples))
  }
}

@_cdecl("espalier_network_bind_input_gradient_f32") @implementation
public func espalier_network_bind_input_gradient_f32(
  _ network: OpaquePointer!, _ input: Int64, _ gradient: UnsafeMutablePointer<Float>!, _ samples: Int64
) -> Int32 { bindGradient(network, input, gradient, samples) }

@_cdecl("espalier_network_bind_input_gradient_f64") @implementation
public func espalier_network_bind_input_gradient_f64(
  _ network: OpaquePointer!, _ input: Int64, _ gradient: UnsafeMutablePointer<Double>!, _ samples: Int64
) -> Int32 { bindGradient(network, input, gradient, samples) }
