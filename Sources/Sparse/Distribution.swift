import Base

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// How one overall density is spread over layers. The raw values are those of include/espalier.h.
public enum Distribution: Int32, Sendable, CaseIterable {
  /// Every layer has the same density.
  case uniform = 0
  /// Density proportional to (in + out) / (in out), of the last two dimensions (Mocanu et al. 2018).
  case erdosRenyi
  /// Density proportional to sum(dimensions) / product(dimensions) (Evci et al. 2020).
  case erdosRenyiKernel
  /// The first layer dense, the others uniform.
  case firstDense

  /// What a distribution has to know about a layer.
  package struct Shape: Sendable {
    /// For messages: "linear layer 2".
    package var name: String
    /// Lengths of the weight array's dimensions, inputs and outputs last.
    package var dimensions: [Int]
    /// A density of its own: the layer keeps it and does not count towards the overall one.
    package var fixedDensity: Double?

    package init(name: String, dimensions: [Int], fixedDensity: Double? = nil) {
      self.name = name
      self.dimensions = dimensions
      self.fixedDensity = fixedDensity
    }
  }

  /// positions - floor(s positions) with s = 1 - density, in double: the exact count of RigL's code, which takes s.
  /// - density: in [0, 1].
  package static func connections(density: Double, positions: Int) -> Int {
    connections(sparsity: sparsity(density: density), positions: positions)
  }

  /// positions - floor(sparsity positions), in double. - sparsity: in [0, 1].
  package static func connections(sparsity: Double, positions: Int) -> Int {
    let zeros = (sparsity * Double(positions)).rounded(.down)
    // Above 2^53 a count may round up, beyond what Int holds.
    return zeros < Double(positions) ? positions - Int(clamping: zeros) : 0
  }

  /// 1 - density, as one would have written it: 0.1 for 0.9, where the subtraction gives 0.09999999999999998 and would lose a
  /// zero. Decimals of up to 12 digits are put right, so that counts are those of codes that take the sparsity. Other densities
  /// are quotients that were rounded: 2^-52 more than the difference is never less than what was meant, so that no product that
  /// should be whole stays below it, 5/6 of 6 included; and no more than the rounding of both, 2^-53 each.
  package static func sparsity(density: Double) -> Double {
    let difference = 1 - density
    return decimal(difference) ?? min(difference + 0x1p-52, max(difference, 1 - 0x1p-53))
  }

  /// The decimal of up to 12 digits that a difference was before it was rounded, if there is one.
  private static func decimal(_ difference: Double) -> Double? {
    let decimal = (difference * 1e12).rounded() / 1e12
    return abs(decimal - difference) < 0x1p-52 ? decimal : nil
  }

  /// A density of Erdos-Renyi, as it gives the published number of connections. RigL's code multiplies 1 - density as it comes
  /// and keeps one more where rounding takes a product below a whole number: 102,101 of 235,200 positions in the first layer of
  /// 784-300-100-10 at 0.5, of which the exact number is 102,100. A density that is a rounding error larger says the same.
  private static func published(_ density: Double, positions: Int) -> Double {
    let difference = 1 - density
    let count = connections(sparsity: decimal(difference) ?? difference, positions: positions)
    return count > connections(density: density, positions: positions) ? min(1, density + 0x1p-50) : density
  }

  /// The density of each layer, in order.
  ///
  /// Erdos-Renyi: density_l = eps raw_l with the one eps that gives the overall count; layers that would exceed 1 become
  /// dense, all of the largest raw at once, and eps is solved again for the others (RigL's code, sparse_utils.py).
  /// - density: overall, in (0, 1]. - power: of raw, for the Erdos-Renyi kinds.
  /// - Throws: `invalidArgument` when a density is out of range, a shape is none, there are no layers, or one of them would
  ///   be left without connections (by a density so small that 1 - density is 1).
  package func densities(density: Double, shapes: [Shape], power: Double = 1) throws(Failure) -> [Double] {
    guard density > 0, density <= 1 else {
      throw Failure(.invalidArgument, "distribution: density must be in (0, 1], got \(density)")
    }
    guard !shapes.isEmpty else { throw Failure(.invalidArgument, "distribution: there are no layers to spread a density over") }
    var layers: [Layer] = []
    for shape in shapes { layers.append(try Layer(shape, kind: self, power: power)) }
    let densities =
      switch self {
      case .uniform: layers.map { $0.fixed ?? density }
      case .firstDense: layers.enumerated().map { $1.fixed ?? ($0 == 0 ? 1 : density) }
      case .erdosRenyi, .erdosRenyiKernel: Self.solve(layers, density: density)
      }
    for (layer, own) in zip(layers, densities) {
      guard Self.connections(density: own, positions: layer.positions) >= 1 else {
        throw Failure(
          .invalidArgument,
          "distribution: an overall density of \(density) leaves \(layer.name) none of its \(layer.positions) connections")
      }
    }
    return densities
  }

  private static func solve(_ layers: [Layer], density: Double) -> [Double] {
    var isDense = layers.map { _ in false }
    var epsilon = 0.0
    while true {
      var divisor = 0.0
      var target = 0.0
      var most = 0.0
      for (layer, dense) in zip(layers, isDense) where layer.fixed == nil {
        let share = connections(density: density, positions: layer.positions)
        if dense {
          target -= Double(layer.positions - share)
        } else {
          target += Double(share)
          divisor += layer.raw * Double(layer.positions)
          most = max(most, layer.raw)
        }
      }
      // Every layer is dense or fixed.
      if divisor == 0 { break }
      epsilon = target / divisor
      if most * epsilon <= 1 { break }
      for i in layers.indices where layers[i].fixed == nil && layers[i].raw == most { isDense[i] = true }
    }
    return zip(layers, isDense).map { layer, dense in
      layer.fixed ?? (dense ? 1 : published(epsilon * layer.raw, positions: layer.positions))
    }
  }

  private struct Layer {
    let name: String
    let positions: Int
    let fixed: Double?
    let raw: Double

    init(_ shape: Shape, kind: Distribution, power: Double) throws(Failure) {
      name = shape.name
      fixed = shape.fixedDensity
      if let fixed, !(fixed > 0 && fixed <= 1) {
        throw Failure(.invalidArgument, "\(shape.name): density must be in (0, 1], got \(fixed)")
      }
      var positions = 1
      for length in shape.dimensions {
        let (product, overflow) = positions.multipliedReportingOverflow(by: length)
        guard length >= 1, !overflow else {
          throw Failure(.invalidArgument, "\(shape.name): \(shape.dimensions) is no shape of an array of weights")
        }
        positions = product
      }
      self.positions = positions
      let counted = kind == .erdosRenyi ? shape.dimensions.suffix(2) : shape.dimensions[...]
      let quotient = counted.reduce(0.0) { $0 + Double($1) } / counted.reduce(1.0) { $0 * Double($1) }
      raw = power == 1 ? quotient : pow(quotient, power)
    }
  }
}
