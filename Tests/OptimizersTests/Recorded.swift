import Foundation
import Testing

/// What record.py wrote: PyTorch's numbers. Weights and gradients follow the formulas of that script.
struct Recorded: Decodable {
  struct Trajectory: Decodable, Sendable, CustomTestStringConvertible {
    let rule: String
    let options: [String: Double]
    let secondRate: Double
    let zeroBias: Bool
    /// One row every fifth step: the weight, then the bias.
    let values: [[Double]]

    var testDescription: String { "\(rule) \(options.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" })" }
  }

  struct Rates: Decodable, Sendable, CustomTestStringConvertible {
    let options: [String: Double]
    /// Of steps 0, 1, ...
    let rates: [Double]

    var testDescription: String { "\(options)" }
  }

  struct Clip: Decodable, Sendable {
    let limit: Double
    let norm: Double
    let clipped: [Double]
  }

  let trajectories: [Trajectory]
  let schedules: [Rates]
  let clips: [Clip]

  static let steps = 50
  static let change = 25
  static let every = 5
  static let sizes = [19, 3]

  static let all: Recorded = {
    do {
      let url = try #require(Bundle.module.url(forResource: "pytorch", withExtension: "json", subdirectory: "Recorded"))
      return try JSONDecoder().decode(Recorded.self, from: Data(contentsOf: url))
    } catch {
      fatalError("Recorded/pytorch.json: \(error)")
    }
  }()

  static func start(_ parameter: Int, _ i: Int) -> Double { Double((29 * i + 17 * parameter) % 41 - 20) / 16 }

  static func gradient(_ parameter: Int, _ step: Int, _ i: Int, zeroBias: Bool = false) -> Double {
    if zeroBias && parameter == 1 { return 0 }
    let residue = (37 * i + 101 * step + 53 * parameter) % 61
    return Double(residue - 27) / 32
  }
}
