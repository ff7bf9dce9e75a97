// Groups and sessions: setsid, setpgid.
#include "kernel/core/process.h"
#include "kernel/core/process/life.h"
#include "kernel/core/process/process_table.h"
#include "kernel/core/signal/post.h"

namespace esc::core {

Result<Pid> StartSession() {
  Process& process = CurrentProcess();
  SpinLockGuard guard(process_table_lock);
  // POSIX: not when a group of that number exists, which a leader's does.
  bool is_group = process.group == process.pid();
  is_group |= ProcessTable::ForEachInGroup(process.pid(), [](Process&) {});
  if (is_group) return Status::kPermissionDenied;
  ProcessTable::SetSession(process, process.pid());
  ProcessTable::SetGroup(process, process.pid());
  return process.pid();
}

Status SetGroup(Pid pid, Pid group) {
  Process& caller = CurrentProcess();
  const mm::RefPtr<Process> process = FindProcess(pid.value == 0 ? caller.pid() : pid);
  if (!process) return Status::kNoSuchProcess;
  if (group.value < 0) return Status::kInvalidArgument;
  if (group.value == 0) group = process->pid();
  SpinLockGuard guard(process_table_lock);
  if (process.get() != &caller && process->parent != &caller) return Status::kNoSuchProcess;
  if (process->state != State::kReady) return Status::kNoSuchProcess;
  if (process->session != caller.session || process->session == process->pid()) return Status::kPermissionDenied;
  if (group != process->pid()) {
    bool in_session = false;
    ProcessTable::ForEachInGroup(group, [&](Process& member) ESC_NO_THREAD_SAFETY_ANALYSIS {
      in_session |= member.session == caller.session;
    });
    if (!in_session) return Status::kPermissionDenied;
  }
  ProcessTable::SetGroup(*process, group);
  return Status::kOk;
}

namespace {

bool Orphaned(Pid group) ESC_REQUIRES(process_table_lock) {
  bool orphaned = true;
  ProcessTable::ForEachInGroup(group, [&](Process& member) ESC_NO_THREAD_SAFETY_ANALYSIS {
    if (member.state != State::kReady || member.parent == nullptr) return;
    if (member.parent->group != group && member.parent->session == member.session) orphaned = false;
  });
  return orphaned;
}

}  // namespace

bool IsOrphanedGroup(Pid group) {
  SpinLockGuard guard(process_table_lock);
  return Orphaned(group);
}

void HangUpOrphanedGroup(Pid group) {
  bool stopped = false;
  ProcessTable::ForEachInGroup(group, [&](Process& member) {
    stopped |= member.stop_requested.load(std::memory_order_acquire);
  });
  if (!stopped || !Orphaned(group)) return;
  constexpr std::int32_t kSentByKernel = 0x80;  // si_code: SI_KERNEL
  for (const Signal signal : {Signal::kHangUp, Signal::kContinue}) {
    ProcessTable::ForEachInGroup(group, [&](Process& member) ESC_NO_THREAD_SAFETY_ANALYSIS {
      const SignalInfo info{.signal = signal, .code = kSentByKernel};
      if (PostSignal(member, info) == PostOutcome::kContinued) ReportChange(member, ExitStatus::Kind::kContinued, signal);
    });
  }
}

ProcessRelations GetRelations(Process& process) {
  SpinLockGuard guard(process_table_lock);
  return {.parent = process.parent != nullptr ? process.parent->pid() : Pid{},
          .group = process.group,
          .session = process.session,
          .children_accounting = process.children_accounting};
}

}  // namespace esc::core
