#include "kernel/arch_x86_64/descriptor_tables.h"

#include <algorithm>
#include <iterator>

#include "kernel/arch_x86_64/instructions.h"

extern "C" {
extern const char TrapStubs[];  // traps.S: 16 bytes a vector
void SystemCallEntry();
}

namespace esc::arch::x86 {
namespace {

struct [[gnu::packed]] TablePointer {
  std::uint16_t limit;
  std::uint64_t base;
};

// SDM vol. 3A, 6.14.1.
struct Gate {
  std::uint16_t offset_low;
  std::uint16_t selector;
  std::uint8_t ist;
  std::uint8_t type;
  std::uint16_t offset_middle;
  std::uint32_t offset_high;
  std::uint32_t reserved;
};
static_assert(sizeof(Gate) == 16);

constexpr std::uint8_t kInterruptGate = 0x8E;
constexpr std::uint8_t kUserInterruptGate = 0xEE;  // INT3 and INTO are allowed from user mode
constexpr unsigned kNmi = 2, kBreakpoint = 3, kOverflow = 4, kDoubleFault = 8, kMachineCheck = 18;

// The same for all CPUs; written once, by the boot CPU.
constinit Gate idt[kVectorCount] = {};

// Stacks for the traps that must not trust the one they find, each above its guard. One set a CPU; this is the boot CPU's.
constexpr std::size_t kTrapStackBytes = 8192;
struct alignas(kPageSize) TrapStack {
  std::byte guard[kPageSize];
  std::byte stack[kTrapStackBytes];
};
constinit TrapStack boot_trap_stacks[3]{};

std::uint8_t IstOf(unsigned vector) {
  switch (vector) {
    case kDoubleFault: return 1;
    case kNmi: return 2;
    case kMachineCheck: return 3;
    default: return 0;
  }
}

void FillIdt() {
  for (unsigned vector = 0; vector < kVectorCount; ++vector) {
    const auto offset = reinterpret_cast<std::uint64_t>(TrapStubs) + vector * 16;
    const bool from_user = vector == kBreakpoint || vector == kOverflow;
    idt[vector] = Gate{.offset_low = static_cast<std::uint16_t>(offset),
                       .selector = ESC_KERNEL_CS,
                       .ist = IstOf(vector),
                       .type = from_user ? kUserInterruptGate : kInterruptGate,
                       .offset_middle = static_cast<std::uint16_t>(offset >> 16),
                       .offset_high = static_cast<std::uint32_t>(offset >> 32),
                       .reserved = 0};
  }
}

void FillGdt(PerCpu& cpu) {
  const auto tss = reinterpret_cast<std::uint64_t>(&cpu.tss);
  cpu.gdt = {};
  cpu.gdt[2] = 0x00AF9B000000FFFF;  // kernel code, 64-bit
  cpu.gdt[3] = 0x00CF93000000FFFF;  // kernel data
  cpu.gdt[5] = 0x00CFF3000000FFFF;  // user data
  cpu.gdt[6] = 0x00AFFB000000FFFF;  // user code, 64-bit
  // SDM vol. 3A, figure 8-4: an available 64-bit TSS, two entries.
  cpu.gdt[8] = (sizeof(TaskStateSegment) - 1) | (tss & 0xFFFFFF) << 16 | std::uint64_t{0x89} << 40 |
               (tss >> 24 & 0xFF) << 56;
  cpu.gdt[9] = tss >> 32;
}

void FillTss(PerCpu& cpu, TrapStack (&stacks)[3]) {
  for (unsigned i = 0; i < std::size(stacks); ++i) {
    cpu.tss.ist[i] = reinterpret_cast<std::uint64_t>(stacks[i].stack) + kTrapStackBytes;
  }
}

void LoadSystemCallRegisters() {
  // STAR: SYSCALL takes CS 0x10, SS 0x18; SYSRET takes 0x20 + 16 and + 8 with privilege 3.
  WriteMsr(kMsrStar, std::uint64_t{0x23} << 48 | std::uint64_t{ESC_KERNEL_CS} << 32);
  WriteMsr(kMsrLstar, reinterpret_cast<std::uint64_t>(&SystemCallEntry));
  WriteMsr(kMsrSyscallMask, kFlagInterrupt | kFlagTrap | kFlagDirection | kFlagIoPrivilege | kFlagNestedTask |
                                kFlagResume | kFlagAlignmentCheck);
  // SYSENTER is not ours: without a code segment it faults, whatever the firmware left there (SDM vol. 2, SYSENTER).
  WriteMsr(kMsrSysenterCs, 0);
}

}  // namespace

bool IsTrapStackGuard(VirtAddr page) {
  return std::any_of(std::begin(boot_trap_stacks), std::end(boot_trap_stacks), [&](const TrapStack& stack) {
    return reinterpret_cast<std::uint64_t>(stack.guard) == page.value;
  });
}

void LoadDescriptorTables(PerCpu& cpu) {
  FillIdt();
  FillGdt(cpu);
  FillTss(cpu, boot_trap_stacks);
  const TablePointer gdt_pointer{sizeof(cpu.gdt) - 1, reinterpret_cast<std::uint64_t>(cpu.gdt.data())};
  const TablePointer idt_pointer{sizeof(idt) - 1, reinterpret_cast<std::uint64_t>(idt)};
  asm volatile(
      "lgdt %0\n"
      "pushq %2\n"
      "leaq 1f(%%rip), %%rax\n"
      "pushq %%rax\n"
      "lretq\n"
      "1:\n"
      "movl %3, %%eax\n"
      "movl %%eax, %%ss\n"
      "xorl %%eax, %%eax\n"  // no selector of the kernel's is to be seen in user mode
      "movl %%eax, %%ds\n"
      "movl %%eax, %%es\n"
      "lidt %1\n"
      "movl %4, %%eax\n"
      "ltr %%ax\n" ::"m"(gdt_pointer),
      "m"(idt_pointer), "i"(ESC_KERNEL_CS), "i"(ESC_KERNEL_DS), "i"(ESC_TSS_SELECTOR)
      : "rax", "memory");
  LoadSystemCallRegisters();
}

}  // namespace esc::arch::x86
