import Base
import KernelInterface
import Machine
import Sparse

/// Optimal Brain Surgeon, unit by unit: the connection whose absence costs least goes, all others of the unit make up for it
/// as well as they can, and so on (Hassibi and Stork 1993; Frantar and Alistarh 2022, algorithms 1 and 2).
///
/// With the second derivatives H of a unit's mean squared error by its k weights, the absence of weight q costs
/// w_q^2 / (2 [H^-1]_qq), and the others change by -(w_q / [H^-1]_qq) [H^-1]_:q. How many go from each unit is decided over
/// the whole layer: the steps that cost least are taken. In the end the weights of a unit are the minimum over those that
/// stay, solved for anew, so that the rounding of many small steps does not add up.
///
/// Time: k^3 a unit. Memory in doubles: inputs^2 for the second moments, once more for a dense layer, longest unit^2 for each
/// lane; 12 bytes a connection.
package struct OptimalBrainSurgeon {
  private let layer: Reconstruction
  private let moments: SecondMoments
  private let executor: any Executor
  private let lanes: Int
  /// Inverse of H for units that have all connections.
  private let inverse: Buffer<Double>?
  /// For each unit its connections in the order in which they go, as places in the unit.
  private let order: Buffer<UInt32>
  /// What each of these steps costs, or a step before it if that was more: steps are taken in their order.
  private let costs: Buffer<Double>
  private let scratch: [SurgeonScratch]

  /// - moments: of the layer's inputs; what was added to them is changed here. - damping: share of the mean diagonal that is
  ///   added to it. - lanes: units that are worked on at a time, each in memory of its own.
  /// - Throws: `numerical` when the moments cannot be inverted; `nonFinite`, `outOfMemory`.
  package init(
    _ layer: Reconstruction, _ moments: SecondMoments, damping: Double, executor: any Executor, lanes: Int
  ) throws(Failure) {
    self.layer = layer
    self.moments = moments
    self.executor = executor
    self.lanes = lanes
    let size = try layer.lapackSize(layer.inputs)
    let square = Double(layer.inputs) * Double(layer.inputs)
    let longest = layer.longest
    try SecondMoments.require(
      doubles: (layer.pattern == nil ? 2 : 1) * square + Double(lanes) * Double(longest) * Double(longest),
      "\(layer.name): matrices of its \(layer.inputs) inputs for \(lanes) threads")
    layer.silence(try moments.condition(damping: damping))
    let what = "\(layer.name), Optimal Brain Surgeon"
    if layer.pattern == nil {
      let inverse = try Buffer<Double>(count: layer.inputs * layer.inputs, of: what)
      inverse.pointer.update(from: moments.matrix.pointer, count: inverse.count)
      try layer.requireFactor(Symmetric.factor(inverse.pointer, n: size, stride: size), "Cholesky factor")
      try layer.requireFactor(Symmetric.invert(factor: inverse.pointer, n: size, stride: size), "inverse")
      self.inverse = inverse
    } else {
      inverse = nil
    }
    order = try Buffer(count: layer.connections, of: what)
    costs = try Buffer(count: layer.connections, of: what)
    var scratch: [SurgeonScratch] = []
    for _ in 0..<lanes { scratch.append(try SurgeonScratch(longest, groups: layer.inputs, what)) }
    self.scratch = scratch
  }

  /// Prune. The layer's marks and weights are the result.
  /// - Throws: `invalidArgument` for a target that the layer cannot come to; `numerical` when a unit's moments cannot be
  ///   factored. The layer's weights are of no use then.
  package func prune(_ target: Reconstruction.Target) throws(Failure) {
    try target.check(inputs: layer.inputs, name: layer.name)
    try eachUnit { unit, scratch in trace(unit, target, scratch) }
    if case .connections(let count) = target { takeCheapest(count) }
    try eachUnit { unit, scratch in solve(unit, scratch) }
  }

  /// What the steps cost, one a connection; for a choice over several layers. - Throws: `numerical`.
  package func trace() throws(Failure) -> Buffer<Double> {
    try eachUnit { unit, scratch in trace(unit, .connections(1), scratch) }
    return costs
  }

  // MARK: The steps

  /// Let all connections of a unit go one by one (or until its groups are small enough, and mark those that went).
  /// - Returns: LAPACK's info.
  private func trace(_ unit: Int, _ target: Reconstruction.Target, _ s: SurgeonScratch) -> Int32 {
    let slots = layer.slots(unit)
    let count = slots.count
    if count == 0 { return 0 }
    let info = invert(unit, s)
    if info != 0 { return info }
    for i in 0..<count {
      s.w.pointer[i] = layer.weights.pointer[slots.lowerBound + i]
      s.place.pointer[i] = i
    }
    var groups: (keep: Int, size: Int)?
    if case .groups(let keep, let size) = target {
      groups = (keep, size)
      s.inGroup.span.update(repeating: 0)
      for slot in slots { s.inGroup.pointer[layer.input(slot, unit) / size] += 1 }
    }
    var most = 0.0
    var step = 0
    var left = count
    while left > 0 {
      guard
        let (q, cost) = cheapest(
          left, s,
          where: { place in
            guard let groups else { return true }
            return s.inGroup.pointer[layer.input(slots.lowerBound + place, unit) / groups.size] > groups.keep
          })
      else { break }
      guard cost >= 0, cost.isFinite else { return 1 }
      let place = s.place.pointer[q]
      most = max(most, cost)
      order.pointer[slots.lowerBound + step] = UInt32(truncatingIfNeeded: place)
      costs.pointer[slots.lowerBound + step] = most
      step += 1
      if let groups {
        layer.marks.pointer[slots.lowerBound + place] = 0
        s.inGroup.pointer[layer.input(slots.lowerBound + place, unit) / groups.size] -= 1
      }
      s.remove(q, of: left, stride: count)
      left -= 1
    }
    return 0
  }

  /// The connection whose absence costs least, the lowest place among equals; nil when none may go.
  private func cheapest(_ left: Int, _ s: SurgeonScratch, where mayGo: (Int) -> Bool) -> (Int, Double)? {
    var which: Int?
    var least = Double.infinity
    for i in 0..<left where mayGo(s.place.pointer[i]) {
      let cost = s.cost(i)
      if cost < least || which == nil || (cost == least && s.place.pointer[i] < s.place.pointer[which ?? 0]) {
        (which, least) = (i, cost)
      }
    }
    return which.map { ($0, least) }
  }

  /// The inverse of a unit's second derivatives, into the scratch's matrix. - Returns: LAPACK's info.
  private func invert(_ unit: Int, _ s: SurgeonScratch) -> Int32 {
    let slots = layer.slots(unit)
    let count = slots.count
    s.stride = count
    if let inverse {
      s.a.pointer.update(from: inverse.pointer, count: count * count)
      return 0
    }
    for i in 0..<count { s.input.pointer[i] = layer.input(slots.lowerBound + i, unit) }
    gather(count, s)
    let size = Int32(truncatingIfNeeded: count)
    let info = Symmetric.factor(s.a.pointer, n: size, stride: size)
    return info == 0 ? Symmetric.invert(factor: s.a.pointer, n: size, stride: size) : info
  }

  /// H of the inputs that the scratch names, ascending, into its matrix.
  private func gather(_ count: Int, _ s: SurgeonScratch) {
    let h = moments.matrix.pointer
    for i in 0..<count {
      let row = h + s.input.pointer[i] * layer.inputs
      for j in i..<count { s.a.pointer[i * count + j] = row[s.input.pointer[j]] }
    }
  }

  // MARK: The choice

  /// Mark those that go: the steps that cost least, until so many connections are left. Between equals units further on give
  /// theirs first.
  private func takeCheapest(_ keep: Int) {
    guard keep < layer.connections else { return }
    let bits = UnsafePointer(costs.pointer).bits(UInt64.self)
    let last = kthLargest(keep, count: layer.connections) { bits[$0].rank }
    var equal = layer.connections - keep
    for slot in 0..<layer.connections where bits[slot].rank < last.key { equal -= 1 }
    for unit in (0..<layer.units).reversed() {
      let slots = layer.slots(unit)
      for step in slots {
        if bits[step].rank > last.key { break }
        if bits[step].rank == last.key {
          if equal == 0 { break }
          equal -= 1
        }
        layer.marks.pointer[slots.lowerBound + Int(order.pointer[step])] = 0
      }
    }
  }

  // MARK: The result

  /// Weights of the connections that stay: H_KK w_K = (H w)_K. - Returns: LAPACK's info.
  private func solve(_ unit: Int, _ s: SurgeonScratch) -> Int32 {
    let slots = layer.slots(unit)
    let (weights, marks) = (layer.weights.pointer, layer.marks.pointer)
    var kept = 0
    for slot in slots where marks[slot] != 0 {
      s.input.pointer[kept] = layer.input(slot, unit)
      kept += 1
    }
    if kept == slots.count { return 0 }
    let h = moments.matrix.pointer
    for i in 0..<kept {
      let k = s.input.pointer[i]
      var sum = 0.0
      for slot in slots {
        let j = layer.input(slot, unit)
        sum += h[min(j, k) * layer.inputs + max(j, k)] * weights[slot]
      }
      s.w.pointer[i] = sum
    }
    let size = Int32(truncatingIfNeeded: kept)
    if kept > 0 {
      gather(kept, s)
      var info = Symmetric.factor(s.a.pointer, n: size, stride: size)
      if info == 0 { info = Symmetric.solve(factor: s.a.pointer, n: size, stride: size, b: s.w.pointer) }
      if info != 0 { return info }
    }
    var next = 0
    for slot in slots {
      if marks[slot] != 0 {
        weights[slot] = s.w.pointer[next]
        next += 1
      } else {
        weights[slot] = 0
      }
    }
    return 0
  }

  // MARK: Lanes

  /// Every unit once, in lanes that have a scratch each; what is done for a unit does not depend on its lane.
  private func eachUnit(_ body: (Int, SurgeonScratch) -> Int32) throws(Failure) {
    for s in scratch { s.info = 0 }
    let (units, lanes) = (layer.units, lanes)
    withoutActuallyEscaping(body) { body in
      let work = LaneWork(scratch: scratch, units: units, body: body)
      withUnsafePointer(to: work) {
        executor.run(
          { arguments, begin, end in
            let work = arguments.load(as: LaneWork.self)
            for lane in begin..<end {
              let s = work.scratch[lane]
              for unit in stride(from: lane, to: work.units, by: work.scratch.count) where s.info == 0 {
                s.info = work.body(unit, s)
              }
            }
          }, $0, units: lanes, work: .max, balancedBy: nil)
      }
    }
    for s in scratch { try layer.requireFactor(s.info, "a unit's part") }
  }
}

