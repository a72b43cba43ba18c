import Base
import CSystem
import Network
import Optimizers
import Pruning
import Synchronization
import Topology

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// What a handle stands for. One caller thread at a time is inside.
final class Handle<Object>: Sendable {
  // Only touched by `use`, which lets one thread in at a time.
  nonisolated(unsafe) var object: Object
  private let busy = Atomic<Bool>(false)
  private let kind: StaticString

  init(_ object: Object, kind: StaticString) {
    self.object = object
    self.kind = kind
  }

  @inline(__always)
  func use<R>(_ body: (inout Object) throws(Failure) -> R) throws(Failure) -> R {
    guard !busy.exchange(true, ordering: .acquiring) else {
      throw Failure(.busy, "\(kind): another thread is inside a call with this handle")
    }
    defer { busy.store(false, ordering: .releasing) }
    return try body(&object)
  }
}

typealias NetworkHandle = Handle<any UntypedNetwork>
typealias OptimizerHandle = Handle<StandaloneOptimizer>
typealias TopologyHandle = Handle<TopologyMethod>
typealias PruningHandle = Handle<PruningMethod>

/// Every live handle of the process.
///
/// A handle is not an address: it is the number of a slot and how often that slot has been used, made to look like a
/// pointer. So a destroyed, foreign or random handle is recognised without being followed.
enum Handles {
  private struct Slot {
    var object: (any AnyObject & Sendable)?
    var generation: UInt32 = 0
    /// Variables that share the handle, as far as they are counted.
    var owners = 0
    /// Of a slot without an object: the free one after it.
    var nextFree = Table.noSlot
  }

  /// Read and written under `csystem_lock` only. The memory grows with the handles that live at the same time and stays.
  private struct Table {
    static let noSlot = Int32(-1)
    static let most = 1 << 28

    var slots: UnsafeMutablePointer<Slot>?
    var count = 0
    var firstFree = noSlot

    /// The slot that a handle names, if it is a live one's.
    func slot(_ handle: OpaquePointer) -> UnsafeMutablePointer<Slot>? {
      let bits = UInt(bitPattern: handle)
      let index = Int(truncatingIfNeeded: bits & 0xFFFF_FFFF) >> 3 - 1
      guard let slots, bits & 7 == 0, index >= 0, index < count, slots[index].object != nil,
        UInt(slots[index].generation) == bits >> 32
      else { return nil }
      return slots + index
    }

    /// A free slot's number, nil when there is no memory for more.
    mutating func takeSlot() -> Int? {
      if firstFree == Self.noSlot, !grow() { return nil }
      guard let slots else { return nil }
      let index = Int(firstFree)
      firstFree = slots[index].nextFree
      return index
    }

    private mutating func grow() -> Bool {
      let wanted = max(2 * count, 64)
      guard wanted <= Self.most, let memory = realloc(slots, wanted * MemoryLayout<Slot>.stride) else { return false }
      // A slot is moved by moving its bytes.
      let moved = memory.bindMemory(to: Slot.self, capacity: wanted)
      for index in count..<wanted {
        (moved + index).initialize(to: Slot(nextFree: index + 1 < wanted ? Int32(truncatingIfNeeded: index + 1) : Self.noSlot))
      }
      (slots, firstFree, count) = (moved, Int32(truncatingIfNeeded: count), wanted)
      return true
    }

    mutating func clear(_ slot: UnsafeMutablePointer<Slot>) {
      slot.pointee.object = nil
      slot.pointee.owners = 0
      slot.pointee.nextFree = firstFree
      if let slots { firstFree = Int32(truncatingIfNeeded: slot - slots) }
    }
  }

  private nonisolated(unsafe) static var table = Table()

  static func add<H: AnyObject & Sendable>(_ object: H) throws(Failure) -> OpaquePointer {
    prepareNames()
    // The first conversion of a kind asks for memory.
    guard (object as any AnyObject & Sendable) is H else { throw Failure(.outOfMemory, "no memory for one more handle") }
    csystem_lock()
    defer { csystem_unlock() }
    guard let index = table.takeSlot(), let slot = table.slots.map({ $0 + index }) else {
      throw Failure(.outOfMemory, "no memory for one more handle")
    }
    slot.pointee.object = object
    slot.pointee.generation &+= 1
    guard let handle = OpaquePointer(bitPattern: UInt(slot.pointee.generation) << 32 | (index + 1).magnitude << 3) else {
      throw Failure(.outOfMemory, "no number for one more handle")
    }
    return handle
  }

