import Testing
import Topology

@Suite struct TrainingCostTests {
  private func flops(_ kind: TopologyKind, _ options: [String: Double] = [:], period: Double = 100) throws -> Double {
    try method(kind, options).plan.trainingFlops(forward: 0.1, gradient: 0.1, dense: 1, period: period)
  }

  /// RigL, appendix H, at a density of a tenth and an update every 100 steps.
  @Test func published() throws {
    #expect(abs(try flops(.static) - 0.3) < 1e-12)
    #expect(abs(try flops(.set) - 0.3) < 1e-12)
    #expect(abs(try flops(.snfs) - 1.2) < 1e-12)
    #expect(abs(try flops(.rigl) - 0.3089108911) < 1e-10)
  }

  @Test func otherMethods() throws {
    // Two batches' gradients; candidates for two tenths of the positions; never more than all; no update at all.
    #expect(abs(try flops(.rigl, ["gradient_batches": 2]) - 32.2 / 101) < 1e-12)
    #expect(abs(try flops(.sampled, ["candidates": 2]) - 30.4 / 101) < 1e-12)
    #expect(abs(try flops(.sampled, ["candidates": 50]) - 31.2 / 101) < 1e-12)
    #expect(abs(try flops(.rigl, period: .infinity) - 0.3) < 1e-12)
    #expect(abs(try flops(.snfs, period: .infinity) - 0.3) < 1e-12)
  }

  /// Forward and dL/dx through 6 hundredths of the positions, dL/dW for a tenth.
  @Test func forwardSets() throws {
    let kast = try method(.topKast).plan
    #expect(abs(kast.trainingFlops(forward: 0.06, gradient: 0.1, dense: 1, period: 100) - 0.22) < 1e-12)
    let byGradient = try method(.topKast, ["grow": 1]).plan
    let mean = byGradient.trainingFlops(forward: 0.06, gradient: 0.1, dense: 1, period: 100)
    #expect(abs(mean - (22 + 1.12) / 101) < 1e-12)
    let str = try method(.str).plan
    #expect(abs(str.trainingFlops(forward: 0.06, gradient: 0.06, dense: 1, period: 100) - 0.18) < 1e-12)
  }
}
