#include "kernel/core/thread.h"

#include "kernel/base/check.h"
#include "kernel/base/log.h"
#include "kernel/core/dispatch/run_queue_slot.h"
#include "kernel/core/thread/thread_factory.h"

namespace esc::core {
namespace {
constinit std::atomic<std::uint64_t> illegal_transitions{0};
// The last one that nobody has told of: thread, from, to; 0 for none.
constinit std::atomic<std::uint64_t> refused{0};
[[maybe_unused]] constexpr std::uint64_t kRefused = std::uint64_t{1} << 63;
}  // namespace

Thread::Thread() = default;

Thread::~Thread() {
  ESC_CHECK(!dispatch.queued);
  ThreadFactory::Release(*this);
}

void Thread::RefuseState(State to) {
#ifdef ESC_DEBUG
  Panic("thread {}: illegal change of state from {} to {}", id(), StateName(state()), StateName(to));
#else
  // The caller holds a run queue's lock, under which nothing is logged: dispatch tells of it after the next switch.
  illegal_transitions.fetch_add(1, std::memory_order_relaxed);
  refused.store(kRefused | static_cast<std::uint64_t>(id().value) << 16 | static_cast<std::uint64_t>(state()) << 8 |
                    static_cast<std::uint64_t>(to),
                std::memory_order_relaxed);
  RunQueueSlot::breach_to_report.store(true, std::memory_order_release);
#endif
}

void ReportRefusedTransition() {
  const std::uint64_t what = refused.exchange(0, std::memory_order_relaxed);
  if (what == 0) return;
  Log("thread {}: illegal change of state from {} to {} refused", static_cast<std::uint32_t>(what >> 16),
      StateName(static_cast<State>(what >> 8 & 0xFF)), StateName(static_cast<State>(what & 0xFF)));
}

std::uint64_t IllegalTransitions() { return illegal_transitions.load(std::memory_order_relaxed); }

}  // namespace esc::core

template <>
void esc::mm::HeapDeleter::operator()(esc::core::Thread* thread) const {
  esc::core::ThreadFactory::Destroy(thread);
}
