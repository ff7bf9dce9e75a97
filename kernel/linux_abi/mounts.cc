#include "kernel/linux_abi/mounts.h"

#include <array>
#include <string_view>

#include "kernel/fs/paths.h"
#include "kernel/linux_abi/current.h"
#include "kernel/linux_abi/numbers.h"
#include "kernel/linux_abi/user_text.h"
#include "kernel/mm/user_copy.h"

namespace esc::linux_abi {
namespace {

bool Leads(fs::Paths& paths, std::string_view path, const fs::Node& node) {
  const Result<mm::RefPtr<fs::Node>> found = fs::Resolve(paths, nullptr, path, fs::FollowLast::kYes);
  return found.ok() && found->get() == &node;
}

// What the first lines of an init script mount is here from the start: then there is nothing left to do. An empty directory
// is as good as a new tmpfs. Nothing else can be mounted.
Answer MountKind(fs::Paths& paths, std::string_view kind, fs::Node& target) {
  if (kind == "proc") return Leads(paths, "/proc", target) ? Answer(0) : Answer(Status::kPermissionDenied);
  if (kind == "devtmpfs") return Leads(paths, "/dev", target) ? Answer(0) : Answer(Status::kPermissionDenied);
  if (kind == "tmpfs" || kind == "ramfs") return target.EmptyDirectory() ? Answer(0) : Answer(Status::kBusy);
  return Errno::kNoDev;
}

}  // namespace

Answer Mount(VirtAddr, VirtAddr target, VirtAddr type, std::uint64_t flags, VirtAddr) {
  if (CurrentCredentials().euid != 0) return Status::kPermissionDenied;
  UserPath name;
  ESC_TRY(name.Copy(target));
  const mm::RefPtr<fs::Paths> paths = fs::CurrentPaths();
  const mm::RefPtr<fs::Node> node = ESC_TRY(fs::Resolve(*paths, nullptr, name.view(), fs::FollowLast::kYes));
  if ((flags & kMountRemount) != 0) return node.get() == paths->root().get() ? Answer(0) : Answer(Status::kInvalidArgument);
  if ((flags & (kMountBind | kMountMove)) != 0) return Status::kInvalidArgument;
  if (node->type() != fs::NodeType::kDirectory) return Status::kNotDirectory;
  std::array<char, 32> kind{};
  const Result<std::size_t> bytes = mm::CopyStringFromUser(kind, type);
  if (!bytes.ok()) return bytes.status() == Status::kTooLarge ? Answer(Errno::kNoDev) : Answer(bytes.status());
  return MountKind(*paths, std::string_view(kind.data()), *node);
}

Answer Unmount(VirtAddr target, std::uint32_t) {
  if (CurrentCredentials().euid != 0) return Status::kPermissionDenied;
  UserPath name;
  ESC_TRY(name.Copy(target));
  const mm::RefPtr<fs::Paths> paths = fs::CurrentPaths();
  ESC_TRY(fs::Resolve(*paths, nullptr, name.view(), fs::FollowLast::kYes));
  return Status::kInvalidArgument;  // no mount point
}

}  // namespace esc::linux_abi
