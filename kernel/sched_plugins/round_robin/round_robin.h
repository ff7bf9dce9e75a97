// Round robin: every ready thread in turn, each for one time slice.
#pragma once

#include "kernel/core/sched_api/descriptor.h"

namespace esc::sched::round_robin {

extern const Descriptor kDescriptor;

}  // namespace esc::sched::round_robin
