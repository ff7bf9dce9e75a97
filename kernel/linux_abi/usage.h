// Accounting in Linux's structures.
#pragma once

#include "kernel/core/process.h"
#include "kernel/linux_abi/clocks.h"
#include "kernel/linux_abi/layout.h"

namespace esc::linux_abi {

ResourceUsage UsageRecord(const core::Accounting& accounting);

}  // namespace esc::linux_abi
