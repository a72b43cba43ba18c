import Base
import Sparse
import Testing

@Suite struct PatternChangeTests {
  /// Any set of slots may go and any set of free positions (the dropped ones included) may come; values follow.
  @Test func changesAgreeWithTheObviousWay() throws {
    for (seed, shape) in uglyShapes.enumerated() {
      var random = RandomSource(seed: UInt64(seed), stream: 9)
      let pattern = try Pattern(
        rows: shape.rows, columns: shape.columns, connections: shape.connections, capacity: shape.connections + 6,
        random: &random)
      for (drop, extra) in [(0, 0), (1, 0), (0, 3), (3, -2), (shape.connections / 2, 2), (pattern.connections, 0)] {
        let before = positions(pattern)
        let gone = Array(0..<before.count).shuffled(using: &random).prefix(min(drop, before.count)).sorted()
        let goneSet = Set(gone)
        let kept = before.indices.filter { !goneSet.contains($0) }
        let keptSet = Set(kept.map { before[$0] })
        let wanted = min(
          max(gone.count + extra, kept.isEmpty ? 1 : 0), shape.rows * shape.columns - kept.count,
          pattern.capacity - kept.count)
        var come = Set<Position>()
        if wanted > 0, wanted < 5000 {
          while come.count < wanted {
            let position = Position(row: random.below(shape.rows), column: random.below(shape.columns))
            if !keptSet.contains(position) { come.insert(position) }
          }
        } else if wanted > 0 {
          come = Set(gone.prefix(wanted).map { before[$0] })
        }
        let grown = come.sorted()
        let dropped = gone.map { Int64($0) }
        var slots = [Int64](repeating: -1, count: max(grown.count, 1))
        var values = before.map { Double($0.key) }
        values += [Double](repeating: -1, count: max(0, grown.count - gone.count))
        let remap = dropped.withUnsafeBufferPointer { dropped in
          grown.withUnsafeBufferPointer { grown in
            slots.withUnsafeMutableBufferPointer { slots in
              let remap = pattern.change(dropping: dropped, growing: grown, slots: slots.baseAddress!)
              values.withUnsafeMutableBufferPointer { remap.apply(to: $0.baseAddress!, fill: -7) }
              #expect(remap.newCount == pattern.connections)
              #expect(remap.oldCount == before.count)
              return remap.grown.map { Int($0) }
            }
          }
        }
        let after = positions(pattern)
        #expect(after == (keptSet.union(come)).sorted(), "\(shape), \(gone.count) dropped, \(grown.count) grown")
        #expect(pattern.violation() == nil)
        #expect(remap.map { after[$0] } == grown)
        #expect(zip(after, values).allSatisfy { $1 == (come.contains($0) ? -7 : Double($0.key)) })
      }
    }
  }

  @Test func theMatrixViewIsThePattern() throws {
    var random = RandomSource(seed: 1)
    let pattern = try Pattern(rows: 5, columns: 7, connections: 11, random: &random)
    let values = [Float](repeating: 1, count: 11)
    values.withUnsafeBufferPointer {
      let matrix = pattern.matrix(values: $0.baseAddress!)
      #expect(matrix.rows == 5 && matrix.columns == 7 && matrix.indexBytes == 2)
      #expect(matrix.rowStart == pattern.rowStart && matrix.columnStart == pattern.columnStart)
      #expect(matrix.columnIndex == pattern.columnIndex && matrix.rowIndex == pattern.rowIndex)
      #expect(matrix.slot == pattern.slot && matrix.values == $0.baseAddress!)
    }
    for row in 0..<5 {
      for column in 0..<7 {
        let slot = pattern.slots(row: row).first { pattern.column($0) == column }
        #expect(pattern.slot(row: row, column: column) == slot)
      }
    }
  }
}
