// The tree's names: directories, links, rename, unlink.
#include "kernel/linux_abi/names.h"

#include <algorithm>

#include "kernel/fs/paths.h"
#include "kernel/linux_abi/current.h"
#include "kernel/linux_abi/numbers.h"
#include "kernel/linux_abi/user_text.h"
#include "kernel/mm/heap.h"
#include "kernel/mm/user_copy.h"

namespace esc::linux_abi {
namespace {

// A path name from the program, with the place where it starts.
class Name {
 public:
  Status Get(int base, VirtAddr path) {
    ESC_TRY(text_.Copy(path));
    base_ = ESC_TRY(BaseOf(base, text_.view()));
    paths_ = fs::CurrentPaths();
    return text_.view().empty() ? Status::kNotFound : Status::kOk;
  }
  fs::Paths& paths() { return *paths_; }
  fs::Node* base() { return base_.get(); }
  std::string_view text() const { return text_.view(); }

 private:
  UserPath text_;
  mm::RefPtr<fs::Node> base_;
  mm::RefPtr<fs::Paths> paths_;
};

Status SetDirectory(mm::RefPtr<fs::Node> node) {
  if (node->type() != fs::NodeType::kDirectory) return Status::kNotDirectory;
  ESC_TRY(fs::CheckAccess(*node, static_cast<std::uint8_t>(fs::Permission::kExecute)));
  fs::CurrentPaths()->SetWorkingDirectory(std::move(node));
  return Status::kOk;
}

Result<fs::NodeType> TypeOfMode(std::uint32_t mode) {
  switch (mode & kModeType) {
    case 0:
    case kModeFile: return fs::NodeType::kFile;
    case kModeFifo: return fs::NodeType::kFifo;
    case kModeCharacter: return fs::NodeType::kCharacterDevice;
    case kModeBlock: return fs::NodeType::kBlockDevice;
    case kModeSocket: return fs::NodeType::kSocket;
    case kModeDirectory: return Status::kPermissionDenied;
    default: return Status::kInvalidArgument;
  }
}

}  // namespace

Answer ChangeDirectory(VirtAddr path) {
  Name name;
  ESC_TRY(name.Get(kAtWorkingDirectory, path));
  return SetDirectory(ESC_TRY(fs::Resolve(name.paths(), nullptr, name.text(), fs::FollowLast::kYes)));
}

Answer ChangeDirectoryTo(int descriptor) {
  const mm::RefPtr<core::File> file = ESC_TRY(FileOf(descriptor));
  return SetDirectory(fs::AsOpenFile(*file).node_ref());
}

Answer ChangeRoot(VirtAddr path) {
  if (CurrentCredentials().euid != 0) return Status::kPermissionDenied;
  Name name;
  ESC_TRY(name.Get(kAtWorkingDirectory, path));
  mm::RefPtr<fs::Node> node = ESC_TRY(fs::Resolve(name.paths(), nullptr, name.text(), fs::FollowLast::kYes));
  if (node->type() != fs::NodeType::kDirectory) return Status::kNotDirectory;
  name.paths().SetRoot(std::move(node));
  return 0;
}

Answer GetDirectory(VirtAddr buffer, std::uint64_t bytes) {
  char* block = static_cast<char*>(mm::Allocate(fs::kMaxPath + 1));
  if (block == nullptr) return Status::kNoMemory;
  const mm::Owned<char> owner(block);
  const mm::RefPtr<fs::Paths> paths = fs::CurrentPaths();
  const mm::RefPtr<fs::Node> directory = paths->working_directory();
  const std::size_t length = ESC_TRY(fs::PathOf(*paths, *directory, {block, fs::kMaxPath}));
  block[length] = '\0';
  if (length + 1 > bytes) return Errno::kRange;
  ESC_TRY(mm::CopyToUser(buffer, block, length + 1));
  return length + 1;
}

Answer MakeDirectoryAt(int base, VirtAddr path, std::uint32_t mode) {
  Name name;
  ESC_TRY(name.Get(base, path));
  return fs::MakeDirectory(name.paths(), name.base(), name.text(), static_cast<std::uint16_t>(mode & 01777));
}
Answer MakeDirectory(VirtAddr path, std::uint32_t mode) { return MakeDirectoryAt(kAtWorkingDirectory, path, mode); }

Answer UnlinkAt(int base, VirtAddr path, std::uint32_t flags) {
  if ((flags & ~kAtRemoveDirectory) != 0) return Status::kInvalidArgument;
  Name name;
  ESC_TRY(name.Get(base, path));
  if ((flags & kAtRemoveDirectory) != 0) return fs::RemoveDirectory(name.paths(), name.base(), name.text());
  return fs::Unlink(name.paths(), name.base(), name.text());
}
Answer Unlink(VirtAddr path) { return UnlinkAt(kAtWorkingDirectory, path, 0); }
Answer RemoveDirectory(VirtAddr path) { return UnlinkAt(kAtWorkingDirectory, path, kAtRemoveDirectory); }

Answer RenameAt2(int from_base, VirtAddr from, int to_base, VirtAddr to, std::uint32_t flags) {
  if ((flags & ~kRenameNoReplace) != 0) return Status::kInvalidArgument;
  Name old_name, new_name;
  ESC_TRY(old_name.Get(from_base, from));
  ESC_TRY(new_name.Get(to_base, to));
  return fs::Rename(old_name.paths(), old_name.base(), old_name.text(), new_name.base(), new_name.text(),
                    (flags & kRenameNoReplace) != 0 ? fs::Replace::kNo : fs::Replace::kYes);
}
Answer RenameAt(int from_base, VirtAddr from, int to_base, VirtAddr to) { return RenameAt2(from_base, from, to_base, to, 0); }
Answer Rename(VirtAddr from, VirtAddr to) { return RenameAt2(kAtWorkingDirectory, from, kAtWorkingDirectory, to, 0); }

Answer LinkAt(int from_base, VirtAddr from, int to_base, VirtAddr to, std::uint32_t flags) {
  if ((flags & ~kAtFollow) != 0) return Status::kInvalidArgument;
  Name old_name, new_name;
  ESC_TRY(old_name.Get(from_base, from));
  ESC_TRY(new_name.Get(to_base, to));
  return fs::Link(old_name.paths(), old_name.base(), old_name.text(), new_name.base(), new_name.text(),
                  (flags & kAtFollow) != 0 ? fs::FollowLast::kYes : fs::FollowLast::kNo);
}
Answer Link(VirtAddr from, VirtAddr to) { return LinkAt(kAtWorkingDirectory, from, kAtWorkingDirectory, to, 0); }

Answer MakeLinkAt(VirtAddr target, int base, VirtAddr path) {
  UserPath text;
  ESC_TRY(text.Copy(target));
  if (text.view().empty()) return Status::kNotFound;
  Name name;
  ESC_TRY(name.Get(base, path));
  return fs::MakeSymbolicLink(name.paths(), text.view(), name.base(), name.text());
}
Answer MakeLink(VirtAddr target, VirtAddr path) { return MakeLinkAt(target, kAtWorkingDirectory, path); }

Answer ReadLinkAt(int base, VirtAddr path, VirtAddr buffer, int bytes) {
  if (bytes <= 0) return Status::kInvalidArgument;
  Name name;
  ESC_TRY(name.Get(base, path));
  const mm::RefPtr<fs::Node> node = ESC_TRY(fs::Resolve(name.paths(), name.base(), name.text(), fs::FollowLast::kNo));
  if (node->type() != fs::NodeType::kSymbolicLink) return Status::kInvalidArgument;
  char* block = static_cast<char*>(mm::Allocate(fs::kMaxPath + 1));
  if (block == nullptr) return Status::kNoMemory;
  const mm::Owned<char> owner(block);
  const std::size_t length = ESC_TRY(node->ReadLink({block, fs::kMaxPath + 1}));
  const std::size_t given = std::min(length, static_cast<std::size_t>(bytes));
  ESC_TRY(mm::CopyToUser(buffer, block, given));
  return given;
}
Answer ReadLink(VirtAddr path, VirtAddr buffer, int bytes) { return ReadLinkAt(kAtWorkingDirectory, path, buffer, bytes); }

Answer MakeNodeAt(int base, VirtAddr path, std::uint32_t mode, std::uint32_t device) {
  const fs::NodeType type = ESC_TRY(TypeOfMode(mode));
  if ((type == fs::NodeType::kCharacterDevice || type == fs::NodeType::kBlockDevice) && CurrentCredentials().euid != 0) {
    return Status::kPermissionDenied;
  }
  Name name;
  ESC_TRY(name.Get(base, path));
  // new_decode_dev of Linux: minor in bits 0-7 and 20-31, major in bits 8-19.
  const fs::DeviceNumber number{.major = device >> 8 & 0xfff, .minor = (device & 0xff) | (device >> 12 & 0xfff00)};
  return fs::MakeNode(name.paths(), name.base(), name.text(), type, static_cast<std::uint16_t>(mode & 07777), number);
}
Answer MakeNode(VirtAddr path, std::uint32_t mode, std::uint32_t device) {
  return MakeNodeAt(kAtWorkingDirectory, path, mode, device);
}

Answer SetMask(std::uint32_t mask) { return fs::CurrentPaths()->SetUmask(static_cast<std::uint16_t>(mask & 0777)); }

}  // namespace esc::linux_abi
