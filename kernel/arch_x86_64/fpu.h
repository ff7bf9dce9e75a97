// x87, SSE, AVX and AVX-512 state as XSAVE writes it (SDM vol. 1, chapter 13), standard format.
#pragma once

#include <cstddef>
#include <cstdint>

namespace esc::arch::x86 {

// Enables the features that the CPU, which has XSAVE, has and we know.
void InitFpu();

std::size_t FpuAreaBytes();
std::uint64_t FpuComponents();  // the bits of XCR0
void InitFpuArea(void* area);
void SaveFpuState(void* area);
void RestoreFpuState(const void* area);
bool SanitizeFpuArea(void* area);

}  // namespace esc::arch::x86
