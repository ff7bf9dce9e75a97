#include "kernel/fs/paths.h"

#include <algorithm>
#include <cstring>

#include "kernel/fs/devices.h"
#include "kernel/fs/memory_tree.h"
#include "kernel/fs/pipe.h"
#include "kernel/fs/walk.h"

namespace esc::fs {
namespace {

constexpr std::uint8_t kRead = static_cast<std::uint8_t>(Permission::kRead);
constexpr std::uint8_t kWrite = static_cast<std::uint8_t>(Permission::kWrite);
constexpr std::uint8_t kExecute = static_cast<std::uint8_t>(Permission::kExecute);
constexpr std::uint16_t kSticky = 01000, kSetGroupId = 02000;

core::Credentials CurrentCredentials() {
  core::Process& process = core::CurrentProcess();
  SpinLockGuard guard(process.lock);
  return process.credentials;
}

// In a sticky directory only the owner of the entry or of the directory may remove it.
Status CheckRemoval(Node& directory, Node& node) {
  ESC_TRY(CheckAccess(directory, kWrite | kExecute));
  const Attributes around = directory.GetAttributes();
  if ((around.permissions & kSticky) == 0) return Status::kOk;
  const core::Credentials who = CurrentCredentials();
  if (who.euid == 0 || who.euid == around.uid || who.euid == node.GetAttributes().uid) return Status::kOk;
  return Status::kPermissionDenied;
}

// A directory that was removed while somebody was in it: it has no parent but itself (Unlinked), and takes no names.
bool Removed(Paths& paths, Node& directory) {
  return directory.type() == NodeType::kDirectory && directory.Parent() == &directory && &directory != paths.root().get();
}

// Puts a new node under the last name of `place`, owned by the caller. The tree mutex is held.
Status AddNew(Paths& paths, const Place& place, mm::RefPtr<Node> node) {
  if (place.node) return Status::kAlreadyExists;
  if (place.last_bytes == 0) return Status::kNotFound;
  if (Removed(paths, *place.directory)) return Status::kNotFound;
  ESC_TRY(CheckAccess(*place.directory, kWrite | kExecute));
  const core::Credentials who = CurrentCredentials();
  const Attributes around = place.directory->GetAttributes();
  // What is made in a set-group-ID directory has its group; a directory hands that on (inode(7)).
  const bool hands_on = (around.permissions & kSetGroupId) != 0;
  ESC_TRY(node->SetOwner(who.euid, hands_on ? around.gid : who.egid));
  if (hands_on && node->type() == NodeType::kDirectory) {
    ESC_TRY(node->SetPermissions(node->GetAttributes().permissions | kSetGroupId));
  }
  return AddEntry(*place.directory, place.name(), std::move(node));
}

Result<mm::RefPtr<Node>> NewNode(NodeType type, std::uint16_t permissions, DeviceNumber device) {
  switch (type) {
    case NodeType::kFile:
      return mm::RefPtr<Node>(ESC_TRY(mm::MakeRef<MemoryFile>(permissions)));
    case NodeType::kFifo:
      return MakeFifo(permissions);
    case NodeType::kCharacterDevice:
    case NodeType::kBlockDevice:
      return mm::RefPtr<Node>(ESC_TRY(mm::MakeRef<DeviceNode>(type, permissions, device)));
    default:
      return Status::kPermissionDenied;
  }
}

std::uint16_t WithoutUmask(Paths& paths, std::uint16_t permissions) {
  return permissions & 07777 & static_cast<std::uint16_t>(~paths.umask());
}

// A new file, opened; null, with `place` as it is now, when somebody else was first. It is opened before it gets its name: what
// cannot be opened leaves no file behind.
Result<mm::RefPtr<OpenFile>> CreateFile(Paths& paths, Node* base, std::string_view path, const OpenOptions& options, Place& place) {
  core::MutexGuard guard(TreeMutex());
  place = ESC_TRY(Walk(paths, base, path, options.exclusive ? FollowLast::kNo : FollowLast::kYes));
  if (place.node) {
    if (options.exclusive) return Status::kAlreadyExists;
    return mm::RefPtr<OpenFile>();
  }
  if (place.trailing_slash) return Status::kIsDirectory;
  const mm::RefPtr<Node> node = ESC_TRY(NewNode(NodeType::kFile, WithoutUmask(paths, options.permissions), {}));
  mm::RefPtr<OpenFile> file = ESC_TRY(node->Open(options.mode));
  ESC_TRY(AddNew(paths, place, node));
  file->opened_in = place.directory;
  return file;
}

Status CheckOpen(Node& node, const OpenOptions& options) {
  if (node.type() == NodeType::kSymbolicLink) return Status::kTooManyLinks;
  if (options.directory_only && node.type() != NodeType::kDirectory) return Status::kNotDirectory;
  const bool changes = options.mode.writable || options.truncate;
  if (node.type() == NodeType::kDirectory && (changes || options.create)) return Status::kIsDirectory;
  const int wanted = (options.mode.readable ? kRead : 0) | (changes ? kWrite : 0);
  return CheckAccess(node, static_cast<std::uint8_t>(wanted));
}

// Whether `directory` is `node` or lies below it.
bool LiesWithin(Node* directory, const Node& node) {
  while (directory != &node) {
    Node* parent = directory->Parent();
    if (parent == nullptr || parent == directory) return false;
    directory = parent;
  }
  return true;
}

Status CheckReplaceable(Node& from, Node& to) {
  const bool from_directory = from.type() == NodeType::kDirectory;
  const bool to_directory = to.type() == NodeType::kDirectory;
  if (from_directory && !to_directory) return Status::kNotDirectory;
  if (!from_directory && to_directory) return Status::kIsDirectory;
  if (to_directory && !to.EmptyDirectory()) return Status::kNotEmpty;
  return Status::kOk;
}

void Unlinked(Node& node) {
  node.DropLink();
  if (node.type() != NodeType::kDirectory) return;
  node.DropLink();
  node.SetParent(&node);  // the parent may die before it
}

}  // namespace

Result<mm::RefPtr<core::PathContext>> Paths::Fork() {
  mm::RefPtr<Paths> copy = ESC_TRY(mm::MakeRef<Paths>(root(), working_directory()));
  static_cast<void>(copy->SetUmask(umask()));
  return mm::RefPtr<core::PathContext>(copy);
}

mm::RefPtr<Node> Paths::root() {
  SpinLockGuard guard(lock_);
  return root_;
}

void Paths::SetRoot(mm::RefPtr<Node> node) {
  mm::RefPtr<Node> old;  // dropped after the lock
  SpinLockGuard guard(lock_);
  old = std::exchange(root_, std::move(node));
}

mm::RefPtr<Node> Paths::working_directory() {
  SpinLockGuard guard(lock_);
  return working_directory_;
}

void Paths::SetWorkingDirectory(mm::RefPtr<Node> node) {
  mm::RefPtr<Node> old;  // dropped after the lock
  SpinLockGuard guard(lock_);
  old = std::exchange(working_directory_, std::move(node));
}

std::uint16_t Paths::umask() {
  SpinLockGuard guard(lock_);
  return umask_;
}

std::uint16_t Paths::SetUmask(std::uint16_t mask) {
  SpinLockGuard guard(lock_);
  return std::exchange(umask_, mask & 0777);
}

mm::RefPtr<Paths> CurrentPaths() {
  core::Process& process = core::CurrentProcess();
  SpinLockGuard guard(process.lock);
  return mm::RefPtr<Paths>(static_cast<Paths*>(process.paths.get()));
}

Status CheckAccess(Node& node, std::uint8_t wanted) { return CheckAccessAs(CurrentCredentials(), node, wanted); }

Status CheckAccessAs(const core::Credentials& who, Node& node, std::uint8_t wanted) {
  if (wanted == 0) return Status::kOk;
  const bool directory = node.type() == NodeType::kDirectory;
  if (who.euid == 0 && (directory || (wanted & kExecute) == 0)) return Status::kOk;
  const Attributes attributes = node.GetAttributes();
  const std::uint16_t mode = attributes.permissions;
  if (who.euid == 0) return (mode & 0111) != 0 ? Status::kOk : Status::kAccessDenied;
  const bool member = who.egid == attributes.gid || core::CurrentProcess().InSupplementaryGroup(attributes.gid);
  const int shift = who.euid == attributes.uid ? 6 : member ? 3 : 0;
  return (mode >> shift & wanted) == wanted ? Status::kOk : Status::kAccessDenied;
}

Result<mm::RefPtr<OpenFile>> Open(Paths& paths, Node* base, std::string_view path, const OpenOptions& options) {
  const bool follow = options.follow && !(options.create && options.exclusive);
  // A name to be made must not end in a slash; not even that of a directory that is there (open(2)).
  if (options.create && path.ends_with('/') && ESC_TRY(Walk(paths, base, path, FollowLast::kNever)).last_bytes != 0) {
    return Status::kIsDirectory;
  }
  Place place = ESC_TRY(Walk(paths, base, path, follow ? FollowLast::kYes : FollowLast::kNo));
  if (!place.node || (options.create && options.exclusive)) {
    if (place.node) return Status::kAlreadyExists;
    if (!options.create) return Status::kNotFound;
    mm::RefPtr<OpenFile> created = ESC_TRY(CreateFile(paths, base, path, options, place));
    if (created) return created;
  }
  if (options.path_only) {
    if (options.directory_only && place.node->type() != NodeType::kDirectory) return Status::kNotDirectory;
    return mm::RefPtr<OpenFile>(ESC_TRY(mm::MakeRef<OpenDirectory>(core::OpenMode{}, place.node)));
  }
  ESC_TRY(CheckOpen(*place.node, options));
  mm::RefPtr<OpenFile> file = ESC_TRY(place.node->Open(options.mode));
  if (options.truncate && place.node->type() == NodeType::kFile) ESC_TRY(place.node->Truncate(0));
  file->opened_in = std::move(place.directory);
  return file;
}

Result<mm::RefPtr<OpenFile>> MakeUnnamedFile() {
  const mm::RefPtr<Node> node(ESC_TRY(mm::MakeRef<MemoryFile>(0777)));
  return node->Open({.readable = true, .writable = true});
}

Status MakeDirectory(Paths& paths, Node* base, std::string_view path, std::uint16_t permissions) {
  core::MutexGuard guard(TreeMutex());
  const Place place = ESC_TRY(Walk(paths, base, path, FollowLast::kNever));
  if (place.node) return Status::kAlreadyExists;
  ESC_TRY(AddNew(paths, place, ESC_TRY(mm::MakeRef<MemoryDirectory>(WithoutUmask(paths, permissions), place.directory.get()))));
  place.directory->AddLink();  // the child's ".."
  return Status::kOk;
}

Status MakeNode(Paths& paths, Node* base, std::string_view path, NodeType type, std::uint16_t permissions, DeviceNumber device) {
  core::MutexGuard guard(TreeMutex());
  const Place place = ESC_TRY(Walk(paths, base, path, FollowLast::kNever));
  if (place.node) return Status::kAlreadyExists;
  if (place.trailing_slash) return Status::kNotFound;
  return AddNew(paths, place, ESC_TRY(NewNode(type, WithoutUmask(paths, permissions), device)));
}

Status MakeSymbolicLink(Paths& paths, std::string_view target, Node* base, std::string_view path) {
  if (target.empty()) return Status::kNotFound;
  if (target.size() > kMaxPath) return Status::kNameTooLong;
  core::MutexGuard guard(TreeMutex());
  const Place place = ESC_TRY(Walk(paths, base, path, FollowLast::kNever));
  if (place.node) return Status::kAlreadyExists;
  if (place.trailing_slash) return Status::kNotFound;
  return AddNew(paths, place, ESC_TRY(SymbolicLink::Create(target)));
}

Status Link(Paths& paths, Node* old_base, std::string_view old_path, Node* new_base, std::string_view new_path, FollowLast follow) {
  core::MutexGuard guard(TreeMutex());
  const mm::RefPtr<Node> node = ESC_TRY(Resolve(paths, old_base, old_path, follow));
  if (node->type() == NodeType::kDirectory) return Status::kPermissionDenied;
  const Place place = ESC_TRY(Walk(paths, new_base, new_path, FollowLast::kNever));
  if (place.node) return Status::kAlreadyExists;
  if (place.last_bytes == 0 || place.trailing_slash) return Status::kNotFound;
  if (Removed(paths, *place.directory)) return Status::kNotFound;
  ESC_TRY(CheckAccess(*place.directory, kWrite | kExecute));
  if (node->GetAttributes().file_system != place.directory->GetAttributes().file_system) return Status::kCrossDevice;
  return AddEntry(*place.directory, place.name(), node);
}

Status Unlink(Paths& paths, Node* base, std::string_view path) {
  core::MutexGuard guard(TreeMutex());
  const Place place = ESC_TRY(Walk(paths, base, path, FollowLast::kNever));
  if (!place.node) return Status::kNotFound;
  if (place.node->type() == NodeType::kDirectory) return Status::kIsDirectory;
  if (place.trailing_slash) return Status::kNotDirectory;
  ESC_TRY(CheckRemoval(*place.directory, *place.node));
  ESC_TRY(place.directory->Remove(place.name()));
  Unlinked(*place.node);
  return Status::kOk;
}

Status RemoveDirectory(Paths& paths, Node* base, std::string_view path) {
  core::MutexGuard guard(TreeMutex());
  const Place place = ESC_TRY(Walk(paths, base, path, FollowLast::kNever));
  if (!place.node) return Status::kNotFound;
  if (place.node->type() != NodeType::kDirectory) return Status::kNotDirectory;
  if (place.last_bytes == 0) return path.ends_with("..") ? Status::kNotEmpty : Status::kInvalidArgument;
  ESC_TRY(CheckRemoval(*place.directory, *place.node));
  if (!place.node->EmptyDirectory()) return Status::kNotEmpty;
  ESC_TRY(place.directory->Remove(place.name()));
  Unlinked(*place.node);
  place.directory->DropLink();
  return Status::kOk;
}

Status Rename(Paths& paths, Node* old_base, std::string_view old_path, Node* new_base, std::string_view new_path, Replace replace) {
  core::MutexGuard guard(TreeMutex());
  const Place from = ESC_TRY(Walk(paths, old_base, old_path, FollowLast::kNever));
  const Place to = ESC_TRY(Walk(paths, new_base, new_path, FollowLast::kNever));
  if (!from.node) return Status::kNotFound;
  if (from.last_bytes == 0 || to.last_bytes == 0) return Status::kBusy;
  const bool directory = from.node->type() == NodeType::kDirectory;
  if ((from.trailing_slash || to.trailing_slash) && !directory) return Status::kNotDirectory;
  if (directory && LiesWithin(to.directory.get(), *from.node)) return Status::kInvalidArgument;
  if (Removed(paths, *to.directory)) return Status::kNotFound;
  ESC_TRY(CheckRemoval(*from.directory, *from.node));
  ESC_TRY(CheckAccess(*to.directory, kWrite | kExecute));
  if (from.directory->GetAttributes().file_system != to.directory->GetAttributes().file_system) return Status::kCrossDevice;
  if (to.node) {
    if (replace == Replace::kNo) return Status::kAlreadyExists;
    if (to.node == from.node) return Status::kOk;
    ESC_TRY(CheckReplaceable(*from.node, *to.node));
    ESC_TRY(CheckRemoval(*to.directory, *to.node));
    ESC_TRY(to.directory->Replace(to.name(), from.node));
    Unlinked(*to.node);
    if (directory) to.directory->DropLink();
  } else {
    ESC_TRY(to.directory->Insert(to.name(), from.node));
  }
  // The new name stands: taking the old one away cannot fail, since it was found under the tree mutex.
  ESC_CHECK(Ok(from.directory->Remove(from.name())));
  if (directory && from.directory != to.directory) {
    from.node->SetParent(to.directory.get());
    from.directory->DropLink();
    to.directory->AddLink();
  }
  return Status::kOk;
}

namespace {

// Writes "/" and the name of the entry with this inode before `begin`, and moves it. kNotFound, kOutOfRange.
Status PrependName(Node& parent, std::uint64_t inode, std::span<char> buffer, std::size_t& begin) {
  bool found = false, fits = true;
  ESC_TRY(parent.ReadDirectory(2, [&](const DirectoryEntry& entry) {
    if (entry.inode != inode) return true;
    found = true;
    fits = entry.name.size() < begin;
    if (fits) {
      begin -= entry.name.size() + 1;
      buffer[begin] = '/';
      std::memcpy(buffer.data() + begin + 1, entry.name.data(), entry.name.size());
    }
    return false;
  }));
  if (!found) return Status::kNotFound;
  return fits ? Status::kOk : Status::kOutOfRange;
}

// The path of `directory`, written from the end: from `begin` on. Its length.
Result<std::size_t> PrependPath(Paths& paths, Node& directory, std::span<char> buffer, std::size_t begin) {
  const mm::RefPtr<Node> root = paths.root();
  Node* at = &directory;
  const std::size_t end = buffer.size();
  while (at != root.get()) {
    Node* parent = at->Parent();
    if (parent == nullptr || parent == at) return Status::kNotFound;  // removed meanwhile
    ESC_TRY(PrependName(*parent, at->GetAttributes().inode, buffer, begin));
    at = parent;
  }
  if (begin == end) {
    if (begin == 0) return Status::kOutOfRange;
    buffer[--begin] = '/';
  }
  std::memmove(buffer.data(), buffer.data() + begin, end - begin);
  return end - begin;
}

}  // namespace

Result<std::size_t> PathOf(Paths& paths, Node& directory, std::span<char> buffer) {
  return PrependPath(paths, directory, buffer, buffer.size());
}

Result<std::size_t> PathOfFile(Paths& paths, OpenFile& file, std::span<char> buffer) {
  if (file.node().type() == NodeType::kDirectory) return PathOf(paths, file.node(), buffer);
  if (!file.opened_in) return Status::kNotFound;
  std::size_t begin = buffer.size();
  ESC_TRY(PrependName(*file.opened_in, file.node().GetAttributes().inode, buffer, begin));
  return PrependPath(paths, *file.opened_in, buffer, begin);
}

}  // namespace esc::fs
