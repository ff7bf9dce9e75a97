#include "kernel/linux_abi/scheduling.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "kernel/arch_api/cpu.h"
#include "kernel/core/dispatch/dispatcher.h"
#include "kernel/core/process.h"
#include "kernel/core/thread.h"
#include "kernel/linux_abi/current.h"
#include "kernel/linux_abi/layout.h"
#include "kernel/linux_abi/numbers.h"
#include "kernel/mm/user_copy.h"

namespace esc::linux_abi {
namespace {

using sched::PriorityLevel;

constexpr int kRealTimeMaximum = 99;
constexpr int kMostNice = -20, kLeastNice = 19;

mm::RefPtr<core::Thread> ThreadOf(int tid) {
  return tid == 0 ? mm::RefPtr<core::Thread>(&core::CurrentThread()) : FindThread({tid});
}

// The running process may change its own threads, root anybody's.
Status CheckMayChange(core::Thread& thread) {
  const core::Credentials who = CurrentCredentials();
  if (who.euid == 0 || &thread.process() == &core::CurrentProcess()) return Status::kOk;
  core::Process& process = thread.process();
  SpinLockGuard guard(process.lock);
  const bool own = who.euid == process.credentials.uid || who.euid == process.credentials.euid;
  return own ? Status::kOk : Status::kPermissionDenied;
}

int PolicyOf(const sched::Parameters& parameters) {
  switch (parameters.priority) {
    case PriorityLevel::kIdle: return kPolicyIdle;
    case PriorityLevel::kLow: return kPolicyBatch;
    case PriorityLevel::kNormal:
    case PriorityLevel::kHigh: return kPolicyNormal;
    case PriorityLevel::kRealTime: return kPolicyRoundRobin;
  }
  return kPolicyNormal;
}

// Linux's policies by our five levels: the schedulers here know no 99 real-time priorities.
Result<PriorityLevel> LevelOf(int policy, int priority) {
  const bool real_time = policy == kPolicyFifo || policy == kPolicyRoundRobin;
  if (real_time ? priority < 1 || priority > kRealTimeMaximum : priority != 0) return Status::kInvalidArgument;
  switch (policy) {
    case kPolicyNormal: return PriorityLevel::kNormal;
    case kPolicyBatch: return PriorityLevel::kLow;
    case kPolicyIdle: return PriorityLevel::kIdle;
    case kPolicyFifo:
    case kPolicyRoundRobin: return PriorityLevel::kRealTime;
    default: return Status::kInvalidArgument;
  }
}

// Every thread of the process `who`, of the group `who`, or of the user `who`; 0: the caller's own.
bool Chosen(core::Process& process, int which, int who) {
  if (process.pid().value == 0) return false;
  switch (which) {
    case kPriorityProcess: return process.pid().value == (who == 0 ? core::CurrentProcess().pid().value : who);
    case kPriorityGroup: {
      const Pid group = who == 0 ? core::GetRelations(core::CurrentProcess()).group : Pid{who};
      return core::GetRelations(process).group == group;
    }
    default: {
      const std::uint32_t uid = who == 0 ? CurrentCredentials().uid : static_cast<std::uint32_t>(who);
      SpinLockGuard guard(process.lock);
      return process.credentials.uid == uid;
    }
  }
}

// The first thread stands for its process; a reference, so that it can be used without the lock.
mm::RefPtr<core::Thread> FirstThread(core::Process& process) {
  SpinLockGuard guard(process.lock);
  return process.threads.empty() ? mm::RefPtr<core::Thread>() : mm::RefPtr<core::Thread>(&process.threads.front());
}

Status SetNice(core::Thread& thread, int nice) {
  ESC_TRY(CheckMayChange(thread));
  sched::Parameters parameters = core::OwnParameters(thread);
  if (nice < parameters.nice && CurrentCredentials().euid != 0) return Status::kAccessDenied;
  parameters.nice = static_cast<std::int8_t>(nice);
  parameters.weight = WeightOfNice(nice);
  const Status set = core::SetParameters(thread, parameters);
  if (set != Status::kNotSupported) return set;
  // Niceness is a hint: a scheduler without weights passes it over, and it is kept for those who ask (getpriority(2), ps(1)).
  core::KeepNiceness(thread, parameters.nice, parameters.weight);
  return Status::kOk;
}

// What a limit is for takes effect where that lives.
void ApplyLimit(core::Resource resource, std::uint64_t value, core::DescriptorTable* descriptors,
                mm::AddressSpace* memory) {
  if (resource == core::Resource::kOpenFiles && descriptors != nullptr) {
    descriptors->SetLimit(static_cast<int>(std::min<std::uint64_t>(value, core::DescriptorTable::kMaxDescriptors)));
  }
  if (resource == core::Resource::kAddressSpace && memory != nullptr) memory->SetLimit(value);
  if (resource == core::Resource::kStack && memory != nullptr) memory->SetStackLimit(value);
}

Answer ChangeLimit(core::Process& process, std::uint32_t resource, const LinuxLimit& wanted) {
  if (wanted.current > wanted.maximum) return Status::kInvalidArgument;
  const bool root = CurrentCredentials().euid == 0;
  mm::RefPtr<core::DescriptorTable> descriptors;
  mm::RefPtr<mm::AddressSpace> memory;
  {
    SpinLockGuard guard(process.lock);
    core::Limit& limit = process.limits[resource];
    if (wanted.maximum > limit.maximum && !root) return Status::kPermissionDenied;
    limit = {.current = wanted.current, .maximum = wanted.maximum};
    descriptors = process.descriptors;
    memory = process.memory;
  }
  ApplyLimit(static_cast<core::Resource>(resource), wanted.current, descriptors.get(), memory.get());
  return 0;
}

}  // namespace

std::uint32_t WeightOfNice(int nice) {
  constexpr std::array<std::uint32_t, 40> kWeights = {
      88761, 71755, 56483, 46273, 36291, 29154, 23254, 18705, 14949, 11916, 9548, 7620, 6100, 4904,
      3906,  3121,  2501,  1991,  1586,  1277,  1024,  820,   655,   526,   423,  335,  272,  215,
      172,   137,   110,   87,    70,    56,    45,    36,    29,    23,    18,   15};
  return kWeights[static_cast<std::size_t>(std::clamp(nice, kMostNice, kLeastNice) - kMostNice)];
}

Answer YieldCpu() {
  core::Yield();
  return 0;
}

Answer GetAffinity(int tid, std::uint64_t bytes, VirtAddr mask) {
  if (bytes < 8 || bytes % 8 != 0) return Status::kInvalidArgument;
  const mm::RefPtr<core::Thread> thread = ThreadOf(tid);
  if (!thread) return Status::kNoSuchProcess;
  const std::uint64_t word = (thread->affinity() & CpuSet::FirstN(arch::CpuCount())).mask();
  ESC_TRY(mm::WriteUser(mask, word));
  return sizeof(word);
}

Answer SetAffinity(int tid, std::uint64_t bytes, VirtAddr mask) {
  std::uint64_t word = 0;
  ESC_TRY(mm::CopyFromUser(&word, mask, std::min<std::uint64_t>(bytes, sizeof(word))));
  const mm::RefPtr<core::Thread> thread = ThreadOf(tid);
  if (!thread) return Status::kNoSuchProcess;
  ESC_TRY(CheckMayChange(*thread));
  const CpuSet wanted = CpuSet::FromMask(word) & CpuSet::FirstN(arch::CpuCount());
  if (wanted.Empty()) return Status::kInvalidArgument;
  return core::SetAffinity(*thread, wanted);
}

Answer GetPolicy(int tid) {
  const mm::RefPtr<core::Thread> thread = ThreadOf(tid);
  return thread ? Answer(PolicyOf(thread->parameters())) : Answer(Status::kNoSuchProcess);
}

Answer SetPolicy(int tid, int policy, VirtAddr parameter_at) {
  constexpr int kResetOnFork = 0x40000000;
  const auto parameter = ESC_TRY(mm::ReadUser<SchedulerParameter>(parameter_at));
  const PriorityLevel level = ESC_TRY(LevelOf(policy & ~kResetOnFork, parameter.priority));
  const mm::RefPtr<core::Thread> thread = ThreadOf(tid);
  if (!thread) return Status::kNoSuchProcess;
  ESC_TRY(CheckMayChange(*thread));
  sched::Parameters parameters = core::OwnParameters(*thread);
  if (level > parameters.priority && CurrentCredentials().euid != 0) return Status::kPermissionDenied;
  if (level == parameters.priority) return 0;
  parameters.priority = level;
  const Status set = core::SetParameters(*thread, parameters);
  return set == Status::kNotSupported ? Status::kInvalidArgument : set;
}

Answer GetParameter(int tid, VirtAddr out) {
  const mm::RefPtr<core::Thread> thread = ThreadOf(tid);
  if (!thread) return Status::kNoSuchProcess;
  const bool real_time = thread->parameters().priority == PriorityLevel::kRealTime;
  return mm::WriteUser(out, SchedulerParameter{real_time ? 1 : 0});
}

Answer SetParameter(int tid, VirtAddr parameter) {
  const Answer policy = GetPolicy(tid);
  return policy.IsError() ? policy : SetPolicy(tid, static_cast<int>(policy.value()), parameter);
}

Answer GetPriorityMaximum(int policy) {
  if (policy == kPolicyFifo || policy == kPolicyRoundRobin) return kRealTimeMaximum;
  return Ok(LevelOf(policy, 0).status()) ? Status::kOk : Status::kInvalidArgument;
}

Answer GetPriorityMinimum(int policy) {
  const Answer most = GetPriorityMaximum(policy);
  return most.value() > 0 ? Answer(1) : most;
}

Answer GetPriority(int which, int who) {
  if (which < kPriorityProcess || which > kPriorityUser) return Status::kInvalidArgument;
  int best = kLeastNice + 1;
  core::ForEachProcess([&](core::Process& process) {
    if (!Chosen(process, which, who)) return;
    if (const mm::RefPtr<core::Thread> thread = FirstThread(process); thread)
      best = std::min<int>(best, core::OwnParameters(*thread).nice);
  });
  if (best > kLeastNice) return Status::kNoSuchProcess;
  return 20 - best;  // never negative: the C library turns it back (getpriority(2))
}

Answer SetPriority(int which, int who, int nice) {
  if (which < kPriorityProcess || which > kPriorityUser) return Status::kInvalidArgument;
  nice = std::clamp(nice, kMostNice, kLeastNice);
  Status outcome = Status::kNoSuchProcess;
  core::ForEachProcess([&](core::Process& process) {
    if (!Chosen(process, which, who)) return;
    const mm::RefPtr<core::Thread> thread = FirstThread(process);
    if (!thread) return;
    const Status set = SetNice(*thread, nice);
    if (set == Status::kNoSuchProcess) return;  // it has just begun, or just ended
    if (!Ok(set) || outcome == Status::kNoSuchProcess) outcome = set;
  });
  return outcome;
}

Answer ProcessLimit(int pid, std::uint32_t resource, VirtAddr in, VirtAddr out) {
  if (resource >= core::kResources) return Status::kInvalidArgument;
  LinuxLimit wanted{};
  if (in.value != 0) wanted = ESC_TRY(mm::ReadUser<LinuxLimit>(in));
  const mm::RefPtr<core::Process> process =
      pid == 0 ? mm::RefPtr<core::Process>(&core::CurrentProcess()) : core::FindProcess({pid});
  if (!process) return Status::kNoSuchProcess;
  core::Limit old;
  const core::Credentials who = CurrentCredentials();
  {
    SpinLockGuard guard(process->lock);
    const bool own = who.euid == 0 || process.get() == &core::CurrentProcess() || who.uid == process->credentials.uid;
    if (!own) return Status::kPermissionDenied;
    old = process->limits[resource];
  }
  if (in.value != 0) {
    if (const Answer changed = ChangeLimit(*process, resource, wanted); changed.IsError()) return changed;
  }
  return out.value == 0 ? Status::kOk : mm::WriteUser(out, LinuxLimit{old.current, old.maximum});
}

Answer GetLimit(std::uint32_t resource, VirtAddr out) {
  return out.value == 0 ? Answer(Status::kFault) : ProcessLimit(0, resource, {}, out);
}
Answer SetLimit(std::uint32_t resource, VirtAddr in) {
  return in.value == 0 ? Answer(Status::kFault) : ProcessLimit(0, resource, in, {});
}

}  // namespace esc::linux_abi
