// One-shot timers on the monotonic clock. Each CPU has a queue (rank kTimerQueue); arch::SetTimer is armed for
// the earliest of it. Cost: O(log timers of the CPU).
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernel/base/units.h"

namespace esc::core {

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
  bool pending() const { return heap_index_ != kIdle; }
  Nanos deadline() const { return deadline_; }

 private:
  friend class TimerQueue;
  static constexpr std::size_t kIdle = ~std::size_t{0};
  void (*fire_)(Timer& timer);
  Nanos deadline_{};
  std::size_t heap_index_ = kIdle;
  CpuId cpu_ = kNoCpu;
};

}  // namespace esc::core
