import Base

/// What one sample of a value looks like: channels, each a field of up to three dimensions, or a vector of channels alone.
///
/// C `x[batch][channels][height][width]` and Fortran `x(width, height, channels, batch)` are the same bytes. Features are
/// numbered in that order, so the feature of a place is (channel * height + y) * width + x.
public struct TensorShape: Equatable, Sendable, CustomStringConvertible {
  public let channels: Int
  /// Lengths of the field, the slowest dimension first: depth, height, width. Empty for a vector.
  public let extents: [Int]

  public init(channels: Int, extents: [Int] = []) {
    self.channels = channels
    self.extents = extents
  }

  /// A vector of so many features.
  public init(features: Int) { self.init(channels: features) }

  /// Places of one channel; 1 for a vector.
  public var places: Int { extents.reduce(1, &*) }

  /// Numbers of a sample. ``check(_:)`` has found that they can be counted.
  public var features: Int { channels &* places }

  /// "3 x 32 x 32", as C writes it.
  public var description: String { ([channels] + extents).map(String.init).joined(separator: " x ") }

  /// Whether index arithmetic can carry the shape. - Throws: `invalidArgument`, naming `what` and the shape.
  package func check(_ what: @autoclosure () -> String) throws(Failure) {
    var features = 1
    for length in [channels] + extents {
      let (product, overflow) = features.multipliedReportingOverflow(by: length)
      guard length >= 1, !overflow, product <= Int(Int32.max) else {
        throw Failure(.invalidArgument, "\(what()) must have 1 .. \(Int32.max) values a sample, got \(description)")
      }
      features = product
    }
  }
}
