import Base
import Layers
import Machine

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
