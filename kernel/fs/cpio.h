// Reads a cpio archive in the "newc" format (SVR4 without checksum), as an initramfs is: pure, over a span.
//
// Source: Linux Documentation/driver-api/early-userspace/buffer-format.rst. Archives may follow each other, padded with
// zero bytes, each ended by its TRAILER!!! entry. Every length is checked against what is left.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "kernel/base/status.h"

namespace esc::fs {

struct CpioEntry {
  std::string_view name;  // without a leading "./" or "/"
  std::uint32_t mode = 0;  // file type and permissions as in st_mode
  std::uint32_t uid = 0, gid = 0, links = 0, inode = 0;
  std::int64_t modified_seconds = 0;
  std::uint32_t device_major = 0, device_minor = 0;  // of a device node
  std::span<const std::byte> contents;
};

class CpioReader {
 public:
  explicit CpioReader(std::span<const std::byte> archive) : rest_(archive), total_(archive.size()) {}

  // The next entry; kNotFound after the last one. kNotSupported: these bytes are no newc archive. kTruncated: an entry
  // runs past the end, or there is no trailer. kCorrupt: a field is no hexadecimal number, a name is empty or not terminated.
  Result<CpioEntry> Next();
  // Where the entry that Next last looked at begins: for messages.
  std::size_t offset() const { return offset_; }

 private:
  Result<std::span<const std::byte>> Take(std::size_t bytes);
  Status SkipPadding();
  Status SkipToNextArchive();

  std::span<const std::byte> rest_;
  const std::size_t total_;
  std::size_t offset_ = 0;
  bool in_archive_ = false;
};

}  // namespace esc::fs
