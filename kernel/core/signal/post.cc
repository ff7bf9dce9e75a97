#include "kernel/core/signal/post.h"

#include "kernel/base/check.h"
#include "kernel/core/dispatch/switch.h"
#include "kernel/core/process/life.h"
#include "kernel/core/process/process_table.h"
#include "kernel/core/signal/user_abi.h"

namespace esc::core {
namespace {

std::size_t Index(Signal signal) { return static_cast<std::size_t>(signal); }
constexpr SignalSet kStopSignals(0xFull << (static_cast<unsigned>(Signal::kStop) - 1));  // 19 to 22

bool IsStopSignal(Signal signal) { return DefaultActionOf(signal) == DefaultAction::kStop; }

bool Valid(Signal signal) { return signal <= Signal::kLast; }

// The action is to do nothing, so a thread that does not block the signal would only be disturbed.
bool DoesNothing(const SignalAction& action, Signal signal) {
  if (signal == Signal::kKill || signal == Signal::kStop) return false;
  if (action.handler == kIgnoreHandler) return true;
  if (action.handler != kDefaultHandler) return false;
  const DefaultAction by_default = DefaultActionOf(signal);
  return by_default == DefaultAction::kIgnore || by_default == DefaultAction::kContinue;
}

// Init is never ended or stopped by a signal that it has not asked for (Linux: SIGNAL_UNKILLABLE).
bool ShieldsInit(const Process& process, const SignalAction& action, Signal signal) {
  if (process.pid().value != 1) return false;
  return signal == Signal::kKill || signal == Signal::kStop || action.handler == kDefaultHandler;
}

// What the thread blocks is not ignored: it may be asked for, or wanted later (Linux's sig_ignored says the same).
bool Keeps(const Thread& thread, Signal signal) {
  return thread.blocked_signals.Contains(signal) || thread.waited_signals.Contains(signal);
}

void Forget(Process& process, SignalSet signals) ESC_REQUIRES(process.lock) {
  process.pending = Without(process.pending, signals);
  for (Thread& thread : process.threads) thread.pending_signals = Without(thread.pending_signals, signals);
}

// A stop and a continuation cancel what is pending of each other (POSIX 2.4.1).
PostOutcome StopOrContinue(Process& process, Signal signal) ESC_REQUIRES(process.lock) {
  if (IsStopSignal(signal)) Forget(process, SetOf(Signal::kContinue));
  if (signal != Signal::kContinue && signal != Signal::kKill) return PostOutcome::kDone;
  Forget(process, kStopSignals);
  if (!process.stop_requested.exchange(false, std::memory_order_acq_rel)) return PostOutcome::kDone;
  for (Thread& thread : process.threads) ResumeStopped(thread);
  return signal == Signal::kContinue ? PostOutcome::kContinued : PostOutcome::kDone;
}

void TellHeld() {
  if (UserAbi* abi = RegisteredUserAbi(); abi != nullptr) abi->SignalHeld();
}

void WakeOneFor(Process& process, Signal signal) ESC_REQUIRES(process.lock) {
  for (Thread& thread : process.threads) {
    if (signal != Signal::kKill && thread.blocked_signals.Contains(signal)) continue;
    return WakeForSignal(thread);
  }
  TellHeld();
}

}  // namespace

PostOutcome PostSignal(Process& process, const SignalInfo& info, PostKind kind) {
  SpinLockGuard guard(process.lock);
  if (process.threads.empty() || process.exiting) return PostOutcome::kDone;
  const SignalAction& action = process.actions[Index(info.signal)];
  if (kind == PostKind::kChildStopped && (action.flags & kNoChildStop) != 0) return PostOutcome::kDone;
  const bool kept = Keeps(process.threads.front(), info.signal);
  if (!kept && ShieldsInit(process, action, info.signal)) return PostOutcome::kDone;
  const PostOutcome outcome = StopOrContinue(process, info.signal);
  if (!kept && DoesNothing(action, info.signal)) return outcome;
  if (!process.pending.Contains(info.signal)) process.pending_info[Index(info.signal)] = info;
  process.pending.Add(info.signal);
  if (info.signal == Signal::kKill) process.end_requested.store(true, std::memory_order_seq_cst);
  WakeOneFor(process, info.signal);
  return outcome;
}

Status SendSignal(Process& process, const SignalInfo& info) {
  if (!Valid(info.signal)) return Status::kInvalidArgument;
  if (info.signal == Signal::kNone || process.pid().value == 0) return Status::kOk;
  if (PostSignal(process, info) == PostOutcome::kContinued) {
    SpinLockGuard guard(process_table_lock);
    ReportChange(process, ExitStatus::Kind::kContinued, Signal::kContinue);
  }
  return Status::kOk;
}

Status SendSignalToThread(Thread& thread, const SignalInfo& info) {
  if (!Valid(info.signal)) return Status::kInvalidArgument;
  Process& process = thread.process();
  if (info.signal == Signal::kNone || thread.pending_info == nullptr) return Status::kOk;
  // These concern the process, whichever thread they are sent to.
  if (info.signal == Signal::kKill || info.signal == Signal::kContinue || IsStopSignal(info.signal)) {
    return SendSignal(process, info);
  }
  SpinLockGuard guard(process.lock);
  if (process.exiting) return Status::kOk;
  const SignalAction& action = process.actions[Index(info.signal)];
  const bool kept = Keeps(thread, info.signal);
  if (!kept && (ShieldsInit(process, action, info.signal) || DoesNothing(action, info.signal))) return Status::kOk;
  if (!thread.pending_signals.Contains(info.signal)) thread.pending_info[Index(info.signal)] = info;
  thread.pending_signals.Add(info.signal);
  if (thread.blocked_signals.Contains(info.signal)) {
    TellHeld();
  } else {
    WakeForSignal(thread);
  }
  return Status::kOk;
}

Status SendSignalToGroup(Pid group, const SignalInfo& info) {
  if (!Valid(info.signal)) return Status::kInvalidArgument;
  if (group.value <= 0) return Status::kNoSuchProcess;
  SpinLockGuard guard(process_table_lock);
  const bool any = ProcessTable::ForEachInGroup(group, [&](Process& process) ESC_NO_THREAD_SAFETY_ANALYSIS {
    if (info.signal == Signal::kNone) return;
    if (PostSignal(process, info) != PostOutcome::kContinued) return;
    ReportChange(process, ExitStatus::Kind::kContinued, Signal::kContinue);
  });
  return any ? Status::kOk : Status::kNoSuchProcess;
}

void ForceSignal(const SignalInfo& info) {
  Thread& self = CurrentThread();
  Process& process = self.process();
  ESC_CHECK(self.pending_info != nullptr);
  SpinLockGuard guard(process.lock);
  SignalAction& action = process.actions[Index(info.signal)];
  // Blocked or ignored, the instruction would fault for ever.
  if (self.blocked_signals.Contains(info.signal) || action.handler == kIgnoreHandler) action = SignalAction{};
  self.blocked_signals.Remove(info.signal);
  self.pending_info[Index(info.signal)] = info;
  self.pending_signals.Add(info.signal);
  self.signal_pending.store(true, std::memory_order_relaxed);
}

}  // namespace esc::core
