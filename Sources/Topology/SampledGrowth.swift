import Base
import Machine
import Sparse

/// Grows where |dL/dW| is largest among positions that were sampled: for layers whose gradient cannot be afforded as a whole
/// (GSE, Heddes et al. 2024, "Always-Sparse Training by Growing Connections with Guided Stochastic Exploration").
///
/// As many distinct free positions as "candidates" times the connections are drawn, never fewer than grow: uniformly, or unit
/// and input independently, in proportion to how active they are (GraBo) or to sketches of the gradient (GraEst). Where
/// activity leaves too few of them, because some units and inputs are not active at all and others have few free positions,
/// the rest is uniform. When all free positions are candidates the result is ``GradientGrowth``'s.
///
/// Time and memory are linear in connections, candidates, rows and columns, and time in the batch.
final class SampledGrowth<T: Scalar>: GrowthCriterion {
  private let share: Double
  private let sampling: CandidateSampling
  private let positions: Buffer<Position>
  private let scratch: Buffer<Position>
  private let scores: Buffer<T>
  private let candidates: PositionRows
  private let activity: Activity?

  private struct Activity {
    let units: Buffer<T>
    let inputs: Buffer<T>
    let unitTable: AliasTable
    let inputTable: AliasTable
  }

  /// - share: candidates for each connection.
  init(share: Double, sampling: CandidateSampling, pattern: Pattern) throws(Failure) {
    self.share = share
    self.sampling = sampling
    let (rows, columns) = (pattern.rows, pattern.columns)
    let room = max(pattern.capacity, CandidateSampling.count(share, of: pattern.capacity, within: rows * columns))
    let what = "topology method, candidates for growing"
    positions = try Buffer(count: room, of: what)
    scratch = try Buffer(count: room, of: what)
    scores = try Buffer(count: room, of: what)
    candidates = try PositionRows(rows: rows, columns: columns, capacity: room, of: what)
    activity =
      sampling == .uniform
      ? nil
      : Activity(
        units: try Buffer(count: rows, of: what), inputs: try Buffer(count: columns, of: what),
        unitTable: try AliasTable(count: rows, of: what), inputTable: try AliasTable(count: columns, of: what))
  }

  var needsGradient: Bool { true }

  func visit(_ visitor: inout some StateVisitor) {
    visitor.scratch(positions, scratch, scores, activity?.units, activity?.inputs)
    visitor.part("candidates", candidates)
    visitor.part("units", activity?.unitTable)
    visitor.part("inputs", activity?.inputTable)
  }

  @_specialize(where T == Float)
  @_specialize(where T == Double)
  func choose(
    _ count: Int, _ context: GrowthContext<T>, random: inout RandomSource, positions chosen: UnsafeMutablePointer<Position>
  ) throws(Failure) { try sample(count, context, &random, chosen) }

  // Apart from what is specialised: a generic function asks for the metadata of its locals first.
  @inline(never)
  private func sample(
    _ count: Int, _ context: GrowthContext<T>, _ random: inout RandomSource, _ chosen: UnsafeMutablePointer<Position>
  ) throws(Failure) {
    let pattern = context.subject.pattern
    let wanted = max(count, CandidateSampling.count(share, of: pattern.connections, within: context.free))
    var drawn = 0
    if wanted < context.free, try prepare(context, &random) {
      drawn = drawActive(wanted, context, &random)
    }
    // Uniform from the start, all of them, or too few for what is to grow.
    let least = activity == nil || drawn == 0 || wanted == context.free ? wanted : count
    if drawn < least { drawUniform(least, beside: drawn, context, &random) }
    let total = max(drawn, least)
    candidates.set(positions.pointer, count: total)
    try context.subject.growthScores(at: candidates, into: scores.pointer)
    selectLargest(count, of: total, into: chosen)
  }

  /// Measure activity. Returns whether there is some to draw by.
  private func prepare(_ context: GrowthContext<T>, _ random: inout RandomSource) throws(Failure) -> Bool {
    guard let activity else { return false }
    let signs = sampling == .sketch ? SignSequence(key: random.next()) : nil
    try context.subject.activity(signs: signs, units: activity.units.pointer, inputs: activity.inputs.pointer)
    let units = activity.unitTable.set { Double(activity.units.pointer[$0].magnitude) }
    let inputs = activity.inputTable.set { Double(activity.inputs.pointer[$0].magnitude) }
    return units && inputs
  }

  /// Draw up to `wanted` distinct free positions by activity, ascending; returns how many there are after about four draws for
  /// each.
  private func drawActive(_ wanted: Int, _ context: GrowthContext<T>, _ random: inout RandomSource) -> Int {
    guard let activity else { return 0 }
    let pattern = context.subject.pattern
    var distinct = 0
    var left = 4 * wanted + 64
    while distinct < wanted, left > 0 {
      left -= wanted - distinct
      var end = distinct
      for _ in distinct..<wanted {
        let row = activity.unitTable.draw(&random)
        let column = activity.inputTable.draw(&random)
        if pattern.isTaken(row, column, context.taken) { continue }
        positions.pointer[end] = Position(row: row, column: column)
        end &+= 1
      }
      distinct = PositionSampler.unite(positions.pointer, distinct, end, scratch: scratch.pointer)
    }
    return distinct
  }

  /// Fill up to `wanted` with positions drawn uniformly among the free ones that are not there yet.
  private func drawUniform(_ wanted: Int, beside drawn: Int, _ context: GrowthContext<T>, _ random: inout RandomSource) {
    let pattern = context.subject.pattern
    let (rows, columns, pointer, marks) = (pattern.rows, pattern.columns, positions.pointer, context.taken)
    func isTaken(_ row: Int, _ column: Int) -> Bool {
      pattern.isTaken(row, column, marks) || Position(row: row, column: column).isAmong(pointer, count: drawn)
    }
    let taken = rows * columns - context.free + drawn
    if PositionSampler.prefersSparse(rows: rows, columns: columns, taken: taken, count: wanted - drawn) {
      PositionSampler.sparse(
        rows: rows, columns: columns, count: wanted - drawn, positions: pointer + drawn, scratch: scratch.pointer,
        random: &random, isTaken: { isTaken($0, $1) })
    } else {
      var next = drawn
      PositionSampler.inOrder(
        rows: rows, columns: columns, count: wanted - drawn, free: context.free - drawn, random: &random,
        isTaken: { isTaken($0, $1) },
        visit: { row, column in
          pointer[next] = Position(row: row, column: column)
          next &+= 1
        })
    }
    if drawn > 0 { Position.sort(pointer, count: wanted, scratch: scratch.pointer) }
  }

  /// The candidates with the largest scores, ascending; between equals the lower position.
  private func selectLargest(_ count: Int, of total: Int, into chosen: UnsafeMutablePointer<Position>) {
    let scores = DropScores(values: UnsafePointer(scores.pointer), isSigned: false)
    let least = kthLargest(count, count: total) { scores.rank($0) }
    var equals = count &- least.larger
    var found = 0
    for i in 0..<total {
      let rank = scores.rank(i)
      if rank < least.key { continue }
      if rank == least.key {
        if equals == 0 { continue }
        equals &-= 1
      }
      chosen[found] = positions.pointer[i]
      found &+= 1
    }
  }
}

extension CandidateSampling {
  /// How many candidates there are for some connections: at most as many as positions can be sorted, which is below 2^32.
  /// - share: candidates for each connection. - most: positions that there are.
  package static func count(_ share: Double, of connections: Int, within most: Int) -> Int {
    min(Int(clamping: (share * Double(connections)).rounded(.up)), most, Pattern.maximumConnections)
  }
}
