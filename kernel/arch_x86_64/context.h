// How kernel/arch_api/thread.h uses ThreadContext::machine.
#pragma once

#include <cstddef>

namespace esc::arch::x86 {

inline constexpr std::size_t kSavedRsp = 0;  // stack pointer of a thread that does not run
// The CPU, plus one, whose registers were last loaded with this thread's FPU state.
inline constexpr std::size_t kFpuCpu = 1;

}  // namespace esc::arch::x86
