import Base
import Machine
import Sparse
import Testing
import Topology

/// Several layers that a method changes together, with the room that it asks for.
final class Fleet<T: Scalar> {
  let subjects: [Subject<T>]
  let topology: TopologyInstance<T>

  /// - weights: of a layer and slot. Moments are 1, 2, ... by slot.
  init(
    _ method: TopologyMethod, _ shapes: [(rows: Int, columns: Int, connections: Int)], seed: UInt64 = 1,
    patternSeed: UInt64 = 7, weights: (Int, Int) -> T
  ) throws {
    let capacities = method.plan.capacities(shapes.map { ($0.connections, $0.rows * $0.columns) })
    var made: [Subject<T>] = []
    for (layer, (shape, capacity)) in zip(shapes, capacities).enumerated() {
      var random = RandomSource(seed: patternSeed, stream: UInt64(layer))
      let pattern = try Pattern(
        rows: shape.rows, columns: shape.columns, connections: shape.connections, capacity: capacity, random: &random)
      let subject = Subject<T>(pattern)
      for slot in 0..<shape.connections {
        subject.weights[slot] = weights(layer, slot)
        subject.moments[slot] = T(slot + 1)
      }
      subject.gradients = Gradients(columns: shape.columns) { T(($0 &* 31 &+ $1 &* 17) % 101) - 50 }
      made.append(subject)
    }
    subjects = made
    topology = try TopologyInstance(
      method, layers: made.map { ($0, $0.pattern) }, seed: seed, streams: made.indices.map { UInt64($0) })
  }

  var counts: [Int] { subjects.map { $0.pattern.connections } }

  func positions(_ layer: Int) -> [Position] {
    let pattern = subjects[layer].pattern
    return (0..<pattern.rows).flatMap { row in
      pattern.slots(row: row).map { Position(row: row, column: pattern.column($0)) }
    }
  }

  /// Weight and moment of every connection of a layer.
  func state(_ layer: Int) -> [Position: (weight: T, moment: T)] {
    let subject = subjects[layer]
    return Dictionary(
      uniqueKeysWithValues: positions(layer).enumerated().map { ($1, (subject.weights[$0], subject.moments[$0])) })
  }
}
