// One-shot timers on the monotonic clock. Each CPU has a queue (rank kTimerQueue); arch::SetTimer is armed for
// the earliest of it. Cost: O(log timers of the CPU).
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "kernel/base/units.h"

namespace esc::core {

class TimerQueue;  // time/timer_queue.h

class Timer {
 public:
  // `fire` runs in the timer interrupt, interrupts off, with no lock held: it unparks, queues a signal, restarts
  // the timer; it does not block or allocate.
  explicit Timer(void (*fire)(Timer& timer)) : fire_(fire) {}
  ~Timer();  // cancels
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

  // Arms it for `deadline`; replaces an earlier one.
  void Start(Nanos deadline);
  // After Cancel returns `fire` is not running and will not run.
  void Cancel();
  bool pending() const { return pending_; }
  Nanos deadline() const { return deadline_; }

 private:
  friend class TimerQueue;
  void (*fire_)(Timer& timer);
  Nanos deadline_{};
  // Below: guarded by the lock of the queue that it is in. A node of an intrusive pairing heap.
  std::uint64_t sequence_ = 0;  // of two timers for one time, the one started first fires first
  Timer* child_ = nullptr;
  Timer* sibling_ = nullptr;
  Timer* previous_ = nullptr;   // left sibling, or the parent for the first child
  bool pending_ = false;
  std::atomic<TimerQueue*> queue_{nullptr};  // the last one it was started in
};

}  // namespace esc::core
