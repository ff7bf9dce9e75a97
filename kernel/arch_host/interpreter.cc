#include "kernel/arch_host/interpreter.h"

#include <algorithm>
#include <cstring>

#include "kernel/arch_host/instruction.h"

namespace esc::host {
namespace {

using arch::Access;
using arch::UserRegisters;

std::uint64_t& Select(UserRegisters& r, Register name) {
  switch (name) {
    case Register::rax: return r.rax;
    case Register::rcx: return r.rcx;
    case Register::rdx: return r.rdx;
    case Register::rbx: return r.rbx;
    case Register::rsp: return r.rsp;
    case Register::rbp: return r.rbp;
    case Register::rsi: return r.rsi;
    case Register::rdi: return r.rdi;
    case Register::r8: return r.r8;
    case Register::r9: return r.r9;
    case Register::r10: return r.r10;
    case Register::r11: return r.r11;
    case Register::r12: return r.r12;
    case Register::r13: return r.r13;
    case Register::r14: return r.r14;
    case Register::r15: return r.r15;
  }
  __builtin_unreachable();
}

// One instruction in the making: `trap` says what stopped it.
class Execution {
 public:
  Execution(Machine& machine, UserRegisters& registers) : machine_(machine), registers_(registers) {}

  Trap Run() {
    Instruction instruction;
    if (!Copy(registers_.rip, &instruction, sizeof(instruction), Access::kExecute)) return trap_;
    const auto highest = static_cast<std::uint8_t>(Register::r15);
    if (static_cast<std::uint8_t>(instruction.a) > highest || static_cast<std::uint8_t>(instruction.b) > highest) {
      instruction.operation = Operation::kUndefined;
    }
    Execute(instruction);
    return trap_;
  }

 private:
  // Between `buffer` and user memory; both pages are translated before a byte is written, so that a fault in the
  // middle leaves no half of a store behind.
  bool Copy(std::uint64_t address, void* buffer, std::size_t bytes, Access access) {
    const std::size_t first = std::min<std::size_t>(bytes, kPageSize - VirtAddr{address}.PageOffset());
    std::byte* memory[2] = {Reach(address, access), nullptr};
    if (memory[0] == nullptr) return false;
    if (first < bytes && (memory[1] = Reach(address + first, access)) == nullptr) return false;
    auto* at = static_cast<std::byte*>(buffer);
    const std::size_t sizes[2] = {first, bytes - first};
    for (int piece = 0; piece < 2; ++piece) {
      if (sizes[piece] == 0) continue;
      if (access == Access::kWrite) {
        std::memcpy(memory[piece], at, sizes[piece]);
      } else {
        std::memcpy(at, memory[piece], sizes[piece]);
      }
      at += sizes[piece];
    }
    return true;
  }

  std::byte* Reach(std::uint64_t address, Access access) {
    const VirtAddr at{address};
    if (at.value >> 47 != 0) {
      Raise(upcall::UserException::kGeneralProtection);  // not canonical, or the kernel's: SDM vol. 1, 3.3.7.1
      return nullptr;
    }
    const Mmu::Translation found = machine_.mmu().Translate(at, access, arch::Mode::kUser);
    if (found.allowed) return machine_.mmu().Ram(found.address);
    trap_.kind = Trap::Kind::kPageFault;
    trap_.fault = {.address = at, .access = access, .page_present = found.present, .from_user = true};
    return nullptr;
  }

  void Raise(upcall::UserException exception) {
    trap_.kind = Trap::Kind::kException;
    trap_.exception = exception;
  }

  void Load(std::uint64_t& to, std::uint64_t address, std::size_t bytes) {
    std::uint64_t value = 0;
    if (!Copy(address, &value, bytes, Access::kRead)) return;
    to = value;
    Next();
  }
  void Store(std::uint64_t address, std::uint64_t value, std::size_t bytes) {
    if (Copy(address, &value, bytes, Access::kWrite)) Next();
  }
  void Next() { registers_.rip += kInstructionBytes; }
  void JumpBy(bool taken, std::int64_t distance) {
    Next();
    if (taken) registers_.rip += static_cast<std::uint64_t>(distance);
  }

  void Spin(std::uint64_t& count) {
    const std::uint64_t now = std::min(count, machine_.InstructionsToNextEvent());
    if (now > 1) machine_.CountUserInstructions(now - 1);  // the last one is counted as every instruction is
    count -= now;
    if (count == 0) Next();
  }

