// The node behind a file that has no name: an event, a timer, an epoll instance.
#pragma once

#include "kernel/base/status.h"
#include "kernel/fs/base_node.h"
#include "kernel/fs/node.h"
#include "kernel/mm/ref_ptr.h"

namespace esc::fs {

class AnonymousNode : public BaseNode {
 public:
  AnonymousNode() : BaseNode(NodeType::kFile, 0600) {}
  static Result<mm::RefPtr<Node>> Create() { return mm::RefPtr<Node>(ESC_TRY(mm::MakeRef<AnonymousNode>())); }
  // There is one description of it; a second, by /proc/PID/fd, cannot be had.
  Result<mm::RefPtr<OpenFile>> Open(core::OpenMode) override { return Status::kNoDevice; }
};

}  // namespace esc::fs
