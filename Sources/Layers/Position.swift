import Base
import KernelInterface
import Machine
import Sparse

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// y = x + P, the same P for every sample: it tells layers that see all places alike where a place is. P is learned, or fixed
/// sines and cosines (Vaswani et al. 2017).
final class Position<T: Scalar>: StatelessLayer<T>, Elementwise, Diagonal {
  /// One value a feature; nil: fixed.
  private let learned: Parameter<T>?
  /// One value a feature; empty: learned.
  private let fixed: Buffer<T>

  init(shape: TensorShape, learned: Bool, owner: String) throws(Failure) {
    let features = shape.features
    self.learned = learned ? Parameter(name: "\(owner), weights", role: .weights, count: features) : nil
    fixed = try Buffer(count: learned ? 0 : features, of: owner)
    try super.init(inputs: features, outputs: features, owner: owner)
    guard !learned else { return }
    for channel in 0..<shape.channels {
      // Channels 2 i and 2 i + 1 are the sine and the cosine of one frequency.
      let frequency = pow(10_000, -Double(channel / 2 * 2) / Double(shape.channels))
      for place in 0..<shape.places {
        let angle = Double(place) * frequency
        fixed.pointer[channel * shape.places + place] = T(channel % 2 == 0 ? sin(angle) : cos(angle))
      }
    }
  }

  override var parameters: [Parameter<T>] { learned.map { [$0] } ?? [] }

  override func visit(_ visitor: inout some StateVisitor) {
    super.visit(&visitor)
    visitor.scratch(fixed)
  }

  override var flops: Int { outputs }

  /// Normal with deviation 0.02.
  func initialize(_ options: OptionValues, random: inout RandomSource) throws(Failure) {
    guard let learned, let values = learned.values else { return }
    for i in 0..<learned.count { values[i] = T(0.02 * random.normal()) }
  }

  // What is added is the bias of a layer whose product is x.

  @_specialize(where T == Float)
  @_specialize(where T == Double)
  func forward(_ inputs: UnsafePointer<UnsafePointer<T>>, _ pass: Pass) {
    move(inputs[0], to: output, pass)
    let arguments = arguments(inputs[0], pass)
    pass.run(T.kernels.denseForwardEpilogue, arguments, units: outputs, work: pass.shape.elements(features: outputs))
  }

  @_specialize(where T == Float)
  @_specialize(where T == Double)
  func backward(
    _ inputs: UnsafePointer<UnsafePointer<T>>, inputGradients: UnsafePointer<UnsafeMutablePointer<T>?>, _ pass: Pass
  ) {
    if let learned {
      var arguments = arguments(inputs[0], pass)
      arguments.gradient = outputGradient
      arguments.biasGradient = learned.gradient
      arguments.accumulate = pass.accumulate
      pass.run(T.kernels.denseBackwardPrologue, arguments, units: outputs, work: pass.shape.elements(features: outputs))
    }
    if let gradient = inputGradients[0] { move(outputGradient, to: gradient, pass) }
  }

  @inline(__always)
  private func arguments(_ input: UnsafePointer<T>, _ pass: Pass) -> LinearArguments<T> {
    LinearArguments(
      matrix: nil, rows: outputs, columns: outputs, shape: pass.shape,
      bias: UnsafePointer(learned?.values ?? fixed.pointer), activation: .identity, negativeSlope: 0, input: input,
      output: output)
  }

  @inline(__always)
  private func move(_ source: UnsafePointer<T>, to destination: UnsafeMutablePointer<T>, _ pass: Pass) {
    pass.run(
      T.kernels.move,
      MoveArguments(
        source: source, sourceFeatures: outputs, destination: destination, destinationFeatures: outputs, shape: pass.shape,
        adds: false),
      units: outputs, work: pass.shape.elements(features: outputs))
  }
}

/// The row of position embeddings.
enum PositionRow: LayerRow {
  static let name = "position"
  static let options = [Option(LayerOption.learned, 1, .flag, live: false)]

  static func hasParameters(_ options: OptionValues) -> Bool { (try? options.get(LayerOption.learned)) == 1 }

  static func outputShape(of inputs: [TensorShape], _ options: OptionValues) throws(Failure) -> TensorShape {
    guard hasParameters(options) || inputs[0].extents.count == 1 else {
      throw Failure(
        .invalidArgument,
        "\(options.owner): fixed positions need a field of one dimension, channels x length, got \(inputs[0])")
    }
    return inputs[0]
  }

  static func make<T: Scalar>(_ site: LayerSite<T>) throws(Failure) -> any Layer<T> {
    try Position<T>(shape: site.output, learned: hasParameters(site.options), owner: site.owner)
  }
}
