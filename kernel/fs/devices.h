// Device nodes: a number in the tree, and what stands behind the numbers that we know.
#pragma once

#include "kernel/base/status.h"
#include "kernel/fs/base_node.h"
#include "kernel/fs/node.h"

namespace esc::fs {

// The numbers are part of what programs know (Linux Documentation/admin-guide/devices.txt).
inline constexpr DeviceNumber kNullDevice{1, 3}, kZeroDevice{1, 5}, kFullDevice{1, 7}, kRandomDevice{1, 8},
    kUrandomDevice{1, 9}, kSerialDevice{4, 64}, kTtyDevice{5, 0}, kConsoleDevice{5, 1};

// A node that any path may have (mknod); opening an unknown number is kNotFound (ENXIO has no other meaning here).
class DeviceNode : public BaseNode {
 public:
  DeviceNode(NodeType type, std::uint16_t permissions, DeviceNumber number) : BaseNode(type, permissions), number_(number) {}
  Result<mm::RefPtr<OpenFile>> Open(core::OpenMode mode) override;
  Status Truncate(std::uint64_t) override { return Status::kOk; }

 protected:
  void FillAttributes(Attributes& attributes) override ESC_REQUIRES(lock_) { attributes.device = number_; }

 private:
  const DeviceNumber number_;
};

// Random bytes for /dev/urandom and getrandom.
void FillRandom(void* to, std::size_t bytes);

}  // namespace esc::fs
