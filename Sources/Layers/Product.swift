import Base
import KernelInterface
import Machine

/// y = x_1 x_2 ..., elementwise.
final class Product<T: Scalar>: StatelessLayer<T>, Elementwise {
  private let count: Int

  init(count: Int, features: Int, owner: String) throws(Failure) {
    self.count = count
    try super.init(inputs: count.multipliedClamped(by: features), outputs: features, owner: owner)
  }

  override var flops: Int { (count - 1).multipliedClamped(by: outputs) }

  @_specialize(where T == Float)
  @_specialize(where T == Double)
  func forward(_ inputs: UnsafePointer<UnsafePointer<T>>, _ pass: Pass) {
    multiply(inputs, to: output, skipped: -1, factor: nil, pass)
  }

  @_specialize(where T == Float)
  @_specialize(where T == Double)
  func backward(
    _ inputs: UnsafePointer<UnsafePointer<T>>, inputGradients: UnsafePointer<UnsafeMutablePointer<T>?>, _ pass: Pass
  ) {
    for i in 0..<count {
      if let gradient = inputGradients[i] {
        multiply(inputs, to: gradient, skipped: i, factor: UnsafePointer(outputGradient), pass)
      }
    }
  }

  @inline(__always)
  private func multiply(
    _ inputs: UnsafePointer<UnsafePointer<T>>, to destination: UnsafeMutablePointer<T>, skipped: Int,
    factor: UnsafePointer<T>?, _ pass: Pass
  ) {
    pass.run(
      T.kernels.fields.multiply,
      ProductArguments(
        inputs: inputs, count: count, skipped: skipped, factor: factor, destination: destination, features: outputs,
        shape: pass.shape),
      units: outputs, work: count &* pass.shape.elements(features: outputs))
  }
}

/// The row of products.
enum ProductRow: ElementwiseRow {
  static let name = "product"
  static let options: [Option] = []
  static var inputCount: LayerInputs { .several }

  static func make<T: Scalar>(_ site: LayerSite<T>) throws(Failure) -> any Layer<T> {
    try Product<T>(count: site.inputs.count, features: site.output.features, owner: site.owner)
  }
}
