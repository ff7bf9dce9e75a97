#include "kernel/core/park.h"

#include "kernel/arch_api/clock.h"
#include "kernel/base/port.h"
#include "kernel/core/dispatch/per_cpu.h"
#include "kernel/core/dispatch/switch.h"
#include "kernel/core/timer.h"

namespace esc::core {
namespace {

// Ends a park at its deadline; lives on the parked thread's stack.
class ParkTimer : public Timer {
 public:
  explicit ParkTimer(Thread& thread) : Timer(&Fire), thread_(thread) {}
  bool fired() const { return fired_; }

 private:
  static void Fire(Timer& timer) {
    auto& self = static_cast<ParkTimer&>(timer);
    self.fired_ = true;
    Unpark(self.thread_);
  }
  Thread& thread_;
  bool fired_ = false;
};

// Whoever sets one of these unparks the thread afterwards.
bool Interrupted(const Thread& self, Interruptible by) {
  if (by == Interruptible::kNo) return false;
  if (by == Interruptible::kYes) return self.signal_pending.load(std::memory_order_seq_cst);
  return self.exit_requested.load(std::memory_order_seq_cst) ||
         self.process().end_requested.load(std::memory_order_seq_cst);
}

}  // namespace

void PreparePark() {
  InterruptGuard interrupts;
  ThisPerCpu().current->dispatch.unpark_token.exchange(false, std::memory_order_seq_cst);
}

Status Park(Interruptible interruptible, Nanos deadline) {
  InterruptGuard interrupts;
  Thread& self = *ThisPerCpu().current;
  if (Interrupted(self, interruptible)) return Status::kInterrupted;
  if (deadline == Nanos::Max()) {
    BlockCurrent();
  } else {
    // Timed out only if nothing else woke it, or a caller that saw its event would lose it.
    if (deadline <= arch::Now()) {
      const bool token = self.dispatch.unpark_token.exchange(false, std::memory_order_seq_cst);
      return token ? Status::kOk : Status::kTimedOut;
    }
    ParkTimer timer(self);
    timer.Start(deadline);
    BlockCurrent();
    timer.Cancel();
    if (timer.fired()) return Status::kTimedOut;
  }
  return Interrupted(self, interruptible) ? Status::kInterrupted : Status::kOk;
}

Status SleepUntil(Nanos deadline, Interruptible interruptible) {
  for (;;) {
    const Status status = Park(interruptible, deadline);
    if (status == Status::kTimedOut) return Status::kOk;
    if (status == Status::kInterrupted) return status;
  }
}

}  // namespace esc::core
