// Where ready threads go: the choice of a CPU and queue, and whether the CPU is to switch at once. Core's own.
#pragma once

#include "kernel/base/cpu_set.h"
#include "kernel/base/port.h"
#include "kernel/base/units.h"
#include "kernel/core/dispatch/per_cpu.h"
#include "kernel/core/thread.h"

namespace esc::core {

// Holds the lock of the thread's home for its scope, interrupts off. The thread has a home.
class HomeLock {
 public:
  explicit HomeLock(Thread& thread) ESC_NO_THREAD_SAFETY_ANALYSIS;
  ~HomeLock() ESC_NO_THREAD_SAFETY_ANALYSIS;
  HomeLock(const HomeLock&) = delete;
  HomeLock& operator=(const HomeLock&) = delete;
  RunQueueSlot& home() const { return *home_; }
  // Gives the lock up early.
  void Release() ESC_NO_THREAD_SAFETY_ANALYSIS;

 private:
  const port::InterruptState interrupts_;
  RunQueueSlot* home_;
  bool held_ = true;
};

// The CPUs that run core now.
CpuSet OnlineCpus();
void SetOnline(CpuId cpu);

// Charges the CPU's running thread up to `now`; the domain's lock is held. What it was charged.
Nanos ChargeCurrent(PerCpu& cpu, Nanos now);

// Queues a thread that is kReady and not queued, on the CPU that suits it best. `lock` is its home's; released.
void PlaceReady(Thread& thread, HomeLock& lock, sched::EnqueueReason reason, Nanos now);
// The same for a thread whose home's lock is not held.
void PlaceReady(Thread& thread, sched::EnqueueReason reason);
// After an Enqueue, with the lock held: asks a CPU for a switch if the thread is to run at once.
void RequestRunOf(Thread& thread, RunQueueSlot& slot, Nanos now);
// Each of the CPUs that is online is to look again for whom to run. No lock held, interrupts off.
void RescheduleCpus(CpuSet cpus);
// An idle CPU takes a thread from another one of its partition; false when there is none. No lock held.
bool TrySteal(PerCpu& cpu);

}  // namespace esc::core
