#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace esc::tools {

// One entry of a cpio archive (newc: Linux's Documentation/driver-api/early-userspace/buffer-format.rst).
struct CpioEntry {
  std::string path;         // Without a leading slash.
  uint32_t mode = 0;        // Type and permission bits, as in st_mode.
  std::string content = {};  // Of a file; the target of a symbolic link.
  uint32_t device_major = 0;
  uint32_t device_minor = 0;
};

// The date of every entry: 2026-01-01T00:00:00Z, the date at which QEMU's clock starts in tests.
inline constexpr uint32_t kCpioDate = 1767225600;

// The archive that holds `entries` in their order, owned by root, padded to 512 bytes; archives may be concatenated.
// The bytes depend on `entries` alone. An error when a size does not fit the format.
absl::StatusOr<std::string> BuildCpio(const std::vector<CpioEntry>& entries);

}  // namespace esc::tools
