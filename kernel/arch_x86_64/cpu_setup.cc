#include "kernel/arch_x86_64/cpu_setup.h"

#include <string_view>

#include "kernel/arch_x86_64/fpu.h"
#include "kernel/arch_x86_64/instructions.h"
#include "kernel/arch_x86_64/panic.h"
#include "kernel/arch_x86_64/user_copy.h"
#include "kernel/base/format.h"

namespace esc::arch::x86 {
namespace {

// SDM vol. 3A, 2.5.
constexpr std::uint64_t kCr0WriteProtect = 1 << 16, kCr0AlignmentMask = 1 << 18;
constexpr std::uint64_t kCr4MachineCheck = 1 << 6, kCr4GlobalPages = 1 << 7, kCr4Umip = 1 << 11, kCr4Smep = 1 << 20,
                        kCr4Smap = 1 << 21;

bool Bit(std::uint32_t word, unsigned bit) { return (word >> bit & 1) != 0; }

// QEMU's emulation of a CPU with XSAVE but none of XSAVEOPT, XSAVEC and the like (CPUID 0xD.1: Opteron_G4, Opteron_G5) takes
// CR4.OSXSAVE for a reserved bit and hangs in the MOV to CR4 (target/i386/cpu.h, cr4_reserved_bits). A real one does not.
bool EmulatorRefusesXsave() {
  if (!Bit(Cpuid(1).ecx, 31)) return false;
  const CpuidResult hypervisor = Cpuid(0x40000000);
  const bool is_tcg = hypervisor.ebx == 0x54474354 && hypervisor.ecx == 0x43544743 && hypervisor.edx == 0x47435447;  // "TCGTCGTCGTCG"
  return is_tcg && Cpuid(0xD, 1).eax == 0;
}

// What every x86-64 CPU has, unless somebody has masked it, and XSAVE. SYSCALL is told in 64-bit mode only (SDM vol. 2, CPUID);
// CMOV is looked for in boot.S.
void RefuseWithoutFeatures() {
  const CpuidResult basic = Cpuid(1), extended = Cpuid(0x80000001);
  const struct {
    std::uint32_t word;
    unsigned bit;
    std::string_view name;
  } needed[] = {{basic.edx, 4, "TSC"},   {basic.edx, 5, "MSR"},   {basic.edx, 6, "PAE"},       {basic.edx, 9, "APIC"},
                {basic.edx, 13, "PGE"},  {basic.edx, 24, "FXSR"}, {basic.edx, 25, "SSE"},      {basic.edx, 26, "SSE2"},
                {basic.ecx, 26, "XSAVE"}, {extended.edx, 11, "SYSCALL"}};
  FixedText<160> lacking;
  for (const auto& feature : needed) {
    if (!Bit(feature.word, feature.bit)) lacking.Format(" {}", feature.name);
  }
  if (lacking.size() == 0 && EmulatorRefusesXsave()) lacking.Append(" XSAVEOPT, without which QEMU cannot emulate XSAVE");
  if (lacking.size() == 0) return;
  FixedText<240> line;
  line.Format("this CPU lacks{}; QEMU's -cpu max has all that is needed", lacking.view());
  RefuseToBoot(line.view());
}

}  // namespace

void SetUpCpu() {
  RefuseWithoutFeatures();
  InitFpu();
  WriteCr0(ReadCr0() | kCr0WriteProtect | kCr0AlignmentMask);
  std::uint64_t cr4 = ReadCr4() | kCr4GlobalPages;
  // Without it a machine check shuts the CPU down, and nobody hears why (SDM vol. 3A, 2.5).
  if (Bit(Cpuid(1).edx, 7)) cr4 |= kCr4MachineCheck;
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
