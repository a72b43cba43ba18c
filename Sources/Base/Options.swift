/// One named option with a double value: what an optimizer, a topology method or a network can be told by name.
public struct Option: Sendable {
  /// What values are accepted; NaN and infinities never are.
  public enum Domain: Sendable {
    case flag  // 0 or 1
    case choice(ClosedRange<Int>)  // an enumerator
    case integer(ClosedRange<Int>)
    case real(ClosedRange<Double>)
    /// low excluded, high included (infinity: no upper bound)
    case above(Double, upTo: Double)
    /// low included, high excluded
    case from(Double, below: Double)
  }

  public let name: String
  public let initial: Double
  public let domain: Domain
  /// Whether it may still be set when what it belongs to is built.
  public let isLive: Bool

  public init(_ name: String, _ initial: Double, _ domain: Domain, live: Bool = true) {
    self.name = name
    self.initial = initial
    self.domain = domain
    isLive = live
  }

  /// - Throws: `invalidArgument`, naming `owner`, the option, its domain and the value.
  public func check(_ value: Double, owner: String) throws(Failure) {
    let accepted: Bool
    let wanted: String
    switch domain {
    case .flag: (accepted, wanted) = (Self.isWhole(value, in: 0...1), "0 or 1")
    case .choice(let r), .integer(let r):
      accepted = Self.isWhole(value, in: r)
      wanted =
        r.upperBound == .max
        ? "a whole number >= \(r.lowerBound) and below 2^63" : "a whole number in \(r.lowerBound) .. \(r.upperBound)"
    case .real(let r):
      accepted = value.isFinite && r.contains(value)
      wanted = r.upperBound == .greatestFiniteMagnitude ? ">= \(r.lowerBound)" : "in [\(r.lowerBound), \(r.upperBound)]"
    case .above(let low, let high):
      accepted = value.isFinite && value > low && value <= high
      wanted = high == .infinity ? "finite and > \(low)" : "in (\(low), \(high)]"
    case .from(let low, let high):
      accepted = value.isFinite && value >= low && value < high
      wanted = high == .infinity ? "finite and >= \(low)" : "in [\(low), \(high))"
    }
    guard accepted else {
      throw Failure(.invalidArgument, "\(owner): \(name) must be \(wanted), got \(value)")
    }
  }

  /// Compared as an Int, because Double(Int.max) is one more than Int.max. A subnormal number is told apart by its bits, because
  /// the library computes with such numbers as zeros.
  private static func isWhole(_ value: Double, in range: ClosedRange<Int>) -> Bool {
    guard !value.isSubnormal, let whole = Int(exactly: value) else { return false }
    return range.contains(whole)
  }

  /// The largest value that can be used where numbers are of type T: a millionth of its range, so that products with numbers
  /// of a usual size stay within.
  public static func limit<T: BinaryFloatingPoint>(_: T.Type) -> Double { Double(T.greatestFiniteMagnitude) * 0x1p-20 }

  /// Whether a value can be used where numbers are of type T. - Throws: `invalidArgument`, naming `owner`, option and value.
  public func check<T: BinaryFloatingPoint>(_ value: Double, owner: String, for _: T.Type) throws(Failure) {
    guard value.magnitude > Self.limit(T.self) else { return }
    throw Failure(
      .invalidArgument,
      "\(owner): \(name) must be at most \(Self.limit(T.self)) in float\(MemoryLayout<T>.size * 8), got \(value)")
  }
}

/// The values of a table of options. Setting one checks it against its domain first.
public struct OptionValues: Sendable {
  /// What messages call the owner of the options: "adam", "linear layer 2".
  public var owner: String
  public let table: [Option]
  @usableFromInline private(set) var values: [Double]

  public init(owner: String, table: [Option]) {
    self.owner = owner
    self.table = table
    values = table.map(\.initial)
  }

  public func index(of name: String) throws(Failure) -> Int {
    guard let i = table.firstIndex(where: { $0.name == name }) else {
      throw Failure(
        .unknownName, "\(owner): no option named \"\(name)\"; there are \(table.map(\.name).joined(separator: ", "))")
    }
    return i
  }

  public func contains(_ name: String) -> Bool { table.contains { $0.name == name } }

  public mutating func set(_ name: String, _ value: Double) throws(Failure) {
    let i = try index(of: name)
    try table[i].check(value, owner: owner)
    values[i] = value
  }

  /// Whether all values can be used where numbers are of type T. - Throws: `invalidArgument`
  public func check<T: BinaryFloatingPoint>(for _: T.Type) throws(Failure) {
    for (option, value) in zip(table, values) { try option.check(value, owner: owner, for: T.self) }
  }

  public func get(_ name: String) throws(Failure) -> Double { values[try index(of: name)] }

  /// The value of an option whose domain are whole numbers.
  public func integer(_ name: String) throws(Failure) -> Int { Int(clamping: try get(name)) }

  /// The value of an option whose domain are the enumerators of `E`.
  public func choice<E: RawRepresentable>(_ name: String, of _: E.Type) throws(Failure) -> E where E.RawValue == Int32 {
    let value = try get(name)
    guard let choice = E(rawValue: Int32(clamping: value)) else {
      throw Failure(.invalidArgument, "\(owner): \(name) has no value \(value)")
    }
    return choice
  }

  /// By position in the table, for hot paths.
  @inlinable
  public subscript(position: Int) -> Double { values[position] }
}