private struct LaneWork {
  let scratch: [SurgeonScratch]
  let units: Int
  let body: (Int, SurgeonScratch) -> Int32
}

/// One unit at work: what is left of it, and the inverse of the second derivatives of that.
final class SurgeonScratch {
  /// The inverse of the second derivatives of those that are left, upper triangle by rows of `stride`.
  let a: Buffer<Double>
  var stride = 0
  let column: Buffer<Double>
  let w: Buffer<Double>
  /// Which connections of the unit are left.
  let place: Buffer<Int>
  let input: Buffer<Int>
  /// Connections left in each group of inputs.
  let inGroup: Buffer<Int>
  /// LAPACK's, of the first unit that failed.
  var info: Int32 = 0

  init(_ longest: Int, groups: Int, _ what: String) throws(Failure) {
    a = try Buffer(count: longest * longest, of: what)
    column = try Buffer(count: longest, of: what)
    w = try Buffer(count: longest, of: what)
    place = try Buffer(count: longest, of: what)
    input = try Buffer(count: longest, of: what)
    inGroup = try Buffer(count: groups, of: what)
  }

  /// w^2 / (2 [H^-1]_ii)
  func cost(_ i: Int) -> Double {
    let w = w.pointer[i]
    return w * w / (2 * a.pointer[i * stride + i])
  }

  /// Take connection `q` of `left` away: the others' weights and the inverse make up for it, and the last one takes its place.
  func remove(_ q: Int, of left: Int, stride: Int) {
    let (a, h, w) = (a.pointer, column.pointer, w.pointer)
    for i in 0..<q { h[i] = a[i * stride + q] }
    for j in q..<left { h[j] = a[q * stride + j] }
    let d = h[q]
    let factor = w[q] / d
    for i in 0..<left { w[i] -= factor * h[i] }
    Symmetric.addOuterProduct(a, n: left, stride: stride, alpha: -1 / d, x: h)
    let last = left - 1
    if q == last { return }
    for i in 0..<q { a[i * stride + q] = a[i * stride + last] }
    for j in q + 1..<last { a[q * stride + j] = a[j * stride + last] }
    a[q * stride + q] = a[last * stride + last]
    w[q] = w[last]
    place.pointer[q] = place.pointer[last]
  }
}
