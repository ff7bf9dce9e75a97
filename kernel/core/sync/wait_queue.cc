#include "kernel/core/wait_queue.h"

#include "kernel/base/check.h"
#include "kernel/core/process.h"
#include "kernel/core/thread.h"

namespace esc::core {

Waiter::Waiter(WaitQueue& queue) : queue_(queue), thread_(CurrentThread()) {
  SpinLockGuard guard(queue_.lock_);
  queue_.waiters_.push_back(*this);
}

Waiter::~Waiter() {
  SpinLockGuard guard(queue_.lock_);
  if (linked()) queue_.waiters_.remove(*this);
}

bool Waiter::woken() const {
  SpinLockGuard guard(queue_.lock_);
  return woken_;
}

Status WaitQueue::Wait(SpinLock& held, Interruptible interruptible, Nanos deadline) {
  ESC_DCHECK(held.held());
  PreparePark();
  Status status = Status::kOk;
  {
    Waiter waiter(*this);
    held.Release();
    status = Park(interruptible, deadline);
    // Whoever was chosen must look at what it was woken for, or WakeOne's one wake-up is lost.
    if (waiter.woken()) status = Status::kOk;
  }
  held.Acquire();
  return status == Status::kInterrupted ? Status::kRestart : status;
}

unsigned WaitQueue::Wake(unsigned most) {
  SpinLockGuard guard(lock_);
  ++wakes_;
  unsigned woken = 0;
  while (woken < most) {
    Waiter* waiter = waiters_.pop_front();
    if (waiter == nullptr) break;
    ++woken;
    waiter->woken_ = true;
    // Under our lock: once it is free, the waiter may be gone, and its thread too.
    Unpark(waiter->thread_);
  }
  return woken;
}

std::uint32_t WaitQueue::wakes() {
  SpinLockGuard guard(lock_);
  return wakes_;
}

bool WaitQueue::empty() {
  SpinLockGuard guard(lock_);
  return waiters_.empty();
}

}  // namespace esc::core
