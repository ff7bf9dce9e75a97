// First in, first out, cooperative: a thread runs until it blocks, yields or exits.
#pragma once

#include "kernel/core/sched_api/descriptor.h"

namespace esc::sched::fifo {

extern const Descriptor kDescriptor;

}  // namespace esc::sched::fifo
