import Base
import Machine
import Sparse
import Topology

/// A dense gradient that is held in full, or computed from the position.
final class Gradients<T: Scalar>: DenseGradientSource {
  let columns: Int
  let value: (Int, Int) -> T
  /// Rows that were asked for, in order.
  private(set) var asked: [Range<Int>] = []

  init(columns: Int, value: @escaping (Int, Int) -> T) {
    self.columns = columns
    self.value = value
  }

  convenience init(_ values: [T], columns: Int) {
    self.init(columns: columns) { values[$0 * columns + $1] }
  }

  func denseGradient(rows: Range<Int>, into gradient: UnsafeMutablePointer<T>) {
    asked.append(rows)
    for row in rows {
      for column in 0..<columns { gradient[(row - rows.lowerBound) * columns + column] = value(row, column) }
    }
  }
}

/// A pattern with weights and moments in slot order, and what an update does to them.
struct Layer<T: Scalar> {
  let pattern: Pattern
  var weights: [T]
  var moments: [T]

  init(pattern: Pattern, weights: [T]) {
    self.pattern = pattern
    self.weights = weights
    moments = weights.indices.map { T($0 + 1) }
  }

  /// Where `mask` is 1; weights and moments of these places, in order.
  init(mask: [Int], rows: Int, weights: [T], moments: [T]) throws {
    let columns = mask.count / rows
    let places = mask.indices.filter { mask[$0] == 1 }
    let r = places.map { Int32($0 / columns) }
    let c = places.map { Int32($0 % columns) }
    pattern = try r.withUnsafeBufferPointer { r in
      try c.withUnsafeBufferPointer { c in
        try Pattern.coordinates(rows: rows, columns: columns, rowNumbers: r, columnNumbers: c, base: 0).pattern
      }
    }
    self.weights = places.map { weights[$0] }
    self.moments = places.map { moments[$0] }
  }

  var positions: [Position] {
    (0..<pattern.rows).flatMap { row in
      pattern.slots(row: row).map { Position(row: row, column: pattern.column($0)) }
    }
  }

  var mask: [Int] {
    var mask = [Int](repeating: 0, count: pattern.rows * pattern.columns)
    for position in positions { mask[position.row * pattern.columns + position.column] = 1 }
    return mask
  }

  /// Values of slots laid out over all positions, 0 elsewhere.
  func dense(_ values: [T]) -> [T] {
    var dense = [T](repeating: 0, count: pattern.rows * pattern.columns)
    for (position, value) in zip(positions, values) { dense[position.row * pattern.columns + position.column] = value }
    return dense
  }

  /// Update; returns the slots that went and that came.
  @discardableResult
  mutating func evolve(
    _ instance: TopologyInstance<T>, step: Int = 0, dropFraction: Double? = nil, gradients: Gradients<T>
  ) -> (dropped: [Int], grown: [Int]) {
    let remap = weights.withUnsafeBufferPointer {
      instance.evolve(
        step: step, dropFraction: dropFraction, pattern: pattern, weights: $0.baseAddress!, gradients: gradients)
    }
    weights.withUnsafeMutableBufferPointer { remap.apply(to: $0.baseAddress!, fill: 0) }
    moments.withUnsafeMutableBufferPointer { remap.apply(to: $0.baseAddress!, fill: 0) }
    return (remap.dropped.map { Int($0) }, remap.grown.map { Int($0) })
  }
}

/// A method with some options set.
func method(_ kind: TopologyKind, _ options: [String: Double] = [:]) throws -> TopologyMethod {
  var method = TopologyMethod(kind)
  for (name, value) in options { try method.set(name, value) }
  return method
}

func instance<T: Scalar>(
  _ kind: TopologyKind, _ pattern: Pattern, _ options: [String: Double] = [:], seed: UInt64 = 1, of: T.Type
) throws -> TopologyInstance<T> {
  try TopologyInstance(try method(kind, options), pattern: pattern, seed: seed, stream: 3)
}

/// Shapes where index arithmetic goes wrong first: empty rows, one row, full, nearly full, four-byte indices.
let uglyShapes: [(rows: Int, columns: Int, connections: Int)] = [
  (1, 1, 1), (1, 17, 1), (1, 17, 9), (1, 17, 17), (17, 1, 3), (17, 1, 17), (3, 5, 14), (3, 5, 15), (30, 4, 60), (64, 33, 17),
  (65, 63, 4000), (40, 300, 600), (2, 70000, 5), (3, 70000, 4001), (66000, 1, 65990),
]
