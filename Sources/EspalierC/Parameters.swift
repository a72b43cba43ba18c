import Base
import CEspalier
import Machine
import Network
import Sparse

// Each call is written once, generic over the element type, and exported for both.

private func requireCount(_ count: Int64, _ name: StaticString) throws(Failure) -> Int {
  guard count >= 0 else { throw Failure(.invalidArgument, "\(name) must be at least 0, got \(count)") }
  return Int(count)
}

private func requireBase(_ base: Int32) throws(Failure) -> Int {
  guard base == 0 || base == 1 else { throw Failure(.invalidArgument, "base must be 0 or 1, got \(base)") }
  return Int(base)
}

/// The caller's values, reordered: value k of the result is `values[order[k]]`, in slot order.
private func gather<T: Scalar>(_ values: UnsafePointer<T>?, _ sorted: Pattern.Sorted) throws(Failure) -> Buffer<T>? {
  guard let values else { return nil }
  let gathered = try Buffer<T>(count: sorted.pattern.connections, of: "values")
  for slot in 0..<gathered.count {
    let entry = Int(sorted.order.pointer[slot])
    guard values[entry].isFinite else {
      throw Failure(.invalidArgument, "values[\(entry)] must be finite, got \(values[entry])")
    }
    gathered.pointer[slot] = values[entry]
  }
  return gathered
}

private func setCoordinates<T: Scalar>(
  _ network: OpaquePointer?, _ layer: Int64, _ connections: Int64, _ rows: UnsafePointer<Int32>?,
  _ columns: UnsafePointer<Int32>?, _ values: UnsafePointer<T>?, _ base: Int32
) -> Int32 {
  withNetwork(network, T.self) { network throws(Failure) in
    let rows = try require(rows, "rows")
    let columns = try require(columns, "columns")
    let shape = try network.weightShape(Int(layer))
    guard connections >= 1 else {
      throw Failure(.invalidArgument, "connections must be at least 1, got \(connections)")
    }
    let sorted = try Pattern.coordinates(
      rows: shape.rows, columns: shape.columns,
      rowNumbers: UnsafeBufferPointer(start: rows, count: Int(connections)),
      columnNumbers: UnsafeBufferPointer(start: columns, count: Int(connections)), base: try requireBase(base),
      owner: "linear layer \(layer)")
    try network.setPattern(Int(layer), sorted.pattern, values: try gather(values, sorted))
  }
}

@_cdecl("espalier_layer_set_pattern_coo_f32") @implementation
public func espalier_layer_set_pattern_coo_f32(
  _ network: OpaquePointer!, _ layer: Int64, _ connections: Int64, _ rows: UnsafePointer<Int32>!,
  _ columns: UnsafePointer<Int32>!, _ values: UnsafePointer<Float>!, _ base: Int32
) -> Int32 { setCoordinates(network, layer, connections, rows, columns, values, base) }

@_cdecl("espalier_layer_set_pattern_coo_f64") @implementation
public func espalier_layer_set_pattern_coo_f64(
  _ network: OpaquePointer!, _ layer: Int64, _ connections: Int64, _ rows: UnsafePointer<Int32>!,
  _ columns: UnsafePointer<Int32>!, _ values: UnsafePointer<Double>!, _ base: Int32
) -> Int32 { setCoordinates(network, layer, connections, rows, columns, values, base) }

private func setRows<T: Scalar>(
  _ network: OpaquePointer?, _ layer: Int64, _ rowStart: UnsafePointer<Int64>?, _ columns: UnsafePointer<Int32>?,
  _ values: UnsafePointer<T>?, _ base: Int32
) -> Int32 {
  withNetwork(network, T.self) { network throws(Failure) in
    let rowStart = try require(rowStart, "row_start")
    let columns = try require(columns, "columns")
    let shape = try network.weightShape(Int(layer))
    let sorted = try Pattern.compressedRows(
      rows: shape.rows, columns: shape.columns, rowStart: rowStart, columnNumbers: columns,
      base: try requireBase(base), owner: "linear layer \(layer)")
    try network.setPattern(Int(layer), sorted.pattern, values: try gather(values, sorted))
  }
}

