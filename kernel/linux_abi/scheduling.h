// Limits, priorities, affinity, usage.
#pragma once

#include <cstdint>

#include "kernel/base/units.h"
#include "kernel/linux_abi/errno.h"

namespace esc::linux_abi {

Answer YieldCpu();
Answer GetAffinity(int tid, std::uint64_t bytes, VirtAddr mask);
Answer SetAffinity(int tid, std::uint64_t bytes, VirtAddr mask);
Answer GetPolicy(int tid);
Answer SetPolicy(int tid, int policy, VirtAddr parameter);
Answer GetParameter(int tid, VirtAddr parameter);
Answer SetParameter(int tid, VirtAddr parameter);
Answer GetPriorityMaximum(int policy);
Answer GetPriorityMinimum(int policy);
Answer GetPriority(int which, int who);
Answer SetPriority(int which, int who, int nice);

Answer GetLimit(std::uint32_t resource, VirtAddr out);
Answer SetLimit(std::uint32_t resource, VirtAddr in);
Answer ProcessLimit(int pid, std::uint32_t resource, VirtAddr in, VirtAddr out);
Answer GetUsage(int who, VirtAddr out);
Answer GetTimes(VirtAddr out);

// Weight of a nice value: 1024 at 0, a quarter more or less for each step (Linux, kernel/sched/core.c).
std::uint32_t WeightOfNice(int nice);

}  // namespace esc::linux_abi
