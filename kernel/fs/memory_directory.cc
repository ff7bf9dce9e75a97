#include <algorithm>
#include <cstring>

#include "kernel/fs/memory_tree.h"

namespace esc::fs {

Result<mm::RefPtr<Node>> MemoryDirectory::Lookup(std::string_view name) {
  SpinLockGuard guard(lock_);
  const NameTable::Entry* entry = names_.Find(name);
  if (entry == nullptr) return Status::kNotFound;
  return entry->node;
}

Status MemoryDirectory::Insert(std::string_view name, mm::RefPtr<Node> node) {
  SpinLockGuard guard(lock_);
  ESC_TRY(names_.Insert(name, std::move(node)));
  Touch();
  return Status::kOk;
}

Status MemoryDirectory::Replace(std::string_view name, mm::RefPtr<Node> node) {
  mm::RefPtr<Node> old;  // dropped after the lock
  SpinLockGuard guard(lock_);
  NameTable::Entry* entry = names_.Find(name);
  if (entry == nullptr) return Status::kNotFound;
  old = std::exchange(entry->node, std::move(node));
  Touch();
  return Status::kOk;
}

Status MemoryDirectory::Remove(std::string_view name) {
  mm::RefPtr<Node> node;  // dropped after the lock: the last reference frees frames
  SpinLockGuard guard(lock_);
  node = names_.Remove(name);
  if (!node) return Status::kNotFound;
  Touch();
  return Status::kOk;
}

Status MemoryDirectory::ReadDirectory(std::uint64_t cursor, FunctionRef<bool(const DirectoryEntry&)> take) {
  // Cursors 0 and 1 are "." and ".."; slot i is i + 2. The entry's name is copied out, since `take` may touch user
  // memory and must not run under the lock.
  if (cursor == 0) {
    if (!take({".", GetAttributes().inode, NodeType::kDirectory, 1})) return Status::kOk;
    cursor = 1;
  }
  if (cursor == 1) {
    if (!take({"..", Parent()->GetAttributes().inode, NodeType::kDirectory, 2})) return Status::kOk;
    cursor = 2;
  }
  while (true) {
    char name[256];
    std::size_t bytes = 0;
    std::size_t slot = cursor - 2;
    mm::RefPtr<Node> node;
    {
      SpinLockGuard guard(lock_);
      const NameTable::Entry* entry = names_.At(slot);
      if (entry == nullptr) return Status::kOk;
      bytes = entry->name_bytes;
      std::memcpy(name, entry->name.get(), bytes);
      node = entry->node;
    }
    cursor = slot + 3;
    if (!take({std::string_view(name, bytes), node->GetAttributes().inode, node->type(), cursor})) return Status::kOk;
  }
}

Node* MemoryDirectory::Parent() {
  SpinLockGuard guard(lock_);
  return parent_;
}

void MemoryDirectory::SetParent(Node* parent) {
  SpinLockGuard guard(lock_);
  parent_ = parent;
}

bool MemoryDirectory::EmptyDirectory() {
  SpinLockGuard guard(lock_);
  return names_.count() == 0;
}

Result<mm::RefPtr<OpenFile>> MemoryDirectory::Open(core::OpenMode mode) {
  if (mode.writable) return Status::kIsDirectory;
  return mm::RefPtr<OpenFile>(ESC_TRY(mm::MakeRef<OpenDirectory>(mode, mm::RefPtr<Node>(this))));
}

Result<std::uint64_t> OpenDirectory::Seek(std::int64_t offset, core::SeekFrom from) {
  // Cursors are what getdents gave out: only those may be gone back to.
  if (from == core::SeekFrom::kCurrent && offset == 0) return directory_cursor;
  if (from != core::SeekFrom::kStart || offset < 0) return Status::kInvalidArgument;
  return directory_cursor = static_cast<std::uint64_t>(offset);
}

Result<mm::RefPtr<Node>> SymbolicLink::Create(std::string_view target) {
  mm::Owned<char> copy(static_cast<char*>(mm::Allocate(std::max<std::size_t>(1, target.size()))));
  if (!copy) return Status::kNoMemory;
  std::memcpy(copy.get(), target.data(), target.size());
  return mm::RefPtr<Node>(ESC_TRY(mm::MakeRef<SymbolicLink>(std::move(copy), target.size())));
}

Result<std::size_t> SymbolicLink::ReadLink(std::span<char> target) {
  const std::size_t bytes = std::min(target.size(), bytes_);
  std::memcpy(target.data(), target_.get(), bytes);
  return bytes;
}

Status AddEntry(Node& directory, std::string_view name, mm::RefPtr<Node> child) {
  // A directory is linked by its name and by its own ".".
  child->AddLink();
  if (child->type() == NodeType::kDirectory) child->AddLink();
  const Status status = directory.Insert(name, child);
  if (!Ok(status)) {
    child->DropLink();
    if (child->type() == NodeType::kDirectory) child->DropLink();
  }
  return status;
}

}  // namespace esc::fs
