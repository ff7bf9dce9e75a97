// Makes and destroys threads: the slot, the kernel stack, the areas for FPU state and pending signals. All or
// nothing. Core's own.
#pragma once

#include "kernel/base/status.h"
#include "kernel/core/thread.h"
#include "kernel/mm/ref_ptr.h"

namespace esc::core {

class ThreadFactory {
 public:
  // Once, before the first Create: room behind each thread for the plugins' state. kNoMemory, kOutOfRange.
  static Status Init(std::size_t plugin_state_bytes);

  enum class Kind : std::uint8_t { kKernel, kUser };
  // In state kCreating, with context.stack_* and fpu set and no entry yet. kNoMemory.
  static Result<mm::RefPtr<Thread>> Create(Process& process, Tid tid, Kind kind);
  // For the boot stack of a CPU, which is nobody's to free.
  static Result<mm::RefPtr<Thread>> CreateIdle(Process& process);

  // Whether the address is that of a living thread; does not touch it.
  static bool IsThread(const void* address);

  // For ~Thread and the last reference.
  static void Release(Thread& thread);
  static void Destroy(Thread* thread);
};

}  // namespace esc::core
