// Node: a file, directory, link, pipe or device of the file tree, open or not.
//
// The tree lives in memory: what the initramfs brought and what programs wrote. Directories own their entries;
// a node lives as long as an entry, an open file or a mapping refers to it. Locking: each node has a sleeping
// Mutex for its contents and attributes; two nodes are locked parent first, and rename takes the tree's own mutex
// before. Nothing here is called with a spin lock held.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "kernel/base/function_ref.h"
#include "kernel/base/status.h"
#include "kernel/base/units.h"
#include "kernel/core/file.h"
#include "kernel/core/mutex.h"
#include "kernel/mm/ref_ptr.h"

namespace esc::fs {

enum class NodeType : std::uint8_t { kFile, kDirectory, kSymbolicLink, kCharacterDevice, kBlockDevice, kFifo, kSocket };

struct DeviceNumber {
  std::uint32_t major = 0;
  std::uint32_t minor = 0;
  bool operator==(const DeviceNumber&) const = default;
};

struct Attributes {
  NodeType type = NodeType::kFile;
  std::uint16_t permissions = 0;  // 07777
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  std::uint64_t inode = 0;
  std::uint32_t links = 0;
  std::uint64_t size = 0;
  std::uint64_t allocated = 0;    // bytes of memory behind it: holes have none
  DeviceNumber file_system;       // st_dev
  DeviceNumber device;            // st_rdev
  Nanos accessed{}, modified{}, changed{};  // since 1970
};

struct DirectoryEntry {
  std::string_view name;
  std::uint64_t inode = 0;
  NodeType type = NodeType::kFile;
  std::uint64_t next_cursor = 0;  // continue after this entry from here
};

class OpenFile;

class Node : public mm::RefCounted<Node> {
 public:
  virtual ~Node() = default;
  NodeType type() const { return type_; }
  virtual Attributes GetAttributes();

  // Directories. kNotDirectory on others. `name` is one component, not empty, no slash.
  virtual Result<mm::RefPtr<Node>> Lookup(std::string_view name);
  virtual Status Insert(std::string_view name, mm::RefPtr<Node> node);  // kAlreadyExists, kNoMemory, kReadOnly
  virtual Status Remove(std::string_view name);                          // the entry only; kNotFound, kNotEmpty
  // Entries from `cursor` (0: the start, with "." and "..") while `take` says true.
  virtual Status ReadDirectory(std::uint64_t cursor, FunctionRef<bool(const DirectoryEntry&)> take);
  // Puts `node` in the place of an existing entry, in one step for every observer (rename).
  virtual Status Replace(std::string_view name, mm::RefPtr<Node> node);
  virtual Node* Parent() { return nullptr; }   // a directory's; the root is its own
  virtual void SetParent(Node*) {}             // rename, removal; the tree mutex is held
  virtual bool EmptyDirectory() { return false; }
  // The count of names (st_nlink); the tree mutex is held.
  virtual void AddLink() {}
  virtual void DropLink() {}

  virtual Result<std::size_t> ReadLink(std::span<char> target);  // symbolic links
  // Links that lead to a node whatever its name is (/proc/PID/fd); kNotSupported on others.
  virtual Result<mm::RefPtr<Node>> Jump() { return Status::kNotSupported; }
  virtual Status Truncate(std::uint64_t size);
  virtual Status SetPermissions(std::uint16_t permissions);
  virtual Status SetOwner(std::uint32_t uid, std::uint32_t gid);
  virtual Status SetTimes(const Nanos* accessed, const Nanos* modified);  // nullptr: leave

  // An open file description. May wait (fifo).
  virtual Result<mm::RefPtr<OpenFile>> Open(core::OpenMode mode) = 0;

 protected:
  explicit Node(NodeType type) : type_(type) {}

 private:
  const NodeType type_;
};

class Terminal;

// Every open file of this kernel is one: so a core::File& may be cast down (AsOpenFile).
class OpenFile : public core::File {
 public:
  OpenFile(core::OpenMode mode, mm::RefPtr<Node> node) : File(mode), node_(std::move(node)) {}
  Node& node() const { return *node_; }
  const mm::RefPtr<Node>& node_ref() const { return node_; }
  // Where its name stood when it was opened by one; null for pipes and the like. Set by Open alone.
  mm::RefPtr<Node> opened_in;
  // The terminal behind it, or nullptr.
  virtual Terminal* terminal() { return nullptr; }
  // Kinds that linux_abi defines and tells apart.
  virtual bool IsEpoll() const { return false; }
  virtual bool IsTimer() const { return false; }
  virtual bool IsSignalFile() const { return false; }
  // Bytes that a read would give at once (FIONREAD).
  virtual std::size_t Available() { return 0; }
  // Somebody above keeps notes about this file: the hook is told of its last close.
  void AskForClose() { tells_close_.store(true, std::memory_order_release); }
  void Closed() final;
  // Directory position for getdents, under the caller's own lock.
  std::uint64_t directory_cursor = 0;

 private:
  mm::RefPtr<Node> node_;
  std::atomic<bool> tells_close_{false};
};
// Told of the last close of each file that was asked to tell; no lock is held. Set once at boot.
void SetCloseHook(void (*hook)(OpenFile& file));
inline OpenFile& AsOpenFile(core::File& file) { return static_cast<OpenFile&>(file); }

}  // namespace esc::fs
