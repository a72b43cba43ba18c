import Base
import Graphs
import Layers
import Machine
import Sparse

/// A layer whose density a function of the caller's is asked for.
public struct DensityRequest: Sendable {
  /// Its number.
  public let layer: Int
  public let units: Int
  public let inputs: Int
}

/// Fill in a density in (0, 1] for each of some layers, which come in as they were given; false stops the build.
public typealias DensityFunction =
  @Sendable (_ layers: [DensityRequest], _ densities: inout [Double]) -> Bool

/// Where layers' densities come from, if not each from itself.
enum Distributing {
  case overall(Distribution, Double)
  case function(DensityFunction)
}

extension Blueprint {
  /// Whether layers get other densities at build than those that they were added with.
  var isDistributed: Bool { distribution != nil || epsilon > 0 }

  private var epsilon: Double { (try? options.get(NetworkOption.epsilon)) ?? 0 }

  /// The same with the densities that layers are to have.
  /// - Throws: `invalidArgument` for a density that cannot be, naming the layer; `stopped` by the caller's function.
  func distributed() throws(Failure) -> Blueprint<T> {
    guard isDistributed else { return self }
    var shapes: [Distribution.Shape] = []
    var requests: [DensityRequest] = []
    var given: [Double] = []
    for (position, layer) in plan.layers.enumerated() where layer.hasConnections {
      let shape = try plan.weightShape(position + 1)
      let isFixed = layer.hasFixedDensity || layer.pattern != nil
      shapes.append(
        .init(name: layer.owner, dimensions: shape.dimensions, fixedDensity: isFixed ? layer.density : nil))
      if isFixed { continue }
      requests.append(DensityRequest(layer: position + 1, units: shape.rows, inputs: shape.columns))
      given.append(layer.density)
    }
    var changed = self
    for (request, density) in zip(requests, try densities(shapes, requests, given)) {
      try changed.plan.change(request.layer) { layer throws(Failure) in try layer.options.set(LayerOption.density, density) }
    }
    return changed
  }

  /// One density for each request.
  private func densities(
    _ shapes: [Distribution.Shape], _ requests: [DensityRequest], _ given: [Double]
  ) throws(Failure) -> [Double] {
    var densities = given
    switch distribution {
    case .overall(let kind, let density):
      guard epsilon == 0 else {
        throw Failure(.invalidArgument, "build: epsilon \(epsilon) and a distribution exclude each other")
      }
      let power = try options.get(NetworkOption.distributionPower)
      let all = try kind.densities(density: density, shapes: shapes, power: power)
      return zip(shapes, all).filter { $0.0.fixedDensity == nil }.map(\.1)
    case .function(let body):
      guard epsilon == 0 else {
        throw Failure(.invalidArgument, "build: epsilon \(epsilon) and a function for densities exclude each other")
      }
      guard requests.isEmpty || body(requests, &densities) else {
        throw Failure(.stopped, "build: stopped by the caller's function for densities")
      }
      guard densities.count == requests.count else {
        throw Failure(
          .invalidArgument, "build: the function for densities must give \(requests.count) of them, gave \(densities.count)")
      }
      for (request, density) in zip(requests, densities) {
        try Check.density(density, "build: \(plan.layers[request.layer - 1].owner), by the caller's function")
      }
    case nil:
      for (position, request) in requests.enumerated() {
        let (units, inputs) = (Double(request.units), Double(request.inputs))
        densities[position] = epsilon * (inputs + units) / (inputs * units)
        guard densities[position] <= 1 else {
          throw Failure(
            .invalidArgument,
            "build: \(plan.layers[request.layer - 1].owner): epsilon \(epsilon) makes a density of \(densities[position]), above 1"
          )
        }
      }
    }
    return densities
  }
}
