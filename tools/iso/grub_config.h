#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace esc::tools {

// Where the files lie on the ISO.
inline constexpr char kIsoKernel[] = "boot/kernel.elf";
inline constexpr char kIsoBootConfig[] = "boot/boot_config.binpb";
inline constexpr char kIsoInitramfs[] = "boot/initramfs.cpio";
inline constexpr char kIsoGrubConfig[] = "boot/grub/grub.cfg";

struct GrubMenu {
  std::string cmdline = {};
  bool has_boot_config = false;
  bool has_initramfs = false;
};

// The grub.cfg that boots the kernel at once. An error when the command line holds what GRUB does not hand on
// unchanged: quotes, backslashes and control characters (grub_create_loader_cmdline escapes them).
absl::StatusOr<std::string> GrubConfig(const GrubMenu& menu);

// The configuration inside GRUB's core image: it looks for the medium that holds the file `marker`, since the
// name of the boot device differs between BIOS and UEFI, CD and disk.
std::string GrubEarlyConfig(absl::string_view marker);

}  // namespace esc::tools
