import Base
import KernelInterface
import Machine
import Sparse

/// The 2-norm of all gradients together, and the factor that limits it: torch.nn.utils.clip_grad_norm_ (Pascanu, Mikolov and
/// Bengio 2013). Instead of scaling the gradients, hand the factor to the optimizers' steps.
package final class GlobalNorm<T: Scalar>: Stateful {
  private let parameters: [Parameter<T>]
  /// One sum of squares a block of the longest gradient.
  private let partials: Buffer<Double>
  private let kernel: Kernel

  /// - longest: elements that a parameter may come to have; nil: their capacities now.
  /// - Throws: `outOfMemory`.
  package init(parameters: [Parameter<T>], longest: Int? = nil) throws(Failure) {
    self.parameters = parameters
    partials = try Buffer(count: Self.blocks(longest ?? parameters.map(\.capacity).max() ?? 0), of: "gradient norm")
    kernel = T.kernels.sumOfSquares
  }

  package func visit(_ visitor: inout some StateVisitor) { visitor.scratch(partials) }

  /// The norm of the gradients as they are, in double and in a fixed order: the same bits for any number of threads. Nothing
  /// is allocated. Parameters that have no place yet do not count.
  @_specialize(where T == Float)
  @_specialize(where T == Double)
  package func norm(executor: any Executor) -> Double {
    var total = 0.0
    for parameter in parameters {
      guard let gradient = parameter.gradient else { continue }
      for number in 0..<parameter.runs {
        let (at, count) = parameter.run(number)
        let blocks = Self.blocks(count)
        let arguments = SumOfSquaresArguments<T>(
          values: UnsafePointer(gradient + at), count: count, partials: partials.pointer)
        withUnsafePointer(to: arguments) {
          executor.run(kernel, UnsafeRawPointer($0), units: blocks, work: count &* 2, balancedBy: nil)
        }
        for block in 0..<blocks { total += partials.pointer[block] }
      }
    }
    return total.isFinite ? total.squareRoot() : scaledNorm()
  }

  /// The norm where squares overflow though gradients may not, which takes float64 and magnitudes beyond 1e154; infinite or
  /// NaN when a gradient is.
  private func scaledNorm() -> Double {
    var largest = 0.0
    for parameter in parameters {
      guard let gradient = parameter.gradient else { continue }
      for i in 0..<parameter.count {
        let magnitude = Double(gradient[i].magnitude)
        guard magnitude.isFinite else { return magnitude }
        largest = max(largest, magnitude)
      }
    }
    var total = 0.0
    for parameter in parameters {
      guard let gradient = parameter.gradient else { continue }
      for i in 0..<parameter.count {
        let share = Double(gradient[i]) / largest
        total += share * share
      }
    }
    return largest * total.squareRoot()
  }

  /// The factor that brings the norm to at most `limit`: min(1, limit / (norm + 1e-6)). NaN when the norm is NaN, as in
  /// PyTorch.
  @_specialize(where T == Float)
  @_specialize(where T == Double)
  package func factor(limit: Double, executor: any Executor) -> Double {
    Self.factor(limit: limit, norm: norm(executor: executor))
  }

  /// The same from the norm.
  package static func factor(limit: Double, norm: Double) -> Double {
    let factor = limit / (norm + 1e-6)
    return factor >= 1 ? 1 : factor
  }

  private static func blocks(_ count: Int) -> Int {
    let block = SumOfSquaresArguments<T>.block
    return count / block + (count % block == 0 ? 0 : 1)
  }
}
