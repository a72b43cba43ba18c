import Base

/// A dimension of a sample, by name. The raw values are those of include/espalier.h.
public enum FieldDimension: Int32, Sendable, CaseIterable {
  case channels = 0
  case width, height, depth

  /// As options name it.
  public var name: String { "\(self)" }

  /// The names of the sides that padding is put at: before the first place, and beyond the last.
  package var sides: (before: String, after: String) {
    switch self {
    case .channels: ("", "")
    case .width: ("left", "right")
    case .height: ("top", "bottom")
    case .depth: ("front", "back")
    }
  }

  /// Those of a field, the fastest first.
  package static let ofFields: [FieldDimension] = [.width, .height, .depth]
}

extension TensorShape {
  /// Names of the lengths in `extents`, in their order.
  var dimensions: [FieldDimension] { FieldDimension.ofFields.prefix(extents.count).reversed() }

  /// Position in `extents`; nil if there is no such dimension, or for the channels.
  func position(of dimension: FieldDimension) -> Int? { dimensions.firstIndex(of: dimension) }

  /// Whether it has places at all. - Throws: `invalidArgument`, naming `owner` and the shape.
  func requireField(_ owner: String) throws(Failure) {
    guard extents.isEmpty else { return }
    throw Failure(
      .invalidArgument, "\(owner): it needs a field, with channels and at least a width; it is given \(self) values")
  }

  /// Whether options that belong to dimensions which a field does not have are at their defaults.
  /// - options: of these dimensions. - Throws: `invalidArgument`, naming `owner`, the option, its value and the shape.
  func requireDefaults(_ values: OptionValues, _ options: (FieldDimension) -> [String]) throws(Failure) {
    for dimension in FieldDimension.ofFields where position(of: dimension) == nil {
      for name in options(dimension) {
        guard values.contains(name) else { continue }
        let value = try values.get(name)
        let initial = values.table[try values.index(of: name)].initial
        if value != initial {
          throw Failure(
            .invalidArgument, "\(values.owner): \(name) is \(Int(clamping: value)), but \(self) has no \(dimension)")
        }
      }
    }
  }
}
