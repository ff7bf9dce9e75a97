// System calls on path names and on what they name.
#pragma once

#include <cstdint>

#include "kernel/base/units.h"
#include "kernel/linux_abi/errno.h"

namespace esc::linux_abi {

Answer ChangeDirectory(VirtAddr path);
Answer ChangeDirectoryTo(int descriptor);
Answer ChangeRoot(VirtAddr path);
Answer GetDirectory(VirtAddr buffer, std::uint64_t bytes);
Answer MakeDirectory(VirtAddr path, std::uint32_t mode);
Answer MakeDirectoryAt(int base, VirtAddr path, std::uint32_t mode);
Answer RemoveDirectory(VirtAddr path);
Answer Unlink(VirtAddr path);
Answer UnlinkAt(int base, VirtAddr path, std::uint32_t flags);
Answer Rename(VirtAddr from, VirtAddr to);
Answer RenameAt(int from_base, VirtAddr from, int to_base, VirtAddr to);
Answer RenameAt2(int from_base, VirtAddr from, int to_base, VirtAddr to, std::uint32_t flags);
Answer Link(VirtAddr from, VirtAddr to);
Answer LinkAt(int from_base, VirtAddr from, int to_base, VirtAddr to, std::uint32_t flags);
Answer MakeLink(VirtAddr target, VirtAddr path);
Answer MakeLinkAt(VirtAddr target, int base, VirtAddr path);
Answer ReadLink(VirtAddr path, VirtAddr buffer, int bytes);
Answer ReadLinkAt(int base, VirtAddr path, VirtAddr buffer, int bytes);
Answer MakeNode(VirtAddr path, std::uint32_t mode, std::uint32_t device);
Answer MakeNodeAt(int base, VirtAddr path, std::uint32_t mode, std::uint32_t device);
Answer SetMask(std::uint32_t mask);

Answer Access(VirtAddr path, std::uint32_t mode);
Answer AccessAt(int base, VirtAddr path, std::uint32_t mode);
Answer AccessAt2(int base, VirtAddr path, std::uint32_t mode, std::uint32_t flags);
Answer ChangeMode(VirtAddr path, std::uint32_t mode);
Answer ChangeModeAt(int base, VirtAddr path, std::uint32_t mode);
Answer ChangeModeOf(int descriptor, std::uint32_t mode);
Answer ChangeOwner(VirtAddr path, std::uint32_t uid, std::uint32_t gid);
Answer ChangeOwnerOfLink(VirtAddr path, std::uint32_t uid, std::uint32_t gid);
Answer ChangeOwnerOf(int descriptor, std::uint32_t uid, std::uint32_t gid);
Answer ChangeOwnerAt(int base, VirtAddr path, std::uint32_t uid, std::uint32_t gid, std::uint32_t flags);
Answer SetTimesAt(int base, VirtAddr path, VirtAddr times, std::uint32_t flags);
Answer SetTimesOld(VirtAddr path, VirtAddr times);  // utimes
Answer SetTimesOldAt(int base, VirtAddr path, VirtAddr times);  // futimesat
Answer SetTimesInSeconds(VirtAddr path, VirtAddr times);  // utime

Answer GetStat(VirtAddr path, VirtAddr out);
Answer GetLinkStat(VirtAddr path, VirtAddr out);
Answer GetFileStat(int descriptor, VirtAddr out);
Answer GetStatAt(int base, VirtAddr path, VirtAddr out, std::uint32_t flags);
Answer GetStatx(int base, VirtAddr path, std::uint32_t flags, std::uint32_t mask, VirtAddr out);
Answer GetStatFs(VirtAddr path, VirtAddr out);
Answer GetFileStatFs(int descriptor, VirtAddr out);

}  // namespace esc::linux_abi
