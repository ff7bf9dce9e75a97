// Files of /proc that tell what this layer knows: the system's names and limits.
#pragma once

#include "kernel/base/status.h"

namespace esc::linux_abi {

// After fs::MakeRoot. kNoMemory.
Status AddProcTexts();

}  // namespace esc::linux_abi
