import Base
import KernelInterface
import Machine

/// Which places of an input each place of an output takes, and with which factor: the same for every channel.
struct FieldMap {
  /// Places of a channel of the output, and of the input.
  let rows: Int
  let columns: Int
  /// Entries of all rows; Int.max when that is no Int.
  let count: Int
  /// Whether factors are others than 1.
  let isWeighted: Bool
  /// Calls its second argument for each entry of a row, by ascending column.
  let entries: (Int, (Int, Double) -> Void) -> Void

  /// Each output takes one input. - source: of an output.
  init(rows: Int, columns: Int, source: @escaping (Int) -> Int) {
    self.rows = rows
    self.columns = columns
    count = rows
    isWeighted = false
    entries = { row, body in body(source(row), 1) }
  }

  /// What the dimensions of a field do each by itself, the slowest first.
  init(_ axes: [Axis], isWeighted: Bool) {
    rows = axes.reduce(1) { $0.multipliedClamped(by: $1.outputs) }
    columns = axes.reduce(1) { $0.multipliedClamped(by: $1.inputs) }
    count = axes.reduce(1) { $0.multipliedClamped(by: $1.count) }
    self.isWeighted = isWeighted
    entries = { row, body in
      var positions = [Int](repeating: 0, count: axes.count)
      var rest = row
      for i in axes.indices.reversed() {
        positions[i] = rest % axes[i].outputs
        rest /= axes[i].outputs
      }
      func take(_ dimension: Int, _ place: Int, _ factor: Double) {
        guard dimension < axes.count else { return body(place, factor) }
        axes[dimension].entries(positions[dimension]) { input, weight in
          take(dimension + 1, place * axes[dimension].inputs + input, factor * weight)
        }
      }
      take(0, 0, 1)
    }
  }
}

/// One dimension of a ``FieldMap``.
struct Axis {
  let inputs: Int
  let outputs: Int
  /// Entries of all outputs.
  let count: Int
  /// Calls its second argument for each input that an output takes, ascending, with the factor.
  let entries: (Int, (Int, Double) -> Void) -> Void

  /// - count: nil: to be counted.
  init(inputs: Int, outputs: Int, count: Int? = nil, _ entries: @escaping (Int, (Int, Double) -> Void) -> Void) {
    self.inputs = inputs
    self.outputs = outputs
    self.entries = entries
    var sum = 0
    if count == nil { for output in 0..<outputs { entries(output) { _, _ in sum += 1 } } }
    self.count = count ?? sum
  }

  /// Each output takes the input that `source` names.
  static func picking(inputs: Int, outputs: Int, source: @escaping (Int) -> Int) -> Axis {
    Axis(inputs: inputs, outputs: outputs, count: outputs) { output, body in body(source(output), 1) }
  }
}

/// A ``FieldMap`` as kernels take it, in both directions.
final class StencilTable<T: Scalar>: Stateful {
  private let rows: Int
  private let columns: Int
  private let start: Buffer<Int32>
  private let index: Buffer<Int32>
  private let coefficients: Buffer<T>?
  private let columnStart: Buffer<Int32>
  private let rowIndex: Buffer<Int32>
  private let columnCoefficients: Buffer<T>?
  private let numbers: Buffer<T>?

  /// - numbers: whether the way back asks which entry of its row an entry is.
  /// - Throws: `invalidArgument` for more entries than can be counted; `outOfMemory`.
  init(_ map: FieldMap, numbers wantsNumbers: Bool = false, owner: String) throws(Failure) {
    guard map.count <= Int(Int32.max) else {
      throw Failure(.invalidArgument, "\(owner): \(map.rows) places take from more than \(Int32.max) places together")
    }
    (rows, columns) = (map.rows, map.columns)
    start = try Buffer(count: rows + 1, of: owner)
    index = try Buffer(count: map.count, of: owner)
    coefficients = map.isWeighted ? try Buffer(count: map.count, of: owner) : nil
    columnStart = try Buffer(count: columns + 1, of: owner)
    rowIndex = try Buffer(count: map.count, of: owner)
    columnCoefficients = map.isWeighted ? try Buffer(count: map.count, of: owner) : nil
    numbers = wantsNumbers ? try Buffer(count: map.count, of: owner) : nil
    let next = try Buffer<Int32>(count: columns, of: owner)
    fill(map, next.pointer)
  }

  private func fill(_ map: FieldMap, _ next: UnsafeMutablePointer<Int32>) {
    var count = 0
    for row in 0..<rows {
      map.entries(row) { column, factor in
        index.pointer[count] = Int32(truncatingIfNeeded: column)
        coefficients?.pointer[count] = T(factor)
        columnStart.pointer[column + 1] += 1
        count += 1
      }
      start.pointer[row + 1] = Int32(truncatingIfNeeded: count)
    }
    for column in 0..<columns {
      columnStart.pointer[column + 1] += columnStart.pointer[column]
      next[column] = columnStart.pointer[column]
    }
    for row in 0..<rows {
      let first = Int(start.pointer[row])
      for k in first..<Int(start.pointer[row + 1]) {
        let column = Int(index.pointer[k])
        let place = Int(next[column])
        next[column] += 1
        rowIndex.pointer[place] = Int32(truncatingIfNeeded: row)
        if let coefficients { columnCoefficients?.pointer[place] = coefficients.pointer[k] }
        numbers?.pointer[place] = T(k - first)
      }
    }
  }

  func visit(_ visitor: inout some StateVisitor) {
    visitor.scratch(start, index, coefficients, columnStart, rowIndex, columnCoefficients, numbers)
  }

  /// ``Layer/carry``, over so many channels.
  func carry(_ outputs: UnsafePointer<UInt8>, _ marks: UnsafeMutablePointer<UInt8>, channels: Int) {
    for channel in 0..<channels {
      for row in 0..<rows where outputs[channel * rows + row] != 0 {
        for k in Int(start.pointer[row])..<Int(start.pointer[row + 1]) {
          marks[channel * columns + Int(index.pointer[k])] = 1
        }
      }
    }
  }

  /// From inputs to outputs.
  var forward: Stencil<T> {
    Stencil(
      rows: rows, columns: columns, start: UnsafePointer(start.pointer), index: UnsafePointer(index.pointer),
      coefficients: coefficients.map { UnsafePointer($0.pointer) })
  }

  /// From outputs to inputs.
  var backward: Stencil<T> {
    Stencil(
      rows: columns, columns: rows, start: UnsafePointer(columnStart.pointer), index: UnsafePointer(rowIndex.pointer),
      coefficients: columnCoefficients.map { UnsafePointer($0.pointer) }, number: numbers.map { UnsafePointer($0.pointer) })
  }
}
