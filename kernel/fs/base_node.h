// The part that every node of our trees has: attributes under a spin lock, inode numbers.
//
// Locking: lock_, rank kFileSystem, held for a few instructions; never two nodes' at once. Whatever changes the shape
// of the tree holds TreeMutex() around it.
#pragma once

#include <cstdint>

#include "kernel/base/spin_lock.h"
#include "kernel/core/mutex.h"
#include "kernel/fs/node.h"

namespace esc::fs {

// Serialises create, link, unlink and rename. Taken with no other lock held.
core::Mutex& TreeMutex();

std::uint64_t NextInode();
inline constexpr DeviceNumber kTreeDevice{0, 1};
inline constexpr DeviceNumber kProcDevice{0, 2};

class BaseNode : public Node {
 public:
  Attributes GetAttributes() override;
  Status SetPermissions(std::uint16_t permissions) override;
  Status SetOwner(std::uint32_t uid, std::uint32_t gid) override;
  Status SetTimes(const Nanos* accessed, const Nanos* modified) override;
  void AddLink() override;
  void DropLink() override;

 protected:
  BaseNode(NodeType type, std::uint16_t permissions);
  void Touch() ESC_REQUIRES(lock_);  // contents changed now
  // What this kind of node adds (size, device); lock_ is held.
  virtual void FillAttributes(Attributes&) ESC_REQUIRES(lock_) {}

  SpinLock lock_{LockRank::kFileSystem};

 private:
  Attributes attributes_ ESC_GUARDED_BY(lock_);
};

}  // namespace esc::fs
