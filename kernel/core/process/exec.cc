// exec's hand-over: once the other threads are ending, nothing can fail.
#include <utility>

#include "kernel/arch_api/thread.h"
#include "kernel/base/check.h"
#include "kernel/base/port.h"
#include "kernel/core/dispatch/per_cpu.h"
#include "kernel/core/process.h"
#include "kernel/core/process/life.h"
#include "kernel/core/sched_api/thread_access.h"
#include "kernel/core/signal/user_abi.h"
#include "kernel/core/thread.h"

namespace esc::core {
namespace {

// Waits until the running thread is the only one; they end on their way to user mode. kRestart when this one is to end
// itself: of two threads that exec at a time, each would wait for the other.
Status EndOtherThreads(Process& process, Thread& self) {
  SpinLockGuard guard(process.lock);
  if (process.exiting || self.exit_requested.load(std::memory_order_relaxed)) return Status::kRestart;
  for (Thread& thread : process.threads) {
    if (&thread == &self) continue;
    thread.exit_requested.store(true, std::memory_order_seq_cst);
    WakeForSignal(thread);
  }
  while (process.threads.size() > 1) (void)process.thread_ended.Wait(process.lock, Interruptible::kNo);
  return Status::kOk;
}

// The process goes by its first thread's number; if that thread has ended, its number is free for this one.
void BecomeLeader(Process& process, Thread& self) {
  const Tid old = self.tid();
  if (old == process.pid()) return;
  ProcessTable::Forget(self);
  sched::ThreadAccess::SetId(self, process.pid());
  ProcessTable::Remember(self);
  ProcessTable::ReleaseThreadId(old);
}

void ResetSignals(Process& process, Thread& self) {
  SpinLockGuard guard(process.lock);
  for (SignalAction& action : process.actions) {
    const bool ignored = action.handler == kIgnoreHandler;
    action = SignalAction{};
    if (ignored) action.handler = kIgnoreHandler;
  }
  self.signal_stack = self.signal_stack_bytes = 0;
  self.signal_stack_flags = 0;
  self.restore_saved_mask = false;
}

void ResetThread(Thread& self) {
  self.clear_child_tid = VirtAddr{};
  self.robust_list = 0;
  self.rseq_area = 0;
  InterruptGuard interrupts;
  self.context.fs_base = self.context.gs_base = 0;
  arch::LoadUserBases(self.context);
  arch::InitFpuState(self.context.fpu);
  arch::RestoreFpu(self.context);
}

// Another process may share the table (CLONE_FILES): what exec closes stays open there.
Status UnshareDescriptors(Process& process) {
  mm::RefPtr<DescriptorTable> own;
  {
    SpinLockGuard guard(process.lock);
    own = process.descriptors;
  }
  if (!own || own->references() <= 2) return Status::kOk;
  own = ESC_TRY(own->Fork());
  SpinLockGuard guard(process.lock);
  std::swap(own, process.descriptors);
  return Status::kOk;
}

}  // namespace

Status ReplaceImage(mm::RefPtr<mm::AddressSpace> memory, const ProgramInfo& program) {
  Thread& self = CurrentThread();
  Process& process = self.process();
  ESC_TRY(UnshareDescriptors(process));
  ESC_TRY(EndOtherThreads(process, self));
  BecomeLeader(process, self);
  // The old memory is still there: a shared one (vfork) has a word to clear and somebody to wake.
  if (UserAbi* abi = RegisteredUserAbi(); abi != nullptr) abi->ThreadExiting(self);

  mm::RefPtr<mm::AddressSpace> old = memory;
  mm::RefPtr<DescriptorTable> descriptors;
  {
    SpinLockGuard guard(process.lock);
    std::swap(process.memory, old);
    process.program = program;
    descriptors = process.descriptors;
  }
  {
    InterruptGuard interrupts;
    self.dispatch.space = memory;
    ThisPerCpu().active_space = memory.get();
    memory->Activate();
  }
  old.Reset();
  ResetSignals(process, self);
  ResetThread(self);
  if (descriptors) descriptors->CloseForExec();
  ReleaseVforkParent(process);
  return Status::kOk;
}

}  // namespace esc::core
