#include "kernel/fs/base_node.h"

#include <atomic>

#include "kernel/fs/clock.h"

namespace esc::fs {

core::Mutex& TreeMutex() {
  [[clang::no_destroy]] static constinit core::Mutex mutex;
  return mutex;
}

std::uint64_t NextInode() {
  static std::atomic<std::uint64_t> next{1};
  return next.fetch_add(1, std::memory_order_relaxed);
}

BaseNode::BaseNode(NodeType type, std::uint16_t permissions) : Node(type) {
  attributes_.type = type;
  attributes_.permissions = permissions;
  attributes_.inode = NextInode();
  attributes_.file_system = kTreeDevice;
  attributes_.accessed = attributes_.modified = attributes_.changed = RealTime();
}

Attributes BaseNode::GetAttributes() {
  SpinLockGuard guard(lock_);
  Attributes attributes = attributes_;
  FillAttributes(attributes);
  return attributes;
}

Status BaseNode::SetPermissions(std::uint16_t permissions) {
  SpinLockGuard guard(lock_);
  attributes_.permissions = permissions & 07777;
  attributes_.changed = RealTime();
  return Status::kOk;
}

Status BaseNode::SetOwner(std::uint32_t uid, std::uint32_t gid) {
  constexpr std::uint32_t kLeave = ~0u;
  SpinLockGuard guard(lock_);
  if (uid != kLeave) attributes_.uid = uid;
  if (gid != kLeave) attributes_.gid = gid;
  attributes_.changed = RealTime();
  return Status::kOk;
}

Status BaseNode::SetTimes(const Nanos* accessed, const Nanos* modified) {
  SpinLockGuard guard(lock_);
  if (accessed != nullptr) attributes_.accessed = *accessed;
  if (modified != nullptr) attributes_.modified = *modified;
  attributes_.changed = RealTime();
  return Status::kOk;
}

void BaseNode::AddLink() {
  SpinLockGuard guard(lock_);
  ++attributes_.links;
}

void BaseNode::DropLink() {
  SpinLockGuard guard(lock_);
  --attributes_.links;
  attributes_.changed = RealTime();
}

void BaseNode::Touch() { attributes_.modified = attributes_.changed = RealTime(); }

}  // namespace esc::fs
