// Waiting for several files at once.
#pragma once

#include <cstdint>

#include "kernel/base/units.h"
#include "kernel/core/file.h"
#include "kernel/linux_abi/errno.h"

namespace esc::linux_abi {

// The POLL* and EPOLL* bits of what a file is ready for.
std::uint16_t PollEventsOf(core::Readiness ready);

Answer Poll(VirtAddr descriptors, std::uint32_t count, int timeout_ms);
Answer PollWithMask(VirtAddr descriptors, std::uint32_t count, VirtAddr timeout, VirtAddr mask, std::uint64_t set_bytes);
Answer Select(int count, VirtAddr readable, VirtAddr writable, VirtAddr exceptional, VirtAddr timeout);
Answer SelectWithMask(int count, VirtAddr readable, VirtAddr writable, VirtAddr exceptional, VirtAddr timeout, VirtAddr mask);

}  // namespace esc::linux_abi
