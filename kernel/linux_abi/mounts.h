// mount and umount, as far as there is something to do for one tree that is complete when init starts.
#pragma once

#include <cstdint>

#include "kernel/base/units.h"
#include "kernel/linux_abi/errno.h"

namespace esc::linux_abi {

Answer Mount(VirtAddr source, VirtAddr target, VirtAddr type, std::uint64_t flags, VirtAddr data);
Answer Unmount(VirtAddr target, std::uint32_t flags);

}  // namespace esc::linux_abi
