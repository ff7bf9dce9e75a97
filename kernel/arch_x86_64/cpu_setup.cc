#include "kernel/arch_x86_64/cpu_setup.h"

#include "kernel/arch_x86_64/fpu.h"
#include "kernel/arch_x86_64/instructions.h"
#include "kernel/arch_x86_64/panic.h"
#include "kernel/arch_x86_64/user_copy.h"

namespace esc::arch::x86 {
namespace {

// SDM vol. 3A, 2.5.
constexpr std::uint64_t kCr0WriteProtect = 1 << 16, kCr0AlignmentMask = 1 << 18;
constexpr std::uint64_t kCr4GlobalPages = 1 << 7, kCr4Umip = 1 << 11, kCr4Smep = 1 << 20, kCr4Smap = 1 << 21;

bool Bit(std::uint32_t word, unsigned bit) { return (word >> bit & 1) != 0; }

}  // namespace

void SetUpCpu() {
  const CpuidResult basic = Cpuid(1);
  // CPUID.1:EDX: TSC, MSR, PAE, APIC, PGE, CMOV, FXSR, SSE2.
  constexpr std::uint32_t kNeeded = 1 << 4 | 1 << 5 | 1 << 6 | 1 << 9 | 1 << 13 | 1 << 15 | 1 << 24 | 1 << 26;
  if ((basic.edx & kNeeded) != kNeeded) RefuseToBoot("this CPU lacks one of TSC, APIC, PGE, SSE2");
  if (!InitFpu()) RefuseToBoot("this CPU has no XSAVE; QEMU's default CPU has none either: use -cpu max");
  WriteCr0(ReadCr0() | kCr0WriteProtect | kCr0AlignmentMask);
  std::uint64_t cr4 = ReadCr4() | kCr4GlobalPages;
  const CpuidResult extended = Cpuid(0).eax >= 7 ? Cpuid(7) : CpuidResult{};
  if (Bit(extended.ebx, 7)) cr4 |= kCr4Smep;
  if (Bit(extended.ecx, 2)) cr4 |= kCr4Umip;
  if (Bit(extended.ebx, 20)) {
    // Text is not writable under CR0.WP only in the real page tables, which are yet to come.
    PatchSmapSites();
    cr4 |= kCr4Smap;
  }
  WriteCr4(cr4);
}

}  // namespace esc::arch::x86
