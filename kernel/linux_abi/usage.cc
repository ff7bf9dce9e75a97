#include "kernel/linux_abi/usage.h"

#include "kernel/arch_api/clock.h"
#include "kernel/core/thread.h"
#include "kernel/linux_abi/numbers.h"
#include "kernel/linux_abi/scheduling.h"
#include "kernel/mm/user_copy.h"

namespace esc::linux_abi {
namespace {

std::int64_t TicksOf(Nanos time) { return time.value / (kNanosPerSecond / static_cast<std::int64_t>(kClockTicks)); }

}  // namespace

ResourceUsage UsageRecord(const core::Accounting& accounting) {
  ResourceUsage usage{};
  usage.user = TimeValueOf(accounting.user);
  usage.system = TimeValueOf(accounting.system);
  usage.minor_faults = static_cast<std::int64_t>(accounting.minor_faults);
  usage.voluntary_switches = static_cast<std::int64_t>(accounting.voluntary_switches);
  usage.involuntary_switches = static_cast<std::int64_t>(accounting.involuntary_switches);
  return usage;
}

Answer GetUsage(int who, VirtAddr out) {
  core::Process& process = core::CurrentProcess();
  switch (who) {
    case kUsageSelf: return mm::WriteUser(out, UsageRecord(core::TotalAccounting(process)));
    case kUsageChildren: return mm::WriteUser(out, UsageRecord(core::GetRelations(process).children_accounting));
    case kUsageThread: return mm::WriteUser(out, UsageRecord(core::ThreadAccounting(core::CurrentThread())));
    default: return Status::kInvalidArgument;
  }
}

Answer GetTimes(VirtAddr out) {
  core::Process& process = core::CurrentProcess();
  if (out.value != 0) {
    const core::Accounting own = core::TotalAccounting(process);
    const core::Accounting children = core::GetRelations(process).children_accounting;
    ESC_TRY(mm::WriteUser(out, Times{TicksOf(own.user), TicksOf(own.system), TicksOf(children.user), TicksOf(children.system)}));
  }
  return TicksOf(arch::Now());
}

}  // namespace esc::linux_abi
