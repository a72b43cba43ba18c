/// Goes through everything that training leaves behind. Whoever holds a part of it shows that part in one place, ``Stateful/visit(_:)``,
/// always in the same order; whatever is to be done with all of it is a visitor: to count its bytes, to copy and restore it, to
/// compare it.
package protocol StateVisitor {
  /// An array that training goes on from; its values may be replaced.
  /// - name: the only one of its owner. - isOwned: whether its memory is the library's.
  mutating func array<E: BitwiseCopyable>(_ name: StaticString, _ elements: UnsafeMutableBufferPointer<E>, isOwned: Bool)

  /// A number, or a few, that training goes on from.
  mutating func number<E: BitwiseCopyable>(_ name: StaticString, _ value: inout E)

  /// Memory that nothing goes on from.
  mutating func scratch(bytes: Int)

  /// What comes until `leave` belongs to a part of the owner. - number: of several parts with this name, nil if it is the only one.
  mutating func enter(_ name: StaticString, _ number: Int?)
  mutating func leave()
}

extension StateVisitor {
  package mutating func enter(_ name: StaticString, _ number: Int?) {}
  package mutating func leave() {}

  package mutating func array<E: BitwiseCopyable>(_ name: StaticString, _ buffer: Buffer<E>?) {
    if let buffer { array(name, buffer.span, isOwned: true) }
  }

  package mutating func scratch<each E: BitwiseCopyable>(_ buffer: repeat Buffer<each E>?) {
    for buffer in repeat each buffer { scratch(bytes: buffer?.bytes ?? 0) }
  }

  /// A part that shows itself. - number: of several parts with this name.
  package mutating func part(_ name: StaticString, _ number: Int, _ part: (any Stateful)?) { visit(name, number, part) }

  /// The only part with this name.
  package mutating func part(_ name: StaticString, _ part: (any Stateful)?) { visit(name, nil, part) }

  private mutating func visit(_ name: StaticString, _ number: Int?, _ part: (any Stateful)?) {
    guard let part else { return }
    enter(name, number)
    part.visit(&self)
    leave()
  }
}

/// Whoever holds something that training leaves behind, or memory for training.
package protocol Stateful: AnyObject {
  /// Show all of it.
  func visit(_ visitor: inout some StateVisitor)
}

extension Stateful {
  /// Bytes of the memory that it holds.
  package var bytes: Int {
    var count = ByteCount()
    visit(&count)
    return count.bytes
  }
}

/// Adds up the memory of what is visited.
package struct ByteCount: StateVisitor {
  package private(set) var bytes = 0

  package init() {}

  package mutating func array<E: BitwiseCopyable>(
    _ name: StaticString, _ elements: UnsafeMutableBufferPointer<E>, isOwned: Bool
  ) {
    if isOwned { scratch(bytes: elements.count &* MemoryLayout<E>.stride) }
  }

  package mutating func number<E: BitwiseCopyable>(_ name: StaticString, _ value: inout E) {}

  package mutating func scratch(bytes: Int) { self.bytes = self.bytes.addingClamped(bytes) }
}
