#include "kernel/arch_host/fiber.h"

#include <sys/mman.h>

#include <cstdint>

#include "kernel/arch_host/sanitizer.h"
#include "kernel/base/check.h"
#include "kernel/base/units.h"

// Saves the registers that the C ABI keeps across a call (System V ABI AMD64, 3.2.1), and the stack pointer to *save;
// takes the other stack, and returns there.
extern "C" void esc_host_switch_stack(void** save, void* stack_pointer);
asm(R"(
.text
.globl esc_host_switch_stack
.type esc_host_switch_stack, @function
esc_host_switch_stack:
  pushq %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  movq %rsp, (%rdi)
  movq %rsi, %rsp
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  ret
.size esc_host_switch_stack, . - esc_host_switch_stack
)");

namespace esc::host {
namespace {
// Set around a switch only: who left, and who is to go on.
Fiber* leaving = nullptr;
Fiber* arriving = nullptr;
}  // namespace

Fiber::Fiber(std::size_t bytes) : mapping_bytes_(bytes + kPageSize), bytes_(bytes) {
  mapping_ = mmap(nullptr, mapping_bytes_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  ESC_CHECK(mapping_ != MAP_FAILED);
  ESC_CHECK(mprotect(mapping_, kPageSize, PROT_NONE) == 0);
  bottom_ = static_cast<std::byte*>(mapping_) + kPageSize;
  UnpoisonMemory(const_cast<void*>(bottom_), bytes_);
  RegisterLeakRoots(const_cast<void*>(bottom_), bytes_);
}

Fiber::~Fiber() {
  if (mapping_ == nullptr) return;
  UnregisterLeakRoots(const_cast<void*>(bottom_), bytes_);
  UnpoisonMemory(const_cast<void*>(bottom_), bytes_);
  munmap(mapping_, mapping_bytes_);
}

void Fiber::Prepare(void (*entry)(void*), void* argument) {
  ESC_CHECK(mapping_ != nullptr);
  UnpoisonMemory(const_cast<void*>(bottom_), bytes_);
  entry_ = entry;
  argument_ = argument;
  sanitizer_stack_ = nullptr;
  auto* top = reinterpret_cast<std::uint64_t*>(const_cast<char*>(static_cast<const char*>(bottom_)) + bytes_);
  // As after a call: at the entry the stack pointer, where the return address lies, is 8 past a multiple of 16 (System V
  // ABI, 3.2.2). The switch's own return takes the entry off.
  *--top = 0;
  *--top = reinterpret_cast<std::uint64_t>(&Fiber::Begin);
  for (int saved = 0; saved < 6; ++saved) *--top = 0;
  stack_pointer_ = top;
}

void Fiber::Arrived(Fiber& fiber) {
  const void* old_bottom = nullptr;
  std::size_t old_bytes = 0;
  FinishStackSwitch(fiber.sanitizer_stack_, &old_bottom, &old_bytes);
  // The test's own stack is known only once it was left.
  if (leaving->mapping_ == nullptr && old_bottom != nullptr) {
    leaving->bottom_ = old_bottom;
    leaving->bytes_ = old_bytes;
  }
}

void Fiber::Begin() {
  Fiber& self = *arriving;
  Arrived(self);
  self.entry_(self.argument_);
  ESC_CHECK(!"a simulated thread returned");
  __builtin_unreachable();
}

void Fiber::Switch(Fiber& from, Fiber& to) {
  leaving = &from;
  arriving = &to;
  StartStackSwitch(&from.sanitizer_stack_, to.bottom_, to.bytes_);
  esc_host_switch_stack(&from.stack_pointer_, to.stack_pointer_);
  Arrived(from);
}

void Fiber::Abandon(Fiber& from, Fiber& to) {
  leaving = &from;
  arriving = &to;
  StartStackSwitch(nullptr, to.bottom_, to.bytes_);
  esc_host_switch_stack(&from.stack_pointer_, to.stack_pointer_);
  __builtin_unreachable();
}

}  // namespace esc::host
