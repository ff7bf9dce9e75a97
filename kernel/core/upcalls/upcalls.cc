// kernel/arch_api/upcalls.h, as far as it is core's: interrupts, returns, faults, panics.
#include "kernel/arch_api/upcalls.h"

#include <utility>

#include "kernel/arch_api/clock.h"
#include "kernel/base/format.h"
#include "kernel/base/log.h"
#include "kernel/base/port.h"
#include "kernel/base/spin_lock.h"
#include "kernel/core/dispatch/decision_log.h"
#include "kernel/core/dispatch/per_cpu.h"
#include "kernel/core/dispatch/run_queue_slot.h"
#include "kernel/core/dispatch/switch.h"
#include "kernel/core/process.h"
#include "kernel/core/signal/deliver.h"
#include "kernel/core/thread.h"

namespace esc::upcall {

using core::PerCpu;
using core::Signal;
using core::SignalInfo;
using core::Thread;
using core::ThisPerCpu;

namespace {

// siginfo's si_code (Linux's asm-generic/siginfo.h).
constexpr std::int32_t kNotMapped = 1;         // SEGV_MAPERR
constexpr std::int32_t kNotAllowed = 2;        // SEGV_ACCERR
constexpr std::int32_t kNoSuchAddress = 2;     // BUS_ADRERR
constexpr std::int32_t kAlignment = 1;         // BUS_ADRALN
constexpr std::int32_t kIllegalOpcode = 2;     // ILL_ILLOPN, as Linux for every #UD
constexpr std::int32_t kDivide = 1;            // FPE_INTDIV
constexpr std::int32_t kFloatingInvalid = 7;   // FPE_FLTINV
constexpr std::int32_t kBreak = 1;             // TRAP_BRKPT
constexpr std::int32_t kTrace = 2;             // TRAP_TRACE
constexpr std::int32_t kByKernel = 0x80;       // SI_KERNEL

SignalInfo Fault(Signal signal, std::int32_t code, std::uint64_t address) {
  SignalInfo info;
  info.signal = signal;
  info.code = code;
  info.address = address;
  return info;
}

SignalInfo SignalFor(Status status, const PageFault& fault) {
  const std::uint64_t address = fault.address.value;
  if (status == Status::kAccessDenied) return Fault(Signal::kSegmentation, kNotAllowed, address);
  if (status == Status::kFault) return Fault(Signal::kSegmentation, kNotMapped, address);
  return Fault(Signal::kBus, kNoSuchAddress, address);  // the bytes could not be had
}

SignalInfo SignalFor(UserException exception, std::uint64_t instruction) {
  switch (exception) {
    case UserException::kDivideError: return Fault(Signal::kFloatingPoint, kDivide, instruction);
    case UserException::kFloatingPoint:
    case UserException::kSimdFloatingPoint: return Fault(Signal::kFloatingPoint, kFloatingInvalid, instruction);
    case UserException::kBreakpoint: return Fault(Signal::kTrap, kBreak, instruction);
    case UserException::kSingleStep: return Fault(Signal::kTrap, kTrace, instruction);
    case UserException::kInvalidOpcode: return Fault(Signal::kIllegal, kIllegalOpcode, instruction);
    case UserException::kAlignmentCheck: return Fault(Signal::kBus, kAlignment, 0);
    case UserException::kStackFault: return Fault(Signal::kBus, kByKernel, 0);
    case UserException::kOverflow:
    case UserException::kBoundRange:
    case UserException::kGeneralProtection:
    case UserException::kOther: return Fault(Signal::kSegmentation, kByKernel, 0);
  }
  return Fault(Signal::kSegmentation, kByKernel, 0);
}

void KillForMemory(Thread& self) {
  Log("out of memory: process {} killed", self.process().pid());
  SignalInfo info;
  info.signal = Signal::kKill;
  info.code = kByKernel;
  core::ForceSignal(info);
}

}  // namespace

void OnTimer() {
  PerCpu& cpu = ThisPerCpu();
  cpu.armed = Nanos::Max();
  const Nanos now = arch::Now();
  cpu.timers.RunDue(now);
  core::DispatchTimer(cpu, now);
  core::ArmTimer(cpu);
}

void OnRescheduleRequest() {
  // Whoever asked has set need_reschedule, or queued a signal: both are looked at on the way out.
}

void BeforeReturnToKernel() {
  PerCpu& cpu = ThisPerCpu();
  Thread& self = *cpu.current;
  if (cpu.sampled > Nanos{}) {
    // The timer has found kernel code: what it charged was no user time.
    const Nanos sampled = std::exchange(cpu.sampled, Nanos{});
    if (self.pending_info != nullptr) {
      SpinLockGuard guard(cpu.domain->lock);  // another CPU may charge it (ChargeIfRunning)
      self.accounting.user -= sampled;
      self.accounting.system += sampled;
    }
  }
  if (!cpu.need_reschedule.load(std::memory_order_relaxed)) return;
  if (self.dispatch.preemption_off == 0) core::Preempt();
}

namespace {

// Whether this CPU can go to user mode at once.
bool NothingToDo(const PerCpu& cpu) {
  return !cpu.need_reschedule.load(std::memory_order_relaxed) &&
         !cpu.current->signal_pending.load(std::memory_order_relaxed);
}

// Out of line, so that a return with nothing to do needs no registers.
[[gnu::noinline]] void DoWhatIsDue(arch::UserRegisters& registers) {
  for (;;) {
    PerCpu& cpu = ThisPerCpu();  // another one after a switch, perhaps
    cpu.sampled = Nanos{};
    if (NothingToDo(cpu)) return;
    if (cpu.need_reschedule.load(std::memory_order_relaxed)) {
      core::Preempt();
      continue;
    }
    port::EnableInterrupts();
    core::HandleSignals(*cpu.current, registers);
    port::DisableInterrupts();
  }
}

}  // namespace

void BeforeReturnToUser(arch::UserRegisters& registers) {
  PerCpu& cpu = ThisPerCpu();
  cpu.sampled = Nanos{};
  if (!NothingToDo(cpu)) DoWhatIsDue(registers);
}

FaultOutcome OnPageFault(const PageFault& fault) {
  Thread& self = core::CurrentThread();
  mm::AddressSpace* space = self.dispatch.space.get();
  const Status status = space == nullptr ? Status::kFault : space->HandleFault(fault.address, fault.access);
  if (Ok(status)) {
    ++self.accounting.minor_faults;
    return FaultOutcome::kResolved;
  }
  if (self.pending_info == nullptr) return FaultOutcome::kFailed;
  if (status == Status::kNoMemory) {
    KillForMemory(self);
  } else if (fault.from_user) {
    core::ForceSignal(SignalFor(status, fault));
  }
  return FaultOutcome::kFailed;
}

void OnUserException(UserException exception, arch::UserRegisters& registers) {
  core::ForceSignal(SignalFor(exception, registers.rip));
}

void OnPanic() {
  if (!core::CoreIsUp()) return;
  const PerCpu& cpu = ThisPerCpu();
  Log("cpu {}: running thread {} of process {}", cpu.id, cpu.current->tid(), cpu.current->process().pid());
  // Without their locks, which may be held for ever now.
  for (std::size_t slot = 0; slot < cpu.slot_count; ++slot) {
    const core::DecisionLog& decisions = cpu.slots[slot]->decisions();
    for (std::size_t i = 0; i < decisions.size(); ++i) {
      FixedText<80> line;
      core::DescribeDecision(line, decisions.FromLast(i));
      Log("  layer {} at {}", slot, line.view());
    }
  }
}

}  // namespace esc::upcall
