// The scheduler contract: core owns mechanism, a plugin owns policy.
//
// A plugin is a class derived from RunQueue: a pure object that takes events with the time in them and
// gives decisions back. It has no clock, no lock, no allocation, no globals, and sees nothing but base and
// this package. The same object file runs in GoogleTest, the simulator, the fuzzer and the booted image.
//
// Rules (1-5 are core's promises, 6-10 the plugin's duties; core checks the duties and answers a breach
// with a Verdict):
//  1. Core calls with the queue's lock held and interrupts off; never two calls at once on one queue.
//  2. `now` never goes back on one queue.
//  3. A thread is in at most one queue. Enqueue is called only for a thread that this queue does not hold;
//     Dequeue only for one that it holds.
//  4. The running thread is not in the queue: PickNext takes it out, Enqueue puts it back when it stops
//     running but can go on (preempted, yielded, slice used up). A thread that blocks or exits while it runs
//     is not enqueued; the queue last heard of it by Charge. A thread may come to a queue while it runs (hot
//     swap, a change of layer): its first events are then InitThread and Charge, without PickNext.
//  5. InitThread comes before everything else for a thread, ExitThread after everything; each once.
//  6. PickNext gives a thread that was enqueued and not taken out since, and that may run on `cpu`.
//  7. PickNext gives nullptr only if the queue holds no thread that may run on `cpu`; with Capability::kBudgets also
//     while all of them have used up their budgets and NextTimer says when one is refilled.
//  8. Nothing but Enqueue, PickNext and Dequeue changes what the queue holds. A thread that is not in the queue is not
//     linked by its hook either.
//  9. Each call returns within the descriptor's stated complexity; nothing recurses without bound. Two queues of
//     one plugin share nothing but the threads' states, which move with the threads (kMigrated, kStolen).
// 10. A hint (SelectCpu, StealCandidate, ShouldPreempt) may be ignored by core.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "kernel/base/cpu_set.h"
#include "kernel/base/format.h"
#include "kernel/base/status.h"
#include "kernel/base/units.h"
#include "kernel/core/sched_api/thread.h"

namespace esc::sched {

enum class EnqueueReason : std::uint8_t {
  kNew,           // its first time ready
  kWoken,         // was blocked
  kPreempted,     // stopped running for a better one, slice not used up
  kYielded,       // asked to stop running
  kSliceExpired,  // used its slice up
  kMigrated,      // from another queue of the same plugin
  kChanged,       // back after its parameters, affinity or inheritance changed
  kHandedOver,    // from another plugin: hot swap, ejection, a layer above that declined it
};

enum class DequeueReason : std::uint8_t {
  kStolen,      // another CPU takes it
  kMigrated,    // its affinity no longer allows this queue's CPUs
  kChanged,     // to be changed and enqueued again
  kExited,      // killed while ready
  kHandedOver,  // hot swap or ejection
};

enum class TickDecision : std::uint8_t {
  kKeepRunning,
  kReschedule,  // core enqueues the running thread with kSliceExpired and picks again
};

// Which queue is asking, fixed for the queue's life.
struct QueueConfig {
  CpuSet cpus;                                // whose threads it serves: one CPU when per-CPU, else the set
  std::span<const std::uint64_t> parameters;  // in the order of Descriptor::parameters; validated; outlives the queue
  std::uint64_t seed = 0;                     // for algorithms that draw lots: the same seed, the same draws
  Nanos time_slice = Nanos::Millis(10);       // the boot config's, what kConfiguredSlice stands for
};

class RunQueue {
 public:
  RunQueue() = default;
  RunQueue(const RunQueue&) = delete;
  RunQueue& operator=(const RunQueue&) = delete;
  virtual ~RunQueue() = default;

  // --- mandatory ---
  virtual void Enqueue(Thread& thread, EnqueueReason reason, Nanos now) = 0;
  virtual void Dequeue(Thread& thread, DequeueReason reason, Nanos now) = 0;
  // Takes out and returns the thread that is to run on `cpu` now; nullptr when none may.
  virtual Thread* PickNext(CpuId cpu, Nanos now) = 0;

  // --- optional; what is not overridden does what its comment says ---

