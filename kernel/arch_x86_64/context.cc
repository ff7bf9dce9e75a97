#include "kernel/arch_x86_64/context.h"

#include "kernel/arch_api/thread.h"
#include "kernel/arch_api/paging.h"
#include "kernel/arch_x86_64/asm_layout.h"
#include "kernel/arch_x86_64/fpu.h"
#include "kernel/arch_x86_64/instructions.h"
#include "kernel/arch_x86_64/per_cpu.h"
#include "kernel/arch_x86_64/user_copy.h"
#include "kernel/base/bits.h"
#include "kernel/base/check.h"
#include "kernel/base/spin_lock.h"

extern "C" {
void SwitchStacks(std::uint64_t* save_rsp, std::uint64_t load_rsp);
void StartThread();
[[noreturn]] void EnterUserMode(esc::arch::UserRegisters* frame);
extern char boot_stack_bottom[];
extern char boot_stack_top[];
}

namespace esc::arch {
namespace {

static_assert(sizeof(UserRegisters) == ESC_FRAME_BYTES);
static_assert(offsetof(UserRegisters, r11) == ESC_FRAME_R11);
static_assert(offsetof(UserRegisters, rcx) == ESC_FRAME_RCX);
static_assert(offsetof(UserRegisters, rip) == ESC_FRAME_RIP);
static_assert(offsetof(UserRegisters, cs) == ESC_FRAME_CS);
static_assert(offsetof(UserRegisters, rflags) == ESC_FRAME_RFLAGS);
static_assert(offsetof(UserRegisters, rsp) == ESC_FRAME_RSP);

// What SwitchStacks pops.
struct SavedRegisters {
  std::uint64_t r15, r14, r13, r12, rbp, rbx, rip;
};

// CF PF AF ZF SF TF DF OF NT AC ID: what POPF lets user mode change, but for IOPL and VM; RF only matters to debuggers.
constexpr std::uint64_t kUserFlags = 0x244DD5;
constexpr std::uint64_t kAlwaysSetFlags = x86::kFlagInterrupt | 2;

bool LowerHalf(std::uint64_t address) { return address < kUserEnd.value + kPageSize; }

// User code that loads a selector into FS or GS makes the base 0, unseen by the kernel (SDM vol. 2, MOV). So what was
// loaded last is there still only when it was 0, and a base of 0 is all that needs no write.
void LoadBases(x86::PerCpu& cpu, const ThreadContext& context) {
  if ((cpu.loaded_fs_base | context.fs_base) != 0) {
    cpu.loaded_fs_base = context.fs_base;
    x86::WriteMsr(x86::kMsrFsBase, context.fs_base);
  }
  if ((cpu.loaded_gs_base | context.gs_base) != 0) {
    cpu.loaded_gs_base = context.gs_base;
    x86::WriteMsr(x86::kMsrKernelGsBase, context.gs_base);
  }
}

// What user code loads into DS, ES, FS and GS has no use in 64-bit mode but to be seen: by the next program, if it stayed.
// Selectors first, since the bases go with them.
void LoadSegments(x86::PerCpu& cpu, const ThreadContext& context) {
  if (x86::DataSelectors() != 0) [[unlikely]] x86::ClearDataSelectors();
  LoadBases(cpu, context);
}

// Whether this CPU's registers hold the thread's state, as far as kernel code knows: a thread that comes back
// after kernel threads alone, which leave them be, needs no load. An area that somebody else wrote to while
// its thread was away must be announced by RestoreFpu.
bool FpuStillLoaded(const x86::PerCpu& cpu, const ThreadContext& context) {
  return cpu.fpu_loaded == context.fpu && context.machine[x86::kFpuCpu] == std::uint64_t{cpu.cpu.value} + 1;
}

void LoadFpu(x86::PerCpu& cpu, ThreadContext& context) {
  x86::RestoreFpuState(context.fpu);
  cpu.fpu_loaded = context.fpu;
  context.machine[x86::kFpuCpu] = std::uint64_t{cpu.cpu.value} + 1;
}

}  // namespace

void InitThread(ThreadContext& context, void (*entry)(void*), void* argument) {
  ESC_CHECK(IsAligned<std::uint64_t>(context.stack_top.value, 16));
  const std::uint64_t frame = AlignDown<std::uint64_t>(context.stack_top.value - sizeof(UserRegisters), 16);
  auto* saved = reinterpret_cast<SavedRegisters*>(frame - sizeof(SavedRegisters));
  *saved = SavedRegisters{};
  saved->r12 = reinterpret_cast<std::uint64_t>(argument);
  saved->rbx = reinterpret_cast<std::uint64_t>(entry);
  saved->rip = reinterpret_cast<std::uint64_t>(&StartThread);
  context.machine = {};
  context.machine[x86::kSavedRsp] = reinterpret_cast<std::uint64_t>(saved);
}

void SwitchThread(ThreadContext& from, ThreadContext& to) {
  x86::PerCpu& cpu = x86::ThisPerCpu();
  if (from.fpu != nullptr) x86::SaveFpuState(from.fpu);
  cpu.running = &to;
  cpu.tss.rsp0 = to.stack_top.value;
  if (to.fpu != nullptr) {
    if (!FpuStillLoaded(cpu, to)) LoadFpu(cpu, to);
    LoadSegments(cpu, to);
  }
  SwitchStacks(&from.machine[x86::kSavedRsp], to.machine[x86::kSavedRsp]);
}

void AdoptBootThread(ThreadContext& context) {
  context.stack_bottom = VirtAddr{reinterpret_cast<std::uint64_t>(boot_stack_bottom)};
  context.stack_top = VirtAddr{reinterpret_cast<std::uint64_t>(boot_stack_top)};
  context.machine = {};
  x86::PerCpu& cpu = x86::ThisPerCpu();
  cpu.running = &context;
  cpu.tss.rsp0 = context.stack_top.value;
}

UserRegisters& UserFrame(ThreadContext& context) {
  return *reinterpret_cast<UserRegisters*>(context.stack_top.value - sizeof(UserRegisters));
}

void EnterUser(ThreadContext& context) {
  x86::DisableInterrupts();
  x86::PerCpu& cpu = x86::ThisPerCpu();
  ESC_CHECK(cpu.running == &context);
  // A thread that got its area after it was switched to, such as the one that becomes init.
  if (context.fpu != nullptr && !FpuStillLoaded(cpu, context)) LoadFpu(cpu, context);
  LoadSegments(cpu, context);
  EnterUserMode(&UserFrame(context));
}

UserRegisters InitialUserRegisters(VirtAddr entry, VirtAddr stack) {
  UserRegisters registers{};
  registers.original_rax = kNoSystemCall;
  registers.rip = entry.value;
  registers.cs = ESC_USER_CS;
  registers.rflags = kAlwaysSetFlags;
  registers.rsp = stack.value;
  registers.ss = ESC_USER_DS;
  return registers;
}

std::uint64_t SystemCallBytes() { return 2; }  // SYSCALL: 0F 05 (SDM vol. 2)

bool SanitizeUserRegisters(UserRegisters& registers) {
  registers.cs = ESC_USER_CS;
  registers.ss = ESC_USER_DS;
  registers.rflags = (registers.rflags & kUserFlags) | kAlwaysSetFlags;
  // IRET checks rip alone, but a stack pointer outside the user half can only be a mistake or an attack.
  return LowerHalf(registers.rip) && LowerHalf(registers.rsp);
}

void LoadUserBases(const ThreadContext& context) { LoadSegments(x86::ThisPerCpu(), context); }

std::size_t FpuStateBytes() { return x86::FpuAreaBytes(); }
void InitFpuState(void* state) { x86::InitFpuArea(state); }
bool SanitizeFpuState(void* state) { return x86::SanitizeFpuArea(state); }
std::uint64_t FpuStateComponents() { return x86::FpuComponents(); }

void SaveFpu(ThreadContext& context) {
  if (context.fpu != nullptr) x86::SaveFpuState(context.fpu);
}

void RestoreFpu(ThreadContext& context) {
  if (context.fpu != nullptr) LoadFpu(x86::ThisPerCpu(), context);
}

// A switch in the middle, while a page is fetched, saves the registers as any switch does, and the instruction is then
// executed anew. Nothing is noted of what the registers hold: they are this thread's before and after.
Status SaveFpuToUser(VirtAddr at) {
  return x86::SaveFpuToUserMemory(at, x86::FpuAreaBytes(), x86::FpuComponents()) ? Status::kOk : Status::kFault;
}

Status RestoreFpuFromUser(ThreadContext& context, VirtAddr at) {
  if (x86::LoadFpuFromUserMemory(at, x86::FpuAreaBytes(), x86::FpuComponents())) return Status::kOk;
  // Part of it may be loaded by now.
  InterruptGuard guard;
  RestoreFpu(context);
  return Status::kFault;
}

}  // namespace esc::arch
