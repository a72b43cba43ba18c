import Base
import Sparse

/// What connections are judged by when a network is pruned. The raw values are those of include/espalier.h.
public enum PruningCriterion: Int32, Sendable, CaseIterable {
  case random = 0
  case magnitude, snip, grasp, synflow, fisher, obs, sparseGPT

  /// What a criterion has to be given.
  package enum Data: Sendable {
    case nothing, inputs, targets
  }

  /// As messages name it: "snip".
  public var name: String { row.name }

  /// The options that it has, with its defaults.
  public var options: [Option] {
    let defaults = row.defaults
    return PruningOption.allCases.compactMap { which in defaults[which].map { which.option($0) } }
  }

  /// The table of criteria. A new one is a case above and a row here; see docs/Extending.md.
  var row: (name: String, data: Data, defaults: [PruningOption: Double]) {
    switch self {
    case .random: ("random", .nothing, Self.shares(.layer))
    case .magnitude: ("magnitude", .nothing, Self.shares(.layer, [.n: 0, .m: 0]))
    // Lee et al. 2019.
    case .snip: ("snip", .targets, Self.shares(.global, [.rounds: 1, .temperature: 1]))
    // Wang et al. 2020.
    case .grasp: ("grasp", .targets, Self.shares(.global, [.rounds: 1, .temperature: 200]))
    // Tanaka et al. 2020.
    case .synflow: ("synflow", .nothing, Self.shares(.global, [.rounds: 100]))
    // LeCun et al. 1990, with the empirical Fisher diagonal for the Hessian's.
    case .fisher: ("fisher", .targets, Self.shares(.global, [.rounds: 1, .temperature: 1]))
    // Hassibi and Stork 1993; Frantar and Alistarh 2022.
    case .obs: ("obs", .inputs, Self.shares(.layer, [.n: 0, .m: 0, .damping: 0.01]))
    // Frantar and Alistarh 2023.
    case .sparseGPT: ("sparse_gpt", .inputs, Self.shares(.layer, [.n: 0, .m: 0, .damping: 0.01, .block: 128]))
    }
  }

  /// How many stay, which every criterion is told the same way.
  private static func shares(_ scope: PruningScope, _ others: [PruningOption: Double] = [:]) -> [PruningOption: Double] {
    let common: [PruningOption: Double] = [
      .density: 0.1, .scope: Double(scope.rawValue), .distribution: Double(Distribution.erdosRenyiKernel.rawValue),
    ]
    return common.merging(others) { $1 }
  }
}
