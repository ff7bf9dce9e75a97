#include "tools/iso/grub_config.h"

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"

namespace esc::tools {
namespace {

absl::Status CheckCmdline(absl::string_view cmdline) {
  for (const char c : cmdline) {
    if (c == '\'' || c == '"' || c == '\\' || static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      return absl::InvalidArgumentError(
          absl::StrCat("command line '", cmdline, "': GRUB cannot pass on quotes, backslashes or control characters"));
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::string> GrubConfig(const GrubMenu& menu) {
  if (absl::Status status = CheckCmdline(menu.cmdline); !status.ok()) return status;
  // Each word is quoted by itself, for GRUB would quote an argument with a space in it for the kernel too.
  std::string config = absl::StrCat(
      "set timeout=0\n"
      // Without a display, as in QEMU, the search for a graphics mode would print errors.
      "set gfxpayload=text\n",
      "multiboot2 /", kIsoKernel);
  for (const absl::string_view word : absl::StrSplit(menu.cmdline, ' ', absl::SkipEmpty())) {
    absl::StrAppend(&config, " '", word, "'");
  }
  absl::StrAppend(&config, "\n");
  if (menu.has_boot_config) absl::StrAppend(&config, "module2 /", kIsoBootConfig, " boot_config\n");
  if (menu.has_initramfs) absl::StrAppend(&config, "module2 /", kIsoInitramfs, " initramfs\n");
  absl::StrAppend(&config, "boot\n");
  return config;
}

std::string GrubEarlyConfig(absl::string_view marker) {
  return absl::StrCat(
      "serial --unit=0 --speed=115200\n"
      "terminal_input serial console\n"
      "terminal_output serial console\n"
      "search --no-floppy --file --set=root /",
      marker,
      "\n"
      "set prefix=($root)/boot/grub\n");
}

}  // namespace esc::tools
