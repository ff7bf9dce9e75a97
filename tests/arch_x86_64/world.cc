#include "tests/arch_x86_64/world.h"

#include <algorithm>
#include <cstring>

#include "kernel/arch_api/clock.h"
#include "kernel/base/bits.h"
#include "kernel/base/check.h"
#include "kernel/base/log.h"
#include "kernel/base/spin_lock.h"

extern "C" {
extern const char user_code_begin[];
extern const char user_code_end[];
extern const char UserRewrittenTarget[];
}

namespace esc::selftest {

constinit Frames frames;
constinit Observed observed;

namespace {

constexpr unsigned kStackPages = 4;

constinit PhysAddr user_root{};
constinit arch::ThreadContext main_thread{};
constinit arch::ThreadContext* running = nullptr;
constinit UserThread* threads[2] = {};
constinit std::uint64_t next_stack = arch::kKernelVirtualBase.value;

UserThread* Running() {
  for (UserThread* thread : threads) {
    if (thread != nullptr && &thread->context == running) return thread;
  }
  return nullptr;
}

// The next thread that has not ended; the main one when none is left.
arch::ThreadContext& NextThread() {
  for (UserThread* thread : threads) {
    if (thread != nullptr && !thread->ended && &thread->context != running) return thread->context;
  }
  UserThread* current = Running();
  return current != nullptr && !current->ended ? current->context : main_thread;
}

void Yield() {
  arch::ThreadContext& next = NextThread();
  if (&next != running) SwitchTo(next);
}

void EndThread(std::uint64_t code) {
  UserThread* thread = Running();
  thread->ended = true;
  thread->exit_code = code;
  port::DisableInterrupts();
  Yield();
  Panic("a thread that had ended ran again");
}

}  // namespace

void Frames::Init(const arch::BootInfo& info) {
  for (const arch::MemoryRange& ram : info.memory) {
    if (ram.kind != arch::MemoryKind::kUsable) continue;
    std::uint64_t begin = std::max<std::uint64_t>(ram.base.value, 1 << 20);
    for (const arch::MemoryRange& taken : info.reserved) {
      if (taken.base.value >= begin && taken.base.value < ram.base.value + ram.bytes) {
        if (taken.base.value - begin > end_ - next_) next_ = begin, end_ = taken.base.value;
        begin = taken.base.value + taken.bytes;
      }
    }
    const std::uint64_t end = ram.base.value + ram.bytes;
    if (end > begin && end - begin > end_ - next_) next_ = begin, end_ = end;
  }
  next_ = AlignUp<std::uint64_t>(next_, kPageSize);
}

FrameNumber Frames::Take() {
  ESC_CHECK(next_ + kPageSize <= end_);
  const FrameNumber frame = PhysAddr{next_}.Frame();
  next_ += kPageSize;
  arch::ZeroFrame(frame);
  return frame;
}

Result<FrameNumber> Frames::AllocateTableFrame() {
  ++allocated;
  return Take();
}

PhysAddr UserRoot() { return user_root; }
arch::ThreadContext& MainThread() { return main_thread; }

void MapUser(VirtAddr page, arch::Access access) {
  const arch::PageMapping mapping{frames.Take(), access, arch::Mode::kUser};
  ESC_CHECK(Ok(arch::MapPage(user_root, page, mapping, frames)));
}

void MapKernelStack(arch::ThreadContext& context) {
  next_stack += kPageSize;
  context.stack_bottom = VirtAddr{next_stack};
  for (unsigned i = 0; i < kStackPages; ++i, next_stack += kPageSize) {
    const arch::PageMapping mapping{frames.Take(), arch::Access::kRead | arch::Access::kWrite, arch::Mode::kKernel};
    ESC_CHECK(Ok(arch::MapPage(arch::KernelRoot(), VirtAddr{next_stack}, mapping, frames)));
  }
  context.stack_top = VirtAddr{next_stack};
}

void InitWorld(const arch::BootInfo& info) {
  frames.Init(info);
  arch::AdoptBootThread(main_thread);
  running = &main_thread;
  const auto root = arch::CreateRoot(frames);
  ESC_CHECK(root.ok());
  user_root = *root;
  arch::LoadRoot(user_root);
  // The code page is writable too, because a program keeps its stack pointer there.
  const FrameNumber code = frames.Take();
  const auto code_bytes = static_cast<std::size_t>(user_code_end - user_code_begin);
  ESC_CHECK(code_bytes <= kPageSize);
  std::memcpy(arch::DirectMap(code), user_code_begin, code_bytes);
  const auto all = arch::Access::kRead | arch::Access::kWrite | arch::Access::kExecute;
  ESC_CHECK(Ok(arch::MapPage(user_root, kCode, {code, all, arch::Mode::kUser}, frames)));
  MapUser(kData, arch::Access::kRead | arch::Access::kWrite);
  MapUser(kStack, arch::Access::kRead | arch::Access::kWrite);
}

void StartUser(UserThread& thread, const char* program, std::uint64_t argument) {
  thread.ended = false;
  thread.exit_code = 0;
  thread.exception.reset();
  if (thread.context.stack_top == VirtAddr{}) MapKernelStack(thread.context);
  if (thread.context.fpu == nullptr) thread.context.fpu = arch::DirectMap(frames.Take());
  ESC_CHECK(arch::FpuStateBytes() <= kPageSize);
  arch::InitFpuState(thread.context.fpu);
  arch::InitThread(
      thread.context, [](void* context) { arch::EnterUser(*static_cast<arch::ThreadContext*>(context)); },
      &thread.context);
  const VirtAddr entry = kCode + static_cast<std::uint64_t>(program - user_code_begin);
  arch::UserRegisters registers = arch::InitialUserRegisters(entry, kStack + (kPageSize - 64));
  registers.rdi = argument;
  arch::UserFrame(thread.context) = registers;
}

void SwitchTo(arch::ThreadContext& to) {
  arch::ThreadContext& from = *running;
  running = &to;
  arch::SwitchThread(from, to);
}

void RunUntilEnd(UserThread* first, UserThread* second) {
  const port::InterruptState state = port::DisableInterrupts();
  threads[0] = first;
  threads[1] = second;
  SwitchTo(first->context);
  threads[0] = threads[1] = nullptr;
  port::RestoreInterrupts(state);
}

}  // namespace esc::selftest

