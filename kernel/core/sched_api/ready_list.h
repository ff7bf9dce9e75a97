// A list of ready threads, for plugins that keep theirs in order of arrival. No allocation; the queue's lock
// guards it, as it guards the plugin.
#pragma once

#include "kernel/base/intrusive_list.h"
#include "kernel/core/sched_api/thread.h"

namespace esc::sched {

using ReadyList = IntrusiveList<Thread, QueueTag>;

// The first thread that may run on `cpu`; nullptr when there is none. Constant time in a queue that serves
// one CPU, since all its threads may run there.
inline Thread* FirstFor(ReadyList& list, CpuId cpu) {
  for (Thread& thread : list) {
    if (thread.affinity().Contains(cpu)) return &thread;
  }
  return nullptr;
}

inline Thread* TakeFirstFor(ReadyList& list, CpuId cpu) {
  Thread* thread = FirstFor(list, cpu);
  if (thread != nullptr) list.remove(*thread);
  return thread;
}

}  // namespace esc::sched
