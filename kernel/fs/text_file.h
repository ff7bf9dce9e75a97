// Read-only files whose text is made when they are read from the start: what /proc consists of.
#pragma once

#include <cstddef>

#include "kernel/base/format.h"
#include "kernel/base/status.h"
#include "kernel/fs/base_node.h"
#include "kernel/fs/node.h"

namespace esc::fs {

class TextNode : public BaseNode {
 public:
  explicit TextNode(std::uint16_t permissions = 0444) : BaseNode(NodeType::kFile, permissions) {}
  Result<mm::RefPtr<OpenFile>> Open(core::OpenMode mode) override;
  Status Truncate(std::uint64_t) override { return Status::kPermissionDenied; }
  // The whole text; called for each reading from the start, again with a larger buffer when it was cut. No lock held.
  virtual Status Write(TextBuffer& text) = 0;

 protected:
  void FillAttributes(Attributes& attributes) override ESC_REQUIRES(lock_) { attributes.file_system = kProcDevice; }
};

}  // namespace esc::fs
