// The pending timers of one CPU, earliest first: an intrusive pairing heap, so that Start never allocates.
// Locking: lock (kTimerQueue); `earliest()` needs none. Cost: Add O(1), Remove and PopDue O(log n) amortised.
#pragma once

#include <atomic>
#include <cstdint>

#include "kernel/base/spin_lock.h"
#include "kernel/base/units.h"
#include "kernel/core/timer.h"

namespace esc::core {

class TimerQueue {
 public:
  constexpr TimerQueue() = default;
  SpinLock lock{LockRank::kTimerQueue};

  void Add(Timer& timer, Nanos deadline) ESC_REQUIRES(lock);
  void Remove(Timer& timer) ESC_REQUIRES(lock);
  // Takes out the earliest timer if its deadline has come; nullptr otherwise.
  Timer* PopDue(Nanos now) ESC_REQUIRES(lock);
  // Runs what is due, each without the lock. Interrupts off, on the queue's own CPU.
  void RunDue(Nanos now);
  // When the next one is due, Nanos::Max() for none. May be early when another CPU just cancelled it.
  Nanos earliest() const { return {earliest_.load(std::memory_order_relaxed)}; }
  // Whose `fire` runs at this moment.
  const Timer* running() const { return running_.load(std::memory_order_acquire); }

 private:
  static bool Before(const Timer& a, const Timer& b);
  static Timer* Meld(Timer* a, Timer* b);
  static Timer* MeldSiblings(Timer* first);
  static void Cut(Timer& timer);
  void Publish() ESC_REQUIRES(lock);

  Timer* root_ ESC_GUARDED_BY(lock) = nullptr;
  std::uint64_t next_sequence_ ESC_GUARDED_BY(lock) = 0;
  std::atomic<std::int64_t> earliest_{Nanos::Max().value};
  std::atomic<const Timer*> running_{nullptr};  // pairs with Timer::Cancel, which waits for it
};

}  // namespace esc::core
