import CSystem
import Glibc
import KernelInterface
import Testing

@testable import Machine

@Suite(.serialized) struct MachineTests {
  @Test func requestsForAnInstructionSet() {
    let best = InstructionSet.available.last
    #expect(InstructionSet.available.first == .portable)
    for request in [nil, ""] {
      #expect(InstructionSet.decide(request: request).chosen == best)
      #expect(InstructionSet.decide(request: request).problem == nil)
    }
    for set in InstructionSet.allCases {
      let (chosen, problem) = InstructionSet.decide(request: set.rawValue)
      let usable = InstructionSet.available.contains(set)
      #expect(chosen == (usable ? set : best))
      #expect((problem == nil) == usable)
    }
    let (chosen, problem) = InstructionSet.decide(request: "mmx")
    #expect(chosen == best && problem == "ESPALIER_ISA must be one of portable, avx2, avx512, got \"mmx\"")
  }

  @Test func tablesSayWhatTheyAre() {
    for set in InstructionSet.available {
      #expect(set.kernels32.name == set.kernels64.name)
      #if arch(x86_64)
        #expect(set.kernels32.name == set.rawValue)
      #endif
    }
  }

  #if arch(x86_64)
    /// Whatever the host has set, flags included, is back to the bit.
    @Test func theHostsFloatingPointEnvironmentComesBack() {
      let before = csystem_get_mxcsr()
      defer { csystem_set_mxcsr(before) }
      // Everything masked; rounding down with a flag set; rounding up with underflow trapped; subnormals flushed.
      for host: UInt32 in [0x1F80, 0x3F80 | 0x20, 0x5F80 & ~0x0800, 0x9FC0] {
        csystem_set_mxcsr(host)
        let environment = FloatingPointEnvironment.begin()
        let inside = csystem_get_mxcsr()
        let flushed = Double.leastNormalMagnitude * Double(csystem_get_mxcsr() == 0 ? 1 : 0.5)
        environment.end()
        let after = csystem_get_mxcsr()
        csystem_set_mxcsr(before)
        #expect(inside & 0xFFC0 == 0x9FC0 && flushed == 0)
        #expect(after == host)
      }
    }
  #endif
}
