#include "kernel/core/thread.h"

#include "kernel/base/check.h"
#include "kernel/base/log.h"
#include "kernel/core/thread/thread_factory.h"

namespace esc::core {
namespace {
std::atomic<std::uint64_t> illegal_transitions{0};
}  // namespace

Thread::Thread() = default;

Thread::~Thread() {
  ESC_CHECK(!dispatch.queued);
  ThreadFactory::Release(*this);
}

void Thread::SetState(State to) {
  const State from = state_.load(std::memory_order_relaxed);
  if (!LegalTransition(from, to)) [[unlikely]] {
    illegal_transitions.fetch_add(1, std::memory_order_relaxed);
#ifdef ESC_DEBUG
    Panic("thread {}: illegal change of state from {} to {}", id(), StateName(from), StateName(to));
#else
    return;
#endif
  }
  state_.store(to, std::memory_order_release);
}

std::uint64_t IllegalTransitions() { return illegal_transitions.load(std::memory_order_relaxed); }

}  // namespace esc::core

template <>
void esc::mm::HeapDeleter::operator()(esc::core::Thread* thread) const {
  esc::core::ThreadFactory::Destroy(thread);
}
