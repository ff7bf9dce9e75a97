#include <limits>

#include "kernel/core/process.h"
#include "kernel/core/thread.h"
#include "kernel/linux_abi/layout.h"
#include "kernel/linux_abi/numbers.h"
#include "kernel/linux_abi/processes.h"
#include "kernel/linux_abi/usage.h"
#include "kernel/mm/user_copy.h"

namespace esc::linux_abi {
namespace {

using Kind = core::ExitStatus::Kind;

// As the macros of <sys/wait.h> take it apart.
std::int32_t StatusWord(const core::ExitStatus& status) {
  switch (status.kind) {
    case Kind::kExited: return (status.code & 0xff) << 8;
    case Kind::kSignaled: return static_cast<std::int32_t>(status.signal);
    case Kind::kStopped: return static_cast<std::int32_t>(status.signal) << 8 | 0x7f;
    case Kind::kContinued: return 0xffff;
  }
  return 0;
}

SignalInfoRecord InfoOf(const core::WaitResult& result) {
  SignalInfoRecord record{};
  record.signal = static_cast<std::int32_t>(core::Signal::kChild);
  record.child.pid = result.pid.value;
  record.child.uid = result.uid;
  record.child.status = static_cast<std::int32_t>(result.status.signal);
  switch (result.status.kind) {
    case Kind::kExited:
      record.code = kChildExited;
      record.child.status = result.status.code;
      break;
    case Kind::kSignaled: record.code = kChildKilled; break;
    case Kind::kStopped: record.code = kChildStopped; break;
    case Kind::kContinued: record.code = kChildContinued; break;
  }
  return record;
}

core::WaitSelector SelectorOf(int pid) {
  using SelectorKind = core::WaitSelector::Kind;
  if (pid == -1) return {.kind = SelectorKind::kAny, .id = {}};
  if (pid == 0) return {.kind = SelectorKind::kGroup, .id = core::GetRelations(core::CurrentProcess()).group};
  if (pid < 0) return {.kind = SelectorKind::kGroup, .id = {-pid}};
  return {.kind = SelectorKind::kPid, .id = {pid}};
}

Status WriteUsage(VirtAddr at, const core::Accounting& accounting) {
  return at.value == 0 ? Status::kOk : mm::WriteUser(at, UsageRecord(accounting));
}

}  // namespace

Answer Exit(int code) {
  core::Process& process = core::CurrentProcess();
  bool last;
  {
    SpinLockGuard guard(process.lock);
    last = process.threads.size() == 1;
  }
  if (last) ExitGroup(code);
  core::ExitThread();
}

Answer ExitGroup(int code) { core::ExitProcess({.kind = Kind::kExited, .code = code & 0xff}); }

Answer Wait4(int pid, VirtAddr status, std::uint32_t flags, VirtAddr usage) {
  constexpr std::uint32_t kKnown = kWaitNoHang | kWaitStopped | kWaitContinued | kWaitNoThread | kWaitAll | kWaitClone;
  if ((flags & ~kKnown) != 0) return Status::kInvalidArgument;
  if (pid == std::numeric_limits<int>::min()) return Status::kNoSuchProcess;
  const core::WaitOptions options{.no_hang = (flags & kWaitNoHang) != 0,
                                  .stopped = (flags & kWaitStopped) != 0,
                                  .continued = (flags & kWaitContinued) != 0};
  const core::WaitResult result = ESC_TRY(core::WaitForChild(SelectorOf(pid), options));
  if (result.pid.value == 0) return 0;
  if (status.value != 0) ESC_TRY(mm::WriteUser(status, StatusWord(result.status)));
  ESC_TRY(WriteUsage(usage, result.accounting));
  return result.pid.value;
}

Answer WaitId(int which, int id, VirtAddr info, std::uint32_t flags, VirtAddr usage) {
  constexpr std::uint32_t kKnown = kWaitNoHang | kWaitStopped | kWaitExited | kWaitContinued | kWaitNoWait;
  // core always reports the end of a child: waiting for stops alone is refused.
  if ((flags & ~kKnown) != 0 || (flags & kWaitExited) == 0) return Status::kInvalidArgument;
  core::WaitSelector selector;
  switch (which) {
    case kIdAll: break;
    case kIdPid:
      if (id <= 0) return Status::kInvalidArgument;
      selector = {.kind = core::WaitSelector::Kind::kPid, .id = {id}};
      break;
    case kIdGroup:
      if (id < 0) return Status::kInvalidArgument;
      selector = {.kind = core::WaitSelector::Kind::kGroup,
                  .id = id == 0 ? core::GetRelations(core::CurrentProcess()).group : Pid{id}};
      break;
    default: return Status::kInvalidArgument;
  }
  const core::WaitOptions options{.no_hang = (flags & kWaitNoHang) != 0,
                                  .stopped = (flags & kWaitStopped) != 0,
                                  .continued = (flags & kWaitContinued) != 0,
                                  .keep = (flags & kWaitNoWait) != 0};
  const core::WaitResult result = ESC_TRY(core::WaitForChild(selector, options));
  if (info.value != 0) {
    const SignalInfoRecord record = result.pid.value == 0 ? SignalInfoRecord{} : InfoOf(result);
    ESC_TRY(mm::WriteUser(info, record));
  }
  return result.pid.value == 0 ? Status::kOk : WriteUsage(usage, result.accounting);
}

}  // namespace esc::linux_abi
