// epoll: many files watched by one descriptor, level- and edge-triggered.
#pragma once

#include <cstdint>

#include "kernel/base/units.h"
#include "kernel/core/file.h"
#include "kernel/linux_abi/errno.h"

namespace esc::linux_abi {

Answer EpollCreate(int size);
Answer EpollCreate1(std::uint32_t flags);
Answer EpollControl(int epoll, int operation, int descriptor, VirtAddr event);
Answer EpollWait(int epoll, VirtAddr events, int most, int timeout_ms);
Answer EpollWaitWithMask(int epoll, VirtAddr events, int most, int timeout_ms, VirtAddr mask, std::uint64_t set_bytes);
Answer EpollWaitUntil(int epoll, VirtAddr events, int most, VirtAddr timeout, VirtAddr mask, std::uint64_t set_bytes);

// `file` was closed for the last time: no instance watches it any more.
void ForgetInEpolls(core::File& file);

}  // namespace esc::linux_abi
