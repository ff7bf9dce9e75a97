#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "tools/qemu/qemu_command.h"

namespace esc::tools {

// A built image: what is booted where the user asks for nothing else.
struct ImageDefaults {
  std::string kernel = {};
  std::string iso = {};
  std::string initrd = {};
  std::string boot_config = {};
  std::string cmdline = {};
  std::string interactive_cmdline = {};  // Instead of `cmdline` on a terminal; the same when empty.
};

// What the user asked for.
struct LaunchRequest {
  std::string kernel = {};
  std::string iso = {};
  std::string initrd = {};
  std::string boot_config = {};
  std::string append = {};
  std::string init = {};
  std::vector<std::string> init_arguments = {};
  bool uefi = false;
  bool interactive = false;
};

// What is booted, and from where.
struct Launch {
  BootPath boot = BootPath::kDirect;
  std::string kernel = {};
  std::string iso = {};
  std::string initrd = {};
  std::string boot_config = {};
  std::string cmdline = {};
};

// An ISO is booted as it is, and an image by its ISO; whatever changes the initramfs, the boot config or the command line
// takes the direct path, on which they can be chosen. Asking for both at once is an error.
absl::StatusOr<Launch> PlanLaunch(const LaunchRequest& request, const ImageDefaults& image);

// The initrd of a direct boot: QEMU hands over a single one, so the boot config travels as a file in a small archive
// before the initramfs, as Linux allows for its own early archives. Either may be absent (an empty path).
inline constexpr char kBootConfigInInitrd[] = ".escapement/boot_config.binpb";
absl::StatusOr<std::string> ComposeInitrd(const std::string& boot_config_path, const std::string& initrd_path);

}  // namespace esc::tools
