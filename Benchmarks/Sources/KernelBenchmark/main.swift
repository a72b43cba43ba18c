// GFLOP/s of the sparse kernels on one thread, least time of many runs: forward, backward-input, backward-weight.
// Usage: KernelBenchmark [double] [density ...]    ESPALIER_ISA=portable|avx2|avx512 chooses the instruction set.

import Base
import Glibc
import KernelInterface
import Machine

struct Layer<T: Scalar> {
  let rows: Int
  let columns: Int
  var rowStart: [Int64] = [0]
  var columnIndex: [UInt16] = []
  var columnStart: [Int64] = []
  var rowIndex: [UInt16] = []
  var slot: [UInt32] = []
  var values: [T] = []

  init(rows: Int, columns: Int, density: Double) {
    (self.rows, self.columns) = (rows, columns)
    var source = RandomSource(seed: 1)
    var byColumn = [[(UInt16, UInt32)]](repeating: [], count: columns)
    for row in 0..<rows {
      for column in 0..<columns where source.uniform() < density {
        byColumn[column].append((UInt16(row), UInt32(columnIndex.count)))
        columnIndex.append(UInt16(column))
        values.append(T(source.uniform()))
      }
      rowStart.append(Int64(columnIndex.count))
    }
    columnStart = [0]
    for entries in byColumn {
      rowIndex += entries.map(\.0)
      slot += entries.map(\.1)
      columnStart.append(Int64(rowIndex.count))
    }
  }
}

func aligned<T: Scalar>(_ count: Int, _: T.Type) -> UnsafeMutablePointer<T> {
  let p = UnsafeMutableRawPointer.allocate(byteCount: count * MemoryLayout<T>.stride, alignment: 64)
    .bindMemory(to: T.self, capacity: count)
  var source = RandomSource(seed: 2)
  for i in 0..<count { p[i] = T(source.uniform()) }
  return p
}

/// Least seconds of a call, for about 0.3 s.
func leastTime(_ body: () -> Void) -> Double {
  func now() -> Double {
    var t = timespec()
    clock_gettime(CLOCK_MONOTONIC, &t)
    return Double(t.tv_sec) + Double(t.tv_nsec) * 1e-9
  }
  body()
  var least = Double.infinity
  let start = now()
  while now() - start < 0.3 {
    let before = now()
    body()
    least = min(least, now() - before)
  }
  return least
}

func measure<T: Scalar>(rows: Int, columns: Int, batch: Int, density: Double, _: T.Type) {
  let layer = Layer<T>(rows: rows, columns: columns, density: density)
  let shape = PanelShape(batch: batch, elementSize: MemoryLayout<T>.size)
  let x = aligned(shape.elements(features: columns), T.self)
  let dx = aligned(shape.elements(features: columns), T.self)
  let y = aligned(shape.elements(features: rows), T.self)
  let dy = aligned(shape.elements(features: rows), T.self)
  let dw = aligned(layer.values.count, T.self)
  let transposed = aligned(layer.values.count, T.self)
  let (bias, db) = (aligned(rows, T.self), aligned(rows, T.self))
  defer { for p in [x, dx, y, dy, dw, transposed, bias, db] { p.deallocate() } }
  let environment = FloatingPointEnvironment.begin()
  defer { environment.end() }
  layer.rowStart.withUnsafeBufferPointer { rowStart in
    layer.columnIndex.withUnsafeBytes { columnIndex in
      layer.columnStart.withUnsafeBufferPointer { columnStart in
        layer.rowIndex.withUnsafeBytes { rowIndex in
          layer.slot.withUnsafeBufferPointer { slot in
            layer.values.withUnsafeBufferPointer { values in
              let matrix = SparseMatrix<T>(
                rows: rows, columns: columns, rowStart: rowStart.baseAddress!, columnIndex: columnIndex.baseAddress!,
                indexBytes: 2, values: values.baseAddress!, columnStart: columnStart.baseAddress!,
                rowIndex: rowIndex.baseAddress!, slot: slot.baseAddress!)
              let arguments = LinearArguments<T>(
                matrix: matrix, rows: rows, columns: columns, shape: shape, bias: bias, activation: .identity,
                negativeSlope: 0, input: x, output: y, gradient: dy, weightGradient: dw, biasGradient: db,
                inputGradient: dx, transposedValues: transposed)
              withUnsafePointer(to: arguments) { raw in
                let flops = 2e-9 * Double(layer.values.count) * Double(shape.count * shape.width)
                let forward = flops / leastTime { T.kernels.sparseForward(raw, 0, rows) }
                let input = flops / leastTime { T.kernels.sparseBackwardInput(raw, 0, columns) }
                let weight = flops / leastTime { T.kernels.sparseBackwardWeight(raw, 0, rows) }
                print("\(rows)x\(columns)x\(batch) \(density): \(tenths(forward)) \(tenths(input)) \(tenths(weight))")
                fflush(nil)
              }
            }
          }
        }
      }
    }
  }
}

func tenths(_ x: Double) -> Double { (x * 10).rounded() / 10 }

func run<T: Scalar>(_: T.Type, _ densities: [Double]) {
  print("\(T.kernels.name), \(T.bits) bits: rows x columns x batch density: forward, backward-input, backward-weight GFLOP/s")
  for (rows, columns) in [(1024, 1024), (4096, 4096), (512, 784)] {
    for density in densities { measure(rows: rows, columns: columns, batch: 128, density: density, T.self) }
  }
}

let words = CommandLine.arguments.dropFirst()
let asked = words.compactMap(Double.init)
let densities = asked.isEmpty ? [0.5, 0.2, 0.1, 0.05, 0.02, 0.01] : asked
if words.contains("double") { run(Double.self, densities) } else { run(Float.self, densities) }
