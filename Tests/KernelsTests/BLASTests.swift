import KernelInterface
import Machine
import Testing

/// One after another, because OpenBLAS's threads are the process's. That the host's setting comes back: Tests/ABI/environment.c,
/// in a process where nobody else holds it.
@Suite(.serialized) struct BLASTests {
  @Test func denseProductsAreTheirDefinitions() throws {
    try OpenBLAS.reserve(callers: 1)
    func check<T: TestedScalar>(_: T.Type) {
      var draw = Draw(state: 2)
      let hold = BLASThreads.begin()
      defer { hold.end() }
      for batch in batches {
        // Beyond one block of rows and of columns now and then.
        let (rows, columns) = ([1, 7, 130][draw.below(3)], [1, 9, 140, 520][draw.below(4)])
        checkProducts(rows: rows, columns: columns, batch: batch, T.self, &draw)
      }
    }
    check(Float.self)
    check(Double.self)
  }

  @Test func productsAreTheSameBitsForAnyNumberOfThreads() throws {
    try OpenBLAS.reserve(callers: 5)
    func check<T: TestedScalar>(_: T.Type) throws {
      var draw = Draw(state: 11)
      let (rows, columns) = (300, 600)
      let shape = PanelShape(batch: 130, elementSize: MemoryLayout<T>.size)
      let weights = Memory(draw.values(rows * columns) as [T])
      let x = Memory(draw.values(shape.elements(features: columns)) as [T])
      let dz = Memory(draw.values(shape.elements(features: rows)) as [T])
      var first: [[T]]?
      let hold = BLASThreads.begin()
      defer { hold.end() }
      for threads in [1, 2, 3, 5] {
        let pool = try ThreadPool(threads: threads)
        let (z, dx, dw) = (Memory(dz.values), Memory(x.values), Memory(weights.values))
        let products = DenseArguments<T>(
          rows: rows, columns: columns, shape: shape, weights: weights.pointer, input: x.pointer, output: z.pointer,
          gradient: UnsafePointer(dz.pointer), inputGradient: dx.pointer, weightGradient: dw.pointer)
        withUnsafePointer(to: products) {
          pool.run(T.dense.forward, $0, units: products.forwardUnits, work: products.work, balancedBy: nil)
          pool.run(T.dense.backwardInput, $0, units: products.backwardInputUnits, work: products.work, balancedBy: nil)
          pool.run(
            T.dense.backwardWeight, $0, units: products.backwardWeightUnits, work: products.backwardWeightWork,
            balancedBy: nil)
        }
        let found = [z.values, dx.values, dw.values]
        if let first { #expect(found == first, "\(threads) threads") } else { first = found }
      }
    }
    try check(Float.self)
    try check(Double.self)
  }

  private func checkProducts<T: TestedScalar>(rows: Int, columns: Int, batch: Int, _: T.Type, _ draw: inout Draw) {
    let shape = PanelShape(batch: batch, elementSize: MemoryLayout<T>.size)
    // Whole numbers: every product and sum is exact, whatever the order.
    func numbers(_ count: Int) -> [T] { (0..<count).map { _ in T(draw.below(9) - 4) } }
    func rowsOf(_ features: Int) -> [[T]] { (0..<features).map { _ in numbers(batch) } }
    let (w, x, dz) = (numbers(rows * columns), rowsOf(columns), rowsOf(rows))
    let weights = Memory(w)
    let (input, gradient) = (Memory(panels(x, shape)), Memory(panels(dz, shape)))
    let (output, dx) = (Memory(gradient.values), Memory(input.values))
    let part = draw.below(rows)..<rows
    let start = numbers(part.count * columns)
    let dw = Memory(start)
    var arguments = DenseArguments<T>(
      rows: rows, columns: columns, shape: shape, weights: weights.pointer, input: input.pointer, output: output.pointer,
      gradient: gradient.pointer, inputGradient: dx.pointer, weightGradient: dw.pointer, gradientRows: part, accumulate: true)
    call(T.dense.forward, arguments, units: arguments.forwardUnits)
    call(T.dense.backwardInput, arguments, units: arguments.backwardInputUnits)
    call(T.dense.backwardWeight, arguments, units: arguments.backwardWeightUnits)
    let (z, back) = (unpanels(output.values, features: rows, shape), unpanels(dx.values, features: columns, shape))
    let s = draw.below(batch)
    for r in 0..<rows { #expect(z[r][s] == (0..<columns).reduce(0) { $0 + w[r * columns + $1] * x[$1][s] }) }
    for c in 0..<columns { #expect(back[c][s] == (0..<rows).reduce(0) { $0 + w[$1 * columns + c] * dz[$1][s] }) }
    func product(_ r: Int, _ c: Int) -> T { (0..<batch).reduce(0) { $0 + dz[r][$1] * x[c][$1] } }
    let (r, c) = (part.lowerBound + draw.below(part.count), draw.below(columns))
    let place = (r - part.lowerBound) * columns + c
    #expect(dw.values[place] == start[place] + product(r, c))
    arguments.accumulate = false
    call(T.dense.backwardWeight, arguments, units: arguments.backwardWeightUnits)
    #expect(dw.values[place] == product(r, c))
    for memory in [output, dx, dw] { #expect(memory.guardsAreIntact) }
  }
}
