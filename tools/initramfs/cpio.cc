#include "tools/initramfs/cpio.h"

#include <sys/stat.h>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/string_view.h"

namespace esc::tools {
namespace {

constexpr char kTrailer[] = "TRAILER!!!";
constexpr size_t kAlignment = 4;
constexpr size_t kBlock = 512;

void PadTo(size_t alignment, std::string& archive) {
  archive.append((alignment - archive.size() % alignment) % alignment, '\0');
}

void AppendEntry(const CpioEntry& entry, uint32_t inode, uint32_t date, std::string& archive) {
  const uint32_t links = S_ISDIR(entry.mode) ? 2 : 1;
  absl::StrAppend(&archive, "070701");
  for (const uint32_t field :
       {inode, entry.mode, uint32_t{0}, uint32_t{0}, links, date, static_cast<uint32_t>(entry.content.size()), uint32_t{0},
        uint32_t{0}, entry.device_major, entry.device_minor, static_cast<uint32_t>(entry.path.size() + 1), uint32_t{0}}) {
    absl::StrAppendFormat(&archive, "%08x", field);
  }
  archive.append(entry.path).push_back('\0');
  PadTo(kAlignment, archive);
  archive.append(entry.content);
  PadTo(kAlignment, archive);
}

}  // namespace

absl::StatusOr<std::string> BuildCpio(const std::vector<CpioEntry>& entries) {
  std::string archive;
  uint32_t inode = 0;
  for (const CpioEntry& entry : entries) {
    if (entry.path.empty() || entry.path == kTrailer) {
      return absl::InvalidArgumentError(absl::StrCat("'", entry.path, "' cannot name an entry of a cpio archive"));
    }
    if (entry.content.size() > std::numeric_limits<uint32_t>::max()) {
      return absl::InvalidArgumentError(absl::StrCat(entry.path, ": larger than 4 GiB, more than cpio can hold"));
    }
    AppendEntry(entry, ++inode, kCpioDate, archive);
  }
  AppendEntry({.path = kTrailer}, 0, 0, archive);
  PadTo(kBlock, archive);
  return archive;
}

}  // namespace esc::tools
