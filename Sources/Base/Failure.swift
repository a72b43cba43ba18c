/// Why a call could not be carried out. What the call would have changed is as it was.
///
/// The kinds are the statuses of include/espalier.h; the message names the argument and its value, and is what a Fortran or
/// C user reads: "linear layer 2: density must be in (0, 1], got 1.7".
public struct Failure: Error, Equatable, Sendable, CustomStringConvertible {
  /// Raw values are the C statuses.
  public enum Kind: Int32, Sendable, CaseIterable {
    case nullArgument = 1
    case invalidArgument, invalidHandle, invalidState, precision, unknownName, bufferTooSmall, batchTooLarge, nonFinite,
      outOfMemory, numerical, busy, stopped
  }

  public let kind: Kind
  public let message: String

  public init(_ kind: Kind, _ message: String) {
    self.kind = kind
    self.message = message
  }

  public var description: String { message }
}
