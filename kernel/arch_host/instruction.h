// The instruction set of simulated user mode: what a test program needs to compute, to touch memory, to
// trap, and to be interrupted. One instruction is 16 bytes: operation, three register numbers, four unused
// bytes, a 64-bit immediate. Register numbers are x86-64's own (AMD64 SDM vol. 2, 2.1.5), so that the registers
// of system calls are those of the Linux x86-64 convention.
#pragma once

#include <cstdint>

namespace esc::host {

enum class Register : std::uint8_t { rax, rcx, rdx, rbx, rsp, rbp, rsi, rdi, r8, r9, r10, r11, r12, r13, r14, r15 };

enum class Operation : std::uint8_t {
  kUndefined = 0,      // zeroed memory is no program
  kMoveImmediate = 1,  // a = immediate
  kMove,               // a = b
  kAdd,                // a += b
  kAddImmediate,       // a += immediate
  kSubtract,           // a -= b
  kDivide,             // a /= b, unsigned; by zero: a divide error
  kLoad8,              // a = [b + immediate], zero-extended
  kLoad32,
  kLoad64,
  kStore8,             // [b + immediate] = a
  kStore32,
  kStore64,
  kLoadFs64,           // a = [fs_base + immediate]
  kJump,               // rip += immediate; all targets count from the next instruction
  kJumpRegister,       // rip = a
  kBranchEqual,        // if (a == b) rip += immediate
  kBranchNotEqual,
  kBranchBelow,        // unsigned
  kCall,               // pushes the address of the next instruction
  kReturn,
  kSystemCall,         // as SYSCALL: rcx = rip, r11 = rflags
  kSpin,               // a instructions of nothing: counts a down to zero
  kBreakpoint,
  kSetFpu,             // FPU register `immediate` = a
  kGetFpu,             // a = FPU register `immediate`
  kHostCall,           // the test looks in: Machine::on_host_call(immediate, registers)
};

inline constexpr std::uint64_t kInstructionBytes = 16;

struct Instruction {
  Operation operation = Operation::kUndefined;
  Register a = Register::rax;
  Register b = Register::rax;
  std::uint8_t unused[5] = {};
  std::int64_t immediate = 0;
};
static_assert(sizeof(Instruction) == kInstructionBytes);

}  // namespace esc::host
