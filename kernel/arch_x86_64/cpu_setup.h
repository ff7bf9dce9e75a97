// Control registers of one CPU: protections and FPU.
#pragma once

namespace esc::arch::x86 {

// Refuses to boot on a CPU that lacks what the kernel needs. While kernel text is still writable, on the
// boot CPU first.
void SetUpCpu();

}  // namespace esc::arch::x86
