#include "kernel/core/mutex.h"

#include "kernel/arch_api/cpu.h"
#include "kernel/base/check.h"
#include "kernel/base/port.h"
#include "kernel/core/dispatch/switch.h"
#include "kernel/core/park.h"
#include "kernel/core/process.h"

namespace esc::core {
namespace {

constexpr std::uintptr_t kHasWaiters = 1;

std::uintptr_t Word(const Thread& thread) { return reinterpret_cast<std::uintptr_t>(&thread); }
Thread& OwnerIn(std::uintptr_t word) { return *reinterpret_cast<Thread*>(word & ~kHasWaiters); }

// Guards the waiters of all mutexes and who waits for whom; not the free mutexes, which are one atomic word.
constinit SpinLock contention_lock{LockRank::kWaitQueue};

}  // namespace

// Priority inheritance: a thread acts with the merged parameters of itself and of all who wait for its mutexes.
class Inheritance {
 public:
  // After the waiters of a mutex of `thread` changed; follows the chain of owners who wait themselves.
  static void Update(Thread& thread) {
    Thread* holder = &thread;
    for (int depth = 0; depth < kMaxDepth && holder != nullptr; ++depth) {
      const Thread* donor = nullptr;
      const sched::Parameters effective = Merged(*holder, donor);
      if (effective == EffectiveParameters(*holder)) return;
      SetEffectiveParameters(*holder, effective, donor);
      holder = OwnerWaitedFor(*holder);
    }
  }

  // After the owner's wish for `thread` changed: what it is lent is reckoned anew, and those whom it waits for act with its
  // new parameters at once.
  static void UpdateChain(Thread& thread) {
    Update(thread);
    if (Thread* owner = OwnerWaitedFor(thread); owner != nullptr) Update(*owner);
  }

 private:
  static Thread* OwnerWaitedFor(const Thread& thread) {
    Mutex* mutex = thread.dispatch.waiting_for;
    return mutex == nullptr ? nullptr : &OwnerIn(mutex->owner_.load(std::memory_order_relaxed));
  }

  // Longer chains are beyond any good design; a cycle is a deadlock anyway.
  static constexpr int kMaxDepth = 8;

  static sched::Parameters Merged(Thread& holder, const Thread*& donor) {
    sched::Parameters merged = OwnParameters(holder);
    for (Mutex& mutex : holder.dispatch.held_mutexes) {
      for (Mutex::Waiting& waiting : mutex.waiters_) {
        Thread& waiter = *waiting.thread;
        const bool same_plugin = waiter.dispatch.bound == holder.dispatch.bound;
        const sched::Parameters with = MergeParameters(merged, EffectiveParameters(waiter), same_plugin);
        if (with == merged) continue;
        merged = with;
        donor = &waiter;
      }
    }
    return merged;
  }
};

void UpdateInheritance(Thread& thread) {
  SpinLockGuard guard(contention_lock);
  Inheritance::UpdateChain(thread);
}

void Mutex::Lock() ESC_NO_THREAD_SAFETY_ANALYSIS {
  Thread& self = CurrentThread();
  std::uintptr_t expected = 0;
  if (owner_.compare_exchange_strong(expected, Word(self), std::memory_order_acquire)) return;
  LockContended(self);
}

void Mutex::LockContended(Thread& self) {
  Waiting waiting;
  waiting.thread = &self;
  {
    SpinLockGuard guard(contention_lock);
    for (;;) {
      std::uintptr_t word = 0;
      if (owner_.compare_exchange_strong(word, Word(self), std::memory_order_acquire)) return;
      ESC_CHECK(&OwnerIn(word) != &self);
      if ((word & kHasWaiters) != 0) break;
      if (!owner_.compare_exchange_strong(word, word | kHasWaiters, std::memory_order_relaxed)) continue;
      OwnerIn(word).dispatch.held_mutexes.push_back(*this);
      break;
    }
    waiters_.push_back(waiting);
    self.dispatch.waiting_for = this;
    Inheritance::Update(OwnerIn(owner_.load(std::memory_order_relaxed)));
  }
  for (;;) {
    (void)Park(Interruptible::kNo);
    SpinLockGuard guard(contention_lock);
    if (!waiting.linked()) break;
  }
  // The caller may be linked elsewhere already, as poll is: a token that came for that was taken here. It gets one back;
  // a Park that returns early does no harm.
  self.dispatch.unpark_token.store(true, std::memory_order_seq_cst);
}

void Mutex::Unlock() ESC_NO_THREAD_SAFETY_ANALYSIS {
  Thread& self = CurrentThread();
  std::uintptr_t expected = Word(self);
  if (owner_.compare_exchange_strong(expected, 0, std::memory_order_release)) return;
  ESC_CHECK(&OwnerIn(expected) == &self);
  UnlockContended(self);
}

void Mutex::UnlockContended(Thread& self) {
  SpinLockGuard guard(contention_lock);
  self.dispatch.held_mutexes.remove(*this);
  Waiting* first = waiters_.pop_front();
  ESC_CHECK(first != nullptr);
  Thread& next = *first->thread;
  next.dispatch.waiting_for = nullptr;
  std::uintptr_t word = Word(next);
  if (!waiters_.empty()) {
    word |= kHasWaiters;
    next.dispatch.held_mutexes.push_back(*this);
  }
  owner_.store(word, std::memory_order_release);
  Inheritance::Update(self);
  Inheritance::Update(next);
  Unpark(next);
}

}  // namespace esc::core
