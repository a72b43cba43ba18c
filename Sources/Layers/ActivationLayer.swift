import Base
import KernelInterface
import Machine

/// a = f(x), elementwise; softmax over the channels at each place.
final class ActivationLayer<T: Scalar>: StatelessLayer<T>, Layer {
  private let activation: Activation
  /// The number that the activation has, if any.
  private var number: T
  private let channels: Int

  init(_ activation: Activation, number: Double, of shape: TensorShape, owner: String) throws(Failure) {
    self.activation = activation
    self.number = T(number)
    channels = shape.channels
    try super.init(inputs: shape.features, outputs: shape.features, owner: owner)
  }

  override func set(_ option: String, _ value: Double) {
    if option == LayerOption.number(of: activation) { number = T(value) }
  }

  override var flops: Int { outputs }

  func carry(_ outputs: UnsafePointer<UInt8>, toInput input: Int, _ marks: UnsafeMutablePointer<UInt8>, count: Int) {
    let places = count / channels
    for feature in 0..<count where outputs[feature] != 0 {
      marks[feature] = 1
      guard activation == .softmax else { continue }
      // Each channel is in the sum of all at its place.
      for channel in 0..<channels { marks[channel * places + feature % places] = 1 }
    }
  }

  @_specialize(where T == Float)
  @_specialize(where T == Double)
  func forward(_ inputs: UnsafePointer<UnsafePointer<T>>, _ pass: Pass) {
    guard activation != .softmax else {
      move(inputs[0], to: output, pass)
      return softmax(T.kernels.softmaxForward, gradient: nil, pass)
    }
    pass.run(
      T.kernels.activationForward,
      ActivationArguments(
        activation: activation, negativeSlope: number, features: outputs, shape: pass.shape, input: inputs[0], output: output),
      units: outputs, work: 10 &* pass.shape.elements(features: outputs))
  }

  @_specialize(where T == Float)
  @_specialize(where T == Double)
  func backward(
    _ inputs: UnsafePointer<UnsafePointer<T>>, inputGradients: UnsafePointer<UnsafeMutablePointer<T>?>, _ pass: Pass
  ) {
    guard let inputGradient = inputGradients[0] else { return }
    guard activation != .softmax else {
      softmax(T.kernels.softmaxBackward, gradient: outputGradient, pass)
      return move(outputGradient, to: inputGradient, pass)
    }
    pass.run(
      T.kernels.activationBackward,
      ActivationArguments(
        activation: activation, negativeSlope: number, features: outputs, shape: pass.shape, input: inputs[0], output: output,
        gradient: UnsafePointer(outputGradient), inputGradient: inputGradient),
      units: outputs, work: 10 &* pass.shape.elements(features: outputs))
  }

  @inline(__always)
  private func softmax(_ kernel: @escaping Kernel, gradient: UnsafeMutablePointer<T>?, _ pass: Pass) {
    let places = outputs / channels
    pass.run(
      kernel,
      SoftmaxArguments(channels: channels, places: places, shape: pass.shape, output: output, gradient: gradient),
      units: pass.shape.count &* places, work: 20 &* pass.shape.elements(features: outputs))
  }
}

/// The row of activations that are layers of their own.
enum ActivationRow: ElementwiseRow {
  static let name = "activation"
  static let options = LayerOption.ofActivation

  static func make<T: Scalar>(_ site: LayerSite<T>) throws(Failure) -> any Layer<T> {
    try ActivationLayer<T>(
      try site.options.choice(LayerOption.activation, of: Activation.self),
      number: try LayerOption.activationNumber(site.options), of: site.output, owner: site.owner)
  }
}
