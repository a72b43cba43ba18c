import Base

/// Topology methods by name. The raw values are those of include/espalier.h.
public enum TopologyKind: Int32, Sendable, CaseIterable {
  case `static` = 0
  case set, rigl, snfs, itop, granet, mest, topKast, gradual, acdc, deepR, dsr, sampled, srigl, str

  /// As messages name it: "rigl".
  public var name: String { preset.name }

  /// The options that it has, with its defaults.
  public var options: [Option] {
    let preset = preset.defaults
    let common = TopologyOption.allCases.map { which in
      let option = which.option
      return Option(option.name, preset[which] ?? option.initial, option.domain)
    }
    return switch self {
    case .static: []
    case .set, .snfs: common + [Option("published", 0, .flag)]
    default: common
    }
  }

  /// The table of methods: what each sets of the common options. A new one is a case above and a row here, when the parts are
  /// there; see docs/Extending.md.
  var preset: (name: String, defaults: [TopologyOption: Double]) {
    switch self {
    case .static: ("static", [:])
    // Mocanu et al. 2018: smallest weights, random growth.
    case .set: ("set", [:])
    // Evci et al. 2020, algorithm 1. The update takes the place of the optimizer's step.
    case .rigl: ("rigl", [.decay: 1, .grow: Self.of(GrowthScore.gradient), .replacesStep: 1])
    // Dettmers and Zettlemoyer 2019. 22 batches hold nine tenths of an exponential mean of decay 0.9.
    case .snfs:
      (
        "snfs",
        [
          .dropFraction: 0.5, .minimumDropFraction: 0.005, .decay: 1, .rounding: 1, .grow: Self.of(GrowthScore.momentum),
          .gradientBatches: 22, .gradientDecay: 0.9, .redistribute: Self.of(Redistribution.momentum), .room: 2,
        ]
      )
    // Liu et al. 2021: what counts is how many positions have been tried.
    case .itop:
      (
        "itop",
        [.dropFraction: 0.5, .minimumDropFraction: 0.005, .decay: 1, .rounding: 1, .grow: Self.of(GrowthScore.unfired)]
      )
    // Liu et al. 2021: gradual pruning that regenerates.
    case .granet:
      (
        "granet",
        [
          .dropFraction: 0.5, .decay: 1, .rounding: 1, .scope: 1, .grow: Self.of(GrowthScore.gradient),
          .finalDensity: 0.1,
        ]
      )
    // Yuan et al. 2021.
    case .mest:
      ("mest", [.drop: Self.of(DropScore.weightPlusGradient), .dropFraction: 0.2, .decay: 2])
    // Jayakumar et al. 2020, on what is stored: forward the largest part of it, backward all.
    case .topKast: ("top_kast", [.forwardShare: 0.6, .dropFraction: 0.1])
    // Zhu and Gupta 2017.
    case .gradual: ("gradual", [.dropFraction: 0, .finalDensity: 0.1])
    // Peste et al. 2021.
    case .acdc: ("acdc", [.dropFraction: 0, .scope: 1, .finalDensity: 0.1])
    // Bellec et al. 2018.
    case .deepR: ("deepr", [.drop: Self.of(DropScore.signFlip), .every: 1, .justDropped: 1])
    // Mostafa and Wang 2019.
    case .dsr: ("dsr", [.threshold: 1e-3, .dropFraction: 0.1, .redistribute: Self.of(Redistribution.connections), .room: 2])
    // Heddes et al. 2024 (GSE).
    case .sampled:
      ("sampled", [.every: 1000, .dropFraction: 0.2, .decay: 1, .grow: Self.of(GrowthScore.sampled), .justDropped: 2])
    // Lasby et al. 2024.
    case .srigl:
      ("srigl", [.decay: 1, .grow: Self.of(GrowthScore.gradient), .replacesStep: 1, .fanIn: 1, .ablation: 0.3])
    // Kusupati et al. 2020: what falls below a learned threshold is 0, and goes at the last update.
    case .str: ("str", [.softThreshold: 1, .dropFraction: 0])
    }
  }

  private static func of<Choice: RawRepresentable>(_ choice: Choice) -> Double where Choice.RawValue == Int32 {
    Double(choice.rawValue)
  }
}
