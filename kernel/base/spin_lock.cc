#include "kernel/base/spin_lock.h"

#include "kernel/base/log.h"

namespace esc {

void SpinLock::Acquire() {
  ESC_DCHECK(!port::InterruptsEnabled());
#ifdef ESC_DEBUG
  LockTrace& trace = port::CurrentLockTrace();
  if (trace.depth != 0 && trace.held[trace.depth - 1] >= rank_) {
    Panic("spin lock taken out of rank order: rank {} while rank {} is held", static_cast<std::uint32_t>(rank_),
          static_cast<std::uint32_t>(trace.held[trace.depth - 1]));
  }
#endif
  while (locked_.exchange(true, std::memory_order_acquire)) {
    while (locked_.load(std::memory_order_relaxed)) port::CpuRelax();
  }
#ifdef ESC_DEBUG
  ESC_CHECK(trace.depth < LockTrace::kMaxDepth);
  trace.held[trace.depth++] = rank_;
#endif
}

void SpinLock::Release() {
#ifdef ESC_DEBUG
  LockTrace& trace = port::CurrentLockTrace();
  ESC_CHECK(trace.depth != 0 && trace.held[trace.depth - 1] == rank_);
  --trace.depth;
#endif
  ESC_DCHECK(held());
  locked_.store(false, std::memory_order_release);
}

}  // namespace esc
