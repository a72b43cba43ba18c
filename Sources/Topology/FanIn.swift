import Base
import Machine
import Sparse

/// Gives every unit the same number of connections, and takes all from units with few important ones (SRigL, Lasby et al.
/// 2024, "Dynamic Sparse Training with Structured Sparsity").
///
/// Important are the connections that survive dropping and the positions that would grow, both chosen over the whole layer. A
/// unit with fewer of them than max(1, int(ablation k)), k being the present fan-in, loses all; but never in the network's
/// last layer, and never so many units that the others could not hold the connections. Each unit left then gets
/// k' = budget / units connections, rounded down: its survivors, the best k' at most, and where |dL/dW| is largest in its row.
/// (The reference code trims a unit that has too many survivors arbitrarily; here the best stay.) A unit comes
/// back when enough of its positions would grow: as in that code, each update looks at all units.
final class FanIn<T: Scalar>: Stateful {
  /// Connections that the layer may have.
  private var budget: Int
  private let ablation: Double
  private let gradient: GradientGrowth<T>
  /// Important connections of a unit; then those it lacks, -1 for a unit that loses all.
  private let counts: Buffer<Int32>
  /// Marks, one an input: 1 for taken.
  private let marks: Buffer<UInt8>

  init(budget: Int, ablation: Double, pattern: Pattern, gradient: GradientGrowth<T>) throws(Failure) {
    self.budget = budget
    self.ablation = ablation
    self.gradient = gradient
    counts = try Buffer(count: pattern.rows, of: "topology method, fan-in of units")
    marks = try Buffer(count: pattern.columns, of: "topology method, fan-in of units")
  }

  func visit(_ visitor: inout some StateVisitor) {
    visitor.number("budget", &budget)
    visitor.scratch(counts, marks)
  }

  /// Decide what stays and what comes.
  /// - grown: positions chosen over the whole layer, `count` of them; receives those that come, ascending.
  /// - gone: marks of the slots; those that a unit must lose beside are marked as well.
  /// - Returns: how many stay and come.
  func choose(
    _ count: Int, _ context: GrowthContext<T>, _ scores: DropScores<T>, gone: UnsafeMutablePointer<UInt8>,
    positions grown: UnsafeMutablePointer<Position>
  ) throws(Failure) -> (staying: Int, coming: Int) {
    let pattern = context.subject.pattern
    countImportant(pattern, gone, grown, count)
    let units = selectUnits(pattern, spares: context.subject.isLast || ablation == 0)
    let fanIn = min(pattern.columns, budget / units)
    let staying = trim(to: fanIn, pattern, scores, gone)
    return (staying, try fill(context, into: grown))
  }

  private func countImportant(
    _ pattern: Pattern, _ gone: UnsafePointer<UInt8>, _ grown: UnsafePointer<Position>, _ count: Int
  ) {
    for row in 0..<pattern.rows {
      var important: Int32 = 0
      for slot in pattern.slots(row: row) where gone[slot] == 0 { important &+= 1 }
      counts.pointer[row] = important
    }
    for i in 0..<count { counts.pointer[grown[i].row] &+= 1 }
  }

  /// Set `counts` of units that lose all to -1; returns how many are left.
  private func selectUnits(_ pattern: Pattern, spares: Bool) -> Int {
    var active = 0
    for row in 0..<pattern.rows where !pattern.slots(row: row).isEmpty { active &+= 1 }
    let wanted = spares ? 0 : max(1, Int(clamping: ablation * Double(budget / max(1, active))))
    var left = 0
    for row in 0..<pattern.rows where counts.pointer[row] >= wanted { left &+= 1 }
    // So few that none would be over-full, and so many that each gets a connection.
    let least = min(pattern.rows, (budget &+ pattern.columns &- 1) / pattern.columns)
    let units = min(max(left, least), budget)
    let worst = kthLargest(units, count: pattern.rows) { UInt64(truncatingIfNeeded: counts.pointer[$0]) }
    var equals = units &- worst.larger
    for row in 0..<pattern.rows {
      let count = UInt64(truncatingIfNeeded: counts.pointer[row])
      if count > worst.key { continue }
      if count == worst.key, equals > 0 {
        equals &-= 1
      } else {
        counts.pointer[row] = -1
      }
    }
    return units
  }

