#include "kernel/fs/cpio.h"

#include <algorithm>

namespace esc::fs {
namespace {

constexpr std::size_t kHeaderBytes = 110;
constexpr std::size_t kFieldDigits = 8;
constexpr std::string_view kTrailer = "TRAILER!!!";

// The fields after the six characters of the magic number, in their order.
enum Field { kInode, kMode, kUid, kGid, kLinks, kModified, kFileBytes, kDevMajor, kDevMinor, kRdevMajor, kRdevMinor, kNameBytes, kCheck };

std::string_view Text(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

Result<std::uint32_t> HexField(std::string_view header, Field field) {
  std::uint32_t value = 0;
  for (const char c : header.substr(6 + static_cast<std::size_t>(field) * kFieldDigits, kFieldDigits)) {
    std::uint32_t digit = 0;
    if (c >= '0' && c <= '9') digit = static_cast<std::uint32_t>(c - '0');
    else if (c >= 'a' && c <= 'f') digit = static_cast<std::uint32_t>(c - 'a' + 10);
    else if (c >= 'A' && c <= 'F') digit = static_cast<std::uint32_t>(c - 'A' + 10);
    else return Status::kCorrupt;
    value = value << 4 | digit;
  }
  return value;
}

// Paths are relative to the root whatever they begin with.
std::string_view Relative(std::string_view name) {
  while (name.starts_with("./") || name.starts_with("/")) name.remove_prefix(name.starts_with("/") ? 1 : 2);
  return name == "." ? std::string_view() : name;
}

}  // namespace

Result<std::span<const std::byte>> CpioReader::Take(std::size_t bytes) {
  if (bytes > rest_.size()) return Status::kTruncated;
  const auto taken = rest_.first(bytes);
  rest_ = rest_.subspan(bytes);
  return taken;
}

// Names and contents are followed by zeros up to a multiple of four bytes.
Status CpioReader::SkipPadding() {
  const std::size_t position = total_ - rest_.size();
  const std::size_t padding = (4 - position % 4) % 4;
  rest_ = rest_.subspan(std::min(padding, rest_.size()));
  return Status::kOk;
}

Status CpioReader::SkipToNextArchive() {
  while (!rest_.empty() && rest_.front() == std::byte{0}) rest_ = rest_.subspan(1);
  return rest_.empty() ? Status::kNotFound : Status::kOk;
}

Result<CpioEntry> CpioReader::Next() {
  while (true) {
    if (!in_archive_) {
      if (total_ == 0) return Status::kNotSupported;
      if (offset_ != 0 || rest_.size() != total_) ESC_TRY(SkipToNextArchive());
    }
    offset_ = total_ - rest_.size();
    const std::size_t magic_bytes = std::min<std::size_t>(rest_.size(), 6);
    const std::string_view magic = Text(rest_.first(magic_bytes));
    if (magic != std::string_view("070701").substr(0, magic_bytes)) return in_archive_ ? Status::kCorrupt : Status::kNotSupported;
    in_archive_ = true;

    const std::string_view header = Text(ESC_TRY(Take(kHeaderBytes)));
    const std::uint32_t name_bytes = ESC_TRY(HexField(header, kNameBytes));
    const std::uint32_t file_bytes = ESC_TRY(HexField(header, kFileBytes));
    CpioEntry entry;
    entry.mode = ESC_TRY(HexField(header, kMode));
    entry.uid = ESC_TRY(HexField(header, kUid));
    entry.gid = ESC_TRY(HexField(header, kGid));
    entry.links = ESC_TRY(HexField(header, kLinks));
    entry.inode = ESC_TRY(HexField(header, kInode));
    entry.modified_seconds = ESC_TRY(HexField(header, kModified));
    entry.device_major = ESC_TRY(HexField(header, kRdevMajor));
    entry.device_minor = ESC_TRY(HexField(header, kRdevMinor));

    const std::string_view name = Text(ESC_TRY(Take(name_bytes)));
    if (name.size() < 2 || name.back() != '\0' || name.find('\0') != name.size() - 1) return Status::kCorrupt;
    ESC_TRY(SkipPadding());
    entry.contents = ESC_TRY(Take(file_bytes));
    ESC_TRY(SkipPadding());
    if (name.substr(0, name.size() - 1) == kTrailer) {
      in_archive_ = false;
      continue;
    }
    entry.name = Relative(name.substr(0, name.size() - 1));
    return entry;
  }
}

}  // namespace esc::fs