namespace esc::upcall {

using namespace selftest;  // NOLINT: the upcalls are this file's other half

void OnTimer() {
  ++observed.timers;
  observed.timer_at = arch::Now();
}
void OnRescheduleRequest() {}
void OnConsoleInput(char) {}
void BeforeReturnToKernel() { ++observed.kernel_returns; }

void BeforeReturnToUser(arch::UserRegisters& registers) {
  if (!observed.switch_on_timer || observed.timers == 0) return;
  observed.timers = 0;
  arch::SetTimer(arch::Now() + Nanos::Millis(1));
  // Ten slices between them, then both end.
  static unsigned slices = 0;
  if (++slices < 10) return Yield();
  EndThread(kPassed);
}

void OnSystemCall(arch::UserRegisters& registers) {
  ESC_CHECK(port::InterruptsEnabled());
  switch (registers.original_rax) {
    case 0: EndThread(registers.rdi); break;
    case 1: {
      const InterruptGuard guard;
      Yield();
      break;
    }
    case 2: {
      std::uint64_t flags;
      asm volatile("pushfq; popq %0" : "=r"(flags));
      observed.echo_flags = flags;
      registers.rax = 0x1234;
      break;
    }
    case 3:
      registers.rip = (kCode + static_cast<std::uint64_t>(UserRewrittenTarget - user_code_begin)).value;
      registers.rcx = 0xCCCC;
      registers.r11 = 0x1111;
      break;
    default: Panic("system call {}", registers.original_rax);
  }
}

FaultOutcome OnPageFault(const PageFault& fault) {
  ++observed.faults;
  observed.last_fault = fault;
  if (observed.map_on_demand && fault.address.PageDown() == kData + kPageSize && !fault.page_present) {
    MapUser(fault.address.PageDown(), arch::Access::kRead | arch::Access::kWrite);
    return FaultOutcome::kResolved;
  }
  if (fault.from_user) EndThread(0xFA);
  return FaultOutcome::kFailed;
}

void OnUserException(UserException exception, arch::UserRegisters& registers) {
  ESC_CHECK(registers.original_rax == arch::kNoSystemCall);
  Running()->exception = exception;
  EndThread(0xEE);
}

void OnPanic() { Log("OnPanic was called"); }

}  // namespace esc::upcall
