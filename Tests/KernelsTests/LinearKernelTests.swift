import KernelInterface
import Machine
import Testing

let batches = [1, 2, 3, 4, 5, 7, 8, 9, 16, 17, 63, 64, 65, 128, 130]

/// The kernels of linear layers against the reference, over random shapes.
@Suite struct LinearKernelTests {
  @Test(arguments: InstructionSet.available, [2, 4]) func singlePrecision(set: InstructionSet, indexBytes: Int) {
    sweep(Float.self, set, indexBytes)
  }

  @Test(arguments: InstructionSet.available, [2, 4]) func doublePrecision(set: InstructionSet, indexBytes: Int) {
    sweep(Double.self, set, indexBytes)
  }

  /// With more connections in a row than are looked ahead, in both directions; and with so many that tiles pay, more rows than
  /// a block of them and features that are no whole number of tiles.
  @Test(arguments: InstructionSet.available, [0.1, 0.8]) func longRows(set: InstructionSet, density: Double) {
    func check<T: TestedScalar>(_: T.Type) {
      var draw = Draw(state: 8)
      let problem = LinearProblem<T>(
        rows: 270, columns: 200, density: density, indexBytes: 2, batch: 65, activation: .relu, hasBias: true,
        accumulate: true, draw: &draw)
      problem.check(set, draw: &draw)
    }
    check(Float.self)
    check(Double.self)
  }

  /// One sample through the bitmap of its pattern.
  @Test(arguments: InstructionSet.available) func blocks(set: InstructionSet) {
    func check<T: TestedScalar>(_: T.Type) {
      var draw = Draw(state: 9)
      for columns in [1, 7, 8, 9, 16, 31, 64, 65] {
        for density in [0.05, 0.5, 1] {
          let problem = LinearProblem<T>(
            rows: 1 + draw.below(20), columns: columns, density: density, indexBytes: 2, batch: 1, activation: .relu,
            hasBias: true, accumulate: draw.below(3) == 0, draw: &draw)
          problem.hasBitmap = true
          problem.check(set, draw: &draw)
        }
      }
    }
    check(Float.self)
    check(Double.self)
  }

  /// An infinite input reaches the units that it is connected with and no others, and so does an infinite gradient going
  /// back, by blocks as one by one.
  @Test(arguments: InstructionSet.available) func blocksKeepInfinitiesApart(set: InstructionSet) {
    func check<T: TestedScalar>(_: T.Type) {
      var draw = Draw(state: 10)
      let w = TestMatrix<T>(rows: 9, columns: 26, density: 0.4, indexBytes: 2, draw: &draw)
      let shape = PanelShape(batch: 1, elementSize: MemoryLayout<T>.size)
      var matrix = w.matrix
      matrix.bitmap = UnsafePointer(w.bitmap.pointer)
      func isConnected(_ row: Int, _ column: Int) -> Bool { w.positions.contains { $0 == (row, column) } }
      func values(_ count: Int, infiniteAt place: Int?) -> Memory<T> {
        var values: [T] = draw.values(count)
        if let place { values[place] = .infinity }
        return Memory(values)
      }
      func pass(x: Memory<T>, dz: Memory<T>) -> (a: Memory<T>, dx: Memory<T>) {
        let a = Memory([T](repeating: 0, count: w.rows))
        let dx = Memory([T](repeating: 0, count: w.columns))
        let arguments = LinearArguments<T>(
          matrix: matrix, rows: w.rows, columns: w.columns, shape: shape, bias: nil, activation: .identity,
          negativeSlope: 0, input: x.pointer, output: a.pointer, gradient: dz.pointer, inputGradient: dx.pointer)
        call(T.table(set).sparseForward, arguments, units: w.rows)
        call(T.table(set).sparseBackwardInput, arguments, units: w.columns)
        return (a, dx)
      }
      for column in 0..<w.columns {
        let (a, _) = pass(x: values(w.columns, infiniteAt: column), dz: values(w.rows, infiniteAt: nil))
        for row in 0..<w.rows { #expect(a.values[row].isFinite != isConnected(row, column), "\(set), \(row), \(column)") }
      }
      for row in 0..<w.rows {
        let (_, dx) = pass(x: values(w.columns, infiniteAt: nil), dz: values(w.rows, infiniteAt: row))
        for column in 0..<w.columns {
          #expect(dx.values[column].isFinite != isConnected(row, column), "\(set), \(row), \(column)")
        }
      }
    }
    check(Float.self)
    check(Double.self)
  }

  private func sweep<T: TestedScalar>(_: T.Type, _ set: InstructionSet, _ indexBytes: Int) {
    var draw = Draw(state: UInt64(indexBytes))
    for (number, batch) in (batches + batches).enumerated() {
      let rows = [1, 3, 17, 40][draw.below(4)]
      let columns = [1, 2, 5, 33, 150][draw.below(5)]
      let density = [0.02, 0.3, 1][draw.below(3)]
      let problem = LinearProblem<T>(
        rows: rows, columns: columns, density: density, indexBytes: indexBytes, batch: batch,
        activation: Activation.allCases[number % Activation.allCases.count], hasBias: draw.below(4) > 0,
        accumulate: draw.below(2) == 0, draw: &draw)
      problem.check(set, draw: &draw)
    }
  }
}

/// One layer with data, and its right answers.
private final class LinearProblem<T: TestedScalar> {
  let w: TestMatrix<T>
  let shape: PanelShape
  let activation: Activation
  let accumulate: Bool
  let hasBias: Bool
  let x: [T]
  let bias: [T]
  let da: [T]
  let before: [T]
  let label: String
  var hasBitmap = false

