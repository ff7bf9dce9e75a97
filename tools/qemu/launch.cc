#include "tools/qemu/launch.h"

#include <sys/stat.h>

#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "tools/base/file.h"
#include "tools/initramfs/cpio.h"

namespace esc::tools {
namespace {

std::string FirstOf(const std::string& wanted, const std::string& otherwise) { return wanted.empty() ? otherwise : wanted; }

// The flag that only a direct boot can honour, or null.
const char* DirectOnlyFlag(const LaunchRequest& request) {
  if (!request.kernel.empty()) return "--kernel";
  if (!request.initrd.empty()) return "--initrd";
  if (!request.boot_config.empty()) return "--boot_config";
  if (!request.append.empty()) return "--append";
  if (!request.init.empty()) return "--init";
  if (!request.init_arguments.empty()) return "arguments of init";
  return nullptr;
}

}  // namespace

absl::StatusOr<Launch> PlanLaunch(const LaunchRequest& request, const ImageDefaults& image) {
  const char* direct_only = DirectOnlyFlag(request);
  const char* iso_only = !request.iso.empty() ? "--iso" : request.uefi ? "--uefi" : nullptr;
  if (direct_only != nullptr && iso_only != nullptr) {
    return absl::InvalidArgumentError(
        absl::StrCat(iso_only, " boots an ISO as it is: ", direct_only, " cannot be given with it"));
  }
  const std::string iso = FirstOf(request.iso, image.iso);
  const bool changed_cmdline = request.interactive && !image.interactive_cmdline.empty() && iso_only == nullptr;
  const bool direct = direct_only != nullptr || changed_cmdline || iso.empty();
  if (!direct) return Launch{.boot = request.uefi ? BootPath::kUefi : BootPath::kBios, .iso = iso};

  Launch launch = {.boot = BootPath::kDirect,
                   .kernel = FirstOf(request.kernel, image.kernel),
                   .initrd = FirstOf(request.initrd, image.initrd),
                   .boot_config = FirstOf(request.boot_config, image.boot_config)};
  if (launch.kernel.empty()) return absl::InvalidArgumentError("nothing to boot: give --kernel or --iso");
  absl::StatusOr<std::string> cmdline = JoinCommandLine({.base = changed_cmdline ? image.interactive_cmdline : image.cmdline,
                                                         .append = request.append,
                                                         .init = request.init,
                                                         .arguments = request.init_arguments});
  if (!cmdline.ok()) return cmdline.status();
  launch.cmdline = *std::move(cmdline);
  return launch;
}

absl::StatusOr<std::string> ComposeInitrd(const std::string& boot_config_path, const std::string& initrd_path) {
  std::string initrd;
  if (!boot_config_path.empty()) {
    absl::StatusOr<std::string> config = ReadFile(boot_config_path);
    if (!config.ok()) return config.status();
    absl::StatusOr<std::string> archive = BuildCpio({{.path = ".escapement", .mode = S_IFDIR | 0755},
                                                     {.path = kBootConfigInInitrd, .mode = S_IFREG | 0644, .content = *config}});
    if (!archive.ok()) return archive.status();
    initrd = *std::move(archive);
  }
  if (!initrd_path.empty()) {
    absl::StatusOr<std::string> initramfs = ReadFile(initrd_path);
    if (!initramfs.ok()) return initramfs.status();
    initrd.append(*initramfs);
  }
  return initrd;
}

}  // namespace esc::tools
