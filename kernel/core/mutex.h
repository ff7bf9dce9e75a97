// A sleeping lock for long sections (file trees, exec). Never held at a return to user mode; never taken in an
// interrupt or with a spin lock held. The owner inherits the priority of the most urgent waiter.
#pragma once

#include <atomic>
#include <cstdint>

#include "kernel/base/intrusive_list.h"
#include "kernel/base/spin_lock.h"
#include "kernel/base/thread_annotations.h"
#include "kernel/core/thread.h"
#include "kernel/core/wait_queue.h"

namespace esc::core {

class ESC_CAPABILITY("mutex") Mutex : public ListHook<HeldMutexTag> {
 public:
  constexpr Mutex() = default;
  void Lock() ESC_ACQUIRE();
  void Unlock() ESC_RELEASE();

 private:
  void LockContended(Thread& self);
  void UnlockContended(Thread& self);

  friend class Inheritance;
  // First come, first served: Unlock hands the mutex to the longest waiter, so that nobody overtakes it.
  struct Waiting : ListHook<WaiterTag> {
    Thread* thread = nullptr;
  };

  // The owner's address, with bit 0 set while anybody waits: without waiters Lock and Unlock are one exchange.
  std::atomic<std::uintptr_t> owner_{0};
  // Guarded by one lock for all mutexes (mutex.cc), since a chain of owners and waiters crosses them.
  IntrusiveList<Waiting, WaiterTag> waiters_;
};

class ESC_SCOPED_CAPABILITY MutexGuard {
 public:
  explicit MutexGuard(Mutex& mutex) ESC_ACQUIRE(mutex) : mutex_(mutex) { mutex_.Lock(); }
  ~MutexGuard() ESC_RELEASE() { mutex_.Unlock(); }
  MutexGuard(const MutexGuard&) = delete;
  MutexGuard& operator=(const MutexGuard&) = delete;

 private:
  Mutex& mutex_;
};

}  // namespace esc::core