  void Execute(const Instruction& instruction);
  void ExecuteControl(const Instruction& instruction, std::uint64_t& a, std::uint64_t b);

  Machine& machine_;
  UserRegisters& registers_;
  Trap trap_;
};

void Execution::Execute(const Instruction& instruction) {
  std::uint64_t& a = Select(registers_, instruction.a);
  const std::uint64_t b = Select(registers_, instruction.b);
  const auto immediate = static_cast<std::uint64_t>(instruction.immediate);
  switch (instruction.operation) {
    case Operation::kMoveImmediate:
      a = immediate;
      return Next();
    case Operation::kMove:
      a = b;
      return Next();
    case Operation::kAdd:
      a += b;
      return Next();
    case Operation::kAddImmediate:
      a += immediate;
      return Next();
    case Operation::kSubtract:
      a -= b;
      return Next();
    case Operation::kDivide:
      if (b == 0) return Raise(upcall::UserException::kDivideError);
      a /= b;
      return Next();
    case Operation::kLoad8:
      return Load(a, b + immediate, 1);
    case Operation::kLoad32:
      return Load(a, b + immediate, 4);
    case Operation::kLoad64:
      return Load(a, b + immediate, 8);
    case Operation::kLoadFs64:
      return Load(a, machine_.cpu().fs_base + immediate, 8);
    case Operation::kStore8:
      return Store(b + immediate, a, 1);
    case Operation::kStore32:
      return Store(b + immediate, a, 4);
    case Operation::kStore64:
      return Store(b + immediate, a, 8);
    default:
      return ExecuteControl(instruction, a, b);
  }
}

void Execution::ExecuteControl(const Instruction& instruction, std::uint64_t& a, std::uint64_t b) {
  switch (instruction.operation) {
    case Operation::kJump:
      return JumpBy(true, instruction.immediate);
    case Operation::kJumpRegister:
      registers_.rip = a;
      return;
    case Operation::kBranchEqual:
      return JumpBy(a == b, instruction.immediate);
    case Operation::kBranchNotEqual:
      return JumpBy(a != b, instruction.immediate);
    case Operation::kBranchBelow:
      return JumpBy(a < b, instruction.immediate);
    case Operation::kCall: {
      std::uint64_t next = registers_.rip + kInstructionBytes;
      if (!Copy(registers_.rsp - sizeof(next), &next, sizeof(next), Access::kWrite)) return;
      registers_.rsp -= sizeof(next);
      return JumpBy(true, instruction.immediate);
    }
    case Operation::kReturn: {
      std::uint64_t target = 0;
      if (!Copy(registers_.rsp, &target, sizeof(target), Access::kRead)) return;
      registers_.rsp += sizeof(target);
      registers_.rip = target;
      return;
    }
    case Operation::kSystemCall:
      Next();
      registers_.rcx = registers_.rip;
      registers_.r11 = registers_.rflags;
      registers_.original_rax = registers_.rax;
      trap_.kind = Trap::Kind::kSystemCall;
      return;
    case Operation::kSpin:
      return Spin(a);
    case Operation::kBreakpoint:
      Next();  // a trap: rip lies behind it (SDM vol. 3A, 6.15, #BP)
      return Raise(upcall::UserException::kBreakpoint);
    case Operation::kSetFpu:
      machine_.cpu().fpu[static_cast<std::uint64_t>(instruction.immediate) % Machine::kFpuRegisters] = a;
      return Next();
    case Operation::kGetFpu:
      a = machine_.cpu().fpu[static_cast<std::uint64_t>(instruction.immediate) % Machine::kFpuRegisters];
      return Next();
    case Operation::kHostCall:
      if (!machine_.on_host_call) return Raise(upcall::UserException::kInvalidOpcode);
      Next();
      return machine_.on_host_call(static_cast<std::uint64_t>(instruction.immediate), registers_);
    default:
      return Raise(upcall::UserException::kInvalidOpcode);
  }
}

}  // namespace

Trap ExecuteInstruction(Machine& machine, UserRegisters& registers) {
  const Trap trap = Execution(machine, registers).Run();
  machine.CountUserInstructions(1);
  return trap;
}

}  // namespace esc::host
