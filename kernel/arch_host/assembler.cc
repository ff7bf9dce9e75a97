#include "kernel/arch_host/assembler.h"

#include <cstring>

#include "kernel/base/check.h"

namespace esc::host {

Label Assembler::NewLabel() {
  labels_.push_back(kUnbound);
  return {labels_.size() - 1};
}

void Assembler::Bind(Label label) {
  ESC_CHECK(labels_[label.index] == kUnbound);
  labels_[label.index] = code_.size();
}

std::uint64_t Assembler::OffsetOf(Label label) const {
  ESC_CHECK(labels_[label.index] != kUnbound);
  return labels_[label.index];
}

void Assembler::Emit(Operation operation, Register a, Register b, std::int64_t immediate) {
  const Instruction instruction{.operation = operation, .a = a, .b = b, .immediate = immediate};
  const std::size_t at = code_.size();
  code_.resize(at + sizeof(instruction));
  std::memcpy(&code_[at], &instruction, sizeof(instruction));
}

void Assembler::EmitJump(Operation operation, Register a, Register b, Label to) {
  fixups_.push_back({code_.size(), to.index, false});
  Emit(operation, a, b);
}

void Assembler::AlignToInstruction() {
  while (code_.size() % kInstructionBytes != 0) code_.push_back(std::byte{0});
}

void Assembler::Move(Register to, std::uint64_t value) {
  Emit(Operation::kMoveImmediate, to, Register::rax, static_cast<std::int64_t>(value));
}
void Assembler::Copy(Register to, Register from) { Emit(Operation::kMove, to, from); }
void Assembler::LoadAddress(Register to, Label label) {
  fixups_.push_back({code_.size(), label.index, true});
  Emit(Operation::kMoveImmediate, to);
}
void Assembler::Add(Register to, std::int64_t value) { Emit(Operation::kAddImmediate, to, Register::rax, value); }
void Assembler::AddRegister(Register to, Register from) { Emit(Operation::kAdd, to, from); }
void Assembler::Subtract(Register to, Register from) { Emit(Operation::kSubtract, to, from); }
void Assembler::Divide(Register to, Register by) { Emit(Operation::kDivide, to, by); }
void Assembler::Load8(Register to, Register base, std::int64_t offset) { Emit(Operation::kLoad8, to, base, offset); }
void Assembler::Load32(Register to, Register base, std::int64_t offset) { Emit(Operation::kLoad32, to, base, offset); }
void Assembler::Load64(Register to, Register base, std::int64_t offset) { Emit(Operation::kLoad64, to, base, offset); }
void Assembler::Store8(Register base, std::int64_t offset, Register from) {
  Emit(Operation::kStore8, from, base, offset);
}
void Assembler::Store32(Register base, std::int64_t offset, Register from) {
  Emit(Operation::kStore32, from, base, offset);
}
void Assembler::Store64(Register base, std::int64_t offset, Register from) {
  Emit(Operation::kStore64, from, base, offset);
}
void Assembler::LoadFs64(Register to, std::int64_t offset) {
  Emit(Operation::kLoadFs64, to, Register::rax, offset);
}

void Assembler::Jump(Label to) { EmitJump(Operation::kJump, Register::rax, Register::rax, to); }
void Assembler::JumpTo(Register address) { Emit(Operation::kJumpRegister, address); }
void Assembler::JumpIfEqual(Register a, Register b, Label to) { EmitJump(Operation::kBranchEqual, a, b, to); }
void Assembler::JumpIfNotEqual(Register a, Register b, Label to) { EmitJump(Operation::kBranchNotEqual, a, b, to); }
void Assembler::JumpIfBelow(Register a, Register b, Label to) { EmitJump(Operation::kBranchBelow, a, b, to); }
void Assembler::JumpIfZero(Register a, Label to) {
  Move(Register::r11, 0);
  JumpIfEqual(a, Register::r11, to);
}
void Assembler::JumpIfNotZero(Register a, Label to) {
  Move(Register::r11, 0);
  JumpIfNotEqual(a, Register::r11, to);
}
void Assembler::Call(Label to) { EmitJump(Operation::kCall, Register::rax, Register::rax, to); }
void Assembler::Return() { Emit(Operation::kReturn); }

void Assembler::SystemCall() { Emit(Operation::kSystemCall); }
void Assembler::SystemCall(std::uint64_t number, std::initializer_list<std::uint64_t> arguments) {
  constexpr Register kArguments[] = {Register::rdi, Register::rsi, Register::rdx,
                                     Register::r10, Register::r8,  Register::r9};
  ESC_CHECK(arguments.size() <= std::size(kArguments));
  std::size_t next = 0;
  for (const std::uint64_t argument : arguments) Move(kArguments[next++], argument);
  Move(Register::rax, number);
  SystemCall();
}
void Assembler::Spin(std::uint64_t instructions) {
  Move(Register::r11, instructions);
  SpinRegister(Register::r11);
}
void Assembler::SpinRegister(Register count) { Emit(Operation::kSpin, count); }
void Assembler::Breakpoint() { Emit(Operation::kBreakpoint); }
void Assembler::Undefined() { Emit(Operation::kUndefined); }
void Assembler::SetFpu(int index, Register from) { Emit(Operation::kSetFpu, from, Register::rax, index); }
void Assembler::GetFpu(Register to, int index) { Emit(Operation::kGetFpu, to, Register::rax, index); }
void Assembler::HostCall(std::uint64_t which) {
  Emit(Operation::kHostCall, Register::rax, Register::rax, static_cast<std::int64_t>(which));
}

void Assembler::Bytes(std::string_view bytes) {
  for (const char c : bytes) code_.push_back(static_cast<std::byte>(c));
  AlignToInstruction();
}
void Assembler::Word64(std::uint64_t value) {
  Bytes({reinterpret_cast<const char*>(&value), sizeof(value)});
}

std::vector<std::byte> Assembler::Finish() {
  for (const Fixup& fixup : fixups_) {
    ESC_CHECK(labels_[fixup.label] != kUnbound);
    Instruction instruction;
    std::memcpy(&instruction, &code_[fixup.at], sizeof(instruction));
    const std::uint64_t from = fixup.absolute ? -base_ : fixup.at + kInstructionBytes;
    instruction.immediate = static_cast<std::int64_t>(labels_[fixup.label] - from);
    std::memcpy(&code_[fixup.at], &instruction, sizeof(instruction));
  }
  return code_;
}

}  // namespace esc::host
