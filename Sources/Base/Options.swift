/// One named option with a double value: what an optimizer, a topology method or a network can be told by name.
public struct Option: Sendable {
  /// What values are accepted; NaN and infinities never are.
  public struct Domain: Sendable {
    /// What a value stands for. The raw values are those of include/espalier.h.
    public enum Kind: Int32, Sendable, CaseIterable {
      /// 0 or 1.
      case flag = 0
      /// An enumerator, from 0.
      case choice
      case integer
      case real
    }

    public let kind: Kind
    /// The ends of the range. The greatest is infinite when every finite number from the least on is accepted.
    public let least, greatest: Double
    /// Whether the ends are accepted themselves.
    public let includesLeast, includesGreatest: Bool
  }

  public let name: String
  public let initial: Double
  public let domain: Domain
  /// Whether it may still be set when the network is built, or when the optimizer has taken a step.
  public let isLive: Bool

  package init(_ name: String, _ initial: Double, _ domain: Domain, live: Bool = true) {
    self.name = name
    self.initial = initial
    self.domain = domain
    isLive = live
  }

  /// - Throws: `invalidArgument`, naming `owner`, the option, its domain and the value.
  package func check(_ value: Double, owner: String) throws(Failure) {
    guard domain.contains(value) else {
      throw Failure(.invalidArgument, "\(owner): \(name) must be \(domain.text), got \(value)")
    }
    // The library computes with such numbers as zeros, and 0 may mean something else. Told apart by its bits for that reason.
    guard !value.isSubnormal else {
      throw Failure(.invalidArgument, "\(owner): \(name) must be 0 or of magnitude 2.3e-308 at least, got \(value)")
    }
  }

  /// The largest value that can be used where numbers are of type T: the fourth root of its range, 2^32 or 2^256, so that products
  /// of three options and a number as large stay within.
  package static func limit<T: BinaryFloatingPoint>(_: T.Type) -> Double {
    Double(sign: .plus, exponent: (Int(T.greatestFiniteMagnitude.exponent) + 1) / 4, significand: 1)
  }

  /// Whether a value can be used where numbers are of type T. - Throws: `invalidArgument`, naming `owner`, option and value.
  package func check<T: BinaryFloatingPoint>(_ value: Double, owner: String, for _: T.Type) throws(Failure) {
    guard domain.kind == .real, value.magnitude > Self.limit(T.self) else { return }
    throw Failure(
      .invalidArgument,
      "\(owner): \(name) must be at most \(Self.limit(T.self)) in float\(MemoryLayout<T>.size * 8), got \(value)")
  }
}

extension Option.Domain {
  package static let flag = Self(kind: .flag, least: 0, greatest: 1, includesLeast: true, includesGreatest: true)

  /// Enumerators.
  package static func choice(_ range: ClosedRange<Int>) -> Self { whole(.choice, range) }

  package static func integer(_ range: ClosedRange<Int>) -> Self { whole(.integer, range) }

  package static func real(_ range: ClosedRange<Double>) -> Self {
    Self(kind: .real, least: range.lowerBound, greatest: range.upperBound, includesLeast: true, includesGreatest: true)
  }

  /// low excluded, high included (infinity: no upper bound)
  package static func above(_ low: Double, upTo high: Double) -> Self {
    Self(kind: .real, least: low, greatest: high, includesLeast: false, includesGreatest: high < .infinity)
  }

  /// low included, high excluded
  package static func from(_ low: Double, below high: Double) -> Self {
    Self(kind: .real, least: low, greatest: high, includesLeast: true, includesGreatest: false)
  }

  /// The largest Int is no double. The next one is 2^63, which is excluded then.
  private static func whole(_ kind: Kind, _ range: ClosedRange<Int>) -> Self {
    Self(
      kind: kind, least: Double(range.lowerBound), greatest: Double(range.upperBound), includesLeast: true,
      includesGreatest: range.upperBound < .max)
  }

  /// The library computes with subnormal numbers as zeros, so a comparison takes one for 0. As a whole number it is told apart.
  package func contains(_ value: Double) -> Bool {
    guard value.isFinite, kind == .real || (!value.isSubnormal && value == value.rounded()) else { return false }
    return (includesLeast ? value >= least : value > least) && (includesGreatest ? value <= greatest : value < greatest)
  }

  /// For messages: "in (0.0, 1.0]", "a whole number >= 1 and below 2^63".
  package var text: String {
    if kind == .flag { return "0 or 1" }
    if kind != .real {
      let low = Int(clamping: least)
      return includesGreatest
        ? "a whole number in \(low) .. \(Int(clamping: greatest))" : "a whole number >= \(low) and below 2^63"
    }
    if greatest == .infinity { return includesLeast ? "finite and >= \(least)" : "finite and > \(least)" }
    return "in \(includesLeast ? "[" : "(")\(least), \(greatest)\(includesGreatest ? "]" : ")")"
  }
}

/// The values of a table of options. Setting one checks it against its domain first.
@usableFromInline
package struct OptionValues: Sendable {
  /// What messages call the owner of the options: "adam", "linear layer 2".
  package var owner: String
  package let table: [Option]
  @usableFromInline private(set) var values: [Double]

  package init(owner: String, table: [Option]) {
    self.owner = owner
    self.table = table
    values = table.map(\.initial)
  }

  package func index(of name: String) throws(Failure) -> Int {
    guard let i = table.firstIndex(where: { $0.name == name }) else {
      throw Failure(
        .unknownName, "\(owner): no option named \"\(name)\"; there are \(table.map(\.name).joined(separator: ", "))")
    }
    return i
  }

  package func contains(_ name: String) -> Bool { table.contains { $0.name == name } }

  package mutating func set(_ name: String, _ value: Double) throws(Failure) {
    let i = try index(of: name)
    try table[i].check(value, owner: owner)
    values[i] = value
  }

  /// Whether all values can be used where numbers are of type T. - Throws: `invalidArgument`
  package func check<T: BinaryFloatingPoint>(for _: T.Type) throws(Failure) {
    for (option, value) in zip(table, values) { try option.check(value, owner: owner, for: T.self) }
  }

  package func get(_ name: String) throws(Failure) -> Double { values[try index(of: name)] }

  /// The value of an option whose domain are whole numbers.
  package func integer(_ name: String) throws(Failure) -> Int { Int(clamping: try get(name)) }

  /// The value of an option whose domain are the enumerators of `E`.
  package func choice<E: RawRepresentable>(_ name: String, of _: E.Type) throws(Failure) -> E where E.RawValue == Int32 {
    let value = try get(name)
    guard let choice = E(rawValue: Int32(clamping: value)) else {
      throw Failure(.invalidArgument, "\(owner): \(name) has no value \(value)")
    }
    return choice
  }

  /// By position in the table, for hot paths.
  @inlinable
  package subscript(position: Int) -> Double { values[position] }
}
