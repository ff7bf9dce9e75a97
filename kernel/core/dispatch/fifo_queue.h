// The built-in first-in-first-out queue: core's own record of which threads a run queue holds, in the order in which
// they came. It stands in for a plugin that broke the contract, so everything degrades into it; therefore it is this
// small. Not thread-safe: the run queue's lock guards it. Cost: O(1), but PickFor is O(threads not allowed there).
#pragma once

#include <cstddef>

#include "kernel/base/cpu_set.h"
#include "kernel/base/intrusive_list.h"
#include "kernel/base/units.h"
#include "kernel/core/thread.h"

namespace esc::core {

class FifoQueue {
 public:
  std::size_t size() const { return threads_.size(); }
  bool empty() const { return threads_.empty(); }
  void PushBack(Thread& thread) { threads_.push_back(thread); }
  void Remove(Thread& thread) { threads_.remove(thread); }
  // The thread that has waited longest; nullptr when empty.
  Thread* Oldest() { return threads_.empty() ? nullptr : &threads_.front(); }
  // The longest waiting thread that may run on `cpu`, left where it is; nullptr when there is none.
  Thread* FirstFor(CpuId cpu) {
    for (Thread& thread : threads_) {
      if (thread.affinity().Contains(cpu)) return &thread;
    }
    return nullptr;
  }
  auto begin() { return threads_.begin(); }
  auto end() { return threads_.end(); }

 private:
  IntrusiveList<Thread, ReadyTag> threads_;
};

}  // namespace esc::core
