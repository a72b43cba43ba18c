import Base
import Sparse

/// The options of a pruning, one table for all criteria: a criterion has some of them, with its own defaults.
/// include/espalier.h says what each means.
enum PruningOption: CaseIterable {
  case density, scope, distribution, rounds, temperature, n, m, damping, block

  func option(_ initial: Double) -> Option {
    switch self {
    case .density: Option("density", initial, .above(0, upTo: 1))
    case .scope: Option("scope", initial, .choice(0...PruningScope.allCases.count - 1))
    case .distribution: Option("distribution", initial, .choice(0...Distribution.allCases.count - 1))
    case .rounds: Option("rounds", initial, .integer(1...1_000_000))
    case .temperature: Option("temperature", initial, .above(0, upTo: .infinity))
    case .n: Option("n", initial, .integer(0...Int(Int32.max)))
    case .m: Option("m", initial, .integer(0...Int(Int32.max)))
    case .damping: Option("damping", initial, .from(0, below: .infinity))
    case .block: Option("block", initial, .integer(1...Int(Int32.max)))
    }
  }
}

/// Over what a density is meant. The raw values are those of include/espalier.h.
public enum PruningScope: Int32, Sendable, CaseIterable {
  /// Each layer comes to that density.
  case layer = 0
  /// The layers together do: one threshold over all their scores. Each keeps at least one connection.
  case global
  /// The layers together do, each at the density that a distribution gives it.
  case distribution
}
