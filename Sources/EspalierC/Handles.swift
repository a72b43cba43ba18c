import Base
import Network
import Optimizers
import Pruning
import Synchronization
import Topology

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
  }

  private struct Table {
    var slots: [Slot] = []
    var free: [Int] = []

    /// The slot that a handle names, if it is a live one's.
    func index(_ handle: OpaquePointer) -> Int? {
      let bits = UInt(bitPattern: handle)
      let index = Int(bits & 0xFFFF_FFFF) >> 3 - 1
      guard bits & 7 == 0, index >= 0, index < slots.count, slots[index].object != nil,
        UInt(slots[index].generation) == bits >> 32
      else { return nil }
      return index
    }

    mutating func clear(_ index: Int) {
      slots[index].object = nil
      slots[index].owners = 0
      free.append(index)
    }
  }

  private static let table = Mutex(Table())

  static func add(_ object: any AnyObject & Sendable) throws(Failure) -> OpaquePointer {
    let bits: UInt? = table.withLock { table in
      let index = table.free.popLast() ?? table.slots.count
      guard index < 1 << 28 else { return nil }
      if index == table.slots.count { table.slots.append(Slot()) }
      table.slots[index].object = object
      table.slots[index].generation &+= 1
      return UInt(table.slots[index].generation) << 32 | UInt(index + 1) << 3
    }
    guard let bits, let handle = OpaquePointer(bitPattern: bits) else {
      throw Failure(.outOfMemory, "there are too many handles")
    }
    return handle
  }

  /// What stands behind a handle of one kind.
  static func object<H: AnyObject & Sendable>(_ handle: OpaquePointer?, _ name: StaticString, _: H.Type) throws(Failure) -> H {
    guard let handle else { throw Failure(.nullArgument, "\(name) must not be NULL") }
    let found: (any AnyObject & Sendable)? = table.withLock { table in
      table.index(handle).flatMap { table.slots[$0].object }
    }
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
    _ handle: OpaquePointer?, _ name: StaticString, _ kind: H.Type, _ body: (inout Table, Int) -> Bool
  ) throws(Failure) -> Bool {
    // Held until after the lock: freeing a network takes time.
    let object = try object(handle, name, kind)
    defer { withExtendedLifetime(object) {} }
    guard let handle else { return false }
    let done: Bool? = table.withLock { table in
      guard let index = table.index(handle) else { return nil }
      return body(&table, index)
    }
    guard let done else { throw notLive(handle, name) }
    return done
  }

  /// Forget a handle of one kind; NULL is fine.
  static func destroy<H: AnyObject & Sendable>(_ handle: OpaquePointer?, _ name: StaticString, _ kind: H.Type) throws(Failure) {
    guard handle != nil else { return }
    _ = try change(handle, name, kind) { table, index in
      table.clear(index)
      return true
    }
  }

  /// Count one more owner of a handle.
  static func retain<H: AnyObject & Sendable>(_ handle: OpaquePointer?, _ name: StaticString, _ kind: H.Type) throws(Failure) {
    _ = try change(handle, name, kind) { table, index in
      table.slots[index].owners += 1
      return true
    }
  }

  /// Count one owner less, and forget the handle with the last one.
  static func release<H: AnyObject & Sendable>(_ handle: OpaquePointer?, _ name: StaticString, _ kind: H.Type) throws(Failure) {
    let counted = try change(handle, name, kind) { table, index in
      guard table.slots[index].owners > 0 else { return false }
      table.slots[index].owners -= 1
      if table.slots[index].owners == 0 { table.clear(index) }
      return true
    }
    guard counted else { throw Failure(.invalidState, "\(name) has no owner that was counted") }
  }
}

/// The network behind a handle, for the length of `body`.
@inline(__always)
func withNetwork(_ handle: OpaquePointer?, _ body: (any UntypedNetwork) throws(Failure) -> Void) -> Int32 {
  status { () throws(Failure) in
    try Handles.object(handle, "network", NetworkHandle.self).use { network throws(Failure) in try body(network) }
  }
}

/// The same for calls that carry arrays: the network must be of their element type.
@inline(__always)
func withNetwork<T>(_ handle: OpaquePointer?, _: T.Type, _ body: (Network<T>) throws(Failure) -> Void) -> Int32 {
  withNetwork(handle) { network throws(Failure) in
    guard network.bits == T.bits else {
      throw Failure(.precision, "network is float\(network.bits), the call is for float\(T.bits)")
    }
    try body(unsafeDowncast(network, to: Network<T>.self))
  }
}
