#include "kernel/core/timer.h"

#include "kernel/base/check.h"
#include "kernel/base/port.h"
#include "kernel/core/dispatch/per_cpu.h"
#include "kernel/core/time/timer_queue.h"

namespace esc::core {

bool TimerQueue::Before(const Timer& a, const Timer& b) {
  return a.deadline_ != b.deadline_ ? a.deadline_ < b.deadline_ : a.sequence_ < b.sequence_;
}

// The later root becomes the first child of the earlier one. Both may be nullptr.
Timer* TimerQueue::Meld(Timer* a, Timer* b) {
  if (a == nullptr) return b;
  if (b == nullptr) return a;
  if (Before(*b, *a)) std::swap(a, b);
  b->previous_ = a;
  b->sibling_ = a->child_;
  if (a->child_ != nullptr) a->child_->previous_ = b;
  a->child_ = b;
  return a;
}

// Pairs from left to right, then melds the pairs from right to left: what makes the heap's costs logarithmic.
Timer* TimerQueue::MeldSiblings(Timer* first) {
  Timer* pairs = nullptr;  // linked through sibling_, the last pair first
  while (first != nullptr) {
    Timer* a = first;
    Timer* b = a->sibling_;
    first = b == nullptr ? nullptr : b->sibling_;
    a->sibling_ = a->previous_ = nullptr;
    if (b != nullptr) b->sibling_ = b->previous_ = nullptr;
    Timer* melded = Meld(a, b);
    melded->sibling_ = pairs;
    pairs = melded;
  }
  Timer* root = nullptr;
  while (pairs != nullptr) {
    Timer* next = pairs->sibling_;
    pairs->sibling_ = nullptr;
    root = Meld(root, pairs);
    pairs = next;
  }
  return root;
}

// Takes a node that is not the root out of its parent's children, its own children with it.
void TimerQueue::Cut(Timer& timer) {
  if (timer.previous_->child_ == &timer) {
    timer.previous_->child_ = timer.sibling_;
  } else {
    timer.previous_->sibling_ = timer.sibling_;
  }
  if (timer.sibling_ != nullptr) timer.sibling_->previous_ = timer.previous_;
  timer.sibling_ = timer.previous_ = nullptr;
}

void TimerQueue::Publish() {
  earliest_.store(root_ == nullptr ? Nanos::Max().value : root_->deadline_.value, std::memory_order_relaxed);
}

void TimerQueue::Add(Timer& timer, Nanos deadline) {
  ESC_DCHECK(!timer.pending_);
  timer.deadline_ = deadline;
  timer.sequence_ = next_sequence_++;
  timer.child_ = timer.sibling_ = timer.previous_ = nullptr;
  timer.pending_ = true;
  root_ = Meld(root_, &timer);
  Publish();
}

void TimerQueue::Remove(Timer& timer) {
  ESC_DCHECK(timer.pending_);
  Timer* children = MeldSiblings(timer.child_);
  if (root_ == &timer) {
    root_ = children;
  } else {
    Cut(timer);
    root_ = Meld(root_, children);
  }
  timer.child_ = nullptr;
  timer.pending_ = false;
  Publish();
}

Timer* TimerQueue::PopDue(Nanos now) {
  if (root_ == nullptr || root_->deadline_ > now) return nullptr;
  Timer* timer = root_;
  Remove(*timer);
  return timer;
}

void TimerQueue::RunDue(Nanos now) {
  if (earliest() > now) return;
  for (;;) {
    Timer* timer;
    {
      SpinLockGuard guard(lock);
      timer = PopDue(now);
      running_.store(timer, std::memory_order_release);
    }
    if (timer == nullptr) return;
    // The timer may be gone once fire has returned.
    timer->fire_(*timer);
  }
}

Timer::~Timer() { Cancel(); }

void Timer::Start(Nanos deadline) {
  InterruptGuard interrupts;
  Cancel();
  PerCpu& cpu = ThisPerCpu();
  {
    SpinLockGuard guard(cpu.timers.lock);
    cpu.timers.Add(*this, deadline);
  }
  queue_.store(&cpu.timers, std::memory_order_release);
  ArmTimer(cpu);
}

void Timer::Cancel() {
  TimerQueue* queue = queue_.load(std::memory_order_acquire);
  if (queue == nullptr) return;
  SpinLockGuard guard(queue->lock);
  if (pending_) return queue->Remove(*this);
  // Firing on another CPU: wait for its end. On this one, we are inside `fire` itself (it runs with interrupts off).
  if (queue == &ThisPerCpu().timers) return;
  while (queue->running() == this) {
    queue->lock.Release();
    port::CpuRelax();
    queue->lock.Acquire();
  }
}

}  // namespace esc::core
