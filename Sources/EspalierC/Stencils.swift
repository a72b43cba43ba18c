import Base
import CEspalier
import Network
import Sparse

// Patterns of linear layers whose units and inputs are cells of a grid or a mesh.

private func requireLength(_ length: Int64, _ name: String, from least: Int64 = 1) throws(Failure) -> Int {
  guard length >= least, length <= Int64(Int32.max) else {
    throw Failure(.invalidArgument, "\(name) must be in \(least) .. \(Int32.max), got \(length)")
  }
  return Int(length)
}

@_cdecl("espalier_layer_set_pattern_grid") @implementation
public func espalier_layer_set_pattern_grid(
  _ network: OpaquePointer!, _ layer: Int64, _ dimensions: Int64, _ lengths: UnsafePointer<Int64>!,
  _ kernel: UnsafePointer<Int64>!, _ periodic: UnsafePointer<Int32>!
) -> Int32 {
  withNetwork(network) { network throws(Failure) in
    guard (1...3).contains(dimensions) else {
      throw Failure(.invalidArgument, "dimensions must be in 1 .. 3, got \(dimensions)")
    }
    let (lengths, kernel) = (try require(lengths, "lengths"), try require(kernel, "kernel"))
    var grid: [Neighbourhood.Dimension] = []
    for i in 0..<Int(dimensions) {
      let isPeriodic = periodic.map { $0[i] } ?? 0
      guard isPeriodic == 0 || isPeriodic == 1 else {
        throw Failure(.invalidArgument, "periodic[\(i)] must be 0 or 1, got \(isPeriodic)")
      }
      grid.append(
        Neighbourhood.Dimension(
          length: try requireLength(lengths[i], "lengths[\(i)]"), kernel: try requireLength(kernel[i], "kernel[\(i)]"),
          isPeriodic: isPeriodic == 1))
    }
    try network.setPattern(Int(layer), cells: grid.reduce(1) { $0.multipliedClamped(by: $1.length) }) {
      owner throws(Failure) in try Neighbourhood(grid: grid, owner: owner)
    }
  }
}

private func setMesh<Index: FixedWidthInteger & SignedInteger & BitwiseCopyable>(
  _ network: OpaquePointer?, _ layer: Int64, _ cells: Int64, _ rowStart: UnsafePointer<Index>?,
  _ columns: UnsafePointer<Index>?, _ hops: Int64, _ base: Int32
) -> Int32 {
  withNetwork(network) { network throws(Failure) in
    let cells = try requireLength(cells, "cells")
    let (rowStart, columns) = (try require(rowStart, "row_start"), try require(columns, "columns"))
    let hops = try requireLength(hops, "hops", from: 0)
    try network.setPattern(Int(layer), cells: cells) { owner throws(Failure) in
      try Neighbourhood(cells: cells, rowStart: rowStart, columns: columns, hops: hops, base: Int(base), owner: owner)
    }
  }
}

@_cdecl("espalier_layer_set_pattern_mesh_i32") @implementation
public func espalier_layer_set_pattern_mesh_i32(
  _ network: OpaquePointer!, _ layer: Int64, _ cells: Int64, _ row_start: UnsafePointer<Int32>!,
  _ columns: UnsafePointer<Int32>!, _ hops: Int64, _ base: Int32
) -> Int32 { setMesh(network, layer, cells, row_start, columns, hops, base) }

@_cdecl("espalier_layer_set_pattern_mesh_i64") @implementation
public func espalier_layer_set_pattern_mesh_i64(
  _ network: OpaquePointer!, _ layer: Int64, _ cells: Int64, _ row_start: UnsafePointer<Int64>!,
  _ columns: UnsafePointer<Int64>!, _ hops: Int64, _ base: Int32
) -> Int32 { setMesh(network, layer, cells, row_start, columns, hops, base) }
