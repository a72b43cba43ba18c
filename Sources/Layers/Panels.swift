import Base
import Machine

/// A layer's two panel buffers: its outputs and their gradient.
struct PanelPair<T: Scalar> {
  let output: Buffer<T>
  let gradient: Buffer<T>

  init(features: Int, elements: Int, of what: @autoclosure () -> String) throws(Failure) {
    let (count, overflow) = features.multipliedReportingOverflow(by: elements)
    guard !overflow else {
      throw Failure(.outOfMemory, "\(what()): \(features) features x \(elements) samples are more than memory can address")
    }
    output = try Buffer(count: count, of: what())
    gradient = try Buffer(count: count, of: what())
  }

  func visit(_ visitor: inout some StateVisitor) { visitor.scratch(output, gradient) }
}
