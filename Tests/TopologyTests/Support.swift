import Base
import KernelInterface
import Machine
import Sparse
import Testing
import Topology

/// A dense gradient that is held in full, or computed from the position.
final class Gradients<T: Scalar> {
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

  func fill(rows: Range<Int>, into gradient: UnsafeMutablePointer<T>) {
    asked.append(rows)
    for row in rows {
      for column in 0..<columns { gradient[(row - rows.lowerBound) * columns + column] = value(row, column) }
    }
  }
}

/// A layer as a method sees it, in arrays of the test's.
final class Subject<T: Scalar>: TopologyLayer {
  let number = 1
  let name = "layer"
  var isLast = false
  let pattern: Pattern
  let weights: UnsafeMutablePointer<T>
  private let slopes: UnsafeMutablePointer<T>
  let moments: UnsafeMutablePointer<T>
  var gradients: Gradients<T>?
  var learningRate = 0.1
  var initialLearningRate = 0.1
  private(set) var change: (dropped: [Int], grown: [Int]) = ([], [])

  init(_ pattern: Pattern) {
    self.pattern = pattern
    weights = .allocate(capacity: pattern.capacity)
    slopes = .allocate(capacity: pattern.capacity)
    moments = .allocate(capacity: pattern.capacity)
    weights.initialize(repeating: 0, count: pattern.capacity)
    slopes.initialize(repeating: 0, count: pattern.capacity)
    moments.initialize(repeating: 0, count: pattern.capacity)
  }

  deinit {
    weights.deallocate()
    slopes.deallocate()
    moments.deallocate()
  }

  var gradient: UnsafePointer<T> {
    for row in 0..<pattern.rows {
      for slot in pattern.slots(row: row) { slopes[slot] = gradients?.value(row, pattern.column(slot)) ?? 0 }
    }
    return UnsafePointer(slopes)
  }

  func copyMomentum(into momentum: UnsafeMutablePointer<T>) { momentum.update(from: moments, count: pattern.connections) }
  func growthScores(rows: Range<Int>, into scores: UnsafeMutablePointer<T>) { gradients?.fill(rows: rows, into: scores) }
  func moment(_ index: Int) -> UnsafePointer<T>? { index == 0 ? UnsafePointer(moments) : nil }
  func reduce(_ values: UnsafeMutablePointer<T>, count: Int) {}
  func growthScores(at positions: PositionRows, into scores: UnsafeMutablePointer<T>) {
    candidates = []
    let matrix: SparseMatrix<T> = positions.matrix(values: UnsafePointer(weights))
    for row in 0..<positions.rows {
      for i in Int(matrix.rowStart[row])..<Int(matrix.rowStart[row + 1]) {
        let column =
          matrix.indexBytes == 2
          ? Int(matrix.columnIndex.load(fromByteOffset: 2 * i, as: UInt16.self))
          : Int(matrix.columnIndex.load(fromByteOffset: 4 * i, as: UInt32.self))
        candidates.append(Position(row: row, column: column))
        scores[i] = gradients?.value(row, column) ?? 0
      }
    }
  }

  /// What a batch was: dL/dz by unit and sample, x by input and sample.
  var batch: (gradients: [[T]], inputs: [[T]])?
  /// The positions of the last sampled growth.
  private(set) var candidates: [Position] = []

  func activity(signs: SignSequence?, units: UnsafeMutablePointer<T>, inputs: UnsafeMutablePointer<T>) {
    func sum(_ values: [T]) -> T {
      values.enumerated().reduce(0) { sum, next in
        guard let signs else { return sum + next.element.magnitude }
        return signs.isNegative(next.offset) ? sum - next.element : sum + next.element
      }
    }
    for (unit, values) in (batch?.gradients ?? []).enumerated() { units[unit] = sum(values) }
    for (input, values) in (batch?.inputs ?? []).enumerated() { inputs[input] = sum(values) }
  }

  /// Positions that take part in forward, if not all do.
  private(set) var forward: [Position]?

  func useForward(_ count: Int, marks: UnsafePointer<UInt8>) {
    let all = (0..<pattern.rows).flatMap { row in
      pattern.slots(row: row).map { Position(row: row, column: pattern.column($0)) }
    }
    forward = all.indices.filter { marks[$0] == 0 }.map { all[$0] }
    #expect(forward?.count == count)
  }

  /// What forward takes off |w|, if it does.
  private(set) var threshold: T?

  func useForward(above threshold: T) { self.threshold = threshold }

  func settleForward() {
    guard let threshold else { return }
    for slot in 0..<pattern.connections {
      let w = weights[slot]
      weights[slot] = w.magnitude > threshold ? (w < 0 ? w + threshold : w - threshold) : 0
    }
    self.threshold = nil
  }

  func apply(_ remap: SlotRemap) {
    remap.apply(to: weights, fill: 0)
    remap.apply(to: moments, fill: 0)
    change = (remap.dropped.map { Int($0) }, remap.grown.map { Int($0) })
  }
}

/// A method at work on one such layer.
final class Instance<T: Scalar> {
  let subject: Subject<T>
  let topology: TopologyInstance<T>

  init(_ method: TopologyMethod, pattern: Pattern, seed: UInt64) throws {
    subject = Subject(pattern)
    topology = try TopologyInstance(method, layers: [(subject, pattern)], seed: seed, streams: [3])
  }

  var dropped: Int { topology.layers[0].dropped }
  var grown: Int { topology.layers[0].grown }
  var updates: Int { topology.updates }
  var bytes: Int { topology.bytes }
  var replacesStep: Bool { topology.replacesStep }
  var needsGradient: Bool { topology.needsGradient }
  func isDue(step: Int) -> Bool { topology.isDue(step: step) }
  func noteDue(step: Int) { topology.noteDue(step: step) }
  func dropFraction(step: Int) -> Double { topology.dropFraction(step: step) }
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
    _ instance: Instance<T>, step: Int = 0, dropFraction: Double? = nil, gradients: Gradients<T>
  ) -> (dropped: [Int], grown: [Int]) {
    let subject = instance.subject
    subject.weights.update(from: weights, count: weights.count)
    subject.moments.update(from: moments, count: moments.count)
    subject.gradients = gradients
    do {
      try instance.topology.evolve(step: step, dropFraction: dropFraction)
    } catch {
      Issue.record("\(error)")
    }
    weights = (0..<pattern.connections).map { subject.weights[$0] }
    moments = (0..<pattern.connections).map { subject.moments[$0] }
    return subject.change
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
) throws -> Instance<T> {
  try Instance(try method(kind, options), pattern: pattern, seed: seed)
}

/// Shapes where index arithmetic goes wrong first: empty rows, one row, full, nearly full, four-byte indices.
let uglyShapes: [(rows: Int, columns: Int, connections: Int)] = [
  (1, 1, 1), (1, 17, 1), (1, 17, 9), (1, 17, 17), (17, 1, 3), (17, 1, 17), (3, 5, 14), (3, 5, 15), (30, 4, 60), (64, 33, 17),
  (65, 63, 4000), (40, 300, 600), (2, 70000, 5), (3, 70000, 4001), (66000, 1, 65990),
]
