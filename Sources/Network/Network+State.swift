import Base
import Layers
import Machine

// What training leaves in a network, and what the caller can see of it in a layer: running statistics, fixed normalisations.
extension Network {
  /// Show everything that training goes on from between two steps, and all memory. Options are no part of it, and neither are
  /// descriptions of layers, optimizers and methods, from which a network is built: they say which parts there are.
  package func visit(_ visitor: inout some StateVisitor) {
    visitor.number("passes", &passes)
    visitor.number("steps", &steps)
    visitor.number("epochs", &epochs)
    visitor.number("prunings", &prunings)
    visitor.number("pending_gradients", &pendingGradients)
    visitor.number("has_gradients", &hasGradients)
    visitor.number("gradients_are_sums", &gradientsAreSums)
    visitor.number("shuffling", &shuffler)
    if let values, let gradients {
      visitor.array("parameters", values, isOwned: !isBound)
      visitor.array("gradients", gradients, isOwned: !isBound)
    }
    // Methods before layers, which they tell what takes part in forward.
    for (position, unit) in topologyUnits.enumerated() { visitor.part("topology", position, unit) }
    for position in layers.indices { visitLayer(position, &visitor) }
    visitor.part("remembered", remembered)
    visitor.part("workspace", workspace)
    visitor.part("losses", lossTerms)
    visitor.scratch(order)
  }

  private func visitLayer(_ position: Int, _ visitor: inout some StateVisitor) {
    visitor.enter("layer", position + 1)
    layers[position].visit(&visitor)
    if let trainer = trainers.first(where: { $0.number == position + 1 }) {
      trainer.connected?.visitStructure(&visitor)
      for (index, parameter) in trainer.layer.parameters.enumerated() { visitor.part("parameter", index, parameter) }
      visitor.number("steps", &trainer.steps)
      visitor.part("optimizer", trainer.optimizer)
      visitor.part("remembered", trainer.remembered)
    }
    visitor.leave()
  }

  /// Count the memory anew, whenever there is other memory: who asks for "bytes" must ask for none.
  func weigh() {
    guard isBuilt else { return }
    var count = ByteCount()
    visit(&count)
    held.total = count.bytes
    held.layers = layers.indices.map { position in
      var count = ByteCount()
      layers[position].visit(&count)
      trainers.first { $0.number == position + 1 }?.connected?.visitStructure(&count)
      return count.bytes
    }
  }

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
    return found
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
  var found: UnsafeMutableBufferPointer<T>?
  var names: [String] = []

  init(name: String) { self.name = name }

  mutating func array<E: BitwiseCopyable>(_ name: StaticString, _ elements: UnsafeMutableBufferPointer<E>, isOwned: Bool) {
    guard let elements = elements as? UnsafeMutableBufferPointer<T> else { return }
    names.append("\(name)")
    if "\(name)" == self.name { found = elements }
  }

  mutating func number<E: BitwiseCopyable>(_ name: StaticString, _ value: inout E) {}
  mutating func scratch(bytes: Int) {}
}

/// What layers keep beside their parameters, as it once was.
final class RememberedState: Stateful {
  private let copies: [Buffer<UInt8>]

  /// What it is now. - Throws: `outOfMemory`.
  init<T: Scalar>(_ layers: [any Layer<T>]) throws(Failure) {
    var copying = CopyingState()
    for layer in layers { layer.visit(&copying) }
    if let failure = copying.failure { throw failure }
    copies = copying.copies
  }

  func visit(_ visitor: inout some StateVisitor) {
    for (index, copy) in copies.enumerated() {
      visitor.enter("part", index)
      visitor.array("bytes", copy)
      visitor.leave()
    }
  }

  func restore<T: Scalar>(_ layers: [any Layer<T>]) {
    var restoring = RestoringState(copies: copies)
    for layer in layers { layer.visit(&restoring) }
  }
}

private struct CopyingState: StateVisitor {
  var copies: [Buffer<UInt8>] = []
  var failure: Failure?

  mutating func array<E: BitwiseCopyable>(_ name: StaticString, _ elements: UnsafeMutableBufferPointer<E>, isOwned: Bool) {
    copy(UnsafeRawBufferPointer(elements), name)
  }

  mutating func number<E: BitwiseCopyable>(_ name: StaticString, _ value: inout E) {
    withUnsafeBytes(of: value) { copy($0, name) }
  }

  mutating func scratch(bytes: Int) {}

  private mutating func copy(_ bytes: UnsafeRawBufferPointer, _ name: StaticString) {
    do throws(Failure) {
      let copy = try Buffer<UInt8>(count: bytes.count, of: "\(name), remembered")
      UnsafeMutableRawBufferPointer(copy.span).copyMemory(from: bytes)
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

  mutating func array<E: BitwiseCopyable>(_ name: StaticString, _ elements: UnsafeMutableBufferPointer<E>, isOwned: Bool) {
    restore(UnsafeMutableRawBufferPointer(elements))
  }

  mutating func number<E: BitwiseCopyable>(_ name: StaticString, _ value: inout E) {
    withUnsafeMutableBytes(of: &value) { restore($0) }
  }

  mutating func scratch(bytes: Int) {}

  private mutating func restore(_ bytes: UnsafeMutableRawBufferPointer) {
    bytes.copyMemory(from: UnsafeRawBufferPointer(copies[next].span))
    next += 1
  }
}
