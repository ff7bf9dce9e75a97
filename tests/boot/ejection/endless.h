// A plugin that breaks its word: it promises turns and never ends one.
#pragma once

#include "kernel/core/sched_api/descriptor.h"

namespace esc::test_plugins::endless {

extern const sched::Descriptor kDescriptor;

}  // namespace esc::test_plugins::endless
