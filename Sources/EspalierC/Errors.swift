import Base
import CEspalier
import CSystem
import Machine
import Network

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// The last failure's message, one a thread.
enum LastError {
  private static let capacity = 1024

  private static let key: pthread_key_t? = {
    var key = pthread_key_t()
    return pthread_key_create(&key, { free($0) }) == 0 ? key : nil
  }()

  /// Keep a message, cut at the end of a character if it is very long. Without memory the previous one stays.
  static func set(_ message: String) {
    guard let key else { return }
    var memory = pthread_getspecific(key)
    if memory == nil {
      memory = calloc(1, capacity)
      guard memory != nil, pthread_setspecific(key, memory) == 0 else {
        free(memory)
        return
      }
    }
    guard let text = memory?.assumingMemoryBound(to: UInt8.self) else { return }
    var length = 0
    var character = 0
    for byte in message.utf8 {
      let begins = byte & 0xC0 != 0x80
      if begins { character = length }
      if length == capacity - 1 {
        if !begins { length = character }
        break
      }
      text[length] = byte
      length += 1
    }
    text[length] = 0
  }

  static var text: UnsafePointer<CChar>? {
    guard let key, let memory = pthread_getspecific(key) else { return nil }
    return UnsafePointer(memory.assumingMemoryBound(to: CChar.self))
  }
}

/// A NUL-terminated constant.
func constant(_ text: StaticString) -> UnsafePointer<CChar> {
  UnsafeRawPointer(text.utf8Start).assumingMemoryBound(to: CChar.self)
}

/// Run a call's body; a failure becomes its status and its message.
///
/// In the library's floating-point environment from the first comparison on, messages and their numbers included: a host that
/// traps on invalid operations must not be ended by the NaN that it asks about. The functions below that have no status pass
/// through the same door.
@inline(__always)
///
/// - spares: the call asks for no memory unless it fails, so it may be made when none is left.
func status(spares: Bool = false, _ body: () throws(Failure) -> Void) -> Int32 {
  FloatingPointEnvironment.asLibrary {
    do throws(Failure) {
      guard csystem_has_reserve() != 0 || spares else {
        throw Failure(.outOfMemory, "no memory is left to make the call with")
      }
      try body()
      return Int32(truncatingIfNeeded: ESPALIER_OK)
    } catch {
      LastError.set(error.message)
      return error.kind.rawValue
    }
  }
}

/// A pointer that must be there.
func require<P>(_ pointer: P?, _ name: StaticString) throws(Failure) -> P {
  guard let pointer else { throw Failure(.nullArgument, "\(name) must not be NULL") }
  return pointer
}

/// A name that must be there. Nothing is asked for where it is a known one: up to 15 bytes a string of Swift's needs no memory, and
/// longer names are found among those that there are.
func require(text: UnsafePointer<CChar>?) throws(Failure) -> String {
  let text = try require(text, "name")
  let length = strlen(text)
  guard length > 15 else { return String(cString: text) }
  let bytes = UnsafeRawBufferPointer(start: text, count: length)
  var i = 0
  while i < longNames.count {
    if longNames[i].utf8.elementsEqual(bytes) { return longNames[i] }
    i += 1
  }
  return String(cString: text)
}

/// Names of more than 15 bytes of what can be read.
private let longNames = Array(
  Set(OptionOwner.allCases.flatMap(\.kinds).flatMap { $0.options.map(\.name) } + networkProperties + layerProperties)
    .filter { $0.utf8.count > 15 })

/// What is made once in a process, so that no call that only looks has to: with the first handle.
func prepareNames() { _ = longNames.count }

/// An enumerator of a C enum.
func require<E: RawRepresentable & CaseIterable>(
  _ value: Int32, _ name: StaticString, as _: E.Type
) throws(Failure) -> E where E.RawValue == Int32 {
  guard let found = E(rawValue: value) else {
    let known = E.allCases.map(\.rawValue)
    throw Failure(.invalidArgument, "\(name) must be in \(known.min() ?? 0) .. \(known.max() ?? 0), got \(value)")
  }
  return found
}

/// Where a new handle goes: there must be no live one.
func requireEmpty(_ handle: UnsafeMutablePointer<OpaquePointer?>?, _ name: StaticString) throws(Failure)
  -> UnsafeMutablePointer<OpaquePointer?>
{
  let place = try require(handle, name)
  guard place.pointee == nil else {
    throw Failure(.invalidArgument, "\(name) must point to NULL: the handle that it holds would be lost")
  }
  return place
}

@_cdecl("espalier_version") @implementation
public func espalier_version() -> UnsafePointer<CChar>! { FloatingPointEnvironment.asLibrary { constant("0.1.0") } }

@_cdecl("espalier_last_error") @implementation
public func espalier_last_error() -> UnsafePointer<CChar>! {
  FloatingPointEnvironment.asLibrary { LastError.text ?? constant("") }
}

@_cdecl("espalier_status_string") @implementation
public func espalier_status_string(_ status: Int32) -> UnsafePointer<CChar>! {
  FloatingPointEnvironment.asLibrary { name(ofStatus: status) }
}

private func name(ofStatus status: Int32) -> UnsafePointer<CChar> {
  guard status != Int32(truncatingIfNeeded: ESPALIER_OK) else { return constant("ok") }
  return switch Failure.Kind(rawValue: status) {
  case .nullArgument: constant("null argument")
  case .invalidArgument: constant("invalid argument")
  case .invalidHandle: constant("invalid handle")
  case .invalidState: constant("calls in the wrong order")
  case .precision: constant("wrong precision")
  case .unknownName: constant("unknown name")
  case .bufferTooSmall: constant("buffer too small")
  case .batchTooLarge: constant("batch too large")
  case .nonFinite: constant("not a finite number")
  case .outOfMemory: constant("out of memory")
  case .numerical: constant("factorisation failed")
  case .busy: constant("handle in use by another thread")
  case .stopped: constant("stopped by the caller")
  case nil: constant("unknown status")
  }
}
