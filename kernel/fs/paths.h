// Path names: from text to nodes, and the operations of the tree that take names.
//
// `base` is where a relative path starts (a directory's node); nullptr: the working directory of `paths`. Errors as
// POSIX names them: kNotFound, kNotDirectory, kTooManyLinks (40), kNameTooLong (a component over 255, a path over
// 4095), kAccessDenied (search and write permission by the caller's credentials; uid 0 may all).
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "kernel/base/status.h"
#include "kernel/core/process.h"
#include "kernel/fs/node.h"
#include "kernel/mm/ref_ptr.h"

namespace esc::fs {

inline constexpr std::size_t kMaxName = 255;
inline constexpr std::size_t kMaxPath = 4095;

class Paths : public core::PathContext {
 public:
  Paths(mm::RefPtr<Node> root, mm::RefPtr<Node> working_directory)
      : root_(std::move(root)), working_directory_(std::move(working_directory)) {}
  Result<mm::RefPtr<core::PathContext>> Fork() override;

  mm::RefPtr<Node> root();
  void SetRoot(mm::RefPtr<Node> node);
  mm::RefPtr<Node> working_directory();
  void SetWorkingDirectory(mm::RefPtr<Node> node);
  std::uint16_t umask();
  std::uint16_t SetUmask(std::uint16_t mask);  // the old one

 private:
  SpinLock lock_{LockRank::kFile};
  mm::RefPtr<Node> root_ ESC_GUARDED_BY(lock_);
  mm::RefPtr<Node> working_directory_ ESC_GUARDED_BY(lock_);
  std::uint16_t umask_ ESC_GUARDED_BY(lock_) = 022;
};

// The running process's.
mm::RefPtr<Paths> CurrentPaths();

// A file that no directory holds, open for reading and writing (memfd_create). kNoMemory.
Result<mm::RefPtr<OpenFile>> MakeUnnamedFile();

// Whether a symbolic link in the last place is followed. kNo follows it all the same before a trailing slash, as stat does;
// kNever means the name itself, as what makes, moves and removes names does.
enum class FollowLast : std::uint8_t { kNo, kYes, kNever };
Result<mm::RefPtr<Node>> Resolve(Paths& paths, Node* base, std::string_view path, FollowLast follow);

struct OpenOptions {
  core::OpenMode mode;
  bool create = false;
  bool exclusive = false;      // with create: the name must be new
  bool truncate = false;
  bool directory_only = false;
  bool follow = true;
  bool path_only = false;      // O_PATH
  std::uint16_t permissions = 0666;  // of a new file, before the umask
};
Result<mm::RefPtr<OpenFile>> Open(Paths& paths, Node* base, std::string_view path, const OpenOptions& options);

Status MakeDirectory(Paths& paths, Node* base, std::string_view path, std::uint16_t permissions);
// A device, fifo or plain file.
Status MakeNode(Paths& paths, Node* base, std::string_view path, NodeType type, std::uint16_t permissions, DeviceNumber device);
Status MakeSymbolicLink(Paths& paths, std::string_view target, Node* base, std::string_view path);
Status Link(Paths& paths, Node* old_base, std::string_view old_path, Node* new_base, std::string_view new_path, FollowLast follow);
Status Unlink(Paths& paths, Node* base, std::string_view path);
Status RemoveDirectory(Paths& paths, Node* base, std::string_view path);
enum class Replace : std::uint8_t { kYes, kNo };
Status Rename(Paths& paths, Node* old_base, std::string_view old_path, Node* new_base, std::string_view new_path, Replace replace);
// The absolute path of a directory into `buffer`; its length. kNotFound when it was removed, kOutOfRange.
Result<std::size_t> PathOf(Paths& paths, Node& directory, std::span<char> buffer);

// The same of an open file; kNotFound when it has no name any more.
Result<std::size_t> PathOfFile(Paths& paths, OpenFile& file, std::span<char> buffer);

enum class Permission : std::uint8_t { kExecute = 1, kWrite = 2, kRead = 4 };
// Whether the running process may; `wanted` is a sum of Permission bits.
Status CheckAccess(Node& node, std::uint8_t wanted);
// The same for `who` in the place of its credentials.
Status CheckAccessAs(const core::Credentials& who, Node& node, std::uint8_t wanted);

}  // namespace esc::fs
