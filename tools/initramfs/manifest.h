#pragma once

#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "tools/initramfs/cpio.h"

namespace esc::tools {

// Gives the content of the file that a manifest names.
using FileReader = std::function<absl::StatusOr<std::string>(const std::string&)>;

// Reads a manifest and the files that it names. Each line is one of
//   file PATH MODE SOURCE
//   dir PATH MODE
//   symlink PATH TARGET
//   node PATH MODE b|c MAJOR MINOR
// with MODE in octal; `#` begins a comment line; \NNN (octal) writes a character that would end a field, as in
// fstab(5). Directories on the way to an entry need no line of their own (mode 0755). The result is sorted by path, so
// the order of lines does not matter. Errors name `manifest_name` and the line.
absl::StatusOr<std::vector<CpioEntry>> ParseManifest(absl::string_view manifest_name, absl::string_view text,
                                                     const FileReader& read_file);

}  // namespace esc::tools
