// A plugin that would look at the boot config: its target is refused, so this is never compiled.
#pragma once

#include "kernel/core/boot_config/boot_config.h"
