import Base
import CEspalier
import Layers
import Network

/// What a caller counts, in a range that makes an absurd number a mistake and not a long loop.
private func require(count: Int64, _ name: StaticString) throws(Failure) -> Int {
  guard count >= 0, count <= Int64(UInt16.max) else {
    throw Failure(.invalidArgument, "\(name) must be in 0 .. \(UInt16.max), got \(count)")
  }
  return Int(count)
}

@_cdecl("espalier_network_add_layer") @implementation
public func espalier_network_add_layer(
  _ network: OpaquePointer!, _ kind: Int32, _ input_count: Int64, _ inputs: UnsafePointer<Int64>!, _ option_count: Int64,
  _ names: UnsafePointer<UnsafePointer<CChar>?>!, _ values: UnsafePointer<Double>!, _ layer: UnsafeMutablePointer<Int64>!
) -> Int32 {
  withNetwork(network) { network throws(Failure) in
    let kind = try require(kind, "kind", as: LayerKind.self)
    var sources: [Int]?
    let inputCount = try require(count: input_count, "input_count")
    if inputCount > 0 {
      let inputs = try require(inputs, "inputs")
      sources = (0..<inputCount).map { Int(inputs[$0]) }
    }
    var settings: [(option: String, value: Double)] = []
    let optionCount = try require(count: option_count, "option_count")
    if optionCount > 0 {
      let (names, values) = (try require(names, "names"), try require(values, "values"))
      for i in 0..<optionCount { settings.append((try require(text: names[i]), values[i])) }
    }
    let number = try network.addLayer(kind, of: sources, settings)
    layer?.pointee = Int64(number)
  }
}

@_cdecl("espalier_network_set_input_shape") @implementation
public func espalier_network_set_input_shape(
  _ network: OpaquePointer!, _ dimensions: Int64, _ lengths: UnsafePointer<Int64>!
) -> Int32 {
  withNetwork(network) { network throws(Failure) in
    guard (1...4).contains(dimensions) else {
      throw Failure(.invalidArgument, "dimensions must be in 1 .. 4, got \(dimensions)")
    }
    let lengths = try require(lengths, "lengths")
    try network.setInputShape(
      TensorShape(channels: Int(lengths[0]), extents: (1..<Int(dimensions)).map { Int(lengths[$0]) }))
  }
}

@_cdecl("espalier_layer_shape") @implementation
public func espalier_layer_shape(
  _ network: OpaquePointer!, _ layer: Int64, _ capacity: Int64, _ lengths: UnsafeMutablePointer<Int64>!,
  _ dimensions: UnsafeMutablePointer<Int64>!
) -> Int32 {
  withNetwork(spares: true, network) { network throws(Failure) in
    let shape = try network.shape(ofLayer: Int(layer))
    let count = shape.extents.count + 1
    if capacity != 0 {
      let lengths = try require(lengths, "lengths")
      guard capacity >= count else {
        throw Failure(.bufferTooSmall, "capacity must be at least \(count), got \(capacity)")
      }
      lengths[0] = Int64(shape.channels)
      for (position, length) in shape.extents.enumerated() { lengths[position + 1] = Int64(length) }
    }
    dimensions?.pointee = Int64(count)
  }
}
