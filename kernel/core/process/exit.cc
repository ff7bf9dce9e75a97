// The end of threads and processes.
#include <utility>

#include "kernel/arch_api/cpu.h"
#include "kernel/arch_api/paging.h"
#include "kernel/arch_api/power.h"
#include "kernel/base/check.h"
#include "kernel/base/log.h"
#include "kernel/base/port.h"
#include "kernel/core/dispatch/per_cpu.h"
#include "kernel/core/dispatch/switch.h"
#include "kernel/core/park.h"
#include "kernel/core/process.h"
#include "kernel/core/process/life.h"
#include "kernel/core/process/process_table.h"
#include "kernel/core/signal/post.h"
#include "kernel/core/signal/user_abi.h"
#include "kernel/core/thread.h"

namespace esc::core {
namespace {

constinit void (*init_exit_hook)(const ExitStatus&) = nullptr;
constinit void (*session_end_hook)(Pid) = nullptr;

// siginfo's si_code for SIGCHLD (CLD_EXITED and so on in Linux's asm-generic/siginfo.h).
std::int32_t ChildCode(ExitStatus::Kind kind) {
  switch (kind) {
    case ExitStatus::Kind::kExited: return 1;
    case ExitStatus::Kind::kSignaled: return 2;
    case ExitStatus::Kind::kStopped: return 5;
    case ExitStatus::Kind::kContinued: return 6;
  }
  return 0;
}

bool IsChange(ExitStatus::Kind kind) {
  return kind == ExitStatus::Kind::kStopped || kind == ExitStatus::Kind::kContinued;
}

// Whether the parent has said that it will not wait (POSIX: SIG_IGN or SA_NOCLDWAIT for SIGCHLD).
bool ParentDisowns(Process& parent, const Process& child) {
  if (child.exit_signal != Signal::kChild) return false;
  SpinLockGuard guard(parent.lock);
  const SignalAction& action = parent.actions[static_cast<std::size_t>(Signal::kChild)];
  return action.handler == kIgnoreHandler || (action.flags & kNoChildWait) != 0;
}

// Who gets the children that a process leaves: its nearest ancestor that takes orphans in, else init, else nobody.
Process& HeirOf(const Process& process) ESC_REQUIRES(process_table_lock) {
  Process* const init = ProcessTable::InitProcess();
  for (Process* at = process.parent; at != nullptr && at != init; at = at->parent) {
    if (at->adopts_orphans.load(std::memory_order_relaxed)) return *at;
  }
  return init != nullptr ? *init : ProcessTable::Kernel();
}

// Who got children that were zombies already; null when there were none.
mm::RefPtr<Process> GiveChildrenAway(Process& process) ESC_REQUIRES(process_table_lock) {
  if (process.children.empty()) return {};
  Process& heir = HeirOf(process);
  bool zombies = false;
  while (!process.children.empty()) {
    Process& child = process.children.front();
    ProcessTable::SetParent(child, heir);
    child.exit_signal = Signal::kChild;
    if (child.group != process.group && child.session == process.session) HangUpOrphanedGroup(child.group);
    if (child.state != State::kZombie) continue;
    zombies = true;
    NotifyParent(child);
  }
  return zombies && heir.pid().value != 0 ? mm::RefPtr<Process>(&heir) : mm::RefPtr<Process>();
}

// What the process owned goes, in a context that may block: closing a file may.
void ReleaseResources(Process& process, Thread& self) {
  mm::RefPtr<DescriptorTable> descriptors;
  mm::RefPtr<PathContext> paths;
  {
    SpinLockGuard guard(process.lock);
    descriptors = std::move(process.descriptors);
    paths = std::move(process.paths);
  }
  descriptors.Reset();
  paths.Reset();
  mm::RefPtr<mm::AddressSpace> memory;
  {
    SpinLockGuard guard(process.lock);
    memory = std::move(process.memory);
  }
  LeaveAddressSpace(self);
}

// What the running thread was charged since the last time goes to its process: nobody finds it in the thread any more.
Accounting TakeAccounting(Thread& self) {
  ChargeIfRunning(self);
  return std::exchange(self.accounting, Accounting{});
}

// Zombies that came to somebody who does not wait for its children are nobody's.
void ReapFor(Process& heir) {
  for (;;) {
    mm::RefPtr<Process> reaped;  // its last reference goes after the lock
    SpinLockGuard guard(process_table_lock);
    for (Process& child : heir.children) {
      if (child.state != State::kZombie || !ParentDisowns(heir, child)) continue;
      reaped = ProcessTable::Unlink(child);
      break;
    }
    if (!reaped) return;
  }
}

// The last thread is gone but for its stack.
void BecomeZombie(Process& process, const ExitStatus& ending) {
  mm::RefPtr<Process> unlinked;
  mm::RefPtr<Process> heir_of_zombies;
  {
    SpinLockGuard guard(process_table_lock);
    heir_of_zombies = GiveChildrenAway(process);
    process.exit_status = ending;
    process.wait_reported = false;
    ProcessTable::SetState(process, State::kZombie);
    Process& parent = *process.parent;
    if (parent.group != process.group && parent.session == process.session) HangUpOrphanedGroup(process.group);
    NotifyParent(process);
    if (ParentDisowns(parent, process)) unlinked = ProcessTable::Unlink(process);
  }
  if (heir_of_zombies) ReapFor(*heir_of_zombies);
}

void FinishProcess(Process& process, Thread& self, const ExitStatus& ending) {
  ReleaseVforkParent(process);
  ReleaseResources(process, self);
  bool leads_session;
  bool is_init;
  {
    SpinLockGuard guard(process_table_lock);
    leads_session = process.session == process.pid();
    is_init = &process == ProcessTable::InitProcess();
  }
  if (is_init) RunInitExitHook(ending);
  if (leads_session && session_end_hook != nullptr) session_end_hook(process.pid());
  {
    SpinLockGuard guard(process.lock);
    Accounting clearing_up = TakeAccounting(self);
    clearing_up.system += std::exchange(clearing_up.user, Nanos{});
    process.accounting += clearing_up;
  }
  BecomeZombie(process, ending);
}

}  // namespace

void SetInitExitHook(void (*hook)(const ExitStatus& status)) { init_exit_hook = hook; }
void SetSessionEndHook(void (*hook)(Pid session)) { session_end_hook = hook; }

void RunInitExitHook(const ExitStatus& status) {
  if (init_exit_hook != nullptr) init_exit_hook(status);
  const bool exited = status.kind == ExitStatus::Kind::kExited;
  Log("init has ended: {} {}", exited ? "status" : "signal", exited ? status.code : static_cast<int>(status.signal));
  arch::PowerOff(static_cast<std::uint8_t>(exited ? status.code : 128 + static_cast<int>(status.signal)));
}

void ReleaseVforkParent(Process& process) {
  SpinLockGuard guard(process.lock);
  if (!std::exchange(process.vfork_pending, false)) return;
  process.vfork_done.WakeAll();
}

void LeaveAddressSpace(Thread& self) {
  const mm::RefPtr<mm::AddressSpace> space = std::move(self.dispatch.space);
  if (!space) return;
  InterruptGuard interrupts;
  PerCpu& cpu = ThisPerCpu();
  cpu.active_space = nullptr;
  arch::LoadRoot(arch::KernelRoot());
}

void NotifyParent(Process& process) {
  Process& parent = *process.parent;
  const ExitStatus& status = process.exit_status;
  if (process.exit_signal != Signal::kNone && &parent != &ProcessTable::Kernel()) {
    SignalInfo info;
    info.signal = process.exit_signal;
    info.code = ChildCode(status.kind);
    info.sender = process.pid();
    info.status = status.kind == ExitStatus::Kind::kExited ? status.code : static_cast<std::int32_t>(status.signal);
    PostSignal(parent, info, IsChange(status.kind) ? PostKind::kChildStopped : PostKind::kPlain);
  }
  parent.child_changed.WakeAll();
}

void ReportChange(Process& process, ExitStatus::Kind kind, Signal signal) {
  if (process.state != State::kReady) return;
  // The change was made before the lock was taken: a later one may have overtaken it, and is what counts.
  const bool stopped = process.stop_requested.load(std::memory_order_acquire);
  if (stopped != (kind == ExitStatus::Kind::kStopped)) return;
  process.exit_status = ExitStatus{kind, 0, signal};
  process.wait_reported = false;
  NotifyParent(process);
}

void WakeForSignal(Thread& thread) {
  thread.signal_pending.store(true, std::memory_order_seq_cst);
  Unpark(thread);
  Nudge(thread);
}

void BeginExit(Process& process, const ExitStatus& ending) {
  if (process.exiting) return;
  process.exiting = true;
  process.end_requested.store(true, std::memory_order_seq_cst);
  process.ending = ending;
  process.stop_requested.store(false, std::memory_order_release);
  for (Thread& thread : process.threads) {
    WakeForSignal(thread);
    ResumeStopped(thread);
  }
}

void ExitThread() {
  Thread& self = CurrentThread();
  Process& process = self.process();
  if (UserAbi* abi = RegisteredUserAbi(); abi != nullptr && self.pending_info != nullptr) abi->ThreadExiting(self);
  // Before the process can be a zombie whose number goes to somebody else.
  ProcessTable::Forget(self);
  bool last;
  ExitStatus ending;
  {
    SpinLockGuard guard(process.lock);
    process.threads.remove(self);
    process.multithreaded.store(process.threads.size() > 1, std::memory_order_release);
    process.accounting += TakeAccounting(self);
    last = process.threads.empty() && process.pid().value != 0;
    if (last) process.exiting = true;
    ending = process.ending;
    // A signal of the process that this one was woken for is somebody else's now.
    if (process.pending.bits() != 0) {
      for (Thread& thread : process.threads) WakeForSignal(thread);
    }
    process.thread_ended.WakeAll();
  }
  if (last) {
    FinishProcess(process, self, ending);
  } else {
    LeaveAddressSpace(self);
  }
  if (self.tid() != process.pid()) ProcessTable::ReleaseThreadId(self.tid());
  port::DisableInterrupts();
  EndCurrent();
}

void ExitProcess(const ExitStatus& status) {
  Process& process = CurrentProcess();
  {
    SpinLockGuard guard(process.lock);
    BeginExit(process, status);
  }
  ExitThread();
}

}  // namespace esc::core
