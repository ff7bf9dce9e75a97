#include "kernel/arch_x86_64/fpu.h"

#include <cstring>

#include "kernel/arch_x86_64/instructions.h"

namespace esc::arch::x86 {
namespace {

// State components (SDM vol. 1, 13.1). AVX and the three of AVX-512 only as XSETBV accepts them.
constexpr std::uint64_t kX87 = 1, kSse = 2, kAvx = 4, kAvx512 = 0xE0;
constexpr std::uint64_t kCr4OsFxsr = 1 << 9, kCr4OsXmmExcept = 1 << 10, kCr4OsXsave = 1 << 18;

constexpr std::size_t kControlWordOffset = 0, kMxcsrOffset = 24, kMxcsrMaskOffset = 28, kHeaderOffset = 512;
constexpr std::uint16_t kInitialControlWord = 0x37F;
constexpr std::uint32_t kInitialMxcsr = 0x1F80;

struct XsaveHeader {
  std::uint64_t present;  // XSTATE_BV
  std::uint64_t compaction;
  std::uint64_t reserved[6];
};

// Written once at boot; the same on all CPUs.
constinit std::uint64_t features = 0;
constinit std::size_t area_bytes = 0;
constinit bool has_xsaveopt = false;
constinit std::uint32_t mxcsr_mask = 0xFFBF;

void* At(void* area, std::size_t offset) { return static_cast<std::byte*>(area) + offset; }

alignas(64) constinit std::byte probe_area[576] = {};

}  // namespace

void InitFpu() {
  WriteCr4(ReadCr4() | kCr4OsFxsr | kCr4OsXmmExcept | kCr4OsXsave);
  // CR0: MP and NE set, EM and TS clear (SDM vol. 3A, 2.5).
  WriteCr0((ReadCr0() & ~std::uint64_t{0xC}) | 0x22);
  const CpuidResult leaf = Cpuid(0xD);
  const std::uint64_t offered = std::uint64_t{leaf.edx} << 32 | leaf.eax;
  features = (kX87 | kSse) & offered;
  if ((offered & kAvx) != 0) {
    features |= kAvx;
    if ((offered & kAvx512) == kAvx512) features |= kAvx512;
  }
  WriteXcr0(features);
  area_bytes = Cpuid(0xD).ebx;  // for the features in XCR0 now
  has_xsaveopt = (Cpuid(0xD, 1).eax & 1) != 0;
  // A mask of 0 means 0xFFBF (SDM vol. 1, 11.6.6).
  asm volatile("fxsave64 %0" : "=m"(probe_area));
  std::uint32_t mask = 0;
  std::memcpy(&mask, probe_area + kMxcsrMaskOffset, sizeof(mask));
  if (mask != 0) mxcsr_mask = mask;
}

std::size_t FpuAreaBytes() { return area_bytes; }
std::uint64_t FpuComponents() { return features; }

void InitFpuArea(void* area) {
  std::memset(area, 0, area_bytes);
  std::memcpy(At(area, kControlWordOffset), &kInitialControlWord, sizeof(kInitialControlWord));
  std::memcpy(At(area, kMxcsrOffset), &kInitialMxcsr, sizeof(kInitialMxcsr));
}

void SaveFpuState(void* area) {
  const auto low = static_cast<std::uint32_t>(features), high = static_cast<std::uint32_t>(features >> 32);
  if (has_xsaveopt) {
    asm volatile("xsaveopt64 (%0)" ::"r"(area), "a"(low), "d"(high) : "memory");
  } else {
    asm volatile("xsave64 (%0)" ::"r"(area), "a"(low), "d"(high) : "memory");
  }
}

void RestoreFpuState(const void* area) {
  const auto low = static_cast<std::uint32_t>(features), high = static_cast<std::uint32_t>(features >> 32);
  asm volatile("xrstor64 (%0)" ::"r"(area), "a"(low), "d"(high) : "memory");
}

bool SanitizeFpuArea(void* area) {
  XsaveHeader header;
  std::memcpy(&header, At(area, kHeaderOffset), sizeof(header));
  // XRSTOR faults on the compacted format that we did not write, on reserved bytes, on features that are
  // off, and on reserved bits of MXCSR (SDM vol. 1, 13.8.1).
  if (header.compaction != 0) return false;
  for (const std::uint64_t word : header.reserved) {
    if (word != 0) return false;
  }
  header.present &= features;
  std::memcpy(At(area, kHeaderOffset), &header, sizeof(header));
  std::uint32_t mxcsr = 0;
  std::memcpy(&mxcsr, At(area, kMxcsrOffset), sizeof(mxcsr));
  mxcsr &= mxcsr_mask;
  std::memcpy(At(area, kMxcsrOffset), &mxcsr, sizeof(mxcsr));
  return true;
}

}  // namespace esc::arch::x86
