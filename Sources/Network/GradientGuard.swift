import Base
import Graphs
import KernelInterface
import Layers
import Machine
import Optimizers
import Sparse

/// Finds out whether the gradients of all layers are finite and within what optimizers can take, before any weight changes.
///
/// A product of finite numbers can overflow, so that finite data and a finite loss promise nothing. The gradients are read as a
/// whole only where that is little beside the pass that made them. For few samples it is not; then a bound is enough, which
/// is read off the panels that the gradients are products of: |dw| = |sum dz x| <= sqrt(sum dz^2 sum x^2), Cauchy and Schwarz.
final class GradientGuard<T: Scalar>: Stateful {
  /// What the gradients of each layer with parameters are products of: dz, then its input x.
  private let factors: Buffer<Segment<T>>
  private let sums: Buffer<T>
  /// Features of these panels, in all and one by one.
  private let features: Int
  private let widths: Buffer<Int>
  /// Elements of a feature that `factors` are for now.
  private var samples = 0
  /// The layers with parameters, and their places in the graph.
  private let graph: Graph<T>
  private let positions: [Int]
  /// Whether every gradient is such a product.
  private let areProducts: Bool
  private let gradients: SquareSums<T>
  private let store: ParameterStore<T>
  /// The norm of all gradients, for clipping.
  private let norm: GlobalNorm<T>
  /// All of them, if some have a gradient in few rows alone; else none.
  private let parameters: [Parameter<T>]
  private let kernel: Kernel

  /// - elements: of the whole gradient array, as it is to be; nil: as it is. - longest: elements that a parameter may come to have;
  ///   nil: their capacities now. - Throws: `outOfMemory`.
  init(_ graph: Graph<T>, _ store: ParameterStore<T>, elements: Int? = nil, longest: Int? = nil) throws(Failure) {
    let what = "check of the gradients, scratch"
    let layers = store.layers
    factors = try Buffer(count: 2 * layers.count, of: what)
    sums = try Buffer(count: 2 * layers.count, of: what)
    widths = try Buffer(count: 2 * layers.count, of: what)
    let all = layers.flatMap(\.parameters)
    parameters = all.contains { $0.activeRows != nil } ? all : []
    let room = parameters.total { parameter in
      parameter.activeRows.map { $0.capacity.multipliedClamped(by: SquareSums<T>.blocks($0.width)) }
        ?? SquareSums<T>.blocks(parameter.capacity)
    }
    gradients = try SquareSums(room: max(room, SquareSums<T>.blocks(elements ?? store.count)), of: what)
    norm = try GlobalNorm(parameters: all, longest: longest)
    self.store = store
    kernel = T.kernels.squaresOfSegments
    self.graph = graph
    positions = layers.map { $0.number - 1 }
    areProducts = layers.allSatisfy { $0.layer.multipliesPanels }
    var features = 0
    for (i, trained) in layers.enumerated() {
      let layer = trained.layer
      let dz = UnsafePointer(layer.outputGradient)
      factors.pointer[2 * i] = Segment(values: dz, count: 0)
      factors.pointer[2 * i + 1] = Segment(values: graph.input(of: trained.number - 1), count: 0)
      widths.pointer[2 * i] = layer.outputs
      widths.pointer[2 * i + 1] = layer.inputs
      features += layer.outputs + layer.inputs
    }
    self.features = features
  }

  func visit(_ visitor: inout some StateVisitor) {
    visitor.scratch(factors, sums, widths)
    visitor.part("gradients", gradients)
    visitor.part("norm", norm)
  }

  /// At least the largest magnitude of the gradients, but for rounding; infinite or NaN when one of them is, and perhaps when
  /// one is near to overflow.
  /// - shape, input: of the pass that made them out of nothing; nil: the caller may have changed them, or had them added up.
  @_specialize(where T == Float)
  @_specialize(where T == Double)
  private func bound(_ shape: PanelShape?, executor: any Executor) -> Double {
    let array = store.gradients
    guard let values = array.baseAddress else { return 0 }
    if areProducts, let shape, features * shape.count * shape.width < array.count {
      return boundOfProducts(shape.count * shape.width, executor)
    }
    gradients.clear()
    if !parameters.isEmpty { return boundOfRuns(executor) }
    // The whole array: what is beyond a layer's connections is 0.
    gradients.add(UnsafePointer(values), count: array.count)
    gradients.measure(executor: executor)
    return gradients.sum(count: array.count).squareRoot()
  }

