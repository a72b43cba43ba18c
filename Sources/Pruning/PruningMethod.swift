import Base
import Sparse

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// A criterion and its options: what a network is told to be pruned by.
public struct PruningMethod: Sendable {
  public let criterion: PruningCriterion
  private var values: OptionValues

  /// With the criterion's defaults.
  public init(_ criterion: PruningCriterion) {
    self.criterion = criterion
    values = OptionValues(owner: "\(criterion.name) pruning", table: criterion.options)
  }

  /// - Throws: `unknownName` when the criterion has no such option, `invalidArgument` when the value is out of range.
  public mutating func set(_ name: String, _ value: Double) throws(Failure) { try values.set(name, value) }

  /// An option, or "criterion": the raw value of `criterion`.
  public func get(_ name: String) throws(Failure) -> Double {
    name == "criterion" ? Double(criterion.rawValue) : try values.get(name)
  }

  /// "snip pruning"
  package var owner: String { values.owner }
  /// What a call with it has to be given.
  package var data: PruningCriterion.Data { criterion.row.data }
  package var scope: PruningScope { PruningScope(rawValue: Int32(clamping: value("scope", or: 0))) ?? .layer }
  package var distribution: Distribution { Distribution(rawValue: Int32(clamping: value("distribution", or: 0))) ?? .uniform }
  /// Share of the positions that keeps its connection at last.
  package var density: Double { value("density", or: 1) }
  package var rounds: Int { Int(clamping: value("rounds", or: 1)) }
  package var temperature: Double { value("temperature", or: 1) }
  /// At most so many in each `size` inputs of a unit that follow one another, instead of a density; nil for a density.
  package var groups: (keep: Int, size: Int)? {
    let (n, m) = (Int(clamping: value("n", or: 0)), Int(clamping: value("m", or: 0)))
    return m > 0 ? (n, m) : nil
  }
  /// Share of the mean diagonal of the inputs' second moments that is added to it.
  package var damping: Double { value("damping", or: 0) }
  /// Inputs that are pruned at a time.
  package var block: Int { Int(clamping: value("block", or: 1)) }

  private func value(_ name: String, or other: Double) -> Double { (try? values.get(name)) ?? other }

  /// Options that contradict each other. - Throws: `invalidArgument`
  package func check() throws(Failure) {
    let (n, m) = (Int(clamping: value("n", or: 0)), Int(clamping: value("m", or: 0)))
    guard (n == 0 && m == 0) || (n >= 1 && n <= m) else {
      throw Failure(.invalidArgument, "\(owner): n must be in 1 .. m, or both 0 for a density; got n \(n), m \(m)")
    }
    guard criterion != .sparseGPT || scope != .global else {
      throw Failure(.invalidArgument, "\(owner): scope must be layer or distribution, got global: layers come one by one")
    }
  }

  /// The density to come to in a round, from `initial` to `final` in equal ratios (Tanaka et al. 2020, algorithm 1, where
  /// `initial` is 1).
  /// - round: 1 ... rounds.
  package func density(round: Int, initial: Double, final: Double) -> Double {
    if round >= rounds || initial <= final { return final }
    return initial * pow(final / initial, Double(round) / Double(rounds))
  }
}
