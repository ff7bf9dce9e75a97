#pragma once

#include <string>

#include "absl/status/status.h"

namespace esc::tools {

// The programs and files of others that make the image.
struct IsoTools {
  std::string grub_mkimage = {};
  std::string grub_i386_pc = {};     // GRUB's modules for BIOS: a directory.
  std::string grub_x86_64_efi = {};  // GRUB's modules for UEFI: a directory.
  std::string xorriso = {};
  std::string mformat = {};
  std::string mmd = {};
  std::string mcopy = {};
};

struct IsoRequest {
  std::string kernel = {};
  std::string boot_config = {};  // Empty: no such module.
  std::string initramfs = {};    // Empty: no such module.
  std::string cmdline = {};
  std::string output = {};
};

// Writes one image that boots by BIOS and by UEFI, from a CD and from a disk. Its bytes depend on the content of the
// inputs and of the tools alone, not on time, user, path or locale. On an error `output` is as it was before.
absl::Status WriteIso(const IsoRequest& request, const IsoTools& tools);

}  // namespace esc::tools