  /// What stands behind a handle of one kind.
  static func object<H: AnyObject & Sendable>(_ handle: OpaquePointer?, _ name: StaticString, _: H.Type) throws(Failure) -> H {
    guard let handle else { throw Failure(.nullArgument, "\(name) must not be NULL") }
    csystem_lock()
    let found = table.slot(handle)?.pointee.object
    csystem_unlock()
    guard let found else { throw notLive(handle, name) }
    guard let object = found as? H else {
      throw Failure(.invalidHandle, "\(name) \(handle) is a handle of another kind")
    }
    return object
  }

  private static func notLive(_ handle: OpaquePointer, _ name: StaticString) -> Failure {
    Failure(.invalidHandle, "\(name) \(handle) is not a live handle; was it destroyed?")
  }

  /// Change the slot of a handle of one kind: find it and change it in one turn, so that of several threads which destroy
  /// one handle exactly one finds it. Its object goes when the last call that uses it returns.
  private static func change<H: AnyObject & Sendable>(
    _ handle: OpaquePointer?, _ name: StaticString, _ kind: H.Type, _ body: (inout Table, UnsafeMutablePointer<Slot>) -> Bool
  ) throws(Failure) -> Bool {
    // Held until after the lock: freeing a network takes time.
    let object = try object(handle, name, kind)
    defer { withExtendedLifetime(object) {} }
    guard let handle else { return false }
    csystem_lock()
    defer { csystem_unlock() }
    guard let slot = table.slot(handle) else { throw notLive(handle, name) }
    return body(&table, slot)
  }

  /// Forget a handle of one kind; NULL is fine.
  static func destroy<H: AnyObject & Sendable>(_ handle: OpaquePointer?, _ name: StaticString, _ kind: H.Type) throws(Failure) {
    guard handle != nil else { return }
    _ = try change(handle, name, kind) { table, slot in
      table.clear(slot)
      return true
    }
  }

  /// Count one more owner of a handle.
  static func retain<H: AnyObject & Sendable>(_ handle: OpaquePointer?, _ name: StaticString, _ kind: H.Type) throws(Failure) {
    _ = try change(handle, name, kind) { table, slot in
      slot.pointee.owners += 1
      return true
    }
  }

  /// Count one owner less, and forget the handle with the last one.
  static func release<H: AnyObject & Sendable>(_ handle: OpaquePointer?, _ name: StaticString, _ kind: H.Type) throws(Failure) {
    let counted = try change(handle, name, kind) { table, slot in
      guard slot.pointee.owners > 0 else { return false }
      slot.pointee.owners -= 1
      if slot.pointee.owners == 0 { table.clear(slot) }
      return true
    }
    guard counted else { throw Failure(.invalidState, "\(name) has no owner that was counted") }
  }
}

/// The network behind a handle, for the length of `body`.
@inline(__always)
func withNetwork(
  spares: Bool = false, _ handle: OpaquePointer?, _ body: (any UntypedNetwork) throws(Failure) -> Void
) -> Int32 {
  status(spares: spares) { () throws(Failure) in
    try Handles.object(handle, "network", NetworkHandle.self).use { network throws(Failure) in try body(network) }
  }
}

/// The same for calls that carry arrays: the network must be of their element type.
@inline(__always)
func withNetwork<T>(
  spares: Bool = false, _ handle: OpaquePointer?, _: T.Type, _ body: (Network<T>) throws(Failure) -> Void
) -> Int32 {
  withNetwork(spares: spares, handle) { network throws(Failure) in
    guard network.bits == T.bits else {
      throw Failure(.precision, "network is float\(network.bits), the call is for float\(T.bits)")
    }
    try body(unsafeDowncast(network, to: Network<T>.self))
  }
}
