// What nodes are: the stat family, access, modes, owners, times.
#include <optional>
#include <cstring>

#include "kernel/arch_api/clock.h"
#include "kernel/fs/paths.h"
#include "kernel/linux_abi/current.h"
#include "kernel/linux_abi/layout.h"
#include "kernel/linux_abi/names.h"
#include "kernel/linux_abi/numbers.h"
#include "kernel/linux_abi/user_text.h"
#include "kernel/mm/frames.h"
#include "kernel/mm/user_copy.h"

namespace esc::linux_abi {
namespace {

constexpr std::uint64_t kBlockBytes = 512;  // the unit of st_blocks

using NodeRef = mm::RefPtr<fs::Node>;

// What a *at call names: by path, or the descriptor itself when AT_EMPTY_PATH allows an empty one.
Result<NodeRef> Find(int base, VirtAddr path, std::uint32_t flags) {
  UserPath text;
  if (path.value != 0 || (flags & kAtEmptyPath) == 0) ESC_TRY(text.Copy(path));
  const mm::RefPtr<fs::Paths> paths = fs::CurrentPaths();
  if (text.view().empty()) {
    if ((flags & kAtEmptyPath) == 0) return Status::kNotFound;
    if (base == kAtWorkingDirectory) return paths->working_directory();
    const mm::RefPtr<core::File> file = ESC_TRY(FileOf(base));
    return fs::AsOpenFile(*file).node_ref();
  }
  const NodeRef start = ESC_TRY(BaseOf(base, text.view()));
  const auto follow = (flags & kAtNoFollow) != 0 ? fs::FollowLast::kNo : fs::FollowLast::kYes;
  return fs::Resolve(*paths, start.get(), text.view(), follow);
}

Result<NodeRef> NodeOf(int descriptor) {
  const mm::RefPtr<core::File> file = ESC_TRY(FileOf(descriptor));
  return fs::AsOpenFile(*file).node_ref();
}

std::uint32_t ModeOf(const fs::Attributes& attributes) {
  switch (attributes.type) {
    case fs::NodeType::kFile: return kModeFile | attributes.permissions;
    case fs::NodeType::kDirectory: return kModeDirectory | attributes.permissions;
    case fs::NodeType::kSymbolicLink: return kModeLink | attributes.permissions;
    case fs::NodeType::kCharacterDevice: return kModeCharacter | attributes.permissions;
    case fs::NodeType::kBlockDevice: return kModeBlock | attributes.permissions;
    case fs::NodeType::kFifo: return kModeFifo | attributes.permissions;
    case fs::NodeType::kSocket: return kModeSocket | attributes.permissions;
  }
  return attributes.permissions;
}

// makedev(): minor in bits 0-7 and 20-31, major in bits 8-19 (and above).
std::uint64_t DeviceWord(fs::DeviceNumber device) {
  return (device.minor & 0xff) | std::uint64_t{device.major & 0xfff} << 8 | std::uint64_t{device.minor & ~0xffu} << 12 |
         std::uint64_t{device.major & ~0xfffu} << 32;
}

TimeSpec TimeOf(Nanos time) {
  constexpr std::int64_t kSecond = 1'000'000'000;
  // Before 1970 too, nanoseconds count upwards.
  const std::int64_t rest = (time.value % kSecond + kSecond) % kSecond;
  return {(time.value - rest) / kSecond, rest};
}

Answer WriteStat(fs::Node& node, VirtAddr out) {
  const fs::Attributes attributes = node.GetAttributes();
  Stat stat{};
  stat.device = DeviceWord(attributes.file_system);
  stat.inode = attributes.inode;
  stat.links = attributes.links;
  stat.mode = ModeOf(attributes);
  stat.uid = attributes.uid;
  stat.gid = attributes.gid;
  stat.special_device = DeviceWord(attributes.device);
  stat.size = static_cast<std::int64_t>(attributes.size);
  stat.block_size = kPageSize;
  stat.blocks = static_cast<std::int64_t>(attributes.allocated / kBlockBytes);
  stat.accessed = TimeOf(attributes.accessed);
  stat.modified = TimeOf(attributes.modified);
  stat.changed = TimeOf(attributes.changed);
  return mm::WriteUser(out, stat);
}

StatxTime StatxTimeOf(Nanos time) {
  const TimeSpec spec = TimeOf(time);
  return {.seconds = spec.seconds, .nanoseconds = static_cast<std::uint32_t>(spec.nanoseconds), .pad = 0};
}

Answer WriteStatFs(VirtAddr out) {
  const mm::FrameStats frames = mm::GetFrameStats();
  StatFs stat{};
  stat.type = kTemporaryFsMagic;
  stat.block_size = stat.fragment_size = kPageSize;
  stat.blocks = static_cast<std::int64_t>(frames.total);
  stat.blocks_free = stat.blocks_available = static_cast<std::int64_t>(frames.free);
  stat.name_length = fs::kMaxName;
  return mm::WriteUser(out, stat);
}

// Modes, owners and times are changed by the owner and by root.
Status CheckOwner(fs::Node& node) {
  const core::Credentials who = CurrentCredentials();
  return who.euid == 0 || who.euid == node.GetAttributes().uid ? Status::kOk : Status::kPermissionDenied;
}

Answer SetMode(fs::Node& node, std::uint32_t mode) {
  ESC_TRY(CheckOwner(node));
  return node.SetPermissions(static_cast<std::uint16_t>(mode & 07777));
}

// -1 leaves an id as it is. Only root gives files away; an owner may choose its own group.
Answer SetOwner(fs::Node& node, std::uint32_t uid, std::uint32_t gid) {
  if (uid == ~0u && gid == ~0u) return 0;
  const fs::Attributes attributes = node.GetAttributes();
  const core::Credentials who = CurrentCredentials();
  if (who.euid != 0) {
    const bool own = who.euid == attributes.uid && (uid == ~0u || uid == attributes.uid) &&
                     (gid == ~0u || gid == attributes.gid || gid == who.egid || core::CurrentProcess().InSupplementaryGroup(gid));
    if (!own) return Status::kPermissionDenied;
  }
  // Who gets a file does not get what its set-ID bits give (chown(2)).
  constexpr std::uint16_t kSetUid = 04000, kSetGid = 02000, kGroupExecutes = 010;
  const bool group = (attributes.permissions & kGroupExecutes) != 0;
  const auto lost = static_cast<std::uint16_t>(attributes.permissions & (kSetUid | (group ? kSetGid : 0)));
  if (attributes.type == fs::NodeType::kFile && lost != 0) {
    ESC_TRY(node.SetPermissions(static_cast<std::uint16_t>(attributes.permissions & ~lost)));
  }
  return node.SetOwner(uid == ~0u ? attributes.uid : uid, gid == ~0u ? attributes.gid : gid);
}

// One of utimensat's two times; empty: leave it.
Result<std::optional<Nanos>> TimeWanted(const TimeSpec& time, Nanos now) {
  if (time.nanoseconds == kTimeOmit) return std::optional<Nanos>();
  if (time.nanoseconds == kTimeNow) return std::optional<Nanos>(now);
  if (time.nanoseconds < 0 || time.nanoseconds >= 1'000'000'000) return Status::kInvalidArgument;
  return std::optional<Nanos>(Nanos::Seconds(time.seconds) + Nanos{time.nanoseconds});
}

Answer ChangeTimes(fs::Node& node, const TimeSpec (&times)[2]) {
  const Nanos now = arch::WallClockAtBoot() + arch::Now();
  const std::optional<Nanos> accessed = ESC_TRY(TimeWanted(times[0], now));
  const std::optional<Nanos> modified = ESC_TRY(TimeWanted(times[1], now));
  const bool both_now = times[0].nanoseconds == kTimeNow && times[1].nanoseconds == kTimeNow;
  if (!accessed && !modified) return 0;
  if (const Status owner = CheckOwner(node); !Ok(owner)) {
    // "Now" is also for those who may write (utimensat(2)).
    if (!both_now) return owner;
    ESC_TRY(fs::CheckAccess(node, static_cast<std::uint8_t>(fs::Permission::kWrite)));
  }
  return node.SetTimes(accessed ? &*accessed : nullptr, modified ? &*modified : nullptr);
}

}  // namespace

Answer AccessAt2(int base, VirtAddr path, std::uint32_t mode, std::uint32_t flags) {
  if ((mode & ~7u) != 0 || (flags & ~(kAtEffectiveAccess | kAtNoFollow | kAtEmptyPath)) != 0) return Status::kInvalidArgument;
  const NodeRef node = ESC_TRY(Find(base, path, flags));
  core::Credentials who = CurrentCredentials();
  // access asks what the user behind a set-ID program may (access(2)).
  if ((flags & kAtEffectiveAccess) == 0) {
    who.euid = who.uid;
    who.egid = who.gid;
  }
  return fs::CheckAccessAs(who, *node, static_cast<std::uint8_t>(mode));
}
Answer AccessAt(int base, VirtAddr path, std::uint32_t mode) { return AccessAt2(base, path, mode, 0); }
Answer Access(VirtAddr path, std::uint32_t mode) { return AccessAt2(kAtWorkingDirectory, path, mode, 0); }

Answer ChangeModeAt(int base, VirtAddr path, std::uint32_t mode) { return SetMode(*ESC_TRY(Find(base, path, 0)), mode); }
Answer ChangeMode(VirtAddr path, std::uint32_t mode) { return ChangeModeAt(kAtWorkingDirectory, path, mode); }
Answer ChangeModeOf(int descriptor, std::uint32_t mode) { return SetMode(*ESC_TRY(NodeOf(descriptor)), mode); }

Answer ChangeOwnerAt(int base, VirtAddr path, std::uint32_t uid, std::uint32_t gid, std::uint32_t flags) {
  if ((flags & ~(kAtNoFollow | kAtEmptyPath)) != 0) return Status::kInvalidArgument;
  return SetOwner(*ESC_TRY(Find(base, path, flags)), uid, gid);
}
Answer ChangeOwner(VirtAddr path, std::uint32_t uid, std::uint32_t gid) {
  return ChangeOwnerAt(kAtWorkingDirectory, path, uid, gid, 0);
}
Answer ChangeOwnerOfLink(VirtAddr path, std::uint32_t uid, std::uint32_t gid) {
  return ChangeOwnerAt(kAtWorkingDirectory, path, uid, gid, kAtNoFollow);
}
Answer ChangeOwnerOf(int descriptor, std::uint32_t uid, std::uint32_t gid) {
  return SetOwner(*ESC_TRY(NodeOf(descriptor)), uid, gid);
}

Answer SetTimesAt(int base, VirtAddr path, VirtAddr times_at, std::uint32_t flags) {
  if ((flags & ~(kAtNoFollow | kAtEmptyPath)) != 0) return Status::kInvalidArgument;
  TimeSpec times[2] = {{0, kTimeNow}, {0, kTimeNow}};
  if (times_at.value != 0) ESC_TRY(mm::CopyFromUser(times, times_at, sizeof(times)));
  // Without a path it is futimens: the descriptor itself.
  const NodeRef node = path.value == 0 ? ESC_TRY(NodeOf(base)) : ESC_TRY(Find(base, path, flags));
  return ChangeTimes(*node, times);
}

Answer SetTimesInSeconds(VirtAddr path, VirtAddr times_at) {
  TimeSpec times[2] = {{0, kTimeNow}, {0, kTimeNow}};
  if (times_at.value != 0) {
    std::int64_t seconds[2];
    ESC_TRY(mm::CopyFromUser(seconds, times_at, sizeof(seconds)));
    for (int i = 0; i < 2; ++i) times[i] = {seconds[i], 0};
  }
  return ChangeTimes(*ESC_TRY(Find(kAtWorkingDirectory, path, 0)), times);
}

Answer SetTimesOld(VirtAddr path, VirtAddr times) { return SetTimesOldAt(kAtWorkingDirectory, path, times); }

Answer SetTimesOldAt(int base, VirtAddr path, VirtAddr times_at) {
  TimeSpec times[2] = {{0, kTimeNow}, {0, kTimeNow}};
  if (times_at.value != 0) {
    TimeValue old[2];
    ESC_TRY(mm::CopyFromUser(old, times_at, sizeof(old)));
    for (int i = 0; i < 2; ++i) {
      if (old[i].microseconds < 0 || old[i].microseconds >= 1'000'000) return Status::kInvalidArgument;
      times[i] = {old[i].seconds, old[i].microseconds * 1'000};
    }
  }
  const NodeRef node = path.value == 0 ? ESC_TRY(NodeOf(base)) : ESC_TRY(Find(base, path, 0));
  return ChangeTimes(*node, times);
}

Answer GetStatAt(int base, VirtAddr path, VirtAddr out, std::uint32_t flags) {
  if ((flags & ~(kAtNoFollow | kAtNoAutomount | kAtEmptyPath)) != 0) return Status::kInvalidArgument;
  return WriteStat(*ESC_TRY(Find(base, path, flags)), out);
}
Answer GetStat(VirtAddr path, VirtAddr out) { return GetStatAt(kAtWorkingDirectory, path, out, 0); }
Answer GetLinkStat(VirtAddr path, VirtAddr out) { return GetStatAt(kAtWorkingDirectory, path, out, kAtNoFollow); }
Answer GetFileStat(int descriptor, VirtAddr out) { return WriteStat(*ESC_TRY(NodeOf(descriptor)), out); }

Answer GetStatx(int base, VirtAddr path, std::uint32_t flags, std::uint32_t, VirtAddr out) {
  if ((flags & ~(kAtNoFollow | kAtNoAutomount | kAtEmptyPath | kAtStatxSync)) != 0) return Status::kInvalidArgument;
  const fs::Attributes attributes = ESC_TRY(Find(base, path, flags))->GetAttributes();
  Statx stat{};
  stat.mask = kStatxBasicStats;
  stat.block_size = kPageSize;
  stat.links = attributes.links;
  stat.uid = attributes.uid;
  stat.gid = attributes.gid;
  stat.mode = static_cast<std::uint16_t>(ModeOf(attributes));
  stat.inode = attributes.inode;
  stat.size = attributes.size;
  stat.blocks = attributes.allocated / kBlockBytes;
  stat.accessed = StatxTimeOf(attributes.accessed);
  stat.changed = StatxTimeOf(attributes.changed);
  stat.modified = StatxTimeOf(attributes.modified);
  stat.special_major = attributes.device.major;
  stat.special_minor = attributes.device.minor;
  stat.device_major = attributes.file_system.major;
  stat.device_minor = attributes.file_system.minor;
  return mm::WriteUser(out, stat);
}

Answer GetStatFs(VirtAddr path, VirtAddr out) {
  ESC_TRY(Find(kAtWorkingDirectory, path, 0));
  return WriteStatFs(out);
}
Answer GetFileStatFs(int descriptor, VirtAddr out) {
  ESC_TRY(FileOf(descriptor));
  return WriteStatFs(out);
}

}  // namespace esc::linux_abi
