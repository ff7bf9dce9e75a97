// What dispatch keeps of the boot config. Core's own.
#pragma once

#include "kernel/core/boot_config/boot_config.h"

namespace esc::core {

const boot_config::BootConfig& DispatchConfig();

}  // namespace esc::core
