import Base
import KernelInterface
import Machine
import Sparse

/// The panels of a layer's last batches, so that a mean of their dense gradients can be computed a few rows at a time:
/// exact, without an array of units x inputs. Memory: batches x samples x (units + inputs).
package final class GradientHistory<T: Scalar>: Stateful {
  /// Batches that count.
  private let batches: Int
  private let decay: T
  private let inputs: Buffer<T>
  private let gradients: Buffer<T>
  private let features: (inputs: Int, outputs: Int)
  private let elements: Int
  private var shapes: [PanelShape]
  private var count = 0
  private var next = 0

  /// - batches: the newest that count, >= 1. - decay: factor on a batch's weight for each batch that came after it, in (0, 1];
  ///   1: a plain mean. - elements: of one feature, the most that a batch takes.
  /// - Throws: `outOfMemory`.
  package init(
    batches: Int, decay: Double, inputs: Int, outputs: Int, elements: Int, owner: String
  ) throws(Failure) {
    self.batches = batches
    self.decay = T(decay)
    features = (inputs, outputs)
    self.elements = elements
    let what = "\(owner), panels of \(batches) batches"
    let values = elements.multipliedClamped(by: batches)
    self.inputs = try Buffer(count: inputs.multipliedClamped(by: values), of: what)
    gradients = try Buffer(count: outputs.multipliedClamped(by: values), of: what)
    shapes = [PanelShape](repeating: PanelShape(batch: 1, elementSize: MemoryLayout<T>.stride), count: batches)
  }

  package func visit(_ visitor: inout some StateVisitor) {
    visitor.number("count", &count)
    visitor.number("next", &next)
    for i in shapes.indices {
      var batch = shapes[i].batch
      visitor.enter("batch", i)
      visitor.number("samples", &batch)
      visitor.leave()
      if batch != shapes[i].batch { shapes[i] = PanelShape(batch: batch, elementSize: MemoryLayout<T>.stride) }
    }
    visitor.array("inputs", inputs)
    visitor.array("gradients", gradients)
  }

  /// Keep a backward pass's panels in the place of the oldest ones.
  @_specialize(where T == Float)
  @_specialize(where T == Double)
  package func record(_ panels: GradientPanels<T>) {
    let used = panels.shape.elements(features: 1)
    input(next).update(from: panels.input, count: features.inputs * used)
    gradient(next).update(from: panels.gradient, count: features.outputs * used)
    shapes[next] = panels.shape
    next = (next + 1) % batches
    count = min(count + 1, batches)
  }

  /// Forget everything, as after a batch that was not kept.
  package func clear() { count = 0 }

  /// The weighted mean of dL/dW of some rows, newest batches last. - gradient: as for ``Connected/denseGradient(_:rows:into:accumulate:)``.
  @_specialize(where T == Float)
  @_specialize(where T == Double)
  package func denseGradient(of layer: any Connected<T>, rows: Range<Int>, into gradient: UnsafeMutablePointer<T>) {
    mean(of: rows.count * layer.columns, in: gradient) { panels, adds in
      layer.denseGradient(panels, rows: rows, into: gradient, accumulate: adds)
    }
  }

  /// The same at some positions. - gradient: as for ``Connected/gradient(_:at:into:accumulate:)``.
  @_specialize(where T == Float)
  @_specialize(where T == Double)
  package func gradient(of layer: any Connected<T>, at positions: PositionRows, into gradient: UnsafeMutablePointer<T>) {
    mean(of: positions.count, in: gradient) { panels, adds in
      layer.gradient(panels, at: positions, into: gradient, accumulate: adds)
    }
  }

  /// The sums of ``Connected/addActivity(_:signs:first:weight:units:inputs:)`` over the batches, by the same weights.
  @_specialize(where T == Float)
  @_specialize(where T == Double)
  package func addActivity(
    of layer: any Connected<T>, signs: SignSequence?, units: UnsafeMutablePointer<T>, inputs: UnsafeMutablePointer<T>
  ) {
    var weight: T = 1
    for age in 0..<count {
      layer.addActivity(panels(age), signs: signs, first: age << 32, weight: weight, units: units, inputs: inputs)
      weight *= decay
    }
  }

  /// - add: given a batch's panels and whether its values are added or put in place.
  @inline(__always)
  private func mean(
    of size: Int, in gradient: UnsafeMutablePointer<T>, add: (GradientPanels<T>, Bool) -> Void
  ) {
    var weights: T = 0
    for age in stride(from: count - 1, through: 0, by: -1) {
      if weights > 0, decay != 1 { for i in 0..<size { gradient[i] *= decay } }
      weights = weights * decay + 1
      add(panels(age), age != count - 1)
    }
    guard weights > 0 else { return gradient.update(repeating: 0, count: size) }
    let scale = 1 / weights
    for i in 0..<size { gradient[i] *= scale }
  }

  /// - age: batches that came after it.
  @inline(__always)
  private func panels(_ age: Int) -> GradientPanels<T> {
    let place = (next - 1 - age + 2 * batches) % batches
    return .init(
      input: UnsafePointer(input(place)), gradient: UnsafePointer(gradient(place)), shape: shapes[place])
  }

  private func input(_ place: Int) -> UnsafeMutablePointer<T> { inputs.pointer + place * features.inputs * elements }
  private func gradient(_ place: Int) -> UnsafeMutablePointer<T> { gradients.pointer + place * features.outputs * elements }
}
