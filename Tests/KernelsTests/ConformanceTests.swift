import KernelInterface
import Kernels
import Machine
import Testing

/// Vectors worked out by hand: every number is representable, so every kernel must give it exactly.
@Suite struct ConformanceTests {
  @Test(arguments: InstructionSet.available, [2, 4]) func linearLayer(set: InstructionSet, indexBytes: Int) throws {
    try OpenBLAS.reserve(callers: 1)
    check(Float.table(set), indexBytes: indexBytes)
    check(Double.table(set), indexBytes: indexBytes)
  }

  @Test(arguments: [2, 4]) func linearLayerOfTheReference(indexBytes: Int) throws {
    try OpenBLAS.reserve(callers: 1)
    check(Float.reference, indexBytes: indexBytes)
    check(Double.reference, indexBytes: indexBytes)
  }

  /// W (4, 4) with one connection in rows 1 and 2, relu.
  private func check<T: TestedScalar>(_ table: KernelTable<T>, indexBytes: Int) {
    let w = TestMatrix<T>(
      rows: 4, columns: 4, indexBytes: indexBytes, positions: [(0, 1), (0, 3), (1, 0), (2, 2), (3, 0), (3, 3)],
      values: [3, 7, 8, 2, 5, 9])
    let shape = PanelShape(batch: 2, elementSize: MemoryLayout<T>.size)
    let x = Memory<T>(panels([[1, 2], [0, 1], [3, -1], [2, 0.5]], shape))
    let bias = Memory<T>([0.5, -1, 0, 1])
    let y = Memory<T>([T](repeating: 0, count: shape.elements(features: 4)))
    let g = Memory<T>(panels([[1, -1], [0.5, 2], [0, 1], [-2, 0.25]], shape))
    let dx = Memory<T>([T](repeating: 9, count: shape.elements(features: 4)))
    let (dw, db) = (Memory<T>([T](repeating: 9, count: 6)), Memory<T>([T](repeating: 9, count: 4)))
    let transposed = Memory<T>([T](repeating: 9, count: 6))
    var arguments = LinearArguments<T>(
      matrix: w.matrix, rows: 4, columns: 4, shape: shape, bias: bias.pointer, activation: .identity, negativeSlope: 0,
      input: x.pointer, output: y.pointer)
    call(table.sparseForward, arguments, units: 4)
    #expect(unpanels(y.values, features: 4, shape) == [[14.5, 7], [7, 15], [6, -2], [24, 15.5]])

    arguments.activation = .relu
    call(table.sparseForward, arguments, units: 4)
    #expect(unpanels(y.values, features: 4, shape) == [[14.5, 7], [7, 15], [6, 0], [24, 15.5]])

    arguments.gradient = g.pointer
    arguments.weightGradient = dw.pointer
    arguments.biasGradient = db.pointer
    arguments.inputGradient = dx.pointer
    arguments.transposedValues = transposed.pointer
    call(table.sparseBackwardWeight, arguments, units: 4)
    call(table.sparseBackwardInput, arguments, units: 4)
    #expect(unpanels(g.values, features: 4, shape) == [[1, -1], [0.5, 2], [0, 0], [-2, 0.25]])
    #expect(dw.values == [-1, 1.5, 4.5, 0, -1.5, -3.875])
    #expect(db.values == [0, 2.5, 0, -1.75])
    #expect(unpanels(dx.values, features: 4, shape) == [[-6, 17.25], [3, -3], [0, 0], [-11, -4.75]])

    let dense = Memory<T>([T](repeating: 9, count: 16))
    let products = DenseArguments<T>(
      rows: 4, columns: 4, shape: shape, input: x.pointer, gradient: UnsafePointer(g.pointer), weightGradient: dense.pointer)
    call(T.dense.backwardWeight, products, units: products.backwardWeightUnits)
    #expect(dense.values == [-1, -1, 4, 1.5, 4.5, 2, -0.5, 2, 0, 0, 0, 0, -1.5, 0.25, -6.25, -3.875])
  }
}
