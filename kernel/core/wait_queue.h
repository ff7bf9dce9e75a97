// Threads that wait for one event. Locking: its own, rank kWaitQueue, inside.
//
//   SpinLockGuard guard(lock_);
//   while (bytes_ == 0) ESC_TRY(readable_.Wait(lock_, Interruptible::kYes));
//
// poll() and select() wait on several queues: a Waiter in each, then Park, then ~Waiter.
#pragma once

#include <cstdint>

#include "kernel/base/intrusive_list.h"
#include "kernel/base/spin_lock.h"
#include "kernel/base/status.h"
#include "kernel/base/units.h"
#include "kernel/core/park.h"

namespace esc::core {

class WaitQueue;
struct WaiterTag {};

// Links the running thread into `queue` for its scope. A wake-up unparks the thread and unlinks the waiter.
class Waiter : public ListHook<WaiterTag> {
 public:
  explicit Waiter(WaitQueue& queue);
  ~Waiter();
  // Whether a wake-up chose this waiter.
  bool woken() const;

 private:
  friend class WaitQueue;
  WaitQueue& queue_;
  Thread& thread_;
  bool woken_ = false;  // guarded by queue_.lock_
};

class WaitQueue {
 public:
  constexpr WaitQueue() = default;
  // Releases `held`, waits for one wake-up, takes `held` again, on every path. Check the condition again after.
  // kRestart when a signal ended it (what most calls answer then), kTimedOut; kOk whenever a wake-up chose this
  // thread, whatever else came, so that WakeOne is never lost.
  Status Wait(SpinLock& held, Interruptible interruptible, Nanos deadline = Nanos::Max()) ESC_REQUIRES(held);
  // First come, first woken. Any context but with a lock of rank kWaitQueue or above held. How many were woken.
  unsigned WakeOne() { return Wake(1); }
  unsigned WakeAll() { return Wake(~0u); }
  unsigned Wake(unsigned most);
  bool empty();
  // How often it was woken, whoever waited: two equal answers mean that nothing was told in between.
  std::uint32_t wakes();

 private:
  friend class Waiter;
  SpinLock lock_{LockRank::kWaitQueue};
  IntrusiveList<Waiter, WaiterTag> waiters_ ESC_GUARDED_BY(lock_);
  std::uint32_t wakes_ ESC_GUARDED_BY(lock_) = 0;
};

}  // namespace esc::core
