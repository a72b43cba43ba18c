import Base
import Graphs
import KernelInterface
import Layers
import Sparse

// Linear layers whose units are connected to the inputs around them. Inputs and outputs are channels of the same cells, channel
// after channel; the output is a vector, of which a reshape makes a field.
extension LayerDescription {
  /// On a grid. - channels, inputChannels: that come out and in. - grid: its lengths, one to three, the slowest dimension first.
  /// - kernel: cells of the stencil in each dimension, 2 r + 1 for a radius r; of an even number one more lies after the middle than
  ///   before it. - periodic: whether the first and last cell of a dimension are neighbours. Of each dimension, or one for all.
  /// - Throws: `invalidArgument`, `outOfMemory`.
  public static func gridLinear(
    _ channels: Int, inputChannels: Int, grid: [Int], kernel: [Int], periodic: [Bool] = [false],
    activation: Activation = .identity, bias: Bool = true, initializer: Initializer = .heUniform, negativeSlope: Double = 0.01,
    alpha: Double = 1
  ) throws(Failure) -> Self {
    let owner = "grid_linear"
    guard (1...3).contains(grid.count), kernel.count == 1 || kernel.count == grid.count,
      periodic.count == 1 || periodic.count == grid.count
    else {
      throw Failure(
        .invalidArgument,
        "\(owner): grid must have 1 to 3 elements, kernel and periodic 1 or as many, got \(grid.count), \(kernel.count) and "
          + "\(periodic.count)")
    }
    var dimensions: [Neighbourhood.Dimension] = []
    for (i, length) in grid.enumerated() {
      let cells = kernel.count == 1 ? kernel[0] : kernel[i]
      try Check.size(length, "\(owner): grid[\(i)]")
      try Check.size(cells, "\(owner): kernel[\(i)]")
      dimensions.append(
        Neighbourhood.Dimension(length: length, kernel: cells, isPeriodic: periodic.count == 1 ? periodic[0] : periodic[i]))
    }
    let cells = grid.reduce(1) { $0.multipliedClamped(by: $1) }
    try check(owner, channels, inputChannels, cells: cells)
    let layer = Self.linear(
      channels * cells, activation: activation, bias: bias, initializer: initializer, negativeSlope: negativeSlope,
      alpha: alpha)
    return try layer.connected(try Neighbourhood(grid: dimensions, owner: owner), channels, inputChannels, owner)
  }

  /// On a mesh. - channels, inputChannels: that come out and in. - rowStart: cells + 1 offsets into `columns`, the neighbours of each
  /// cell, both from `base`; a list may name a cell twice, or its own. - hops: how many times one goes on from a cell to its
  /// neighbours; 0 connects a cell to itself alone. - Throws: `invalidArgument`, `outOfMemory`.
  public static func meshLinear<Index: FixedWidthInteger & SignedInteger & BitwiseCopyable>(
    _ channels: Int, inputChannels: Int, rowStart: Span<Index>, columns: Span<Index>, hops: Int = 1, base: Int = 0,
    activation: Activation = .identity, bias: Bool = true, initializer: Initializer = .heUniform, negativeSlope: Double = 0.01,
    alpha: Double = 1
  ) throws(Failure) -> Self {
    let (owner, cells) = ("mesh_linear", rowStart.count - 1)
    try Check.size(cells, "\(owner): cells")
    try check(owner, channels, inputChannels, cells: cells)
    guard hops >= 0 else { throw Failure(.invalidArgument, "\(owner): hops must be at least 0, got \(hops)") }
    let layer = Self.linear(
      channels * cells, activation: activation, bias: bias, initializer: initializer, negativeSlope: negativeSlope,
      alpha: alpha)
    let around = try rowStart.withUnsafeBufferPointer { rowStart throws(Failure) in
      try columns.withUnsafeBufferPointer { columns throws(Failure) in
        guard let starts = rowStart.baseAddress else { throw Failure(.nullArgument, "\(owner): rowStart is empty") }
        return try Neighbourhood(
          cells: cells, rowStart: starts, columns: columns.baseAddress ?? starts, available: columns.count, hops: hops,
          base: base, owner: owner)
      }
    }
    return try layer.connected(around, channels, inputChannels, owner)
  }

  private static func check(_ owner: String, _ channels: Int, _ inputChannels: Int, cells: Int) throws(Failure) {
    for (count, name) in [(channels, "channels"), (inputChannels, "inputChannels")] {
      try Check.size(count, "\(owner): \(name)")
      try Check.size(count.multipliedClamped(by: cells), "\(owner): \(name) x cells")
    }
  }

  private func connected(
    _ around: Neighbourhood, _ channels: Int, _ inputChannels: Int, _ owner: String
  ) throws(Failure) -> Self {
    var layer = self
    let pattern = try Pattern(around, channels: channels, inputChannels: inputChannels, owner: owner)
    layer.settings.append((LayerOption.density, pattern.density))
    layer.pattern = pattern
    return layer
  }
}