  init(
    rows: Int, columns: Int, density: Double, indexBytes: Int, batch: Int, activation: Activation, hasBias: Bool,
    accumulate: Bool, draw: inout Draw
  ) {
    w = TestMatrix(rows: rows, columns: columns, density: density, indexBytes: indexBytes, draw: &draw)
    shape = PanelShape(batch: batch, elementSize: MemoryLayout<T>.size)
    (self.activation, self.accumulate, self.hasBias) = (activation, accumulate, hasBias)
    // Padding lanes of an activation may hold any finite number, those of a gradient are zero.
    x = panels((0..<columns).map { _ in draw.values(batch) }, shape, padding: 77)
    da = panels((0..<rows).map { _ in draw.values(batch) }, shape)
    bias = draw.values(rows)
    before = draw.values(w.values.count + rows)
    label = "\(rows)x\(columns)x\(batch) density \(density) \(activation) accumulate \(accumulate) bias \(hasBias)"
  }

  struct Result {
    var a: [T]
    var z: [T]
    var dz: [T]
    var dw: [T]
    var db: [T]
    var dx: [T]
  }

  /// - forward: a and z that the backward pass is to start from; nil: those that this call's forward gives.
  /// - magnitudes: with the absolute values of all data and no activation, which bounds the sizes of all sums.
  func run(_ table: KernelTable<T>, forward: Result? = nil, magnitudes: Bool = false, cuts: [Int] = []) -> Result {
    func data(_ values: [T]) -> Memory<T> { Memory(magnitudes ? values.map(\.magnitude) : values) }
    let values = data(w.values.values)
    let (x, bias, dz) = (data(self.x), data(self.bias), data(da))
    let activation = magnitudes ? .identity : self.activation
    let (a, z) = (Memory([T](repeating: 0, count: da.count)), Memory([T](repeating: 0, count: da.count)))
    let dx = Memory([T](repeating: 5, count: self.x.count))
    let dw = data(Array(before.prefix(values.count)))
    let db = data(Array(before.suffix(w.rows)))
    let transposed = Memory([T](repeating: 7, count: values.count))
    var matrix = w.matrix
    matrix.values = UnsafePointer(values.pointer)
    if hasBitmap { matrix.bitmap = UnsafePointer(w.bitmap.pointer) }
    let arguments = LinearArguments<T>(
      matrix: matrix, rows: w.rows, columns: w.columns, shape: shape, bias: hasBias ? UnsafePointer(bias.pointer) : nil,
      activation: activation, negativeSlope: 0.125, input: x.pointer, output: a.pointer,
      preactivation: activation.needsPreactivation ? z.pointer : nil, gradient: dz.pointer, weightGradient: dw.pointer,
      biasGradient: hasBias ? db.pointer : nil, inputGradient: dx.pointer,
      transposedValues: transposed.pointer, accumulate: accumulate)
    call(table.sparseForward, arguments, units: w.rows, cuts: cuts.filter { $0 <= w.rows })
    let (forwardA, forwardZ) = (a.values, z.values)
    if let forward {
      for i in 0..<a.count { (a.pointer[i], z.pointer[i]) = (forward.a[i], forward.z[i]) }
    }
    call(table.sparseBackwardWeight, arguments, units: w.rows, cuts: cuts.filter { $0 <= w.rows })
    call(table.sparseBackwardInput, arguments, units: w.columns, cuts: cuts.filter { $0 <= w.columns })
    for memory in [x, bias, dz, a, z, dx, dw, db, transposed] { #expect(memory.guardsAreIntact, "\(label)") }
    return Result(a: forwardA, z: forwardZ, dz: dz.values, dw: dw.values, db: db.values, dx: dx.values)
  }

  func check(_ set: InstructionSet, draw: inout Draw) {
    let exact = run(T.reference)
    let sizes = run(T.reference, magnitudes: true)
    let found = run(T.table(set), forward: exact)
    // A sum of n products is off by at most n units of the sum of their sizes, whatever the order; the activations and their
    // derivatives change by at most 1.13 of what z changes by, and add a few units of their own.
    let unit = T.ulpOfOne
    func compare(_ name: String, _ got: [T], _ want: [T], _ size: [T], terms: Int, live: (Int) -> Bool = { _ in true }) {
      let off = got.indices.first {
        live($0) && !((got[$0] - want[$0]).magnitude <= unit * (T(terms + 4) * T(1.2) * size[$0] + 4))
      }
      #expect(off == nil, "\(set) \(name) \(label): \(off.map { "[\($0)] \(got[$0]), not \(want[$0])" } ?? "")")
    }
    func isLive(_ i: Int, _ features: Int) -> Bool {
      i / (features * shape.width) * shape.width + i % shape.width < shape.batch
    }
    let samples = shape.count * shape.width
    compare("a", found.a, exact.a, sizes.a, terms: w.columns) { isLive($0, w.rows) }
    if activation.needsPreactivation { compare("z", found.z, exact.z, sizes.a, terms: w.columns) { isLive($0, w.rows) } }
    compare("dz", found.dz, exact.dz, sizes.dz, terms: 4)
    compare("dw", found.dw, exact.dw, sizes.dw, terms: samples)
    compare("db", found.db, exact.db, sizes.db, terms: samples)
    compare("dx", found.dx, exact.dx, sizes.dx, terms: w.rows)
    #expect(found.dz.indices.allSatisfy { isLive($0, w.rows) || found.dz[$0] == 0 }, "padding of dz, \(label)")
    #expect(found.dx.indices.allSatisfy { isLive($0, w.columns) || found.dx[$0] == 0 }, "padding of dx, \(label)")

    let cuts = (0..<5).map { _ in draw.below(max(w.rows, w.columns) + 1) }
    let pieces = run(T.table(set), forward: exact, cuts: cuts)
    #expect(
      pieces.a == found.a && pieces.dz == found.dz && pieces.dw == found.dw && pieces.db == found.db
        && pieces.dx == found.dx, "\(set) in pieces \(cuts), \(label)")
  }
}
