#include "tools/initramfs/manifest.h"

#include <sys/stat.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"

namespace esc::tools {
namespace {

constexpr uint32_t kPermissionBits = 07777;
// Linux's device numbers have 12 bits of major and 20 of minor.
constexpr uint32_t kMaxMajor = 0xfff;
constexpr uint32_t kMaxMinor = 0xfffff;

bool IsOctal(char c) { return c >= '0' && c <= '7'; }

// Replaces \NNN. A lone backslash is an error, so that a mistyped escape does not end up in a name.
absl::StatusOr<std::string> Unescape(absl::string_view field) {
  std::string result;
  for (size_t i = 0; i < field.size(); ++i) {
    if (field[i] != '\\') {
      result.push_back(field[i]);
      continue;
    }
    if (i + 3 >= field.size() || !IsOctal(field[i + 1]) || !IsOctal(field[i + 2]) || !IsOctal(field[i + 3])) {
      return absl::InvalidArgumentError(absl::StrCat("'", field, "': a backslash must be followed by three octal digits"));
    }
    result.push_back(static_cast<char>((field[i + 1] - '0') * 64 + (field[i + 2] - '0') * 8 + (field[i + 3] - '0')));
    i += 3;
  }
  return result;
}

absl::StatusOr<uint32_t> ParseMode(absl::string_view field) {
  uint32_t mode = 0;
  for (const char c : field) {
    if (!IsOctal(c) || mode > kPermissionBits) mode = ~uint32_t{0};
    if (mode > kPermissionBits) break;
    mode = mode * 8 + static_cast<uint32_t>(c - '0');
  }
  if (field.empty() || mode > kPermissionBits) {
    return absl::InvalidArgumentError(absl::StrCat("mode '", field, "': not an octal number up to 7777"));
  }
  return mode;
}

absl::StatusOr<uint32_t> ParseDeviceNumber(absl::string_view field, uint32_t max) {
  uint32_t number = 0;
  if (!absl::SimpleAtoi(field, &number) || number > max) {
    return absl::InvalidArgumentError(absl::StrCat("device number '", field, "': not a number up to ", max));
  }
  return number;
}

// `/a/b` to `a/b`, the form in which cpio archives of Linux name files.
absl::StatusOr<std::string> ParsePath(absl::string_view field) {
  absl::StatusOr<std::string> path = Unescape(field);
  if (!path.ok()) return path;
  const absl::Status bad = absl::InvalidArgumentError(
      absl::StrCat("path '", *path, "': must begin with '/' and have no empty, '.' or '..' part"));
  if (!absl::StartsWith(*path, "/") || *path == "/" || absl::StrContains(*path, '\0')) return bad;
  const std::string relative = path->substr(1);
  for (const absl::string_view part : absl::StrSplit(relative, '/')) {
    if (part.empty() || part == "." || part == "..") return bad;
  }
  return relative;
}

using Fields = std::vector<absl::string_view>;

absl::StatusOr<CpioEntry> ParseFile(const Fields& fields, CpioEntry entry, const FileReader& read_file) {
  const absl::StatusOr<uint32_t> mode = ParseMode(fields[2]);
  if (!mode.ok()) return mode.status();
  const absl::StatusOr<std::string> source = Unescape(fields[3]);
  if (!source.ok()) return source.status();
  absl::StatusOr<std::string> content = read_file(*source);
  if (!content.ok()) return content.status();
  entry.mode = S_IFREG | *mode;
  entry.content = *std::move(content);
  return entry;
}

absl::StatusOr<CpioEntry> ParseDirectory(const Fields& fields, CpioEntry entry) {
  const absl::StatusOr<uint32_t> mode = ParseMode(fields[2]);
  if (!mode.ok()) return mode.status();
  entry.mode = S_IFDIR | *mode;
  return entry;
}

absl::StatusOr<CpioEntry> ParseSymlink(const Fields& fields, CpioEntry entry) {
  absl::StatusOr<std::string> target = Unescape(fields[2]);
  if (!target.ok()) return target.status();
  entry.mode = S_IFLNK | 0777;
  entry.content = *std::move(target);
  return entry;
}

absl::StatusOr<CpioEntry> ParseNode(const Fields& fields, CpioEntry entry) {
  const absl::StatusOr<uint32_t> mode = ParseMode(fields[2]);
  if (!mode.ok()) return mode.status();
  if (fields[3] != "b" && fields[3] != "c") {
    return absl::InvalidArgumentError(absl::StrCat("node type '", fields[3], "': must be b (block) or c (character)"));
  }
  const absl::StatusOr<uint32_t> major = ParseDeviceNumber(fields[4], kMaxMajor);
  if (!major.ok()) return major.status();
  const absl::StatusOr<uint32_t> minor = ParseDeviceNumber(fields[5], kMaxMinor);
  if (!minor.ok()) return minor.status();
  entry.mode = (fields[3] == "b" ? S_IFBLK : S_IFCHR) | *mode;
  entry.device_major = *major;
  entry.device_minor = *minor;
  return entry;
}

absl::StatusOr<CpioEntry> ParseLine(const Fields& fields, const FileReader& read_file) {
  const std::map<absl::string_view, size_t> kinds = {{"file", 4}, {"dir", 3}, {"symlink", 3}, {"node", 6}};
  const auto kind = kinds.find(fields[0]);
  if (kind == kinds.end()) {
    return absl::InvalidArgumentError(absl::StrCat("'", fields[0], "': must be file, dir, symlink or node"));
  }
  if (fields.size() != kind->second) {
    return absl::InvalidArgumentError(absl::StrCat("'", fields[0], "' takes ", kind->second - 1, " fields, not ", fields.size() - 1));
  }
  absl::StatusOr<std::string> path = ParsePath(fields[1]);
  if (!path.ok()) return path.status();
  CpioEntry entry = {.path = *std::move(path)};
  if (kind->first == "file") return ParseFile(fields, std::move(entry), read_file);
  if (kind->first == "dir") return ParseDirectory(fields, std::move(entry));
  if (kind->first == "symlink") return ParseSymlink(fields, std::move(entry));
  return ParseNode(fields, std::move(entry));
}

// Adds the directories that no line names. An error when a part of the way is something else.
absl::Status AddParents(std::map<std::string, CpioEntry>& entries) {
  std::vector<std::string> paths;
  for (const auto& [path, entry] : entries) paths.push_back(path);
  for (const std::string& path : paths) {
    for (size_t slash = path.find('/'); slash != std::string::npos; slash = path.find('/', slash + 1)) {
      const std::string parent = path.substr(0, slash);
      const auto [at, added] = entries.try_emplace(parent, CpioEntry{.path = parent, .mode = S_IFDIR | 0755});
      if (!added && !S_ISDIR(at->second.mode)) {
        return absl::InvalidArgumentError(absl::StrCat("/", path, " is below /", parent, ", which is not a directory"));
      }
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::vector<CpioEntry>> ParseManifest(absl::string_view manifest_name, absl::string_view text,
                                                     const FileReader& read_file) {
  std::map<std::string, CpioEntry> entries;
  int line_number = 0;
  for (const absl::string_view line : absl::StrSplit(text, '\n')) {
    ++line_number;
    const Fields fields = absl::StrSplit(line, absl::ByAnyChar(" \t\r"), absl::SkipEmpty());
    if (fields.empty() || absl::StartsWith(fields[0], "#")) continue;
    absl::StatusOr<CpioEntry> entry = ParseLine(fields, read_file);
    absl::Status status = entry.status();
    if (entry.ok()) {
      const std::string path = entry->path;
      if (!entries.try_emplace(path, *std::move(entry)).second) {
        status = absl::InvalidArgumentError(absl::StrCat("/", path, " is named twice"));
      }
    }
    if (!status.ok()) {
      return absl::Status(status.code(), absl::StrCat(manifest_name, ":", line_number, ": ", status.message()));
    }
  }
  if (absl::Status status = AddParents(entries); !status.ok()) {
    return absl::Status(status.code(), absl::StrCat(manifest_name, ": ", status.message()));
  }
  std::vector<CpioEntry> sorted;
  for (auto& [path, entry] : entries) sorted.push_back(std::move(entry));
  return sorted;
}

}  // namespace esc::tools
