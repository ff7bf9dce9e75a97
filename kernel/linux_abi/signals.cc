#include "kernel/linux_abi/signals.h"

#include "kernel/arch_api/clock.h"
#include "kernel/core/park.h"
#include "kernel/core/process.h"
#include "kernel/core/thread.h"
#include "kernel/linux_abi/clocks.h"
#include "kernel/linux_abi/current.h"
#include "kernel/linux_abi/layout.h"
#include "kernel/linux_abi/numbers.h"
#include "kernel/linux_abi/signal_frame.h"
#include "kernel/mm/user_copy.h"

namespace esc::linux_abi {
namespace {

using core::Signal;
using core::SignalInfo;
using core::SignalSet;

constexpr std::uint64_t kSetBytes = 8;
constexpr int kLastSignal = static_cast<int>(Signal::kLast);

bool Uncatchable(int signal) {
  return signal == static_cast<int>(Signal::kKill) || signal == static_cast<int>(Signal::kStop);
}

// Whether the running process may send to `target` (kill(2)): root, or a real or effective id that meets its own
// real or saved one. SIGCONT also goes to anybody in the session.
Status CheckMaySend(core::Process& target, int signal) {
  core::Process& self = core::CurrentProcess();
  if (&target == &self) return Status::kOk;
  const core::Credentials own = CurrentCredentials();
  if (own.euid == 0) return Status::kOk;
  core::Credentials other;
  {
    SpinLockGuard guard(target.lock);
    other = target.credentials;
  }
  if (own.euid == other.uid || own.euid == other.suid || own.uid == other.uid || own.uid == other.suid)
    return Status::kOk;
  const bool continues = signal == static_cast<int>(Signal::kContinue) &&
                         core::GetRelations(target).session == core::GetRelations(self).session;
  return continues ? Status::kOk : Status::kPermissionDenied;
}

SignalInfo InfoFrom(int signal, std::int32_t code) {
  return {.signal = static_cast<Signal>(signal),
          .code = code,
          .sender = core::CurrentProcess().pid(),
          .sender_uid = CurrentCredentials().uid};
}

// Signal 0 only asks whether it could be sent.
Status SendTo(core::Process& process, const SignalInfo& info, int signal) {
  ESC_TRY(CheckMaySend(process, signal));
  return signal == 0 ? Status::kOk : core::SendSignal(process, info);
}

// kill() to more than one: done when it reached any, EPERM when all refused, ESRCH when there were none.
template <class Chosen>
Answer SendToMany(const SignalInfo& info, int signal, Chosen chosen) {
  bool sent = false, refused = false;
  core::ForEachProcess([&](core::Process& process) {
    if (!chosen(process)) return;
    const Status status = SendTo(process, info, signal);
    sent |= Ok(status);
    refused |= status == Status::kPermissionDenied;
  });
  if (sent) return 0;
  return refused ? Status::kPermissionDenied : Status::kNoSuchProcess;
}

Result<SignalSet> ReadSet(VirtAddr set, std::uint64_t set_bytes) {
  if (set_bytes != kSetBytes) return Status::kInvalidArgument;
  return SignalSet(ESC_TRY(mm::ReadUser<std::uint64_t>(set)));
}

Answer SendToThread(core::Thread& thread, int signal) {
  ESC_TRY(CheckMaySend(thread.process(), signal));
  if (signal == 0) return 0;
  return core::SendSignalToThread(thread, InfoFrom(signal, kCodeThreadKill));
}

}  // namespace

SignalInfo TakePending(SignalSet wanted) {
  core::Process& process = core::CurrentProcess();
  core::Thread& thread = core::CurrentThread();
  SpinLockGuard guard(process.lock);
  for (int signal = 1; signal <= kLastSignal; ++signal) {
    const auto number = static_cast<Signal>(signal);
    if (!wanted.Contains(number)) continue;
    if (thread.pending_signals.Contains(number)) {
      thread.pending_signals.Remove(number);
      return thread.pending_info[signal];
    }
    if (process.pending.Contains(number)) {
      process.pending.Remove(number);
      return process.pending_info[static_cast<std::size_t>(signal)];
    }
  }
  return {};
}

SignalSet PendingSignals() {
  core::Process& process = core::CurrentProcess();
  SpinLockGuard guard(process.lock);
  return SignalSet(core::CurrentThread().pending_signals.bits() | process.pending.bits());
}

Answer SetAction(int signal, VirtAddr action_at, VirtAddr old_at, std::uint64_t set_bytes) {
  if (set_bytes != kSetBytes || signal < 1 || signal > kLastSignal) return Status::kInvalidArgument;
  if (action_at.value != 0 && Uncatchable(signal)) return Status::kInvalidArgument;
  core::Process& process = core::CurrentProcess();
  core::SignalAction action;
  if (action_at.value != 0) {
    const auto record = ESC_TRY(mm::ReadUser<SignalActionRecord>(action_at));
    SignalSet mask(record.mask);
    mask.Remove(Signal::kKill);
    mask.Remove(Signal::kStop);
    action = {.handler = record.handler, .flags = record.flags, .restorer = record.restorer, .mask = mask};
  }
  core::SignalAction old;
  {
    SpinLockGuard guard(process.lock);
    old = process.actions[static_cast<std::size_t>(signal)];
    if (action_at.value != 0) {
      process.actions[static_cast<std::size_t>(signal)] = action;
      const auto number = static_cast<Signal>(signal);
      const bool ignored =
          action.handler == core::kIgnoreHandler ||
          (action.handler == core::kDefaultHandler && core::DefaultActionOf(number) == core::DefaultAction::kIgnore);
      // What is ignored from now on is not kept (POSIX 2.4.3).
      if (ignored) {
        process.pending.Remove(number);
        for (core::Thread& thread : process.threads) thread.pending_signals.Remove(number);
      }
    }
  }
  if (old_at.value == 0) return 0;
  return mm::WriteUser(
      old_at, SignalActionRecord{
                  .handler = old.handler, .flags = old.flags, .restorer = old.restorer, .mask = old.mask.bits()});
}

Answer SetSignalMask(int how, VirtAddr set_at, VirtAddr old_at, std::uint64_t set_bytes) {
  if (set_bytes != kSetBytes) return Status::kInvalidArgument;
  const SignalSet old = CurrentMask();
  if (set_at.value != 0) {
    const std::uint64_t set = ESC_TRY(mm::ReadUser<std::uint64_t>(set_at));
    switch (how) {
      case kMaskBlock: core::SetSignalMask(SignalSet(old.bits() | set)); break;
      case kMaskUnblock: core::SetSignalMask(SignalSet(old.bits() & ~set)); break;
      case kMaskSet: core::SetSignalMask(SignalSet(set)); break;
      default: return Status::kInvalidArgument;
    }
  }
  return old_at.value == 0 ? Status::kOk : mm::WriteUser(old_at, old.bits());
}

Answer GetPending(VirtAddr set, std::uint64_t set_bytes) {
  if (set_bytes > kSetBytes) return Status::kInvalidArgument;
  const std::uint64_t pending = PendingSignals().bits() & CurrentMask().bits();
  return mm::CopyToUser(set, &pending, set_bytes);
}

Status SwapMaskFor(VirtAddr set, std::uint64_t set_bytes) {
  const SignalSet wanted = ESC_TRY(ReadSet(set, set_bytes));
  core::Process& process = core::CurrentProcess();
  core::Thread& thread = core::CurrentThread();
  {
    SpinLockGuard guard(process.lock);
    thread.saved_mask = thread.blocked_signals;
    thread.restore_saved_mask = true;
  }
  core::SetSignalMask(wanted);
  return Status::kOk;
}

void RestoreMask() {
  core::Thread& thread = core::CurrentThread();
  if (!thread.restore_saved_mask) return;
  thread.restore_saved_mask = false;
  core::SetSignalMask(thread.saved_mask);
}

Answer SuspendUntilSignal(VirtAddr set, std::uint64_t set_bytes) {
  ESC_TRY(SwapMaskFor(set, set_bytes));
  return Pause();
}

namespace {

void SetWaitedSignals(SignalSet wanted) {
  core::Process& process = core::CurrentProcess();
  SpinLockGuard guard(process.lock);
  core::CurrentThread().waited_signals = wanted;
}

}  // namespace

Answer WaitForSignal(VirtAddr set_at, VirtAddr info_at, VirtAddr timeout, std::uint64_t set_bytes) {
  SignalSet wanted = ESC_TRY(ReadSet(set_at, set_bytes));
  wanted.Remove(Signal::kKill);
  wanted.Remove(Signal::kStop);
  Nanos deadline = Nanos::Max();
  if (timeout.value != 0) deadline = After(ESC_TRY(NanosOf(ESC_TRY(mm::ReadUser<TimeSpec>(timeout)))));
  const SignalSet old = CurrentMask();
  while (true) {
    core::PreparePark();
    SignalInfo info = TakePending(wanted);
    if (info.signal == Signal::kNone) {
      // Unblocked for the wait, so that they wake it; nothing is delivered before the return to user mode.
      SetWaitedSignals(SignalSet(old.bits() & wanted.bits()));
      core::SetSignalMask(SignalSet(old.bits() & ~wanted.bits()));
      const Status parked = core::Park(core::Interruptible::kYes, deadline);
      info = TakePending(wanted);
      core::SetSignalMask(old);
      SetWaitedSignals({});
      if (info.signal == Signal::kNone && parked == Status::kTimedOut) return Errno::kAgain;
      if (info.signal == Signal::kNone && parked == Status::kInterrupted) return Errno::kIntr;
      if (info.signal == Signal::kNone) continue;
    }
    if (info_at.value != 0) ESC_TRY(mm::WriteUser(info_at, RecordOf(info)));
    return static_cast<int>(info.signal);
  }
}

Answer Kill(int pid, int signal) {
  if (signal < 0 || signal > kLastSignal) return Status::kInvalidArgument;
  const SignalInfo info = InfoFrom(signal, kCodeUser);
  core::Process& self = core::CurrentProcess();
  if (pid > 0) {
    const mm::RefPtr<core::Process> target = core::FindProcess({pid});
    if (!target) return Status::kNoSuchProcess;
    return SendTo(*target, info, signal);
  }
  if (pid == -1) {
    return SendToMany(info, signal, [&](core::Process& p) { return p.pid().value > 1 && &p != &self; });
  }
  const Pid group = pid == 0 ? core::GetRelations(self).group : Pid{-pid};
  return SendToMany(info, signal,
                    [&](core::Process& p) { return p.pid().value > 0 && core::GetRelations(p).group == group; });
}

Answer KillThread(int tid, int signal) {
  if (tid <= 0 || signal < 0 || signal > kLastSignal) return Status::kInvalidArgument;
  const mm::RefPtr<core::Thread> thread = FindThread({tid});
  if (!thread) return Status::kNoSuchProcess;
  return SendToThread(*thread, signal);
}

Answer KillThreadOf(int process, int tid, int signal) {
  if (tid <= 0 || process <= 0 || signal < 0 || signal > kLastSignal) return Status::kInvalidArgument;
  const mm::RefPtr<core::Thread> thread = FindThread({tid});
  if (!thread || thread->process().pid().value != process) return Status::kNoSuchProcess;
  return SendToThread(*thread, signal);
}

Answer QueueSignal(int pid, int signal, VirtAddr info_at) {
  if (signal < 1 || signal > kLastSignal) return Status::kInvalidArgument;
  const auto record = ESC_TRY(mm::ReadUser<SignalInfoRecord>(info_at));
  const mm::RefPtr<core::Process> target = core::FindProcess({pid});
  if (!target) return Status::kNoSuchProcess;
  // Only the kernel says of itself that it sent something (rt_sigqueueinfo(2)).
  if (record.code >= 0 && target.get() != &core::CurrentProcess()) return Status::kPermissionDenied;
  SignalInfo info = InfoFrom(signal, record.code);
  info.sender = {record.sent.pid};
  info.sender_uid = record.sent.uid;
  info.address = record.sent.value;
  return SendTo(*target, info, signal);
}

}  // namespace esc::linux_abi
