// Files that blocked signals are read from (signalfd).
#pragma once

#include <cstdint>

#include "kernel/base/units.h"
#include "kernel/linux_abi/errno.h"

namespace esc::linux_abi {

Answer MakeSignalFile(int descriptor, VirtAddr set, std::uint64_t set_bytes);
Answer MakeSignalFile4(int descriptor, VirtAddr set, std::uint64_t set_bytes, std::uint32_t flags);

}  // namespace esc::linux_abi
