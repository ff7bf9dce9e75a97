// Writes programs for simulated user mode.
//
//   Assembler program;
//   Label again = program.NewLabel();
//   program.Move(Register::rbx, 3);
//   program.Bind(again);
//   program.SystemCall(24);
//   program.Add(Register::rbx, -1);
//   program.JumpIfNotZero(Register::rbx, again);
//   program.SystemCall(231, {0});
//   std::vector<std::byte> code = program.Finish();
//
// Jumps are relative, so the bytes run at any address. Addresses of data go in as numbers, or relative to the
// program's own base by LoadAddress.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string_view>
#include <vector>

#include "kernel/arch_host/instruction.h"

namespace esc::host {

struct Label {
  std::size_t index = 0;
};

class Assembler {
 public:
  // `base`: the address at which the code will lie; needed by LoadAddress only.
  explicit Assembler(std::uint64_t base = 0) : base_(base) {}

  Label NewLabel();
  void Bind(Label label);
  std::uint64_t OffsetOf(Label label) const;

  void Move(Register to, std::uint64_t value);
  void Copy(Register to, Register from);
  void LoadAddress(Register to, Label label);
  void Add(Register to, std::int64_t value);
  void AddRegister(Register to, Register from);
  void Subtract(Register to, Register from);
  void Divide(Register to, Register by);
  void Load8(Register to, Register base, std::int64_t offset = 0);
  void Load32(Register to, Register base, std::int64_t offset = 0);
  void Load64(Register to, Register base, std::int64_t offset = 0);
  void Store8(Register base, std::int64_t offset, Register from);
  void Store32(Register base, std::int64_t offset, Register from);
  void Store64(Register base, std::int64_t offset, Register from);
  void LoadFs64(Register to, std::int64_t offset = 0);

  void Jump(Label to);
  void JumpTo(Register address);
  void JumpIfEqual(Register a, Register b, Label to);
  void JumpIfNotEqual(Register a, Register b, Label to);
  void JumpIfBelow(Register a, Register b, Label to);
  // Compare with zero; clobber r11, which a system call clobbers too.
  void JumpIfZero(Register a, Label to);
  void JumpIfNotZero(Register a, Label to);
  void Call(Label to);
  void Return();

  void SystemCall();
  // Loads rax and the arguments (rdi, rsi, rdx, r10, r8, r9) first; the result is in rax.
  void SystemCall(std::uint64_t number, std::initializer_list<std::uint64_t> arguments = {});
  // That many instructions of nothing; clobbers r11.
  void Spin(std::uint64_t instructions);
  void SpinRegister(Register count);
  void Breakpoint();
  void Undefined();
  void SetFpu(int index, Register from);
  void GetFpu(Register to, int index);
  void HostCall(std::uint64_t which);

  // Data in place; the next instruction is aligned again.
  void Bytes(std::string_view bytes);
  void Word64(std::uint64_t value);

  // The program. Every label that is used must be bound.
  std::vector<std::byte> Finish();

 private:
  struct Fixup {
    std::size_t at;  // offset of the instruction
    std::size_t label;
    bool absolute;
  };
  static constexpr std::uint64_t kUnbound = ~std::uint64_t{0};

  void Emit(Operation operation, Register a = Register::rax, Register b = Register::rax, std::int64_t immediate = 0);
  void EmitJump(Operation operation, Register a, Register b, Label to);
  void AlignToInstruction();

  const std::uint64_t base_;
  std::vector<std::byte> code_;
  std::vector<std::uint64_t> labels_;
  std::vector<Fixup> fixups_;
};

}  // namespace esc::host
