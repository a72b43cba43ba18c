import Sparse
import Testing

/// ResNet-50 as in RigL's paper: 54 layers with stride in the 3 x 3 convolutions; heights of the outputs for FLOPs.
private struct Convolution {
  let dimensions: [Int]
  let outputSide: Int
  var positions: Int { dimensions.reduce(1, *) }
  var flops: Double { Double(positions * outputSide * outputSide) }
}

private let resnet50: [Convolution] = {
  var layers = [Convolution(dimensions: [7, 7, 3, 64], outputSide: 112)]
  var inputs = 64
  for (stage, blocks) in [3, 4, 6, 3].enumerated() {
    let width = 64 << stage
    let side = 56 >> stage
    for block in 0..<blocks {
      // The first block of a later stage reads maps of twice the side.
      let reading = block == 0 && stage > 0 ? 2 * side : side
      if block == 0 { layers.append(Convolution(dimensions: [1, 1, inputs, 4 * width], outputSide: side)) }
      layers.append(Convolution(dimensions: [1, 1, inputs, width], outputSide: reading))
      layers.append(Convolution(dimensions: [3, 3, width, width], outputSide: side))
      layers.append(Convolution(dimensions: [1, 1, width, 4 * width], outputSide: side))
      inputs = 4 * width
    }
  }
  layers.append(Convolution(dimensions: [2048, 1000], outputSide: 1))
  return layers
}()

@Suite struct ResNetTests {
  private func densities(_ kind: Distribution, sparsity: Double) throws -> [Double] {
    try kind.densities(
      density: 1 - sparsity, shapes: resnet50.map { .init(name: "layer", dimensions: $0.dimensions) })
  }

  private func flopRatio(_ densities: [Double]) -> Double {
    zip(densities, resnet50).reduce(0) { $0 + $1.0 * $1.1.flops } / resnet50.reduce(0) { $0 + $1.flops }
  }

  @Test func theNetworkIsThePapers() {
    #expect(resnet50.count == 54)
    #expect(resnet50.reduce(0) { $0 + $1.positions } == 25_502_912)
    #expect(abs(resnet50.reduce(0) { $0 + $1.flops } - 4.089e9) < 1e6)
  }

  @Test func densitiesOfTheKernelForm() throws {
    let found = try densities(.erdosRenyiKernel, sparsity: 0.8)
    #expect(found.count { $0 == 1 } == 8)
    let expected: [([Int], Double)] = [
      ([7, 7, 3, 64], 0.85720), ([3, 3, 64, 64], 0.36190), ([3, 3, 128, 128], 0.17690), ([1, 1, 128, 512], 0.97532),
      ([1, 1, 256, 512], 0.58489), ([3, 3, 256, 256], 0.08744), ([1, 1, 256, 1024], 0.48690),
      ([1, 1, 512, 1024], 0.29206), ([3, 3, 512, 512], 0.04347), ([1, 1, 512, 2048], 0.24326),
      ([1, 1, 1024, 2048], 0.14594), ([2048, 1000], 0.14818),
    ]
    for (dimensions, density) in expected {
      for (layer, own) in zip(resnet50, found) where layer.dimensions == dimensions {
        #expect(abs(own - density) < 5.1e-6, "\(dimensions)")
      }
    }
  }

  @Test func floatingPointOperationsOfTheKernelForm() throws {
    #expect(abs(flopRatio(try densities(.erdosRenyiKernel, sparsity: 0.8)) - 0.4138) < 5.1e-5)
    #expect(abs(flopRatio(try densities(.erdosRenyiKernel, sparsity: 0.95)) - 0.1217) < 5.1e-5)
    #expect(abs(flopRatio(try densities(.erdosRenyiKernel, sparsity: 0.965)) - 0.0852) < 5.1e-5)
    #expect(abs(flopRatio(try densities(.firstDense, sparsity: 0.8)) - 0.2231) < 5.1e-5)
    #expect(abs(flopRatio(try densities(.firstDense, sparsity: 0.9)) - 0.126) < 5.1e-4)
  }

  @Test(arguments: [(0.8, 99.561667), (0.95, 24.372126), (0.965, 17.060683)])
  func epsilonOfTheKernelForm(sparsity: Double, epsilon: Double) throws {
    let found = try densities(.erdosRenyiKernel, sparsity: sparsity)
    let classifier = try #require(found.last) / (3048.0 / 2_048_000)
    #expect(abs(classifier / epsilon - 1) < 1e-7)
  }
}
