// Spin locks with ranks.
//
// Every lock is held with interrupts off: most of ours are taken by the timer interrupt too, and one rule
// is easier to keep than two. A CPU acquires locks in strictly rising rank (docs/locking.md lists them);
// debug builds check that at each acquisition and panic with both ranks. Cost: an atomic exchange and the
// interrupt flag. Nothing allocates, logs, sleeps or copies to user memory under a spin lock of rank
// kRunQueue or above.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "kernel/base/check.h"
#include "kernel/base/port.h"
#include "kernel/base/thread_annotations.h"

namespace esc {

// Lower is taken first. Two locks of one rank are never held together, except where a function that takes
// both says how it orders them (SpinLockPair).
enum class LockRank : std::uint8_t {
  kProcessTable = 10,
  kProcess = 20,
  kFileSystem = 24,
  kFile = 26,
  kWaitQueue = 30,
  kTimerQueue = 36,
  kRunQueue = 40,
  kAddressSpace = 50,
  kHeap = 60,
  kFrames = 70,
  kConsole = 80,
  kLeaf = 90,
};

// The ranks held by one CPU, outermost first; read by the checker and printed by a panic.
struct LockTrace {
  static constexpr std::size_t kMaxDepth = 16;
  std::array<LockRank, kMaxDepth> held{};
  std::size_t depth = 0;
};

class ESC_CAPABILITY("spin lock") SpinLock {
 public:
  explicit constexpr SpinLock(LockRank rank) : rank_(rank) {}
  SpinLock(const SpinLock&) = delete;
  SpinLock& operator=(const SpinLock&) = delete;

  // Prefer SpinLockGuard. These two are for the dispatcher, which hands a held lock across a switch.
  // Call with interrupts off.
  void Acquire() ESC_ACQUIRE();
  void Release() ESC_RELEASE();

  bool held() const { return locked_.load(std::memory_order_relaxed); }
  LockRank rank() const { return rank_; }
  // Tells the analysis what the caller knows; checks that somebody holds it.
  void AssertHeld() const ESC_ASSERT_CAPABILITY(this) { ESC_CHECK(held()); }

 private:
  std::atomic<bool> locked_{false};
  const LockRank rank_;
};

// Holds `lock`, interrupts off, for its scope.
class ESC_SCOPED_CAPABILITY SpinLockGuard {
 public:
  explicit SpinLockGuard(SpinLock& lock) ESC_ACQUIRE(lock) : state_(port::DisableInterrupts()), lock_(lock) {
    lock_.Acquire();
  }
  ~SpinLockGuard() ESC_RELEASE() {
    lock_.Release();
    port::RestoreInterrupts(state_);
  }
  SpinLockGuard(const SpinLockGuard&) = delete;
  SpinLockGuard& operator=(const SpinLockGuard&) = delete;

 private:
  const port::InterruptState state_;
  SpinLock& lock_;
};

// Interrupts off for its scope.
class InterruptGuard {
 public:
  InterruptGuard() : state_(port::DisableInterrupts()) {}
  ~InterruptGuard() { port::RestoreInterrupts(state_); }
  InterruptGuard(const InterruptGuard&) = delete;
  InterruptGuard& operator=(const InterruptGuard&) = delete;

 private:
  const port::InterruptState state_;
};

}  // namespace esc
