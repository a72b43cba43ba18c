import Espalier
import Testing

/// The Swift constructors of layers on fields: what each makes of a field of 2 channels, 2 x 3 places.
@Suite struct FieldLayersTests {
  private let x: [Double] = [1, 2, 3, 4, 5, 6, -1, -2, -3, -4, -5, -6]

  private func outputs(_ layers: LayerDescription<Double>...) throws -> [Double] {
    let network = try Network<Double>(inputs: 12)
    try network.setInputShape(TensorShape(channels: 2, extents: [2, 3]))
    for layer in layers { try network.add(layer) }
    try network.build(maximumBatch: 1)
    return try network.predict(x)
  }

  @Test func pooling() throws {
    #expect(try outputs(.maxPooling([2, 2])) == [5, -1])
    #expect(try outputs(.maxPooling([1, 2], stride: [1, 1])) == [2, 3, 5, 6, -1, -2, -4, -5])
    #expect(try outputs(.maxPooling([1, 2], stride: [2, 1], padding: [0, 1], dilation: [1, 2])) == [2, 3, 2, -2, -1, -2])
    #expect(try outputs(.averagePooling([2, 1])) == [2.5, 3.5, 4.5, -2.5, -3.5, -4.5])
    // Products with a sixth round.
    #expect(try outputs(.averagePooling([2, 3], padding: [0, 1])).map { ($0 * 1e12).rounded() } == [2e12, -2e12])
    #expect(try outputs(.averagePooling([2, 3], padding: [0, 1], countIncludePad: false)) == [3, -3])
    #expect(try outputs(.globalAveragePooling()) == [3.5, -3.5])
  }

  @Test func places() throws {
    #expect(try outputs(.slice(first: 2), .slice(.height, last: 1), .upsampling([1, 2])) == [-1, -1, -2, -2, -3, -3])
    #expect(
      try outputs(.slice(last: 1), .slice(.height, first: 2), .upsampling([1, 2], mode: .linear))
        == [4, 4.25, 4.75, 5.25, 5.75, 6])
    #expect(
      try outputs(.slice(.width, last: 2), .slice(last: 1), .upsampling([2, 1], mode: .linear, alignCorners: true))
        .map { ($0 * 3).rounded() } == [3, 6, 6, 9, 9, 12, 12, 15])
  }

  @Test func orders() throws {
    #expect(try outputs(.flatten()) == x)
    #expect(try outputs(.reshape(extents: [4]), .slice(.width, first: 4)) == [4, -2, -6])
    #expect(try outputs(.reshape(channels: 1, extents: [2, 2, 3])) == x)
    #expect(try outputs(.permute(width: .height, height: .width)) == [1, 4, 2, 5, 3, 6, -1, -4, -2, -5, -3, -6])
  }

  @Test func elementwise() throws {
    #expect(try outputs(.product(of: 0, 0)) == x.map { $0 * $0 })
    #expect(try outputs(.activation(.relu6)) == x.map { min(max($0, 0), 6) })
    #expect(try outputs(.activation(.leakyReLU, negativeSlope: 0.5)) == x.map { $0 > 0 ? $0 : $0 / 2 })
    #expect(try outputs(.activation(.celu, alpha: 2)).last.map { abs($0 - 2 * -0.950_212_931_632_136) < 1e-14 } == true)
  }

  @Test func fourthDimensions() {
    #expect(throws: Failure.self) { try outputs(.maxPooling([1, 1, 1, 1])) }
    #expect(throws: Failure.self) { try outputs(.maxPooling([1, 1], padding: [1, 0, 0, 0])) }
    #expect(throws: Failure.self) { try outputs(.reshape(extents: [12, 1, 1, 1])) }
  }
}
