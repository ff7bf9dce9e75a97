// System calls on processes and threads: creation, end, waiting, ids, groups.
#pragma once

#include <cstdint>

#include "kernel/arch_api/user_registers.h"
#include "kernel/base/units.h"
#include "kernel/linux_abi/errno.h"

namespace esc::linux_abi {

Answer Fork(arch::UserRegisters& registers);
Answer VFork(arch::UserRegisters& registers);
Answer Clone(arch::UserRegisters& registers, std::uint64_t flags, VirtAddr stack, VirtAddr parent_tid, VirtAddr child_tid,
             std::uint64_t tls);
Answer Clone3(arch::UserRegisters& registers, VirtAddr arguments, std::uint64_t bytes);
Answer Execute(arch::UserRegisters& registers, VirtAddr path, VirtAddr arguments, VirtAddr environment);
Answer ExecuteAt(arch::UserRegisters& registers, int base, VirtAddr path, VirtAddr arguments, VirtAddr environment,
                 std::uint32_t flags);
Answer Exit(int code);
Answer ExitGroup(int code);
Answer Wait4(int pid, VirtAddr status, std::uint32_t options, VirtAddr usage);
Answer WaitId(int which, int id, VirtAddr info, std::uint32_t options, VirtAddr usage);

Answer GetPid();
Answer GetParentPid();
Answer GetTid();
Answer GetGroup();
Answer GetGroupOf(int pid);
Answer SetGroup(int pid, int group);
Answer GetSession(int pid);
Answer StartSession();
Answer SetTidAddress(VirtAddr word);

Answer GetUid();
Answer GetEffectiveUid();
Answer GetGid();
Answer GetEffectiveGid();
Answer SetUid(std::uint32_t uid);
Answer SetGid(std::uint32_t gid);
Answer SetRealEffectiveUid(std::uint32_t real, std::uint32_t effective);
Answer SetRealEffectiveGid(std::uint32_t real, std::uint32_t effective);
Answer SetAllUids(std::uint32_t real, std::uint32_t effective, std::uint32_t saved);
Answer SetAllGids(std::uint32_t real, std::uint32_t effective, std::uint32_t saved);
Answer GetAllUids(VirtAddr real, VirtAddr effective, VirtAddr saved);
Answer GetAllGids(VirtAddr real, VirtAddr effective, VirtAddr saved);
Answer SetFileUid(std::uint32_t uid);
Answer SetFileGid(std::uint32_t gid);
Answer GetGroups(int count, VirtAddr list);
Answer SetGroups(int count, VirtAddr list);
Answer GetCapabilities(VirtAddr header, VirtAddr data);
Answer SetCapabilities(VirtAddr header, VirtAddr data);

}  // namespace esc::linux_abi
