import Base
import Layers
import Machine

// What layers keep beside their parameters: running statistics, fixed normalisations.
extension Network {
  /// An array of a layer's state by its name, to be read and to be set.
  /// - Throws: `invalidState` before build; `unknownName`, with the names that there are.
  package func state(_ layer: Int, _ name: String) throws(Failure) -> UnsafeMutableBufferPointer<T> {
    let position = try plan.index(layer)
    _ = try requireBuilt("state of \(plan.layers[position].owner)")
    var search = StateSearch<T>(name: name)
    layers[position].visit(&search)
    guard let found = search.found else {
      let names = search.names.isEmpty ? "it keeps none" : "there are \(search.names.joined(separator: ", "))"
      throw Failure(.unknownName, "\(plan.layers[position].owner): no state named \"\(name)\"; \(names)")
    }
    return found.span
  }

  /// Let a layer take its numbers from samples. - x: (inputs of the layer, samples).
  /// - Throws: `invalidState` before build; `invalidArgument` for a layer that takes none; `nonFinite`. Nothing has changed then.
  package func fit(_ layer: Int, _ x: UnsafePointer<T>, samples: Int) throws(Failure) {
    let position = try plan.index(layer)
    _ = try requireBuilt("fit")
    guard let fitted = layers[position] as? any Fitted<T> else {
      throw Failure(
        .invalidArgument, "fit: \(plan.layers[position].owner) takes nothing from samples; a normalization layer does")
    }
    let features = fitted.inputs
    guard samples >= 1, !samples.multipliedReportingOverflow(by: features * MemoryLayout<T>.stride).overflow else {
      throw Failure(.invalidArgument, "fit: samples must be at least 1, and of a size that there is, got \(samples)")
    }
    try requireFinite(x, "x", features: features, samples, "fit")
    try fitted.fit(x, samples: samples)
  }
}

/// Looks for an array by its name.
private struct StateSearch<T: Scalar>: StateVisitor {
  let name: String
  var found: Buffer<T>?
  var names: [String] = []

  init(name: String) { self.name = name }

  mutating func visit<E: BitwiseCopyable>(_ name: StaticString, _ array: Buffer<E>) {
    guard let array = array as? Buffer<T> else { return }
    names.append("\(name)")
    if "\(name)" == self.name { found = array }
  }
}

/// The state of layers as it once was.
struct RememberedState {
  private let copies: [Buffer<UInt8>]

  /// What it is now. - Throws: `outOfMemory`.
  init<T: Scalar>(_ layers: [any Layer<T>]) throws(Failure) {
    var copying = CopyingState()
    for layer in layers { layer.visit(&copying) }
    if let failure = copying.failure { throw failure }
    copies = copying.copies
  }

  var bytes: Int { copies.total { $0.bytes } }

  func restore<T: Scalar>(_ layers: [any Layer<T>]) {
    var restoring = RestoringState(copies: copies)
    for layer in layers { layer.visit(&restoring) }
  }
}

private struct CopyingState: StateVisitor {
  var copies: [Buffer<UInt8>] = []
  var failure: Failure?

  mutating func visit<E: BitwiseCopyable>(_ name: StaticString, _ array: Buffer<E>) {
    do throws(Failure) {
      let copy = try Buffer<UInt8>(count: array.bytes, of: "\(name), remembered")
      UnsafeMutableRawPointer(copy.pointer).copyMemory(from: array.pointer, byteCount: array.bytes)
      copies.append(copy)
    } catch {
      failure = error
    }
  }
}

private struct RestoringState: StateVisitor {
  let copies: [Buffer<UInt8>]
  var next = 0

  init(copies: [Buffer<UInt8>]) { self.copies = copies }

  mutating func visit<E: BitwiseCopyable>(_ name: StaticString, _ array: Buffer<E>) {
    UnsafeMutableRawPointer(array.pointer).copyMemory(from: copies[next].pointer, byteCount: array.bytes)
    next += 1
  }
}
