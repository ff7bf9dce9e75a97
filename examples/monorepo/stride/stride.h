// Stride scheduling (Waldspurger and Weihl, MIT/LCS/TM-528, 1995): each thread gets CPU time in proportion to its weight,
// deterministically.
#pragma once

#include "kernel/core/sched_api/descriptor.h"

namespace example::stride {

extern const esc::sched::Descriptor kDescriptor;

}  // namespace example::stride
