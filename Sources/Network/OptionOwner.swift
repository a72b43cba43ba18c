import Base
import Layers
import Optimizers
import Pruning
import Topology

/// What has options that are set by name. The raw values are those of include/espalier.h.
public enum OptionOwner: Int32, Sendable, CaseIterable {
  case network = 0
  case layer, optimizer, topology, pruning

  /// Its kinds in the order of their enumerators, and the options of each. A network is of one kind. An enumerator that is not in use
  /// has no name.
  public var kinds: [OptionTable] {
    switch self {
    case .network: [OptionTable(name: "network", options: NetworkOption.table)]
    case .layer:
      // A number that no kind has yet has no name.
      (0...(LayerKind.allCases.map(\.rawValue).max() ?? 0)).map {
        LayerKind(rawValue: $0).map { OptionTable(name: $0.name, options: $0.options) } ?? OptionTable(name: "", options: [])
      }
    case .optimizer: OptimizerKind.allCases.map { OptionTable(name: $0.name, options: $0.options) }
    case .topology: TopologyKind.allCases.map { OptionTable(name: $0.name, options: $0.options) }
    case .pruning: PruningCriterion.allCases.map { OptionTable(name: $0.name, options: $0.options) }
    }
  }
}

/// A kind of layer, optimizer, topology method or pruning: what it is called, and the options that it has with its defaults.
public struct OptionTable: Sendable {
  public let name: String
  public let options: [Option]
}
