// Single instructions as functions. Nothing here knows what they are used for.
#pragma once

#include <cstdint>

namespace esc::arch::x86 {

inline std::uint64_t ReadMsr(std::uint32_t msr) {
  std::uint32_t low, high;
  asm volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr));
  return std::uint64_t{high} << 32 | low;
}
inline void WriteMsr(std::uint32_t msr, std::uint64_t value) {
  asm volatile("wrmsr" ::"c"(msr), "a"(static_cast<std::uint32_t>(value)), "d"(static_cast<std::uint32_t>(value >> 32))
               : "memory");
}

inline std::uint8_t In8(std::uint16_t port) {
  std::uint8_t value;
  asm volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
  return value;
}
inline void Out8(std::uint16_t port, std::uint8_t value) { asm volatile("outb %0, %1" ::"a"(value), "Nd"(port)); }
inline std::uint16_t In16(std::uint16_t port) {
  std::uint16_t value;
  asm volatile("inw %1, %0" : "=a"(value) : "Nd"(port));
  return value;
}
inline void Out16(std::uint16_t port, std::uint16_t value) { asm volatile("outw %0, %1" ::"a"(value), "Nd"(port)); }
inline std::uint32_t In32(std::uint16_t port) {
  std::uint32_t value;
  asm volatile("inl %1, %0" : "=a"(value) : "Nd"(port));
  return value;
}
inline void Out32(std::uint16_t port, std::uint32_t value) { asm volatile("outl %0, %1" ::"a"(value), "Nd"(port)); }

struct CpuidResult {
  std::uint32_t eax, ebx, ecx, edx;
};
inline CpuidResult Cpuid(std::uint32_t leaf, std::uint32_t subleaf = 0) {
  CpuidResult result;
  asm volatile("cpuid"
               : "=a"(result.eax), "=b"(result.ebx), "=c"(result.ecx), "=d"(result.edx)
               : "a"(leaf), "c"(subleaf));
  return result;
}

inline std::uint64_t ReadCr0() {
  std::uint64_t value;
  asm volatile("mov %%cr0, %0" : "=r"(value));
  return value;
}
inline void WriteCr0(std::uint64_t value) { asm volatile("mov %0, %%cr0" ::"r"(value) : "memory"); }
inline std::uint64_t ReadCr2() {
  std::uint64_t value;
  asm volatile("mov %%cr2, %0" : "=r"(value));
  return value;
}
inline std::uint64_t ReadCr3() {
  std::uint64_t value;
  asm volatile("mov %%cr3, %0" : "=r"(value));
  return value;
}
inline void WriteCr3(std::uint64_t value) { asm volatile("mov %0, %%cr3" ::"r"(value) : "memory"); }
inline std::uint64_t ReadCr4() {
  std::uint64_t value;
  asm volatile("mov %%cr4, %0" : "=r"(value));
  return value;
}
inline void WriteCr4(std::uint64_t value) { asm volatile("mov %0, %%cr4" ::"r"(value) : "memory"); }
inline void WriteXcr0(std::uint64_t value) {
  asm volatile("xsetbv" ::"c"(0), "a"(static_cast<std::uint32_t>(value)), "d"(static_cast<std::uint32_t>(value >> 32)));
}

inline void InvalidatePage(std::uint64_t address) { asm volatile("invlpg (%0)" ::"r"(address) : "memory"); }

inline std::uint64_t ReadTsc() {
  std::uint32_t low, high;
  asm volatile("rdtsc" : "=a"(low), "=d"(high));
  return std::uint64_t{high} << 32 | low;
}

inline std::uint64_t ReadFlags() {
  std::uint64_t flags;
  asm volatile("pushfq; popq %0" : "=r"(flags)::"memory");
  return flags;
}
inline void EnableInterrupts() { asm volatile("sti" ::: "memory"); }
inline void DisableInterrupts() { asm volatile("cli" ::: "memory"); }

// The selectors in DS, ES, FS and GS, or-ed.
inline std::uint32_t DataSelectors() {
  std::uint32_t ds, es, fs, gs;
  asm volatile("mov %%ds, %0\n mov %%es, %1\n mov %%fs, %2\n mov %%gs, %3" : "=r"(ds), "=r"(es), "=r"(fs), "=r"(gs));
  return ds | es | fs | gs;
}
// Makes them null, and with them the user's FS and GS bases 0 (on AMD's CPUs a null selector leaves the base). Interrupts off;
// GS's base must be the kernel's, and is again afterwards.
inline void ClearDataSelectors() {
  asm volatile(
      "mov %0, %%ds\n mov %0, %%es\n mov %0, %%fs\n"
      "swapgs\n mov %0, %%gs\n swapgs" ::"r"(0)
      : "memory");
}

inline constexpr std::uint64_t kFlagCarry = 1;
inline constexpr std::uint64_t kFlagTrap = 1 << 8;
inline constexpr std::uint64_t kFlagInterrupt = 1 << 9;
inline constexpr std::uint64_t kFlagDirection = 1 << 10;
inline constexpr std::uint64_t kFlagIoPrivilege = 3 << 12;
inline constexpr std::uint64_t kFlagNestedTask = 1 << 14;
inline constexpr std::uint64_t kFlagResume = 1 << 16;
inline constexpr std::uint64_t kFlagAlignmentCheck = 1 << 18;

// Model-specific registers (SDM vol. 4).
inline constexpr std::uint32_t kMsrApicBase = 0x1B;
inline constexpr std::uint32_t kMsrSysenterCs = 0x174;
inline constexpr std::uint32_t kMsrMachineCheckCapability = 0x179;
inline constexpr std::uint32_t kMsrMachineCheckStatus = 0x401;  // of bank 0; four registers a bank, the next one its address
inline constexpr std::uint32_t kMsrTscDeadline = 0x6E0;
inline constexpr std::uint32_t kMsrX2ApicFirst = 0x800;
inline constexpr std::uint32_t kMsrEfer = 0xC0000080;
inline constexpr std::uint32_t kMsrStar = 0xC0000081;
inline constexpr std::uint32_t kMsrLstar = 0xC0000082;
inline constexpr std::uint32_t kMsrSyscallMask = 0xC0000084;
inline constexpr std::uint32_t kMsrFsBase = 0xC0000100;
inline constexpr std::uint32_t kMsrGsBase = 0xC0000101;
inline constexpr std::uint32_t kMsrKernelGsBase = 0xC0000102;

}  // namespace esc::arch::x86
