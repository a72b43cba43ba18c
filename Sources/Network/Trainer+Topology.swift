import Base
import Layers
import Machine
import Optimizers
import Sparse
import Topology

// A layer as topology methods see it. They ask only layers that have a pattern and a place.
extension Trainer: TopologyLayer {
  var name: String { "linear layer \(number)" }

  // Only layers that have these are given to a method, once `build` has placed them.
  var pattern: Pattern { (linear?.pattern).unsafelyUnwrapped }
  var weights: UnsafeMutablePointer<T> { (linear?.weights.values).unsafelyUnwrapped }
  var gradient: UnsafePointer<T> { UnsafePointer((linear?.weights.gradient).unsafelyUnwrapped) }

  var learningRate: Double { (try? optimizer?.get("rate")) ?? 0 }
  var initialLearningRate: Double { optimizer?.optimizer.rate(after: 0) ?? 0 }

  @_specialize(where T == Float)
  @_specialize(where T == Double)
  func copyMomentum(into momentum: UnsafeMutablePointer<T>) {
    guard let linear else { return }
    if let optimizer, optimizer.copyMomentum(of: linear.weights, into: momentum) { return }
    momentum.update(from: gradient, count: linear.weights.count)
  }

  // Apart from what is specialised, as in Linear: a generic function asks for the metadata of its locals first.
  @_specialize(where T == Float)
  @_specialize(where T == Double)
  func growthScores(rows: Range<Int>, into scores: UnsafeMutablePointer<T>) throws(Failure) {
    computeGradient(rows, scores)
    try reduce(scores, count: rows.count * layer.inputs)
  }

  func reduce(_ values: UnsafeMutablePointer<T>, count: Int) throws(Failure) {
    guard let reduction, !reduction.body(number, UnsafeMutableBufferPointer(start: values, count: count)) else { return }
    throw Failure(.stopped, "evolve: the reduction of \(name) asked to stop; its pattern has not changed")
  }

  func moment(_ index: Int) -> UnsafePointer<T>? {
    guard let linear, let optimizer else { return nil }
    return optimizer.address(ofMoment: index, of: linear.weights)
  }

  @inline(never)
  private func computeGradient(_ rows: Range<Int>, _ scores: UnsafeMutablePointer<T>) {
    guard let linear else { return }
    if let history {
      history.denseGradient(of: linear, rows: rows, into: scores)
    } else if let panels = linear.gradientPanels {
      linear.denseGradient(panels, rows: rows, into: scores)
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
    guard let linear else { return }
    if let history {
      history.gradient(of: linear, at: positions, into: scores)
    } else if let panels = linear.gradientPanels {
      linear.gradient(panels, at: positions, into: scores)
    }
  }

  @_specialize(where T == Float)
  @_specialize(where T == Double)
  func activity(
    signs: SignSequence?, units: UnsafeMutablePointer<T>, inputs: UnsafeMutablePointer<T>
  ) throws(Failure) {
    units.update(repeating: 0, count: layer.outputs)
    inputs.update(repeating: 0, count: layer.inputs)
    addActivity(signs, units, inputs)
    try reduce(units, count: layer.outputs)
    try reduce(inputs, count: layer.inputs)
  }

  @inline(never)
  private func addActivity(_ signs: SignSequence?, _ units: UnsafeMutablePointer<T>, _ inputs: UnsafeMutablePointer<T>) {
    guard let linear else { return }
    if let history {
      history.addActivity(of: linear, signs: signs, units: units, inputs: inputs)
    } else if let panels = linear.gradientPanels {
      linear.addActivity(panels, signs: signs, units: units, inputs: inputs)
    }
  }

  func useForward(_ count: Int, marks: UnsafePointer<UInt8>) {
    linear?.forwardSet?.select(count, of: pattern, marks: marks)
  }

  func useForward(above threshold: T) { linear?.forwardSet?.follow(threshold) }

  func settleForward() {
    guard let linear else { return }
    linear.forwardSet?.settle(weights, count: linear.weights.count)
    linear.forwardSet = nil
  }

  func apply(_ remap: SlotRemap) {
    guard let linear else { return }
    linear.forwardSet?.patternChanged()
    linear.weights.remap(remap)
    remembered?.remap(remap)
    // The instance is this layer's own and has room for its capacity: it cannot refuse.
    try? optimizer?.remap(remap, parameter: linear.weights)
  }

  /// Keep the panels of the backward pass just made. - continues: those of the pass before it are kept; else all are forgotten.
  @_specialize(where T == Float)
  @_specialize(where T == Double)
  func recordBatch(continues: Bool) { recordPanels(continues) }

  @inline(never)
  private func recordPanels(_ continues: Bool) {
    if !continues { history?.clear() }
    if let history, let panels = linear?.gradientPanels { history.record(panels) }
  }
}
