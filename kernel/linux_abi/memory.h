// System calls on the process's memory.
#pragma once

#include <cstdint>

#include "kernel/base/units.h"
#include "kernel/linux_abi/errno.h"

namespace esc::linux_abi {

Answer Break(VirtAddr wanted);
Answer MapMemory(VirtAddr address, std::uint64_t bytes, std::uint32_t protection, std::uint32_t flags, int descriptor,
                 std::uint64_t offset);
Answer UnmapMemory(VirtAddr address, std::uint64_t bytes);
Answer ProtectMemory(VirtAddr address, std::uint64_t bytes, std::uint32_t protection);
Answer RemapMemory(VirtAddr address, std::uint64_t old_bytes, std::uint64_t new_bytes, std::uint32_t flags);
Answer AdviseMemory(VirtAddr address, std::uint64_t bytes, int advice);
Answer SyncMemory(VirtAddr address, std::uint64_t bytes, std::uint32_t flags);
Answer LockMemory(VirtAddr address, std::uint64_t bytes);  // mlock, munlock
Answer LockMemory2(VirtAddr address, std::uint64_t bytes, std::uint32_t flags);
Answer LockAllMemory(std::uint32_t flags);
Answer UnlockAllMemory();
Answer Barrier(int command, std::uint32_t flags, int cpu);

}  // namespace esc::linux_abi