  /// The same from what has a gradient.
  @inline(__always)
  private func boundOfRuns(_ executor: any Executor) -> Double {
    for i in 0..<parameters.count {
      guard let gradient = parameters[i].gradient else { continue }
      for number in 0..<parameters[i].runs {
        let (at, count) = parameters[i].run(number)
        gradients.add(UnsafePointer(gradient + at), count: count)
      }
    }
    gradients.measure(executor: executor)
    return gradients.total().squareRoot()
  }

  @inline(__always)
  private func boundOfProducts(_ samples: Int, _ executor: any Executor) -> Double {
    let (factors, sums) = (factors.pointer, sums.pointer)
    let count = self.factors.count
    if samples != self.samples {
      self.samples = samples
      for i in 0..<count { factors[i].count = widths.pointer[i] &* samples }
    }
    // The network's input changes its place.
    for j in 0..<positions.count { factors[2 &* j &+ 1].values = graph.input(of: positions[j]) }
    let arguments = SegmentArguments(segments: UnsafePointer(factors), sums: sums)
    withUnsafePointer(to: arguments) {
      executor.run(kernel, UnsafeRawPointer($0), units: count, work: 2 &* features &* samples, balancedBy: nil)
    }
    var most = 0.0
    var i = 0
    while i < count {
      // A bias has the input 1 in every sample. Not max(), which may pass over NaN.
      let square = Double(sums[i]) * (Double(sums[i &+ 1]) + Double(samples))
      most = square <= most ? most : square
      i &+= 2
    }
    return most.squareRoot()
  }

  // MARK: The decision

  /// What gradients are to be multiplied by before the optimizers take them: less than 1 where clipping asks for it. They are
  /// known to be finite then, and each to be within what its layer's optimizer can take.
  /// - shape: of the backward pass just made, whose products they still are; nil: anybody may have changed them, or they are sums.
  /// - updates: whether they are to be taken now. - limit: of their norm; 0: none.
  /// - Throws: `nonFinite`, naming the layer. Whoever has the gradients in hand may mend them.
  @_specialize(where T == Float)
  @_specialize(where T == Double)
  func scale(
    _ call: StaticString, _ shape: PanelShape?, updates: Bool, limit: Double, executor: any Executor
  ) throws(Failure) -> Double {
    // What the slow look below cannot find anything in.
    var least = Double(T.greatestFiniteMagnitude) * 0x1p-20
    if updates {
      for i in 0..<store.layers.count { least = min(least, store.layers[i].optimizer?.largestGradient ?? least) }
    }
    let most: Double
    var scale = 1.0
    if limit > 0 {
      most = norm.norm(executor: executor)
      scale = GlobalNorm<T>.factor(limit: limit, norm: most)
    } else {
      most = bound(shape, executor: executor)
    }
    // Never true for NaN. Half of it, for rounding.
    if most * scale <= least / 2, scale >= Double(T.leastNormalMagnitude) { return scale }
    try requireFinite(call, scale: scale, norm: most, updates: updates, limit: limit)
    return scale
  }

  /// Look at gradients one by one. From the last layer: what overflows there goes into the layers before.
  private func requireFinite(
    _ call: StaticString, scale: Double, norm: Double, updates: Bool, limit: Double
  ) throws(Failure) {
    for layer in store.layers.reversed() {
      let optimizer = updates ? layer.optimizer : nil
      let largest = optimizer?.largestGradient ?? Double(T.greatestFiniteMagnitude)
      for parameter in layer.parameters {
        guard let gradient = parameter.gradient else { continue }
        for i in 0..<parameter.count where !gradient[i].isFinite {
          throw Failure(
            .nonFinite, "\(call): the gradient of \(parameter.name)[\(i)] (from 0) is \(gradient[i]); no weight has changed")
        }
        for i in 0..<parameter.count where !(Double(gradient[i].magnitude) * scale <= largest) {
          throw Failure(
            .nonFinite,
            "\(call): the gradient of \(parameter.name)[\(i)] (from 0) is \(gradient[i]), "
              + "\(optimizer?.optimizer.options.owner ?? "the network") takes at most \(largest) in float\(T.bits); "
              + "no weight has changed")
        }
      }
    }
    guard scale >= Double(T.leastNormalMagnitude) else {
      throw Failure(
        .nonFinite,
        "\(call): the norm of the gradients, \(norm), is too large for clip_norm \(limit); no weight has changed")
    }
  }
}
