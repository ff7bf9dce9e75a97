#include "kernel/fs/node.h"

namespace esc::fs {
namespace {
constinit std::atomic<void (*)(OpenFile&)> close_hook{nullptr};
}  // namespace

void SetCloseHook(void (*hook)(OpenFile& file)) { close_hook.store(hook, std::memory_order_release); }

void OpenFile::Closed() {
  if (!tells_close_.load(std::memory_order_acquire)) return;
  if (auto* hook = close_hook.load(std::memory_order_acquire); hook != nullptr) hook(*this);
}

// What a kind of node does not override, it cannot do.
Attributes Node::GetAttributes() {
  Attributes attributes;
  attributes.type = type_;
  return attributes;
}
Result<mm::RefPtr<Node>> Node::Lookup(std::string_view) { return Status::kNotDirectory; }
Status Node::Insert(std::string_view, mm::RefPtr<Node>) {
  return type_ == NodeType::kDirectory ? Status::kPermissionDenied : Status::kNotDirectory;
}
Status Node::Replace(std::string_view, mm::RefPtr<Node>) {
  return type_ == NodeType::kDirectory ? Status::kPermissionDenied : Status::kNotDirectory;
}
Status Node::Remove(std::string_view) {
  return type_ == NodeType::kDirectory ? Status::kPermissionDenied : Status::kNotDirectory;
}
Status Node::ReadDirectory(std::uint64_t, FunctionRef<bool(const DirectoryEntry&)>) { return Status::kNotDirectory; }
Result<std::size_t> Node::ReadLink(std::span<char>) { return Status::kInvalidArgument; }
Status Node::Truncate(std::uint64_t) {
  return type_ == NodeType::kDirectory ? Status::kIsDirectory : Status::kInvalidArgument;
}
Status Node::SetPermissions(std::uint16_t) { return Status::kPermissionDenied; }
Status Node::SetOwner(std::uint32_t, std::uint32_t) { return Status::kPermissionDenied; }
Status Node::SetTimes(const Nanos*, const Nanos*) { return Status::kPermissionDenied; }

}  // namespace esc::fs
