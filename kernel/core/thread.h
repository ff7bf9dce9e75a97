// Thread: the unit of execution. Registers, kernel stack, scheduling state.
//
// Locking. State, the "runs now" slot and everything that dispatch touches: the lock of the thread's run queue
// (kRunQueue). Signal mask and pending set: the process's lock. `context` belongs to the CPU that runs it.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "kernel/arch_api/thread.h"
#include "kernel/base/intrusive_list.h"
#include "kernel/base/units.h"
#include "kernel/core/process.h"
#include "kernel/core/sched_api/descriptor.h"
#include "kernel/core/sched_api/thread.h"
#include "kernel/core/signal.h"
#include "kernel/core/thread_state.h"
#include "kernel/mm/kernel_stack.h"
#include "kernel/mm/ref_ptr.h"

namespace esc::core {

class Mutex;
class RunQueueSlot;  // dispatch/run_queue_slot.h
class Thread;
struct ReadyTag {};
struct HeldMutexTag {};

// What dispatch keeps of a thread. Guarded by the lock of the thread's run queue, but for what is said.
struct DispatchState {
  std::atomic<RunQueueSlot*> queue{nullptr};  // its home; changes only under the old home's lock
  bool queued = false;                        // linked in the home's own record
  bool starved = false;                       // the watchdog has told of this wait
  bool needs_placement = false;               // ready, but to be queued on another CPU
  bool in_transit = false;                    // on its way to another CPU's queue, with no lock held: HomeLock waits
  CpuId running_on = kNoCpu;
  Nanos ready_since{};
  Nanos excused_before{};                     // the queue's excused time when it became ready
  Nanos charged_until{};
  const sched::Descriptor* bound = nullptr;   // the plugin that raw_state() belongs to
  sched::Parameters base;                     // what the owner asked for, without inheritance
  std::atomic<bool> unpark_token{false};      // set by wakers, taken by the thread
  // The thread's own reference while it can run; dropped on another stack after its last switch.
  mm::RefPtr<Thread> self;
  // The running thread's own (or its maker's): no lock.
  mm::RefPtr<mm::AddressSpace> space;
  std::uint32_t preemption_off = 0;
  // Priority inheritance (mutex.cc): guarded by its one lock.
  Mutex* waiting_for = nullptr;
  IntrusiveList<Mutex, HeldMutexTag> held_mutexes;
};

class Thread : public sched::Thread,
               public mm::RefCounted<Thread>,
               public ListHook<ProcessThreadTag>,
               public ListHook<ReadyTag> {
 public:
  Tid tid() const { return id(); }
  Process& process() const { return *process_; }
  arch::UserRegisters& user_registers() { return arch::UserFrame(context); }

  arch::ThreadContext context;

  std::array<char, 16> name{};  // a kernel thread's; a user thread goes by its program's

  // --- guarded by the process's lock ---
  SignalSet blocked_signals;
  SignalSet waited_signals;            // its owner blocks them, though not while it waits for them (sigtimedwait)
  SignalSet pending_signals;
  SignalInfo* pending_info = nullptr;  // 65 entries, allocated with the thread; nullptr for kernel threads
  SignalSet saved_mask;                // sigsuspend's, restored after the handler
  bool restore_saved_mask = false;
  std::uint64_t signal_stack = 0, signal_stack_bytes = 0;  // sigaltstack
  std::uint32_t signal_stack_flags = 0;

  // --- the running thread's own (no lock: only it reads and writes them) ---
  VirtAddr clear_child_tid{};
  VirtAddr set_child_tid{};  // written by its first step, when not 0
  std::uint64_t robust_list = 0;
  std::uint64_t rseq_area = 0;
  Nanos restart_deadline{};            // the user ABI's: of a relative wait that is to be started again; 0: none

  // Set by whoever queues a signal, read on each return to user mode.
  std::atomic<bool> signal_pending{false};

  // This thread alone is to end (exec and exit of another one of the process); goes with signal_pending.
  std::atomic<bool> exit_requested{false};

  // --- statistics, written by dispatch, read without a lock ---
  Accounting accounting;

  State state() const { return state_.load(std::memory_order_acquire); }
  // An illegal change stops the kernel in debug builds; else it is refused, counted and logged. Under the lock of
  // the thread's run queue once it has one.
  void SetState(State to) {
    if (!LegalTransition(state_.load(std::memory_order_relaxed), to)) [[unlikely]] return RefuseState(to);
    state_.store(to, std::memory_order_release);
  }

  DispatchState dispatch;

  Thread();
  ~Thread();

 private:
  friend class ThreadFactory;
  void RefuseState(State to);
  std::atomic<State> state_{State::kCreating};  // written under the run queue's lock
  mm::RefPtr<Process> process_;
  mm::KernelStack stack_{};
};

// Changes that SetState refused, since boot.
std::uint64_t IllegalTransitions();
// Logs the last of them, once. No lock held.
void ReportRefusedTransition();

// The thread with that number, of whatever process; null when there is none.
mm::RefPtr<Thread> FindThread(Tid tid);

// A kernel thread in the kernel's own process, ready to run.
Result<mm::RefPtr<Thread>> StartKernelThread(std::string_view name, void (*entry)(void*), void* argument,
                                             const sched::Parameters& parameters = {});

}  // namespace esc::core

// Threads do not lie in the heap but in slots that dispatch can check a plugin's pointer against (thread/thread_slab.h).
template <>
void esc::mm::HeapDeleter::operator()(esc::core::Thread* thread) const;
