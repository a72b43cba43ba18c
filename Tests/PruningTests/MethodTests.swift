import Base
import Pruning
import Testing

@Suite struct MethodTests {
  /// The published schedule: density rho^(k / n).
  @Test func theDensityFallsInEqualRatios() throws {
    var synflow = PruningMethod(.synflow)
    #expect(try synflow.get("rounds") == 100)
    try synflow.set("rounds", 5)
    let published = [0.63095734, 0.39810717, 0.25118864, 0.15848932, 0.1]
    for (round, density) in published.enumerated() {
      #expect(abs(synflow.density(round: round + 1, initial: 1, final: 0.1) - density) < 5e-9)
    }
    // The last one is the target itself, and what is sparser already stays.
    #expect(synflow.density(round: 5, initial: 1, final: 0.3) == 0.3)
    #expect(synflow.density(round: 1, initial: 0.2, final: 0.3) == 0.3)
  }

  @Test(arguments: PruningCriterion.allCases) func everyCriterion(_ criterion: PruningCriterion) throws {
    var method = PruningMethod(criterion)
    #expect(try method.get("criterion") == Double(criterion.rawValue))
    #expect(method.density == 0.1)
    try method.set("density", 0.25)
    #expect(try method.get("density") == 0.25)
    for scope in PruningScope.allCases {
      try method.set("scope", Double(scope.rawValue))
      #expect(method.scope == scope)
    }
    for value in [0, -0.1, 1.5, .nan, .infinity] {
      #expect(throws: Failure.self) { try method.set("density", value) }
    }
    #expect(throws: Failure.self) { try method.set("scope", 3) }
    let failure = #expect(throws: Failure.self) { try method.set("depth", 1) }
    #expect(failure?.kind == .unknownName)
    #expect(method.density == 0.25)
  }
}
