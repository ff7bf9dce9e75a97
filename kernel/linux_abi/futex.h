// futex(2) and what the end of a thread does with futexes.
#pragma once

#include <cstdint>

#include "kernel/base/units.h"
#include "kernel/linux_abi/errno.h"

namespace esc::core {
class Thread;
}

namespace esc::linux_abi {

Answer Futex(VirtAddr word, std::uint32_t operation, std::uint32_t value, std::uint64_t timeout, VirtAddr word2,
             std::uint32_t value3);
Answer SetRobustList(VirtAddr head, std::uint64_t bytes);
Answer GetRobustList(int tid, VirtAddr head, VirtAddr bytes);

// Zeroes clear_child_tid and wakes a joiner; marks robust locks as their owner's death asks. The running thread.
void ReleaseFutexesOf(core::Thread& thread);

}  // namespace esc::linux_abi
