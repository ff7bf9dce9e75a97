// Multi-level feedback queue: threads that use little CPU time come first, without being told which they are.
#pragma once

#include "kernel/core/sched_api/descriptor.h"

namespace esc::sched::mlfq {

extern const Descriptor kDescriptor;

}  // namespace esc::sched::mlfq
