// Into a handler and back: PushSignalFrame, rt_sigreturn, restarted calls.
#include <algorithm>
#include <cstring>

#include "kernel/arch_api/thread.h"
#include "kernel/base/spin_lock.h"
#include "kernel/core/thread.h"
#include "kernel/linux_abi/current.h"
#include "kernel/linux_abi/layout.h"
#include "kernel/linux_abi/numbers.h"
#include "kernel/linux_abi/signal_frame.h"
#include "kernel/linux_abi/signals.h"
#include "kernel/mm/heap.h"
#include "kernel/mm/user_copy.h"

namespace esc::linux_abi {
namespace {

constexpr std::uint64_t kFlagTrap = 1 << 8, kFlagDirection = 1 << 10, kFlagResume = 1 << 16;  // SDM vol. 1, 3.4.3

Status PushFpu(std::uint64_t at) {
  const std::size_t bytes = arch::FpuStateBytes();
  if (bytes >= kXsaveHeaderEnd) {
    const FpuMiddle middle{.marks = MakeFpuMarks(bytes, arch::FpuStateComponents()), .header = {}};
    ESC_TRY(mm::WriteUser(VirtAddr{at + kFpuSoftwareOffset}, middle));
  }
  ESC_TRY(arch::SaveFpuToUser({at}));
  return mm::WriteUser(VirtAddr{at + bytes}, kFpuMagic2);
}

bool HasFpuMarks(std::uint64_t at, std::size_t bytes) {
  if (bytes < kXsaveHeaderEnd) return true;  // a state without an extended part has no marks
  const Result<FpuSoftwareBytes> marks = mm::ReadUser<FpuSoftwareBytes>({at + kFpuSoftwareOffset});
  const Result<std::uint32_t> magic = mm::ReadUser<std::uint32_t>({at + bytes});
  return marks.ok() && magic.ok() && AreFpuMarks(*marks, *magic, bytes);
}

// The initial state, with the legacy part from `at` unless that is 0. By way of the heap: until it is checked and loaded, a
// switch would save the live registers over it.
Status PopLegacyFpu(std::uint64_t at, core::Thread& thread) {
  const std::size_t bytes = arch::FpuStateBytes();
  const mm::Owned<std::byte> state(static_cast<std::byte*>(mm::Allocate(bytes, 64)));
  if (state == nullptr) return Status::kNoMemory;
  arch::InitFpuState(state.get());
  if (at != 0) {
    ESC_TRY(mm::CopyFromUser(state.get(), {at}, std::min(bytes, kFpuLegacyBytes)));
    // Its components are x87 and SSE (SDM vol. 1, 13.4.2).
    const std::uint64_t components = 3;
    if (bytes >= kXsaveHeaderEnd) std::memcpy(state.get() + kFpuLegacyBytes, &components, sizeof(components));
    if (!arch::SanitizeFpuState(state.get())) return Status::kFault;
  }
  InterruptGuard guard;
  std::memcpy(thread.context.fpu, state.get(), bytes);
  arch::RestoreFpu(thread.context);
  return Status::kOk;
}

Status PopFpu(std::uint64_t at, core::Thread& thread) {
  if (at % 64 != 0) return Status::kFault;
  if (at != 0 && HasFpuMarks(at, arch::FpuStateBytes())) return arch::RestoreFpuFromUser(thread.context, {at});
  return PopLegacyFpu(at, thread);
}

AlternateStack AlternateOf(const core::Thread& thread) {
  return {.base = thread.signal_stack, .bytes = (thread.signal_stack_flags & kStackDisable) ? 0 : thread.signal_stack_bytes};
}

std::uint32_t StackFlags(const core::Thread& thread, std::uint64_t stack_pointer) {
  if (thread.signal_stack_bytes == 0) return kStackDisable;
  const std::uint32_t on = AlternateOf(thread).Contains(stack_pointer) ? kStackOn : 0;
  return on | (thread.signal_stack_flags & kStackAutoDisarm);
}

Status ReadFrame(arch::UserRegisters& registers) {
  core::Thread& thread = core::CurrentThread();
  // The handler's `ret` has taken the return address off.
  [[clang::uninitialized]] UserContext context;
  ESC_TRY(mm::CopyFromUser(&context, {registers.rsp - 8 + offsetof(SignalFrame, context)}, sizeof(context)));
  arch::UserRegisters restored = registers;
  RestoreContext(context.machine, restored);
  if (!arch::SanitizeUserRegisters(restored)) return Status::kFault;
  ESC_TRY(PopFpu(context.machine.fpu_state, thread));
  core::SetSignalMask(core::SignalSet(context.mask));
  if (const SignalStack& stack = context.stack; (thread.signal_stack_flags & kStackAutoDisarm) == 0 &&
                                                      (stack.flags & kStackAutoDisarm) != 0) {
    thread.signal_stack = stack.pointer;
    thread.signal_stack_bytes = stack.bytes;
    thread.signal_stack_flags = kStackAutoDisarm;
  }
  registers = restored;
  registers.original_rax = arch::kNoSystemCall;  // what it answers is not a call's result: never restarted
  return Status::kOk;
}

}  // namespace

Status PushSignalFrame(const core::SignalInfo& info, const core::SignalAction& action, core::SignalSet old_mask,
                       arch::UserRegisters& registers) {
  if ((action.flags & kActionRestorer) == 0) return Status::kFault;  // x86-64 has no other way back
  core::Thread& thread = core::CurrentThread();
  FinishCall(&action, registers);
  const bool on_alternate = (action.flags & kActionOnStack) != 0;
  const FramePlaces places = ESC_TRY(PlaceFrame(registers, AlternateOf(thread), on_alternate, arch::FpuStateBytes()));
  const bool has_xstate = arch::FpuStateBytes() >= kXsaveHeaderEnd;
  SignalFrame frame{
      .return_address = action.restorer,
      .context = {.flags = kContextSavesSs | kContextStrictSs | (has_xstate ? kContextHasXstate : 0),
                  .link = 0,
                  .stack = {.pointer = thread.signal_stack,
                            .flags = StackFlags(thread, registers.rsp),
                            .pad = 0,
                            .bytes = thread.signal_stack_bytes},
                  .machine = ContextOf(registers),
                  .mask = old_mask.bits()},
      .info = RecordOf(info),
  };
  frame.context.machine.fpu_state = places.fpu;
  frame.context.machine.old_mask = old_mask.bits();
  if (info.signal == core::Signal::kSegmentation) frame.context.machine.fault_address = info.address;
  ESC_TRY(PushFpu(places.fpu));
  ESC_TRY(mm::WriteUser(VirtAddr{places.frame}, frame));

  if ((thread.signal_stack_flags & kStackAutoDisarm) != 0) {
    thread.signal_stack = thread.signal_stack_bytes = thread.signal_stack_flags = 0;
  }
  registers.rdi = static_cast<std::uint64_t>(info.signal);
  registers.rsi = places.frame + offsetof(SignalFrame, info);
  registers.rdx = places.frame + offsetof(SignalFrame, context);
  registers.rax = 0;  // no vector registers hold arguments of a variadic handler
  registers.rsp = places.frame;
  registers.rip = action.handler;
  registers.rflags &= ~(kFlagTrap | kFlagDirection | kFlagResume);
  registers.original_rax = arch::kNoSystemCall;
  return arch::SanitizeUserRegisters(registers) ? Status::kOk : Status::kFault;
}

void FinishCall(const core::SignalAction* action, arch::UserRegisters& registers) {
  if (registers.original_rax == arch::kNoSystemCall) return;
  const Answer answer(static_cast<std::int64_t>(registers.rax));
  const bool sys = answer.Is(Errno::kRestartSys), no_handler = answer.Is(Errno::kRestartNoHandler);
  const bool block = answer.Is(Errno::kRestartBlock);
  if (!sys && !no_handler && !block) return;
  const bool restart = action == nullptr || (sys && (action->flags & kActionRestart) != 0);
  if (restart) {
    registers.rax = registers.original_rax;
    registers.rip -= arch::SystemCallBytes();
  } else {
    registers.rax = static_cast<std::uint64_t>(Answer(Errno::kIntr).value());
  }
  if (!restart || !block) core::CurrentThread().restart_deadline = {};
  registers.original_rax = arch::kNoSystemCall;  // decided, once
}

Answer ReturnFromSignal(arch::UserRegisters& registers) {
  if (Ok(ReadFrame(registers))) return registers.rax;
  // A program that breaks its own frame is not to catch what follows.
  core::ForceSignal({.signal = core::Signal::kSegmentation, .code = kCodeKernel});
  return 0;
}

Answer SetAlternateStack(arch::UserRegisters& registers, VirtAddr stack_at, VirtAddr old_at) {
  core::Thread& thread = core::CurrentThread();
  const SignalStack old{.pointer = thread.signal_stack,
                        .flags = StackFlags(thread, registers.rsp),
                        .pad = 0,
                        .bytes = thread.signal_stack_bytes};
  if (stack_at.value != 0) {
    const SignalStack stack = ESC_TRY(mm::ReadUser<SignalStack>(stack_at));
    const std::uint32_t mode = stack.flags & ~kStackAutoDisarm;
    if (AlternateOf(thread).bytes != 0 && AlternateOf(thread).Contains(registers.rsp)) return Status::kPermissionDenied;
    if (mode != 0 && mode != kStackDisable && mode != kStackOn) return Status::kInvalidArgument;
    if (mode == kStackDisable) {
      thread.signal_stack = thread.signal_stack_bytes = thread.signal_stack_flags = 0;
    } else {
      if (stack.bytes < kMinimumSignalStack) return Status::kNoMemory;
      thread.signal_stack = stack.pointer;
      thread.signal_stack_bytes = stack.bytes;
      thread.signal_stack_flags = stack.flags & kStackAutoDisarm;
    }
  }
  return old_at.value == 0 ? Status::kOk : mm::WriteUser(old_at, old);
}

}  // namespace esc::linux_abi
