import Base
import Layers
import Machine
import Optimizers
import Sparse
import Topology

// A layer as topology methods see it. They ask only layers that have a pattern and a place.
extension TrainedLayer: TopologyLayer {
  // Only layers that have these are given to a method, once `build` has placed them.
  var pattern: Pattern { (connected?.pattern).unsafelyUnwrapped }
  var weights: UnsafeMutablePointer<T> { (connected?.weights.values).unsafelyUnwrapped }
  var gradient: UnsafePointer<T> { UnsafePointer((connected?.weights.gradient).unsafelyUnwrapped) }

  private var rows: Int { connected?.rows ?? 0 }
  private var columns: Int { connected?.columns ?? 0 }

  var learningRate: Double { (try? optimizer?.get("rate")) ?? 0 }
  var initialLearningRate: Double { optimizer?.optimizer.rate(after: 0) ?? 0 }

  @_specialize(where T == Float)
  @_specialize(where T == Double)
  func copyMomentum(into momentum: UnsafeMutablePointer<T>) {
    guard let connected else { return }
    if let optimizer, optimizer.copyMomentum(of: connected.weights, into: momentum) { return }
    momentum.update(from: gradient, count: connected.weights.count)
  }

  // Apart from what is specialised, as in Linear: a generic function asks for the metadata of its locals first.
  @_specialize(where T == Float)
  @_specialize(where T == Double)
  func growthScores(rows: Range<Int>, into scores: UnsafeMutablePointer<T>) throws(Failure) {
    computeGradient(rows, scores)
    try reduce(scores, count: rows.count * columns)
  }

  func reduce(_ values: UnsafeMutablePointer<T>, count: Int) throws(Failure) {
    guard let reduction else { return }
    guard reduction.body(number, UnsafeMutableBufferPointer(start: values, count: count)) else {
      throw Failure(.stopped, "evolve: the reduction of \(name) asked to stop; its pattern has not changed")
    }
    for i in 0..<count where !values[i].isFinite {
      throw Failure(
        .nonFinite, "evolve: value \(i) (from 0) of the reduction of \(name) is \(values[i]); its pattern has not changed")
    }
  }

  func moment(_ index: Int) -> UnsafePointer<T>? {
    guard let connected, let optimizer else { return nil }
    return optimizer.address(ofMoment: index, of: connected.weights)
  }

  @inline(never)
  private func computeGradient(_ rows: Range<Int>, _ scores: UnsafeMutablePointer<T>) {
    guard let connected else { return }
    if let history {
      history.denseGradient(of: connected, rows: rows, into: scores)
    } else if let panels = connected.gradientPanels {
      connected.denseGradient(panels, rows: rows, into: scores, accumulate: false)
    }
  }

  @_specialize(where T == Float)
  @_specialize(where T == Double)
  func growthScores(at positions: PositionRows, into scores: UnsafeMutablePointer<T>) throws(Failure) {
    computeGradient(at: positions, scores)
    try reduce(scores, count: positions.count)
  }

  @inline(never)
  private func computeGradient(at positions: PositionRows, _ scores: UnsafeMutablePointer<T>) {
    guard let connected else { return }
    if let history {
      history.gradient(of: connected, at: positions, into: scores)
    } else if let panels = connected.gradientPanels {
      connected.gradient(panels, at: positions, into: scores, accumulate: false)
    }
  }

  @_specialize(where T == Float)
  @_specialize(where T == Double)
  func activity(
    signs: SignSequence?, units: UnsafeMutablePointer<T>, inputs: UnsafeMutablePointer<T>
  ) throws(Failure) {
    units.update(repeating: 0, count: rows)
    inputs.update(repeating: 0, count: columns)
    addActivity(signs, units, inputs)
    try reduce(units, count: rows)
    try reduce(inputs, count: columns)
  }

  @inline(never)
  private func addActivity(_ signs: SignSequence?, _ units: UnsafeMutablePointer<T>, _ inputs: UnsafeMutablePointer<T>) {
    guard let connected else { return }
    if let history {
      history.addActivity(of: connected, signs: signs, units: units, inputs: inputs)
    } else if let panels = connected.gradientPanels {
      connected.addActivity(panels, signs: signs, first: 0, weight: 1, units: units, inputs: inputs)
    }
  }

  func useForward(_ count: Int, marks: UnsafePointer<UInt8>) {
    connected?.forwardSet?.select(count, of: pattern, marks: marks)
  }

  func useForward(above threshold: T) { connected?.forwardSet?.follow(threshold) }

  func settleForward() {
    guard let connected else { return }
    connected.forwardSet?.settle(weights, count: connected.weights.count)
    connected.forwardSet = nil
  }

  func apply(_ remap: SlotRemap) {
    guard let connected else { return }
    connected.forwardSet?.patternChanged()
    connected.weights.remap(remap)
    remembered?.remap(remap)
    // The instance is this layer's own and has room for its capacity: it cannot refuse.
    try? optimizer?.remap(remap, parameter: connected.weights)
  }

  /// Keep the panels of the backward pass just made. - continues: those of the pass before it are kept; else all are forgotten.
  @_specialize(where T == Float)
  @_specialize(where T == Double)
  func recordBatch(continues: Bool) { recordPanels(continues) }

  @inline(never)
  private func recordPanels(_ continues: Bool) {
    if !continues { history?.clear() }
    if let history, let panels = connected?.gradientPanels { history.record(panels) }
  }
}
