import CSystem
import KernelInterface
import Kernels

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

#if arch(x86_64)
  import KernelsAVX2
  import KernelsAVX512
#endif

/// The instruction sets that there are kernels for, in ascending order of speed. The environment variable ESPALIER_ISA
/// (portable, avx2, avx512) asks for one of them.
package enum InstructionSet: String, CaseIterable, Sendable {
  /// What every processor of the architecture has: SSE2, NEON.
  case portable
  case avx2, avx512

  /// Those that this machine can run, in ascending order of speed.
  package static let available: [InstructionSet] = allCases.filter(\.isUsable)

  /// The one whose kernels run: the one asked for if it can run, else the fastest. Decided at first use.
  package static let chosen: InstructionSet = decision.chosen

  /// Why the request in ESPALIER_ISA could not be met; nil when it could, or when there was none.
  package static let requestProblem: String? = decision.problem

  package var kernels32: KernelTable<Float> {
    switch self {
    #if arch(x86_64)
      case .avx2: KernelsAVX2.kernels32
      case .avx512: KernelsAVX512.kernels32
    #endif
    default: Kernels.kernels32
    }
  }

  package var kernels64: KernelTable<Double> {
    switch self {
    #if arch(x86_64)
      case .avx2: KernelsAVX2.kernels64
      case .avx512: KernelsAVX512.kernels64
    #endif
    default: Kernels.kernels64
    }
  }

  private var isUsable: Bool {
    switch self {
    case .portable: return true
    #if arch(x86_64)
      case .avx2: return csystem_has_avx2() != 0
      case .avx512: return csystem_has_avx512() != 0
    #else
      case .avx2, .avx512: return false
    #endif
    }
  }

  private static let decision = decide(request: getenv("ESPALIER_ISA").map { String(cString: $0) })

  static func decide(request: String?) -> (chosen: InstructionSet, problem: String?) {
    let best = available.last ?? .portable
    guard let request, !request.isEmpty else { return (best, nil) }
    guard let wanted = InstructionSet(rawValue: request) else {
      let names = allCases.map(\.rawValue).joined(separator: ", ")
      return (best, "ESPALIER_ISA must be one of \(names), got \"\(request)\"")
    }
    guard available.contains(wanted) else {
      let names = available.map(\.rawValue).joined(separator: ", ")
      return (best, "ESPALIER_ISA: this machine cannot run \(request), only \(names)")
    }
    return (wanted, nil)
  }
}
