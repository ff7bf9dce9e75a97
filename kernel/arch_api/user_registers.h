// The register file of a user thread as the kernel sees it between a trap and the return from it.
//
// Escapement's user mode is x86-64 (the Linux x86-64 programs are what it runs), so the register names
// are the contract; the simulated machine uses the same file for its own instruction set. The order is the
// order in which the entry code pushes: hardware's frame last (AMD64 SDM vol. 3A, 6.14.2).
#pragma once

#include <cstdint>

namespace esc::arch {

struct UserRegisters {
  std::uint64_t r15, r14, r13, r12, rbp, rbx;           // callee-saved by the C ABI
  std::uint64_t r11, r10, r9, r8, rax, rcx, rdx, rsi, rdi;
  std::uint64_t original_rax;  // the system call's number; ~0 when the trap was no system call
  std::uint64_t rip, cs, rflags, rsp, ss;
};
static_assert(sizeof(UserRegisters) == 21 * 8);

inline constexpr std::uint64_t kNoSystemCall = ~std::uint64_t{0};

}  // namespace esc::arch
