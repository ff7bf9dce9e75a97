// Kernel stacks: 16 KiB mapped in the kernel's virtual range with an unmapped guard page below, so that an
// overflow is a page fault and not somebody else's data. Freed stacks are kept for reuse (a few).
#pragma once

#include "kernel/base/status.h"
#include "kernel/base/units.h"

namespace esc::mm {

inline constexpr std::size_t kKernelStackBytes = 16 * 1024;

struct KernelStack {
  VirtAddr bottom;  // lowest usable byte
  VirtAddr top;     // one past the highest; 16-byte aligned
};

Result<KernelStack> AllocateKernelStack();
// Never the stack one runs on.
void FreeKernelStack(KernelStack stack);
// Forgets everything, together with ResetFramesForTest.
void ResetKernelStacksForTest();

}  // namespace esc::mm
