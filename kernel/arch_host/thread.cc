// kernel/arch_api/thread.h on the simulated machine: a thread's kernel code runs on a host stack of its own, which
// is found by the bottom of its kernel stack; only the user registers lie in simulated memory.
#include "kernel/arch_api/thread.h"

#include <array>
#include <cstddef>
#include <cstring>

#include "kernel/arch_api/paging.h"
#include "kernel/arch_api/upcalls.h"
#include "kernel/arch_host/instruction.h"
#include "kernel/arch_host/interpreter.h"
#include "kernel/arch_host/machine.h"
#include "kernel/base/bits.h"
#include "kernel/base/check.h"
#include "kernel/base/log.h"

namespace esc::arch {
namespace {

using host::Fiber;
using host::Machine;

Machine& TheMachine() { return Machine::Current(); }

// ThreadContext::machine[0] holds the fiber.
Fiber* FiberOf(const ThreadContext& context) { return reinterpret_cast<Fiber*>(context.machine[0]); }
void SetFiber(ThreadContext& context, Fiber& fiber) {
  context.machine[0] = reinterpret_cast<std::uint64_t>(&fiber);
}

// The area behind ThreadContext::fpu.
struct FpuBlob {
  static constexpr std::uint64_t kMagic = 0x5550'4645'4B41'4621;  // "!FAKEFPU"
  std::uint64_t magic = kMagic;
  std::array<std::uint64_t, Machine::kFpuRegisters> registers{};
};
constexpr std::size_t kFpuBytes = 128;
static_assert(sizeof(FpuBlob) <= kFpuBytes);

FpuBlob& BlobOf(void* state) {
  ESC_CHECK(IsAligned<std::uint64_t>(reinterpret_cast<std::uintptr_t>(state), 64));
  auto& blob = *static_cast<FpuBlob*>(state);
  if (blob.magic != FpuBlob::kMagic) Panic("simulated machine: an FPU area that InitFpuState has not seen");
  return blob;
}

constexpr std::uint64_t kUserCode = 0x33;  // selectors and flags as Linux programs see them
constexpr std::uint64_t kUserData = 0x2B;
constexpr std::uint64_t kUserFlags = 0x202;           // interrupts on; bit 1 is always set (SDM vol. 1, 3.4.3)
constexpr std::uint64_t kChangeableFlags = 0x24'0DD5;  // status, TF, DF, AC, ID

constexpr bool Canonical(std::uint64_t user_address) { return user_address >> 47 == 0; }


}  // namespace

void InitThread(ThreadContext& context, void (*entry)(void*), void* argument) {
  ESC_CHECK(context.stack_top.value % 16 == 0 && context.stack_bottom < context.stack_top);
  Fiber& fiber = TheMachine().FiberFor(context.stack_bottom);
  if (&fiber == &TheMachine().current_fiber()) Panic("simulated machine: InitThread on the running stack");
  fiber.Prepare(entry, argument);
  SetFiber(context, fiber);
}

void SwitchThread(ThreadContext& from, ThreadContext& to) {
  Machine::Cpu& cpu = TheMachine().cpu();
  ESC_CHECK(!cpu.interrupts_enabled);
  ESC_CHECK(&from != &to && cpu.running == &from);
  ESC_CHECK(FiberOf(to) != nullptr);
  if (from.fpu != nullptr) BlobOf(from.fpu).registers = cpu.fpu;
  // A thread without an area must not see, or leak, another's registers.
  cpu.fpu.fill(0xBAD0'F9B0'BAD0'F9B0);
  if (to.fpu != nullptr) cpu.fpu = BlobOf(to.fpu).registers;
  LoadUserBases(to);
  cpu.running = &to;
  SetFiber(from, TheMachine().current_fiber());
  TheMachine().SwitchFiber(*FiberOf(to));
}

void AdoptBootThread(ThreadContext& context) {
  SetFiber(context, TheMachine().current_fiber());
  TheMachine().cpu().running = &context;
}

UserRegisters& UserFrame(ThreadContext& context) {
  const VirtAddr at = context.stack_top - sizeof(UserRegisters);
  // A test without an mm may give a buffer of its own as the kernel stack.
  if (at < kKernelVirtualBase) return *reinterpret_cast<UserRegisters*>(at.value);
  const host::Mmu::Translation found =
      TheMachine().mmu().Translate(at, Access::kRead | Access::kWrite, Mode::kKernel);
  if (!found.allowed) Panic("simulated machine: kernel stack {:x} is not mapped", context.stack_top);
  return *reinterpret_cast<UserRegisters*>(TheMachine().mmu().Ram(found.address, sizeof(UserRegisters)));
}

void EnterUser(ThreadContext& context) {
  Machine& machine = TheMachine();
  ESC_CHECK(machine.cpu().running == &context);
  UserRegisters& registers = UserFrame(context);
  const auto return_to_user = [&] {
    port::DisableInterrupts();
    upcall::BeforeReturnToUser(registers);
    ESC_CHECK(!machine.cpu().interrupts_enabled && machine.cpu().running == &context);
    // The user's own flag: always set, or a program could keep the CPU for itself.
    ESC_CHECK((registers.rflags & 0x200) != 0);
    machine.cpu().interrupts_enabled = true;
  };
  return_to_user();
  for (;;) {
    machine.DeliverInterrupts(&registers);
    const host::Trap trap = host::ExecuteInstruction(machine, registers);
    if (trap.kind == host::Trap::Kind::kNone) continue;
    switch (trap.kind) {
      case host::Trap::Kind::kNone:
        break;
      case host::Trap::Kind::kSystemCall:
        upcall::OnSystemCall(registers);
        break;
      case host::Trap::Kind::kPageFault:
        registers.original_rax = kNoSystemCall;
        // A refused fault has queued a signal; without one the program faults until the time limit.
        (void)upcall::OnPageFault(trap.fault);
        break;
      case host::Trap::Kind::kException:
        registers.original_rax = kNoSystemCall;
        upcall::OnUserException(trap.exception, registers);
        break;
    }
    ESC_CHECK(machine.cpu().lock_trace.depth == 0);
    return_to_user();
  }
}

UserRegisters InitialUserRegisters(VirtAddr entry, VirtAddr stack) {
  UserRegisters registers{};
  registers.original_rax = kNoSystemCall;
  registers.rip = entry.value;
  registers.cs = kUserCode;
  registers.rflags = kUserFlags;
  registers.rsp = stack.value;
  registers.ss = kUserData;
  return registers;
}

bool SanitizeUserRegisters(UserRegisters& registers) {
  registers.cs = kUserCode;
  registers.ss = kUserData;
  registers.rflags = (registers.rflags & kChangeableFlags) | kUserFlags;
  return Canonical(registers.rip) && Canonical(registers.rsp);
}

void LoadUserBases(const ThreadContext& context) {
  TheMachine().cpu().fs_base = context.fs_base;
  TheMachine().cpu().gs_base = context.gs_base;
}

std::uint64_t SystemCallBytes() { return host::kInstructionBytes; }

std::size_t FpuStateBytes() { return kFpuBytes; }
void InitFpuState(void* state) {
  std::memset(state, 0, kFpuBytes);
  *static_cast<FpuBlob*>(state) = FpuBlob{};
}
void SaveFpu(ThreadContext& context) {
  ESC_CHECK(TheMachine().cpu().running == &context);
  if (context.fpu != nullptr) BlobOf(context.fpu).registers = TheMachine().cpu().fpu;
}
void RestoreFpu(ThreadContext& context) {
  ESC_CHECK(TheMachine().cpu().running == &context);
  if (context.fpu != nullptr) TheMachine().cpu().fpu = BlobOf(context.fpu).registers;
}
bool SanitizeFpuState(void* state) { return static_cast<FpuBlob*>(state)->magic == FpuBlob::kMagic; }
std::uint64_t FpuStateComponents() { return 0; }

Status SaveFpuToUser(VirtAddr at) {
  alignas(64) std::array<std::byte, kFpuBytes> bytes;
  InitFpuState(bytes.data());
  BlobOf(bytes.data()).registers = TheMachine().cpu().fpu;
  return CopyToUser(at, bytes.data(), bytes.size()) == bytes.size() ? Status::kOk : Status::kFault;
}

Status RestoreFpuFromUser(ThreadContext& context, VirtAddr at) {
  alignas(64) std::array<std::byte, kFpuBytes> bytes;
  if (CopyFromUser(bytes.data(), at, bytes.size()) != bytes.size()) return Status::kFault;
  if (!SanitizeFpuState(bytes.data())) return Status::kFault;
  TheMachine().cpu().fpu = BlobOf(bytes.data()).registers;
  return Status::kOk;
}

}  // namespace esc::arch
