#include "tools/qemu/launch.h"

#include <cstddef>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "gtest/gtest.h"
#include "tools/base/file.h"
#include "tools/qemu/qemu_command.h"

namespace esc::tools {
namespace {

const ImageDefaults& Image() {
  static const ImageDefaults& image = *new ImageDefaults{.kernel = "ik",
                                                         .iso = "ii",
                                                         .initrd = "ir",
                                                         .boot_config = "ic",
                                                         .cmdline = "base -- demo",
                                                         .interactive_cmdline = "base init=/sh"};
  return image;
}

TEST(PlanLaunch, AnImageBootsItsIso) {
  const absl::StatusOr<Launch> launch = PlanLaunch({}, Image());
  ASSERT_TRUE(launch.ok()) << launch.status();
  EXPECT_EQ(launch->boot, BootPath::kBios);
  EXPECT_EQ(launch->iso, "ii");
  EXPECT_EQ(PlanLaunch({.uefi = true}, Image())->boot, BootPath::kUefi);
}

TEST(PlanLaunch, WhatChangesTheBootTakesTheDirectPath) {
  const absl::StatusOr<Launch> launch = PlanLaunch({.initrd = "mine", .init = "/x", .init_arguments = {"a"}}, Image());
  ASSERT_TRUE(launch.ok()) << launch.status();
  EXPECT_EQ(launch->boot, BootPath::kDirect);
  EXPECT_EQ(launch->kernel, "ik");
  EXPECT_EQ(launch->initrd, "mine");
  EXPECT_EQ(launch->boot_config, "ic");
  EXPECT_EQ(launch->cmdline, "base init=/x -- a");
  EXPECT_EQ(PlanLaunch({.append = "y"}, Image())->cmdline, "base y -- demo");
}

TEST(PlanLaunch, ATerminalHasItsOwnCommandLine) {
  EXPECT_EQ(PlanLaunch({.interactive = true}, Image())->cmdline, "base init=/sh");
  ImageDefaults plain = Image();
  plain.interactive_cmdline.clear();
  EXPECT_EQ(PlanLaunch({.interactive = true}, plain)->boot, BootPath::kBios);
}

TEST(PlanLaunch, WithoutAnImageTheFilesAreGiven) {
  EXPECT_EQ(PlanLaunch({.kernel = "k"}, {})->boot, BootPath::kDirect);
  EXPECT_EQ(PlanLaunch({.iso = "i"}, {})->iso, "i");
  EXPECT_EQ(PlanLaunch({.iso = "other"}, Image())->iso, "other");
  EXPECT_FALSE(PlanLaunch({}, {}).ok());
}

TEST(PlanLaunch, AnIsoIsBootedAsItIs) {
  const absl::StatusOr<Launch> launch = PlanLaunch({.iso = "i", .init = "/x"}, Image());
  ASSERT_FALSE(launch.ok());
  EXPECT_EQ(launch.status().message(), "--iso boots an ISO as it is: --init cannot be given with it");
  EXPECT_FALSE(PlanLaunch({.append = "x", .uefi = true}, Image()).ok());
}

TEST(ComposeInitrd, TheBootConfigGoesBeforeTheInitramfs) {
  const absl::StatusOr<TempDirectory> directory = TempDirectory::Create("launch_test");
  ASSERT_TRUE(directory.ok()) << directory.status();
  ASSERT_TRUE(WriteFileAtomically(directory->File("c"), "the config").ok());
  ASSERT_TRUE(WriteFileAtomically(directory->File("i"), "070701initramfs").ok());
  const absl::StatusOr<std::string> initrd = ComposeInitrd(directory->File("c"), directory->File("i"));
  ASSERT_TRUE(initrd.ok()) << initrd.status();
  const size_t initramfs = initrd->find("070701initramfs");
  ASSERT_NE(initramfs, std::string::npos);
  EXPECT_EQ(initramfs % 512, 0);
  const std::string archive = initrd->substr(0, initramfs);
  EXPECT_TRUE(absl::StrContains(archive, ".escapement/boot_config.binpb"));
  EXPECT_TRUE(absl::StrContains(archive, "the config"));
  EXPECT_TRUE(absl::StrContains(archive, "TRAILER!!!"));
  EXPECT_EQ(*ComposeInitrd("", directory->File("i")), "070701initramfs");
  EXPECT_FALSE(ComposeInitrd("", directory->File("missing")).ok());
}

}  // namespace
}  // namespace esc::tools
