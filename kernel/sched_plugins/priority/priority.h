// Five priority levels, round robin within a level, aging so that nothing starves.
#pragma once

#include "kernel/core/sched_api/descriptor.h"

namespace esc::sched::priority {

extern const Descriptor kDescriptor;

}  // namespace esc::sched::priority