@_cdecl("espalier_layer_set_pattern_csr_f32") @implementation
public func espalier_layer_set_pattern_csr_f32(
  _ network: OpaquePointer!, _ layer: Int64, _ row_start: UnsafePointer<Int64>!, _ columns: UnsafePointer<Int32>!,
  _ values: UnsafePointer<Float>!, _ base: Int32
) -> Int32 { setRows(network, layer, row_start, columns, values, base) }

@_cdecl("espalier_layer_set_pattern_csr_f64") @implementation
public func espalier_layer_set_pattern_csr_f64(
  _ network: OpaquePointer!, _ layer: Int64, _ row_start: UnsafePointer<Int64>!, _ columns: UnsafePointer<Int32>!,
  _ values: UnsafePointer<Double>!, _ base: Int32
) -> Int32 { setRows(network, layer, row_start, columns, values, base) }

@_cdecl("espalier_layer_pattern") @implementation
public func espalier_layer_pattern(
  _ network: OpaquePointer!, _ layer: Int64, _ base: Int32, _ capacity: Int64,
  _ row_start: UnsafeMutablePointer<Int64>!, _ rows: UnsafeMutablePointer<Int32>!,
  _ columns: UnsafeMutablePointer<Int32>!, _ connections: UnsafeMutablePointer<Int64>!
) -> Int32 {
  withNetwork(spares: true, network) { network throws(Failure) in
    let connections = try require(connections, "connections")
    let count = try network.copyPattern(
      Int(layer), base: try requireBase(base), capacity: try requireCount(capacity, "capacity"), rowStart: row_start,
      rows: rows, columns: columns)
    connections.pointee = Int64(count)
  }
}

@_cdecl("espalier_network_parameter_count") @implementation
public func espalier_network_parameter_count(_ network: OpaquePointer!, _ count: UnsafeMutablePointer<Int64>!) -> Int32 {
  withNetwork(spares: true, network) { network throws(Failure) in
    let place = try require(count, "count")
    place.pointee = Int64(try network.parameterCount())
  }
}

private func bind<T: Scalar>(
  _ network: OpaquePointer?, _ w: UnsafeMutablePointer<T>?, _ dw: UnsafeMutablePointer<T>?, _ count: Int64
) -> Int32 {
  withNetwork(network, T.self) { network throws(Failure) in
    let w = try require(w, "w")
    let dw = try require(dw, "dw")
    let count = try requireCount(count, "count")
    try network.bind(
      values: UnsafeMutableBufferPointer(start: w, count: count),
      gradients: UnsafeMutableBufferPointer(start: dw, count: count))
  }
}

@_cdecl("espalier_network_bind_f32") @implementation
public func espalier_network_bind_f32(
  _ network: OpaquePointer!, _ w: UnsafeMutablePointer<Float>!, _ dw: UnsafeMutablePointer<Float>!, _ count: Int64
) -> Int32 { bind(network, w, dw, count) }

@_cdecl("espalier_network_bind_f64") @implementation
public func espalier_network_bind_f64(
  _ network: OpaquePointer!, _ w: UnsafeMutablePointer<Double>!, _ dw: UnsafeMutablePointer<Double>!, _ count: Int64
) -> Int32 { bind(network, w, dw, count) }

@_cdecl("espalier_network_unbind") @implementation
public func espalier_network_unbind(_ network: OpaquePointer!) -> Int32 {
  withNetwork(network) { network throws(Failure) in try network.unbind() }
}

private func parameters<T: Scalar>(
  _ network: OpaquePointer?, _ w: UnsafeMutablePointer<UnsafeMutablePointer<T>?>?,
  _ dw: UnsafeMutablePointer<UnsafeMutablePointer<T>?>?, _ count: UnsafeMutablePointer<Int64>?
) -> Int32 {
  withNetwork(spares: true, network, T.self) { network throws(Failure) in
    let w = try require(w, "w")
    let dw = try require(dw, "dw")
    let count = try require(count, "count")
    let arrays = try network.arrays()
    w.pointee = arrays.values.baseAddress
    dw.pointee = arrays.gradients.baseAddress
    count.pointee = Int64(arrays.values.count)
  }
}

