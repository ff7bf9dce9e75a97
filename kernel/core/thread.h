// Thread: the unit of execution. Registers, kernel stack, scheduling state.
//
// Locking. State, the "runs now" slot and everything that dispatch touches: the lock of the thread's run queue
// (kRunQueue). Signal mask and pending set: the process's lock. `context` belongs to the CPU that runs it.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "kernel/arch_api/thread.h"
#include "kernel/base/intrusive_list.h"
#include "kernel/base/units.h"
#include "kernel/core/process.h"
#include "kernel/core/sched_api/thread.h"
#include "kernel/core/signal.h"
#include "kernel/core/thread_state.h"
#include "kernel/mm/kernel_stack.h"
#include "kernel/mm/ref_ptr.h"

namespace esc::core {

class RunQueueSlot;  // dispatch's own: the queue, its lock, its counts

class Thread : public sched::Thread, public mm::RefCounted<Thread>, public ListHook<ProcessThreadTag> {
 public:
  Tid tid() const { return id(); }
  Process& process() const { return *process_; }
  arch::UserRegisters& user_registers() { return arch::UserFrame(context); }

  arch::ThreadContext context;

  // --- guarded by the process's lock ---
  SignalSet blocked_signals;
  SignalSet pending_signals;
  SignalInfo* pending_info = nullptr;  // 65 entries, allocated with the thread
  SignalSet saved_mask;                // sigsuspend's, restored after the handler
  bool restore_saved_mask = false;
  std::uint64_t signal_stack = 0, signal_stack_bytes = 0;  // sigaltstack
  std::uint32_t signal_stack_flags = 0;

  // --- the running thread's own (no lock: only it reads and writes them) ---
  VirtAddr clear_child_tid{};
  std::uint64_t robust_list = 0;
  std::uint64_t rseq_area = 0;

  // Set by whoever queues a signal, read on each return to user mode.
  std::atomic<bool> signal_pending{false};

  // --- statistics, written by dispatch ---
  Accounting accounting;

  State state() const { return state_.load(std::memory_order_acquire); }

  Thread() = default;
  ~Thread();

 private:
  friend class Dispatcher;
  friend class ThreadFactory;
  std::atomic<State> state_{State::kCreating};  // written under the run queue's lock
  Process* process_ = nullptr;                  // a reference is held for as long as the thread lives
  mm::KernelStack stack_{};
  // Dispatch's: see dispatch/dispatcher.h.
  std::atomic<bool> unpark_token_{false};
  std::atomic<RunQueueSlot*> queue_{nullptr};   // the queue it belongs to
  bool queued_ = false;
  CpuId running_on_ = kNoCpu;
  Nanos ready_since_{};
  Nanos charged_until_{};
};

// A kernel thread in the kernel's own process, ready to run.
Result<mm::RefPtr<Thread>> StartKernelThread(std::string_view name, void (*entry)(void*), void* argument,
                                             const sched::Parameters& parameters = {});

}  // namespace esc::core
