// Core's side of sched::Thread: the setters that a plugin must not have. Visible to core, the simulator and
// the conformance kit only.
#pragma once

#include "kernel/core/sched_api/thread.h"

namespace esc::sched {

class ThreadAccess {
 public:
  static void SetId(Thread& thread, Tid id) { thread.id_ = id; }
  static void SetParameters(Thread& thread, const Parameters& parameters) { thread.effective_ = parameters; }
  static void SetAffinity(Thread& thread, CpuSet affinity) { thread.affinity_ = affinity; }
  static void SetLastCpu(Thread& thread, CpuId cpu) { thread.last_cpu_ = cpu; }
  static void AddRuntime(Thread& thread, Nanos ran) { thread.total_runtime_ += ran; }
  // `state` is descriptor.thread_state_bytes at descriptor.thread_state_alignment, or nullptr for none.
  static void SetState(Thread& thread, void* state) { thread.state_ = state; }
};

}  // namespace esc::sched
