// Who a process is: numbers, groups, sessions, users.
#include <limits>

#include "kernel/core/process.h"
#include "kernel/core/thread.h"
#include "kernel/linux_abi/current.h"
#include "kernel/linux_abi/layout.h"
#include "kernel/linux_abi/processes.h"
#include "kernel/mm/user_copy.h"

namespace esc::linux_abi {
namespace {

using core::Credentials;

constexpr std::uint32_t kSame = ~0u;

mm::RefPtr<core::Process> ProcessOf(int pid) {
  return pid == 0 ? mm::RefPtr<core::Process>(&core::CurrentProcess()) : core::FindProcess({pid});
}

// The three ids of one kind (user or group) inside the credentials.
struct Ids {
  std::uint32_t Credentials::*real;
  std::uint32_t Credentials::*effective;
  std::uint32_t Credentials::*saved;
};
constexpr Ids kUsers{&Credentials::uid, &Credentials::euid, &Credentials::suid};
constexpr Ids kGroups{&Credentials::gid, &Credentials::egid, &Credentials::sgid};

// Root may take any id, others one of the three that they have (setresuid(2)).
bool Allowed(const Credentials& who, const Ids& ids, std::uint32_t wanted) {
  return wanted == kSame || who.euid == 0 || wanted == who.*ids.real || wanted == who.*ids.effective ||
         wanted == who.*ids.saved;
}

Answer SetIds(const Ids& ids, std::uint32_t real, std::uint32_t effective, std::uint32_t saved) {
  core::Process& process = core::CurrentProcess();
  SpinLockGuard guard(process.lock);
  Credentials& who = process.credentials;
  if (!Allowed(who, ids, real) || !Allowed(who, ids, effective) || !Allowed(who, ids, saved)) return Status::kPermissionDenied;
  if (real != kSame) who.*ids.real = real;
  if (effective != kSame) who.*ids.effective = effective;
  if (saved != kSame) who.*ids.saved = saved;
  return 0;
}

// setuid and setgid: all three for root, the effective one for others.
Answer SetId(const Ids& ids, std::uint32_t id) {
  if (id == kSame) return Status::kInvalidArgument;
  if (CurrentCredentials().euid == 0) return SetIds(ids, id, id, id);
  const Credentials who = CurrentCredentials();
  if (id != who.*ids.real && id != who.*ids.saved) return Status::kPermissionDenied;
  return SetIds(ids, kSame, id, kSame);
}

// setreuid: the saved id follows the effective one when the real one was set, or the effective to another than the real.
Answer SetRealEffective(const Ids& ids, std::uint32_t real, std::uint32_t effective) {
  const Credentials who = CurrentCredentials();
  const bool saves = real != kSame || (effective != kSame && effective != who.*ids.real);
  const std::uint32_t now = effective == kSame ? who.*ids.effective : effective;
  return SetIds(ids, real, effective, saves ? now : kSame);
}

Answer GetIds(const Ids& ids, VirtAddr real, VirtAddr effective, VirtAddr saved) {
  const Credentials who = CurrentCredentials();
  ESC_TRY(mm::WriteUser(real, who.*ids.real));
  ESC_TRY(mm::WriteUser(effective, who.*ids.effective));
  return mm::WriteUser(saved, who.*ids.saved);
}

}  // namespace

Answer GetPid() { return core::CurrentProcess().pid().value; }
Answer GetTid() { return core::CurrentThread().tid().value; }
Answer GetParentPid() { return core::GetRelations(core::CurrentProcess()).parent.value; }
Answer GetGroup() { return core::GetRelations(core::CurrentProcess()).group.value; }

Answer GetGroupOf(int pid) {
  const mm::RefPtr<core::Process> process = ProcessOf(pid);
  return process ? Answer(core::GetRelations(*process).group.value) : Answer(Status::kNoSuchProcess);
}

Answer GetSession(int pid) {
  const mm::RefPtr<core::Process> process = ProcessOf(pid);
  return process ? Answer(core::GetRelations(*process).session.value) : Answer(Status::kNoSuchProcess);
}

Answer SetGroup(int pid, int group) {
  if (group < 0 || pid < 0) return Status::kInvalidArgument;
  const Pid who = pid == 0 ? core::CurrentProcess().pid() : Pid{pid};
  return core::SetGroup(who, group == 0 ? who : Pid{group});
}

Answer StartSession() { return ESC_TRY(core::StartSession()).value; }

Answer SetTidAddress(VirtAddr word) {
  core::CurrentThread().clear_child_tid = word;
  return GetTid();
}

Answer GetUid() { return CurrentCredentials().uid; }
Answer GetEffectiveUid() { return CurrentCredentials().euid; }
Answer GetGid() { return CurrentCredentials().gid; }
Answer GetEffectiveGid() { return CurrentCredentials().egid; }
Answer SetUid(std::uint32_t uid) { return SetId(kUsers, uid); }
Answer SetGid(std::uint32_t gid) { return SetId(kGroups, gid); }
Answer SetRealEffectiveUid(std::uint32_t real, std::uint32_t effective) { return SetRealEffective(kUsers, real, effective); }
Answer SetRealEffectiveGid(std::uint32_t real, std::uint32_t effective) { return SetRealEffective(kGroups, real, effective); }
Answer SetAllUids(std::uint32_t real, std::uint32_t effective, std::uint32_t saved) {
  return SetIds(kUsers, real, effective, saved);
}
Answer SetAllGids(std::uint32_t real, std::uint32_t effective, std::uint32_t saved) {
  return SetIds(kGroups, real, effective, saved);
}
Answer GetAllUids(VirtAddr real, VirtAddr effective, VirtAddr saved) { return GetIds(kUsers, real, effective, saved); }
Answer GetAllGids(VirtAddr real, VirtAddr effective, VirtAddr saved) { return GetIds(kGroups, real, effective, saved); }

// The id for file access is the effective one here; the call answers it and changes nothing, as for an id not allowed.
Answer SetFileUid(std::uint32_t) { return CurrentCredentials().euid; }
Answer SetFileGid(std::uint32_t) { return CurrentCredentials().egid; }

Answer GetGroups(int room, VirtAddr to) {
  if (room < 0) return Status::kInvalidArgument;
  core::GroupList groups;
  {
    core::Process& process = core::CurrentProcess();
    SpinLockGuard guard(process.lock);
    groups = process.groups;
  }
  if (room == 0) return groups.count;
  if (static_cast<std::uint32_t>(room) < groups.count) return Status::kInvalidArgument;
  ESC_TRY(mm::CopyToUser(to, groups.ids.data(), groups.count * sizeof(groups.ids[0])));
  return groups.count;
}

Answer SetGroups(int count, VirtAddr from) {
  if (CurrentCredentials().euid != 0) return Status::kPermissionDenied;
  core::GroupList groups;
  if (count < 0 || static_cast<std::size_t>(count) > core::GroupList::kMost) return Status::kInvalidArgument;
  groups.count = static_cast<std::uint32_t>(count);
  ESC_TRY(mm::CopyFromUser(groups.ids.data(), from, groups.count * sizeof(groups.ids[0])));
  core::Process& process = core::CurrentProcess();
  SpinLockGuard guard(process.lock);
  process.groups = groups;
  return 0;
}

Answer GetCapabilities(VirtAddr header_at, VirtAddr data_at) {
  constexpr std::uint32_t kVersion1 = 0x19980330, kVersion2 = 0x20071026, kVersion3 = 0x20080522;
  constexpr std::uint64_t kLastCapability = 40;
  CapabilityHeader header = ESC_TRY(mm::ReadUser<CapabilityHeader>(header_at));
  if (header.version != kVersion1 && header.version != kVersion2 && header.version != kVersion3) {
    header.version = kVersion3;
    ESC_TRY(mm::WriteUser(header_at, header));
    return data_at.value == 0 ? Status::kOk : Status::kInvalidArgument;
  }
  if (data_at.value == 0) return 0;
  const std::uint64_t all = CurrentCredentials().euid == 0 ? (std::uint64_t{2} << kLastCapability) - 1 : 0;
  const auto low = static_cast<std::uint32_t>(all), high = static_cast<std::uint32_t>(all >> 32);
  const CapabilityData data[2] = {{low, low, 0}, {high, high, 0}};
  return mm::CopyToUser(data_at, data, header.version == kVersion1 ? sizeof(data[0]) : sizeof(data));
}

// Root is one thing here: its capabilities do not come apart.
Answer SetCapabilities(VirtAddr, VirtAddr) { return Status::kPermissionDenied; }

}  // namespace esc::linux_abi