@_cdecl("espalier_network_parameters_f32") @implementation
public func espalier_network_parameters_f32(
  _ network: OpaquePointer!, _ w: UnsafeMutablePointer<UnsafeMutablePointer<Float>?>!,
  _ dw: UnsafeMutablePointer<UnsafeMutablePointer<Float>?>!, _ count: UnsafeMutablePointer<Int64>!
) -> Int32 { parameters(network, w, dw, count) }

@_cdecl("espalier_network_parameters_f64") @implementation
public func espalier_network_parameters_f64(
  _ network: OpaquePointer!, _ w: UnsafeMutablePointer<UnsafeMutablePointer<Double>?>!,
  _ dw: UnsafeMutablePointer<UnsafeMutablePointer<Double>?>!, _ count: UnsafeMutablePointer<Int64>!
) -> Int32 { parameters(network, w, dw, count) }

private func layerParameters<T: Scalar>(
  _ network: OpaquePointer?, _ layer: Int64, _ weights: UnsafeMutablePointer<UnsafeMutablePointer<T>?>?,
  _ weightGradients: UnsafeMutablePointer<UnsafeMutablePointer<T>?>?, _ connections: UnsafeMutablePointer<Int64>?,
  _ bias: UnsafeMutablePointer<UnsafeMutablePointer<T>?>?,
  _ biasGradients: UnsafeMutablePointer<UnsafeMutablePointer<T>?>?, _ units: UnsafeMutablePointer<Int64>?
) -> Int32 {
  withNetwork(spares: true, network, T.self) { network throws(Failure) in
    let weights = try require(weights, "weights")
    let weightGradients = try require(weightGradients, "weight_gradients")
    let connections = try require(connections, "connections")
    let bias = try require(bias, "bias")
    let biasGradients = try require(biasGradients, "bias_gradients")
    let units = try require(units, "units")
    let parameters = try network.parameters(Int(layer))
    weights.pointee = parameters.weights?.values
    weightGradients.pointee = parameters.weights?.gradient
    connections.pointee = Int64(parameters.weights?.count ?? 0)
    bias.pointee = parameters.bias?.values
    biasGradients.pointee = parameters.bias?.gradient
    units.pointee = Int64(parameters.bias?.count ?? 0)
  }
}

@_cdecl("espalier_layer_parameters_f32") @implementation
public func espalier_layer_parameters_f32(
  _ network: OpaquePointer!, _ layer: Int64, _ weights: UnsafeMutablePointer<UnsafeMutablePointer<Float>?>!,
  _ weight_gradients: UnsafeMutablePointer<UnsafeMutablePointer<Float>?>!, _ connections: UnsafeMutablePointer<Int64>!,
  _ bias: UnsafeMutablePointer<UnsafeMutablePointer<Float>?>!,
  _ bias_gradients: UnsafeMutablePointer<UnsafeMutablePointer<Float>?>!, _ units: UnsafeMutablePointer<Int64>!
) -> Int32 {
  layerParameters(network, layer, weights, weight_gradients, connections, bias, bias_gradients, units)
}

@_cdecl("espalier_layer_parameters_f64") @implementation
public func espalier_layer_parameters_f64(
  _ network: OpaquePointer!, _ layer: Int64, _ weights: UnsafeMutablePointer<UnsafeMutablePointer<Double>?>!,
  _ weight_gradients: UnsafeMutablePointer<UnsafeMutablePointer<Double>?>!, _ connections: UnsafeMutablePointer<Int64>!,
  _ bias: UnsafeMutablePointer<UnsafeMutablePointer<Double>?>!,
  _ bias_gradients: UnsafeMutablePointer<UnsafeMutablePointer<Double>?>!, _ units: UnsafeMutablePointer<Int64>!
) -> Int32 {
  layerParameters(network, layer, weights, weight_gradients, connections, bias, bias_gradients, units)
}
