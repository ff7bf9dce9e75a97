#include "kernel/core/signal/deliver.h"

#include <bit>
#include <optional>

#include "kernel/base/port.h"
#include "kernel/core/dispatch/switch.h"
#include "kernel/core/process/life.h"
#include "kernel/core/process/process_table.h"
#include "kernel/core/signal/post.h"
#include "kernel/core/signal/user_abi.h"

namespace esc::core {
namespace {

std::size_t Index(Signal signal) { return static_cast<std::size_t>(signal); }

// Faults go first, so that their handler's frame is built on the registers that faulted.
constexpr std::uint64_t Bits(std::initializer_list<Signal> signals) {
  std::uint64_t bits = 0;
  for (const Signal signal : signals) bits |= std::uint64_t{1} << (static_cast<unsigned>(signal) - 1);
  return bits;
}
constexpr std::uint64_t kFaults = Bits({Signal::kSegmentation, Signal::kBus, Signal::kIllegal, Signal::kTrap,
                                        Signal::kFloatingPoint, Signal::kSystem});
constexpr std::uint64_t kUnblockable = Bits({Signal::kKill, Signal::kStop});

std::optional<Signal> Choose(SignalSet pending, SignalSet blocked) {
  const std::uint64_t ready = pending.bits() & ~(blocked.bits() & ~kUnblockable);
  if (ready == 0) return std::nullopt;
  const std::uint64_t kill = ready & Bits({Signal::kKill});
  const std::uint64_t first = kill != 0 ? kill : (ready & kFaults) != 0 ? ready & kFaults : ready;
  return static_cast<Signal>(std::countr_zero(first) + 1);
}

std::optional<SignalInfo> Take(Process& process, Thread& self) ESC_REQUIRES(process.lock) {
  if (const auto signal = Choose(self.pending_signals, self.blocked_signals)) {
    self.pending_signals.Remove(*signal);
    return self.pending_info[Index(*signal)];
  }
  if (const auto signal = Choose(process.pending, self.blocked_signals)) {
    process.pending.Remove(*signal);
    return process.pending_info[Index(*signal)];
  }
  return std::nullopt;
}

void Stop(Process& process, Signal signal) {
  {
    SpinLockGuard guard(process.lock);
    // A SIGCONT or SIGKILL came in between.
    if (process.exiting || process.pending.Contains(Signal::kKill)) return;
    process.stop_requested.store(true, std::memory_order_release);
    for (Thread& thread : process.threads) WakeForSignal(thread);
  }
  SpinLockGuard guard(process_table_lock);
  ReportChange(process, ExitStatus::Kind::kStopped, signal);
}

void ActByDefault(Process& process, Signal signal) {
  switch (DefaultActionOf(signal)) {
    case DefaultAction::kTerminate:
    case DefaultAction::kCore:
      ExitProcess(ExitStatus{ExitStatus::Kind::kSignaled, 0, signal});
    case DefaultAction::kStop:
      // Nobody could continue an orphaned group, so the terminal does not stop it (POSIX 2.4.3).
      if (signal != Signal::kStop && IsOrphanedGroup(GetRelations(process).group)) return;
      return Stop(process, signal);
    case DefaultAction::kIgnore:
    case DefaultAction::kContinue:
      return;
  }
}

// What init blocked when it came and has unblocked since ends it as little as what it never blocked; its own faults do.
bool ShieldsInit(const Process& process, const SignalInfo& info) {
  const std::uint64_t kByItself = kFaults | SetOf(Signal::kKill).bits();
  return process.pid().value == 1 && (info.code <= 0 || (SetOf(info.signal).bits() & kByItself) == 0);
}

// One signal, or none.
struct Step {
  enum class Kind : std::uint8_t { kNone, kEnd, kStop, kSignal, kStandIn } kind = Kind::kNone;
  SignalInfo info;
  SignalAction action;
  SignalSet old_mask;
};

// What is pending for the process may have been this thread's to take. It blocks some of it from now on, so another
// thread that does not is to look.
void PassOn(Process& process, Thread& self, std::uint64_t newly_blocked) ESC_REQUIRES(process.lock) {
  const std::uint64_t left = process.pending.bits() & newly_blocked & ~kUnblockable;
  if (left == 0) return;
  for (Thread& thread : process.threads) {
    if (&thread != &self && (left & ~thread.blocked_signals.bits()) != 0) WakeForSignal(thread);
  }
}

Step NextStep(Process& process, Thread& self, const arch::UserRegisters& registers) {
  SpinLockGuard guard(process.lock);
  Step step;
  // Cleared first: what comes later sets it again.
  self.signal_pending.store(false, std::memory_order_seq_cst);
  if (process.exiting || self.exit_requested.load(std::memory_order_relaxed)) {
    step.kind = Step::Kind::kEnd;
    return step;
  }
  if (process.stop_requested.load(std::memory_order_relaxed) && !process.pending.Contains(Signal::kKill)) {
    step.kind = Step::Kind::kStop;
    return step;
  }
  const std::optional<SignalInfo> info = Take(process, self);
  if (!info.has_value()) return step;
  UserAbi* abi = RegisteredUserAbi();
  const bool stands_in = abi != nullptr && (SetOf(info->signal).bits() & kFaults) != 0 && abi->StandsIn(*info, registers);
  step.kind = stands_in ? Step::Kind::kStandIn : Step::Kind::kSignal;
  step.info = *info;
  if (stands_in) return step;
  SignalAction& action = process.actions[Index(info->signal)];
  step.action = action;
  if (action.handler == kDefaultHandler || action.handler == kIgnoreHandler) return step;
  step.old_mask = self.restore_saved_mask ? self.saved_mask : self.blocked_signals;
  self.restore_saved_mask = false;
  std::uint64_t mask = self.blocked_signals.bits() | action.mask.bits();
  if ((action.flags & kNoDefer) == 0) mask |= SetOf(info->signal).bits();
  PassOn(process, self, mask & ~self.blocked_signals.bits());
  self.blocked_signals = SignalSet(mask & ~kUnblockable);
  if ((action.flags & kResetHandler) != 0) action.handler = kDefaultHandler;
  return step;
}

void RestoreSavedMask(Process& process, Thread& self) {
  SpinLockGuard guard(process.lock);
  if (!self.restore_saved_mask) return;
  self.restore_saved_mask = false;
  self.blocked_signals = self.saved_mask;
  if (Choose(SignalSet(self.pending_signals.bits() | process.pending.bits()), self.blocked_signals)) {
    self.signal_pending.store(true, std::memory_order_relaxed);
  }
}

void RunHandler(const Step& step, arch::UserRegisters& registers) {
  UserAbi* abi = RegisteredUserAbi();
  if (abi != nullptr && Ok(abi->DeliverSignal(step.info, step.action, step.old_mask, registers))) return;
  // No room for the frame: POSIX leaves nothing but the end.
  ExitProcess(ExitStatus{ExitStatus::Kind::kSignaled, 0, Signal::kSegmentation});
}

}  // namespace

void HandleSignals(Thread& self, arch::UserRegisters& registers) {
  Process& process = self.process();
  bool handled = false;
  for (;;) {
    const Step step = NextStep(process, self, registers);
    if (step.kind == Step::Kind::kNone) break;
    if (step.kind == Step::Kind::kEnd) ExitThread();
    if (step.kind == Step::Kind::kStandIn) {
      if (RegisteredUserAbi()->StandIn(registers)) continue;
      ExitProcess(ExitStatus{ExitStatus::Kind::kSignaled, 0, Signal::kSegmentation});
    }
    if (step.kind == Step::Kind::kStop) {
      InterruptGuard interrupts;
      StopCurrent();
      continue;
    }
    if (step.action.handler == kIgnoreHandler) continue;
    if (step.action.handler == kDefaultHandler) {
      if (!ShieldsInit(process, step.info)) ActByDefault(process, step.info.signal);
      continue;
    }
    RunHandler(step, registers);
    handled = true;
  }
  if (handled) return;
  if (UserAbi* abi = RegisteredUserAbi(); abi != nullptr) abi->FinishInterruptedCall(registers);
  RestoreSavedMask(process, self);
}

void SetSignalMask(SignalSet mask) {
  Thread& self = CurrentThread();
  Process& process = self.process();
  SpinLockGuard guard(process.lock);
  const std::uint64_t newly_blocked = mask.bits() & ~self.blocked_signals.bits();
  self.blocked_signals = SignalSet(mask.bits() & ~kUnblockable);
  PassOn(process, self, newly_blocked);
  if (Choose(SignalSet(self.pending_signals.bits() | process.pending.bits()), self.blocked_signals)) {
    self.signal_pending.store(true, std::memory_order_relaxed);
  }
}

}  // namespace esc::core
