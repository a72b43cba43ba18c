import Base
import KernelInterface
import Machine

/// A layer whose outputs are sums of inputs with fixed factors, the same for every channel: average pooling, upsampling,
/// permutation, slices.
final class FieldMapping<T: Scalar>: StatelessLayer<T>, PiecewiseLinear {
  private let channels: Int
  private let table: StencilTable<T>
  private let entries: Int

  init(_ map: FieldMap, channels: Int, owner: String) throws(Failure) {
    self.channels = channels
    table = try StencilTable(map, owner: owner)
    entries = map.count.multipliedClamped(by: channels)
    try super.init(
      inputs: channels.multipliedClamped(by: map.columns), outputs: channels.multipliedClamped(by: map.rows), owner: owner)
  }

  override func visit(_ visitor: inout some StateVisitor) {
    super.visit(&visitor)
    visitor.part("stencils", table)
  }

  override var flops: Int { entries.multipliedClamped(by: 2) }

  @_specialize(where T == Float)
  @_specialize(where T == Double)
  func forward(_ inputs: UnsafePointer<UnsafePointer<T>>, _ pass: Pass) {
    apply(table.forward, from: inputs[0], to: output, pass)
  }

  @_specialize(where T == Float)
  @_specialize(where T == Double)
  func backward(
    _ inputs: UnsafePointer<UnsafePointer<T>>, inputGradients: UnsafePointer<UnsafeMutablePointer<T>?>, _ pass: Pass
  ) {
    guard let inputGradient = inputGradients[0] else { return }
    apply(table.backward, from: outputGradient, to: inputGradient, pass)
  }

  func carry(_ outputs: UnsafePointer<UInt8>, toInput input: Int, _ marks: UnsafeMutablePointer<UInt8>, count: Int) {
    table.carry(outputs, marks, channels: channels)
  }

  @inline(__always)
  private func apply(
    _ stencil: Stencil<T>, from source: UnsafePointer<T>, to destination: UnsafeMutablePointer<T>, _ pass: Pass
  ) {
    pass.run(
      T.kernels.fields.stencil,
      StencilArguments(
        stencil: stencil, source: source, destination: destination, channels: channels, shape: pass.shape),
      units: channels &* stencil.rows, work: 2 &* pass.shape.elements(features: entries))
  }
}

/// The row of a kind whose layers are ``FieldMapping``s.
protocol FieldMappingRow: LayerRow {
  /// The map of a layer whose shapes have been found to meet, and over how many channels it is the same.
  static func map(of input: TensorShape, _ options: OptionValues) throws(Failure) -> (map: FieldMap, channels: Int)
}

extension FieldMappingRow {
  static func make<T: Scalar>(_ site: LayerSite<T>) throws(Failure) -> any Layer<T> {
    let (map, channels) = try map(of: site.inputs[0], site.options)
    return try FieldMapping<T>(map, channels: channels, owner: site.owner)
  }
}