  /// Mark survivors beyond a unit's fan-in and those of units that lose all; leaves in `counts` what a unit lacks. Returns how
  /// many survive.
  private func trim(
    to fanIn: Int, _ pattern: Pattern, _ scores: DropScores<T>, _ gone: UnsafeMutablePointer<UInt8>
  ) -> Int {
    var staying = 0
    for row in 0..<pattern.rows {
      let slots = pattern.slots(row: row)
      let room = counts.pointer[row] < 0 ? 0 : fanIn
      var survivors = 0
      for slot in slots where gone[slot] == 0 { survivors &+= 1 }
      if room == 0 {
        for slot in slots { gone[slot] = 1 }
        survivors = 0
      } else if survivors > room {
        let least = kthLargest(room, count: slots.count) {
          gone[slots.lowerBound &+ $0] == 0 ? scores.rank(slots.lowerBound &+ $0) &+ 1 : 0
        }
        var equals = room &- least.larger
        for slot in slots where gone[slot] == 0 {
          let rank = scores.rank(slot) &+ 1
          if rank > least.key { continue }
          if rank == least.key, equals > 0 { equals &-= 1 } else { gone[slot] = 1 }
        }
        survivors = room
      }
      staying &+= survivors
      if room > 0 { counts.pointer[row] = Int32(truncatingIfNeeded: room &- survivors) }
    }
    return staying
  }

  /// Choose for each unit what it lacks; returns how many there are. (Fewer where too few positions are free.)
  private func fill(
    _ context: GrowthContext<T>, into grown: UnsafeMutablePointer<Position>
  ) throws(Failure) -> Int {
    let pattern = context.subject.pattern
    var found = 0
    for begin in stride(from: 0, to: pattern.rows, by: gradient.rowsOfBlock) {
      let rows = gradient.rows(from: begin, pattern)
      guard rows.contains(where: { counts.pointer[$0] > 0 }) else { continue }
      try context.growthScores(rows: rows, into: gradient.block.pointer)
      for row in rows where counts.pointer[row] > 0 {
        let values = gradient.block.pointer + (row &- rows.lowerBound) &* pattern.columns
        found = fill(row, values, context, into: grown, from: found)
      }
    }
    return found
  }

  private func fill(
    _ row: Int, _ values: UnsafeMutablePointer<T>, _ context: GrowthContext<T>,
    into grown: UnsafeMutablePointer<Position>, from begin: Int
  ) -> Int {
    let pattern = context.subject.pattern
    var free = pattern.columns
    marks.pointer.update(repeating: 0, count: pattern.columns)
    for slot in pattern.slots(row: row) where context.taken[slot] == 0 {
      marks.pointer[pattern.column(slot)] = 1
      free &-= 1
    }
    let wanted = min(Int(counts.pointer[row]), free)
    guard wanted > 0 else { return begin }
    let scores = DropScores(values: UnsafePointer(values), isSigned: false)
    let least = kthLargest(wanted, count: pattern.columns) {
      marks.pointer[$0] == 0 ? scores.rank($0) &+ 1 : 0
    }
    var equals = wanted &- least.larger
    var found = begin
    for column in 0..<pattern.columns where marks.pointer[column] == 0 {
      let rank = scores.rank(column) &+ 1
      if rank < least.key { continue }
      if rank == least.key {
        if equals == 0 { continue }
        equals &-= 1
      }
      grown[found] = Position(row: row, column: column)
      found &+= 1
    }
    return found
  }
}