  // The thread's life in this plugin: make and end the state in raw_state(). Default: nothing (a state that is
  // all zero bytes).
  virtual void InitThread(Thread&, Nanos) {}
  virtual void ExitThread(Thread&, Nanos) {}
  // `child`, just initialised and not yet enqueued, was made by `parent`. What a plugin charges for is to be
  // passed on here, or a program escapes it by fork. Both belong to this plugin. Default: nothing.
  virtual void Forked(Thread& /*child*/, const Thread& /*parent*/, Nanos) {}

  // `current` ran for `ran` since the last Charge; called before Tick, Yield, re-Enqueue, when it blocks or exits, and
  // whenever else its CPU time is asked for. Default: nothing.
  virtual void Charge(Thread&, Nanos /*ran*/, Nanos) {}
  // The slice's timer has come, or a periodic tick. Default: reschedule, i.e. a slice's end is a switch.
  virtual TickDecision Tick(Thread&, Nanos) { return TickDecision::kReschedule; }
  // How long a picked thread may run until Tick; nullopt: no limit (cooperative). Default: the config's slice.
  virtual std::optional<Nanos> TimeSlice(const Thread&, Nanos) { return kConfiguredSlice; }
  // `current` yields; Enqueue(kYielded) follows. `to`: hand over to this thread, which the queue holds, if the
  // plugin's bounds allow it (nullptr: anybody).
  virtual void Yield(Thread&, Thread* /*to*/, Nanos) {}
  // Whether `woken`, just enqueued here, is to take the CPU from `current` at once. Default: no.
  virtual bool ShouldPreempt(const Thread& /*current*/, const Thread& /*woken*/, Nanos) { return false; }
  // Which CPU of `allowed` (not empty) a woken thread is to go to. Default: kNoCpu, core decides.
  virtual CpuId SelectCpu(const Thread&, CpuSet /*allowed*/, Nanos) { return kNoCpu; }
  // A thread that `thief`, which is idle, may have; it stays in the queue until core calls Dequeue(kStolen).
  // Default: none.
  virtual Thread* StealCandidate(CpuId /*thief*/, Nanos) { return nullptr; }

  // Stacks: whether this layer takes the thread; the first layer that does, holds it. Pure: depends on the
  // thread's parameters only. Default: yes.
  virtual bool Accepts(const Thread&) const { return true; }
  // Admission control, two-phase: PrepareAdmission reserves and may refuse (kResourceLimit); exactly one of
  // Commit and Cancel follows. What was committed ends with ExitThread, or with the next Commit for the thread.
  // Default: everything is admitted.
  virtual Status PrepareAdmission(const Thread&, const Parameters& /*wanted*/, Nanos) { return Status::kOk; }
  virtual void CommitAdmission(Thread&, const Parameters& /*wanted*/, Nanos) {}
  virtual void CancelAdmission(const Thread&, const Parameters& /*wanted*/, Nanos) {}
  // thread.parameters() has changed from `old`; the thread is not in the queue (core took it out if it was).
  // Default: nothing.
  virtual void ParametersChanged(Thread&, const Parameters& /*old*/, Nanos) {}
  // Priority inheritance: `holder` acts from now on for `donor` (nullptr: for itself again); core has merged the
  // donor's parameters into holder.parameters() when both share this plugin. The donor may belong to another
  // plugin: then only its priority level was merged, and `donor`'s state is not this plugin's to read. Core may
  // instead lend the holder to the donor's queue for as long (ExitThread here, InitThread there, kHandedOver).
  // Same context as ParametersChanged. Default: nothing.
  virtual void Inherit(Thread& /*holder*/, const Thread* /*donor*/, Nanos) {}
  // When the queue's state will change by time alone (a budget's refill, an aging step) and PickNext or the
  // running thread's claim should be looked at again; Nanos::Max(): never. Core arms a timer and calls
  // TimerExpired, and then does on each of the queue's CPUs what it does at a tick. Right after TimerExpired it lies
  // ahead of `now`; at any other time a past one means that the timer is due. Default: never.
  virtual Nanos NextTimer(Nanos) { return Nanos::Max(); }
  virtual void TimerExpired(Nanos) {}

  // A CPU of QueueConfig::cpus comes or goes. Default: nothing.
  virtual void CpuOnline(CpuId, Nanos) {}
  virtual void CpuOffline(CpuId, Nanos) {}

  // The queue as text for /proc/escapement/scheduler and panics. Default: nothing.
  virtual void Dump(TextBuffer&) const {}

  // TimeSlice's answer for "what the boot config says".
  static constexpr Nanos kConfiguredSlice{0};
};

}  // namespace esc::sched
